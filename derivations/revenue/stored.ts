import { portion } from '../rounding.js';
import { secondOf } from '../time.js';
import type { Earned } from './earned.js';

/** A row of `revenue_schedules`; times are texts. */
export type SegmentRow = Readonly<{
  booked_at: string;
  starts_at: string | null;
  ends_at: string | null;
  since: string;
  active_minor: number;
  base_minor: number;
}>;

/** The schedule of a line, read from its rows in order. */
export class StoredSchedule {
  readonly bookedAt: number;
  readonly #service: Readonly<{ start: number; end: number }> | null;
  readonly #segments: readonly Readonly<{ since: number; activeMinor: number; baseMinor: number }>[];

  constructor(
    rows: readonly [SegmentRow, ...SegmentRow[]],
    private readonly earned: Earned,
  ) {
    const [first] = rows;
    this.bookedAt = secondOf(first.booked_at);
    this.#service =
      first.starts_at === null || first.ends_at === null
        ? null
        : { start: secondOf(first.starts_at), end: secondOf(first.ends_at) };
    this.#segments = rows.map(({ since, active_minor: activeMinor, base_minor: baseMinor }) => ({
      since: secondOf(since),
      activeMinor,
      baseMinor,
    }));
  }

  /** The revenue before a moment; a moment belongs to the period that it begins. */
  revenue(moment: number): number {
    const segment = this.#before(moment);
    return segment === undefined
      ? 0
      : segment.baseMinor + portion(segment.activeMinor, this.earned(this.#service, moment));
  }

  /** The part of the revenue before a moment that was not billed by then. */
  unbilled(moment: number): number {
    return this.#isEarly ? this.revenue(Math.min(moment, this.bookedAt)) : 0;
  }

  /** The deferred revenue before a moment: billed and not earned. */
  deferred(moment: number): number {
    if (moment <= this.bookedAt) return 0;
    return this.future(moment, null);
  }

  /** The revenue from `moment` on, before `until` if given, as scheduled at `moment`. */
  future(moment: number, until: number | null): number {
    const segment = this.#before(moment);
    if (segment === undefined) return 0;
    const at = (when: number): number => portion(segment.activeMinor, this.earned(this.#service, when));
    return (until === null ? segment.activeMinor : at(until)) - at(moment);
  }

  /** The moment after which it earns nothing. */
  get endsAt(): number {
    return this.#service?.end ?? this.bookedAt;
  }

  get #isEarly(): boolean {
    return (this.#segments[0]?.since ?? this.bookedAt) < this.bookedAt;
  }

  #before(moment: number) {
    return this.#segments.findLast(({ since }) => since < moment);
  }
}
