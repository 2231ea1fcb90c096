import { portion } from '../rounding.js';
import type { Earned, Service } from './earned.js';

/** From `since`, which is not included, R is `base + round(active × earned)`. Amounts in minor units. */
export type Segment = Readonly<{ since: number; activeMinor: number; baseMinor: number }>;

/** What a take does to a schedule: the part of it that was recognised, and the part that never will be. They add up to it. */
export type Cut = Readonly<{ contraMinor: number; cutMinor: number }>;

/**
 * The revenue of one line: cumulative, so that any calendar's differences add up to it exactly, and nothing is left for a last
 * period to absorb. What is taken from it lowers what it will still earn; what it had earned of that is `contra`. Moments are
 * seconds since 1970, and changes come in the order of time.
 */
export class Schedule {
  private readonly known: Segment[];
  private readonly contras: { readonly at: number; readonly amountMinor: number }[] = [];

  constructor(
    readonly service: Service,
    /** When it was billed, or booked as unbilled. */
    readonly bookedAt: number,
    /** From when on it earns: before it is booked where nothing is caught up. */
    readonly earnsFrom: number,
    netMinor: number,
    private readonly earned: Earned,
  ) {
    this.known = [{ since: earnsFrom, activeMinor: netMinor, baseMinor: 0 }];
  }

  get segments(): readonly Segment[] {
    return this.known;
  }

  /** What of the line may still be taken. */
  get leftMinor(): number {
    return this.last.activeMinor;
  }

  /** What of an amount is earned before a moment. */
  share(amountMinor: number, moment: number): number {
    return portion(amountMinor, this.earned(this.service, moment));
  }

  /** Revenue of all that is before a moment: a moment belongs to the period that it begins. */
  revenue(moment: number): number {
    if (moment <= this.earnsFrom) return 0;
    let at = this.known.length - 1;
    while (at > 0 && (this.known[at] as Segment).since >= moment) at -= 1;
    const { activeMinor, baseMinor } = this.known[at] as Segment;
    return baseMinor + this.share(activeMinor, moment);
  }

  /** Takes of the line; R does not jump. */
  take(amountMinor: number, at: number): Cut {
    const { activeMinor } = this.last;
    const contraMinor = this.share(activeMinor, at) - this.share(activeMinor - amountMinor, at);
    this.change(at, -amountMinor, contraMinor);
    return { contraMinor, cutMinor: amountMinor - contraMinor };
  }

  /** Gives back what was taken, or a part of it: the line earns it again, and at once what it would have earned since. */
  give(amountMinor: number, contraMinor: number, at: number): void {
    this.change(at, amountMinor, -contraMinor);
  }

  /** Counts another amount as taken of what was recognised: a take that is not for the whole of it. */
  count(contraMinor: number, at: number): void {
    if (contraMinor !== 0) this.contras.push({ at, amountMinor: contraMinor });
  }

  /** Another net from a moment on, as when an item that was booked is billed. */
  become(netMinor: number, at: number): void {
    this.move(at, netMinor - this.leftMinor, 0);
  }

  /** What was recognised and taken before a moment, less what was given back. */
  contra(moment: number): number {
    return this.contras.reduce((sum, { at, amountMinor }) => (at < moment ? sum + amountMinor : sum), 0);
  }

  /** The moment after which nothing changes. */
  get endsAt(): number {
    const lastContra = this.contras.at(-1)?.at ?? this.bookedAt;
    return Math.max(this.service?.end ?? this.bookedAt, this.bookedAt, this.last.since, lastContra);
  }

  private change(at: number, activeMinor: number, contraMinor: number): void {
    this.move(at, activeMinor, contraMinor);
    this.count(contraMinor, at);
  }

  private move(at: number, activeMinor: number, baseMinor: number): void {
    const before = this.last;
    const next = {
      since: Math.max(at, before.since),
      activeMinor: before.activeMinor + activeMinor,
      baseMinor: before.baseMinor + baseMinor,
    };
    if (next.since === before.since) this.known.pop();
    this.known.push(next);
  }

  private get last(): Segment {
    return this.known.at(-1) as Segment;
  }
}
