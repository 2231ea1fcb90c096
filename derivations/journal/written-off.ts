import type { MoneyPolicy } from '../policy.js';
import { portion, split, sumOf } from '../rounding.js';
import type { BookLine, TakenOfLine } from './lines.js';

export type OfLine = Readonly<{ line: string; amountMinor: number }>;

/**
 * An uncollectible invoice. Its lines end: deferred revenue is released, and the recognised part of what is due becomes
 * bad debt. For a partly paid invoice, the remainder is a recovery
 * (docs.stripe.com/revenue-recognition/methodology/subscriptions-and-invoicing).
 */
export class WrittenOff {
  /** Bad debt without tax. */
  readonly lost: readonly OfLine[];
  readonly deferred: readonly OfLine[];
  /** Tax that stays owed, and becomes bad debt; reversed tax is in `reversedTaxMinor`. */
  readonly keptTaxMinor: number;
  readonly reversedTaxMinor: number;
  /** The credit on recoveries. */
  readonly recoveriesMinor: number;
  /** The parts of the earlier payments that refunds may still take, by account: recognised, and recoveries. */
  readonly keptMinor: number;
  readonly keptRecoveriesMinor: number;
  private readonly taken: readonly TakenOfLine[];
  private backMinor = 0;
  private givenMinor = 0;

  constructor(
    lines: readonly BookLine[],
    readonly dueMinor: number,
    at: number,
    policy: MoneyPolicy,
  ) {
    const netMinor = sumOf(lines.map((line) => line.netLeftMinor));
    const taxLeftMinor = sumOf(lines.map((line) => line.taxLeftMinor));
    const grossMinor = netMinor + taxLeftMinor;
    const taxMinor = grossMinor <= 0 ? 0 : portion(dueMinor, { part: Math.max(0, taxLeftMinor), whole: grossMinor });
    this.taken = lines.map((line) => line.take(line.grossLeftMinor, at, null));
    const recognised = this.taken.map(({ contraMinor }) => contraMinor);
    const dueOfNet = Math.min(dueMinor - taxMinor, netMinor);
    const lostMinor = netMinor <= 0 ? 0 : portion(sumOf(recognised), { part: Math.max(0, dueOfNet), whole: netMinor });
    this.lost = split(lostMinor, recognised).map((amountMinor, place) => ({ line: this.lineAt(place), amountMinor }));
    // Only the lost part of the recognised revenue is contra; the paid part stays revenue.
    this.taken.forEach(({ line, contraMinor }, place) =>
      line.schedule.count((this.lost[place]?.amountMinor ?? 0) - contraMinor, at),
    );
    const isReversed = policy.uncollectibleTax === 'reverse';
    this.keptTaxMinor = isReversed ? 0 : taxMinor;
    this.reversedTaxMinor = isReversed ? taxMinor : 0;
    this.deferred = this.taken.map(({ line, cutMinor }) => ({ line: line.id, amountMinor: cutMinor }));
    // The part of released revenue that was already paid is a recovery.
    this.recoveriesMinor = sumOf(this.deferred.map((part) => part.amountMinor)) + lostMinor + taxMinor - dueMinor;
    const paidMinor = Math.max(0, grossMinor - dueMinor);
    this.keptRecoveriesMinor = Math.max(0, Math.min(this.recoveriesMinor, paidMinor));
    this.keptMinor = paidMinor - this.keptRecoveriesMinor;
  }

  /** The amount paid since the write-off. */
  get recoveredMinor(): number {
    return this.backMinor;
  }

  /** The bad debt and tax that a payment recovers, rounded over all payments together. */
  recover(amountMinor: number, at: number): Readonly<{ lost: readonly OfLine[]; taxMinor: number }> {
    const [before, after] = [this.backMinor, this.backMinor + amountMinor];
    this.backMinor = after;
    const back = (of: number): number => this.ofDue(of, after) - this.ofDue(of, before);
    const lost = this.lost.map(({ line, amountMinor: of }) => ({ line, amountMinor: back(of) }));
    lost.forEach((part, place) => this.taken[place]?.line.schedule.count(-part.amountMinor, at));
    return { lost, taxMinor: back(this.keptTaxMinor + this.reversedTaxMinor) };
  }

  /** Lets the lines earn again in proportion to the payments since the write-off. */
  giveBack(at: number): readonly OfLine[] {
    const given = this.taken.map((taken) => {
      const [now, before] = [this.partOf(taken, this.backMinor), this.partOf(taken, this.givenMinor)];
      const cuts = now.cuts.map((cut, place) => ({
        ...cut,
        amountMinor: cut.amountMinor - (before.cuts[place]?.amountMinor ?? 0),
        contraMinor: cut.contraMinor - (before.cuts[place]?.contraMinor ?? 0),
      }));
      const [grossMinor, taxMinor] = [now.grossMinor - before.grossMinor, now.taxMinor - before.taxMinor];
      taken.line.give({ ...taken, cuts, grossMinor, taxMinor }, at);
      // `recover` has already given back its contra.
      taken.line.schedule.count(sumOf(cuts.map((cut) => cut.contraMinor)), at);
      return { line: taken.line.id, amountMinor: sumOf(cuts.map((cut) => cut.amountMinor - cut.contraMinor)) };
    });
    this.givenMinor = this.backMinor;
    return given;
  }

  /** What voiding the invoice takes out of bad debt, and the tax in it. */
  voided(): Readonly<{ lost: readonly OfLine[]; taxMinor: number }> {
    const left = (of: number): number => of - this.ofDue(of, this.backMinor);
    return {
      lost: this.lost.map(({ line, amountMinor }) => ({ line, amountMinor: left(amountMinor) })),
      taxMinor: left(this.keptTaxMinor),
    };
  }

  private lineAt(place: number): string {
    return this.taken[place]?.line.id ?? '';
  }

  private partOf(taken: TakenOfLine, recoveredMinor: number): TakenOfLine {
    const part = (amountMinor: number): number => this.ofDue(amountMinor, recoveredMinor);
    return {
      ...taken,
      grossMinor: part(taken.grossMinor),
      taxMinor: part(taken.taxMinor),
      cuts: taken.cuts.map((cut) => ({
        ...cut,
        amountMinor: part(cut.amountMinor),
        contraMinor: part(cut.contraMinor),
      })),
    };
  }

  private ofDue(amountMinor: number, recoveredMinor: number): number {
    if (this.dueMinor <= 0) return amountMinor;
    return portion(amountMinor, { part: Math.min(recoveredMinor, this.dueMinor), whole: this.dueMinor });
  }
}
