import type { MoneyPolicy } from '../policy.js';
import type { ItemLineRow, PriceTermsRow, TermsItem, Tier } from './facts.js';
import { decimal, plus, rounded, times, whole, type Fraction } from './fraction.js';

/** The price of an item for one period, before discounts; or why it is unknown or excluded. */
export type PeriodAmount =
  | Readonly<{ kind: 'known'; amountMinor: number; why: 'price' | 'tiers' | 'invoice_line' | 'trailing_lines' }>
  | Readonly<{ kind: 'unknown'; why: 'tiers_not_known' | 'price_not_known' }>
  | Readonly<{ kind: 'excluded'; why: 'metered' | 'one_time' }>;

/** How many intervals a year has, as Stripe counts. */
const A_YEAR: Readonly<Record<string, number>> = { day: 365, week: 52, month: 12, year: 1 };

/** How many of its latest lines a metered item is averaged over. */
const TRAILING_LINES = 3;

export type PriceFacts = Readonly<{
  prices: ReadonlyMap<string, PriceTermsRow>;
  lines: readonly ItemLineRow[];
}>;

/** The amount of one period of an item (docs/money.md, MRR, steps 1 to 3 and 8). */
export function periodAmount(item: TermsItem, { prices, lines }: PriceFacts, policy: MoneyPolicy): PeriodAmount {
  const known = item.price === null ? undefined : prices.get(item.price);
  const terms: PriceTermsRow = { ...item, tiers: item.tiers ?? known?.tiers ?? null };
  if (terms.interval === null || A_YEAR[terms.interval] === undefined) return { kind: 'excluded', why: 'one_time' };
  const own = linesByItem(lines).get(nameOf(item.id, item.price)) ?? [];
  if (terms.usageType === 'metered') return metered(own, policy);
  const units = transformed(item.quantity ?? 1, terms.transformQuantity ?? known?.transformQuantity ?? null);
  const asked = terms.billingScheme === 'tiered' ? tiered(units, terms, known) : perUnit(units, terms, known);
  if (asked !== null)
    return { kind: 'known', amountMinor: rounded(asked), why: terms.billingScheme === 'tiered' ? 'tiers' : 'price' };
  const line = latest(own.filter((one) => (one.quantity ?? 1) === (item.quantity ?? 1)));
  if (line !== undefined) return { kind: 'known', amountMinor: line.amount_minor, why: 'invoice_line' };
  return { kind: 'unknown', why: terms.billingScheme === 'tiered' ? 'tiers_not_known' : 'price_not_known' };
}

const nameOf = (item: string | null, price: string | null): string => JSON.stringify([item, price]);

/**
 * The lines of each item at each of its prices, in the order of time. Cached, since every change of a subscription
 * reads the same lines.
 */
function linesByItem(lines: readonly ItemLineRow[]): ReadonlyMap<string, ItemLineRow[]> {
  const known = byItem.get(lines);
  if (known !== undefined) return known;
  const all = new Map<string, ItemLineRow[]>();
  const inOrder = [...lines].sort((a, b) =>
    a.finalized_at === b.finalized_at ? 0 : a.finalized_at < b.finalized_at ? -1 : 1,
  );
  for (const line of inOrder) {
    const name = nameOf(line.subscription_item, line.price);
    const own = all.get(name);
    if (own === undefined) all.set(name, [line]);
    else own.push(line);
  }
  byItem.set(lines, all);
  return all;
}
const byItem = new WeakMap<readonly ItemLineRow[], ReadonlyMap<string, ItemLineRow[]>>();

function metered(lines: readonly ItemLineRow[], policy: MoneyPolicy): PeriodAmount {
  if (policy.mrrMetered === 'excluded' || lines.length === 0) return { kind: 'excluded', why: 'metered' };
  const last = lines.slice(-TRAILING_LINES);
  const sum = last.reduce((all, line) => plus(all, whole(line.amount_minor)), whole(0));
  return { kind: 'known', amountMinor: rounded({ n: sum.n, d: sum.d * BigInt(last.length) }), why: 'trailing_lines' };
}

const latest = (lines: readonly ItemLineRow[]): ItemLineRow | undefined =>
  lines.reduce<ItemLineRow | undefined>(
    (best, line) => (best === undefined || line.finalized_at > best.finalized_at ? line : best),
    undefined,
  );

function transformed(quantity: number, transform: PriceTermsRow['transformQuantity']): number {
  if (transform === null || transform.divideBy <= 0) return quantity;
  const packages = quantity / transform.divideBy;
  return transform.round === 'up' ? Math.ceil(packages) : Math.floor(packages);
}

function perUnit(units: number, terms: PriceTermsRow, known: PriceTermsRow | undefined): Fraction | null {
  const unit = terms.unitAmountDecimal ?? known?.unitAmountDecimal ?? null;
  return unit === null ? null : times(decimal(unit), whole(units));
}

function tiered(units: number, terms: PriceTermsRow, known: PriceTermsRow | undefined): Fraction | null {
  const { tiers } = terms;
  if (tiers === null || tiers.length === 0) return null;
  return (terms.tiersMode ?? known?.tiersMode) === 'volume' ? volume(units, tiers) : graduated(units, tiers);
}

const asks = (tier: Tier, units: number): Fraction =>
  plus(times(decimal(tier.unitAmountDecimal ?? '0'), whole(units)), decimal(tier.flatAmountDecimal ?? '0'));

/** All units at the price of the tier that the total falls in. */
function volume(units: number, tiers: readonly Tier[]): Fraction | null {
  const tier = tiers.find(({ upTo }) => upTo === null || units <= upTo);
  return tier === undefined ? null : asks(tier, units);
}

/** The units within each tier at that tier's price. */
function graduated(units: number, tiers: readonly Tier[]): Fraction {
  let [sum, below] = [whole(0), 0];
  for (const tier of tiers) {
    const within = Math.min(units, tier.upTo ?? units) - below;
    if (within > 0) sum = plus(sum, asks(tier, within));
    if (tier.upTo === null || units <= tier.upTo) break;
    below = tier.upTo;
  }
  return sum;
}

/** Converts an amount of one period to a year and a month, each rounded once. */
export function recurring(
  amountMinor: number,
  { interval, intervalCount }: Pick<TermsItem, 'interval' | 'intervalCount'>,
): Readonly<{ annualMinor: number; mrrMinor: number }> {
  const annual = { n: BigInt(amountMinor) * BigInt(A_YEAR[interval ?? ''] ?? 0), d: BigInt(intervalCount ?? 1) };
  return { annualMinor: rounded(annual), mrrMinor: rounded({ n: annual.n, d: annual.d * 12n }) };
}
