import { portion } from '../rounding.js';
import { secondOf } from '../time.js';
import type { Earned } from './earned.js';

/** A row of `revenue_schedules`; times as texts. */
export type SegmentRow = Readonly<{
  booked_at: string;
  starts_at: string | null;
  ends_at: string | null;
  since: string;
  active_minor: number;
  base_minor: number;
}>;

/** The schedule of a line as its rows tell it, in their order: what it had earned before a moment, and what was deferred. */
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

  /** What it has earned before a moment; a moment belongs to the period that it begins. */
  revenue(moment: number): number {
    const segment = this.#before(moment);
    return segment === undefined
      ? 0
      : segment.baseMinor + portion(segment.activeMinor, this.earned(this.#service, moment));
  }

  /** Of what it has earned before a moment, what had not been billed. */
  unbilled(moment: number): number {
    return this.#isEarly ? this.revenue(Math.min(moment, this.bookedAt)) : 0;
  }

  /** What is billed and not earned before a moment. */
  deferred(moment: number): number {
    if (moment <= this.bookedAt) return 0;
    return this.future(moment, null);
  }

  /** What it will earn from a moment on, before another, by what is known of it at the first. */
  future(moment: number, until: number | null): number {
    const segment = this.#before(moment);
    if (segment === undefined) return 0;
    const at = (when: number): number => portion(segment.activeMinor, this.earned(this.#service, when));
    return (until === null ? segment.activeMinor : at(until)) - at(moment);
  }

  /** The moment after which nothing is earned any more. */
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
