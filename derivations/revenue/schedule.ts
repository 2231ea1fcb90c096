import { portion } from '../rounding.js';
import type { Earned, Service } from './earned.js';

/** After `since`, the cumulative revenue is `base + round(active × earned)`. Amounts in minor units. */
export type Segment = Readonly<{ since: number; activeMinor: number; baseMinor: number }>;

/** The two parts of a take: what was recognised, and what never will be. They add up to the amount taken. */
export type Cut = Readonly<{ contraMinor: number; cutMinor: number }>;

/**
 * The revenue of one line. It is cumulative, so the differences of any calendar add up to it exactly, without a
 * remainder for the last period. A take lowers what the line will still earn; what it had earned of the amount is
 * `contra`. Moments are seconds since 1970, and changes come in the order of time.
 */
export class Schedule {
  private readonly known: Segment[];
  private readonly contras: { readonly at: number; readonly amountMinor: number }[] = [];

  constructor(
    readonly service: Service,
    /** When it was billed, or booked as unbilled. */
    readonly bookedAt: number,
    /** When it begins to earn: with `catchUp: no`, possibly before it is booked. */
    readonly earnsFrom: number,
    netMinor: number,
    private readonly earned: Earned,
  ) {
    this.known = [{ since: earnsFrom, activeMinor: netMinor, baseMinor: 0 }];
  }

  get segments(): readonly Segment[] {
    return this.known;
  }

  /** The amount that may still be taken from the line. */
  get leftMinor(): number {
    return this.last.activeMinor;
  }

  /** The part of an amount earned before a moment. */
  share(amountMinor: number, moment: number): number {
    return portion(amountMinor, this.earned(this.service, moment));
  }

  /** The cumulative revenue before a moment; a moment belongs to the period that it begins. */
  revenue(moment: number): number {
    if (moment <= this.earnsFrom) return 0;
    let at = this.known.length - 1;
    while (at > 0 && (this.known[at] as Segment).since >= moment) at -= 1;
    const { activeMinor, baseMinor } = this.known[at] as Segment;
    return baseMinor + this.share(activeMinor, moment);
  }

  /** Takes an amount from the line; the cumulative revenue does not jump. */
  take(amountMinor: number, at: number): Cut {
    const { activeMinor } = this.last;
    const contraMinor = this.share(activeMinor, at) - this.share(activeMinor - amountMinor, at);
    this.change(at, -amountMinor, contraMinor);
    return { contraMinor, cutMinor: amountMinor - contraMinor };
  }

  /**
   * Gives back all or part of a take: the line earns it again, and catches up at once on what it would have earned
   * since.
   */
  give(amountMinor: number, contraMinor: number, at: number): void {
    this.change(at, amountMinor, -contraMinor);
  }

  /** Adds to `contra`, for a take that covers only part of the recognised revenue. */
  count(contraMinor: number, at: number): void {
    if (contraMinor !== 0) this.contras.push({ at, amountMinor: contraMinor });
  }

  /** Changes the net from a moment on, as when a booked item is billed. */
  become(netMinor: number, at: number): void {
    this.move(at, netMinor - this.leftMinor, 0);
  }

  /** The recognised revenue taken back before a moment, less what was given back. */
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
