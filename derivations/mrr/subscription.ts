import type { MoneyPolicy } from '../policy.js';
import { sumOf } from '../rounding.js';
import { secondOf, secondOrNull } from '../time.js';
import { countingAt, turningPoints, type Counting } from './counting.js';
import { discounted, discountsAt, isActive, itemName, type Discounts } from './discounts.js';
import type { Cause, SubscriptionFacts, TermsItem, TermsRow } from './facts.js';
import { periodAmount, recurring, type PeriodAmount } from './item.js';

/** The cause of a change of an item's MRR. */
export type PartCause =
  | 'opening'
  | 'subscription_started'
  | 'subscription_ended'
  | 'item_added'
  | 'item_removed'
  | 'quantity'
  | 'price'
  | 'discount_started'
  | 'discount_ended'
  | 'trial_ended'
  | 'trial_started'
  | 'paused'
  | 'resumed'
  | 'past_due'
  | 'recovered';

/** A part of a change: the parts of one second add up to it. Minor units of the subscription's currency. */
export type MrrPart = Readonly<{
  subscription: string;
  customer: string;
  currency: string;
  item: string;
  at: number;
  cause: PartCause;
  mrrMinor: number;
  annualMinor: number;
  /** The cause when no event marks the moment, such as `discount.end` or `resumes_at`; null: the event itself. */
  by: string | null;
  event: Cause;
}>;

/** An item's MRR over a span of time, and its explanation. */
export type MrrItem = Readonly<{
  item: string;
  since: number;
  until: number | null;
  status: string;
  counting: Counting;
  /** For one period, after discounts; null: unknown. */
  amountMinor: number | null;
  annualMinor: number;
  mrrMinor: number;
  /** Its MRR after the trial. */
  trialingMinor: number;
  isUnknown: boolean;
  why: string;
  price: string | null;
  product: string | null;
  quantity: number | null;
}>;

/** A trial: its start and end, and the time of conversion, if it had MRR at its end. */
export type MrrTrial = Readonly<{ startedAt: number; endedAt: number | null; convertedAt: number | null }>;

export type SubscriptionMrr = Readonly<{
  items: readonly MrrItem[];
  parts: readonly MrrPart[];
  trials: readonly MrrTrial[];
  /** Prices with unknown tiers. */
  wants: readonly string[];
}>;

type Worth = Readonly<{
  mrrMinor: number;
  annualMinor: number;
  amountMinor: number | null;
  why: string;
  isUnknown: boolean;
}>;
/** The state of a subscription at a moment; its fields follow the order in which changes are separated. */
type Moment = Readonly<{
  at: number;
  row: TermsRow;
  by: string | null;
  items: readonly TermsItem[];
  discounts: Discounts;
  /** The moment at which active discounts are determined. */
  discountsAt: number;
  counting: Counting;
}>;

const NOTHING: Worth = { mrrMinor: 0, annualMinor: 0, amountMinor: 0, why: 'none', isUnknown: false };

/** The MRR of one subscription over time: a function of its terms and the moments that those schedule. */
export function subscriptionMrr(facts: SubscriptionFacts, policy: MoneyPolicy): SubscriptionMrr {
  const moments = momentsOf(facts, policy);
  const parts = moments.flatMap((moment, place) => partsBetween(moments[place - 1] ?? null, moment, facts, policy));
  const items = itemsOf(moments, facts, policy);
  const wants = items
    .filter(({ isUnknown, why }) => isUnknown && why === 'tiers_not_known')
    .flatMap(({ price }) => price ?? []);
  return { items, parts, trials: trialsOf(moments, items), wants: [...new Set(wants)].sort() };
}

/**
 * When the terms of a row begin: at its end, if it ends the subscription; for the first row, at the start that the
 * policy names.
 */
function beginning(row: TermsRow, isFirst: boolean, policy: MoneyPolicy): number {
  const at = secondOf(row.effective_at);
  const ended = secondOrNull(row.ended_at);
  if (ended !== null && row.status === 'canceled') return Math.min(ended, at);
  const started = secondOrNull(row.started_at);
  if (!isFirst || started === null || started >= at) return at;
  const fromStart = isOpening(row) ? policy.mrrOpening === 'start_date' : policy.mrrBackdated === 'start';
  return fromStart ? started : at;
}

/** Whether the ledger began after the subscription, so that its first MRR is no new business. */
const isOpening = (row: TermsRow): boolean =>
  row.stripe_event_type !== 'customer.subscription.created' &&
  row.created_at !== null &&
  secondOf(row.created_at) < secondOf(row.effective_at);

function momentsOf(facts: SubscriptionFacts, policy: MoneyPolicy): readonly Moment[] {
  const rows = facts.terms.map((row, place) => ({ row, at: beginning(row, place === 0, policy) }));
  let pastDueSince: number | null = null;
  const moments: Moment[] = [];
  rows.forEach(({ row, at }, place) => {
    // A row that ends the subscription may begin before the row preceding it.
    const from = Math.max(at, moments.at(-1)?.at ?? at);
    pastDueSince = row.status === 'past_due' ? (pastDueSince ?? from) : null;
    const next = rows[place + 1];
    const until = next === undefined ? Infinity : Math.max(next.at, from);
    // Of several rows in one second, the last one is the state after it.
    if (until === from) return;
    const discounts = discountsAt(row, facts);
    const ends = boundsOf(discounts, policy);
    const turns = new Map<number, string | null>([
      ...ends.map(({ at: moment, by }) => [moment, by] as const),
      ...turningPoints(row, pastDueSince, policy).map((moment) => [moment, 'resumes_at'] as const),
      ...(policy.mrrStarts === 'paid' && facts.firstPaidAt !== null
        ? [[secondOf(facts.firstPaidAt), 'first payment'] as const]
        : []),
    ]);
    const later = [...turns].filter(([moment]) => moment > from && moment < until).sort(([a], [b]) => a - b);
    for (const [moment, by] of [[from, null] as const, ...later]) {
      const counting = countingAt(row, moment, facts, pastDueSince, policy);
      moments.push({ at: moment, row, by, items: row.items, discounts, discountsAt: moment, counting });
    }
  });
  return moments;
}

/** The starts and ends of discounts that count by the policy. */
function boundsOf({ ofItems, ofAll }: Discounts, policy: MoneyPolicy): { at: number; by: string }[] {
  const all = [...ofAll, ...[...ofItems.values()].flat()].filter((one) => isActive(one, one.start, policy));
  return all.flatMap(({ start, end, name }) => [
    { at: start, by: `discount.start of ${name}` },
    ...(end === null ? [] : [{ at: end, by: `discount.end of ${name}` }]),
  ]);
}

/** The MRR of each item at a moment; 0 if the subscription does not count. */
function worths(moment: Moment, facts: SubscriptionFacts, policy: MoneyPolicy, isCounted = false): Map<string, Worth> {
  const names = moment.items.map((item) => itemName(facts.subscription, item));
  if (!isCounted && moment.counting !== 'counts')
    return new Map(names.map((name) => [name, { ...NOTHING, why: moment.counting }]));
  const asked = moment.items.map((item) => periodAmount(item, facts, policy));
  const priced = moment.items.map((item, place) => ({
    name: names[place] as string,
    product: item.product,
    currency: item.currency,
    amountMinor: amountOf(asked[place] as PeriodAmount),
  }));
  const amounts = discounted(priced, moment.discounts, moment.discountsAt, policy);
  return new Map(
    moment.items.map((item, place): [string, Worth] => {
      const name = names[place] as string;
      const { kind, why } = asked[place] as PeriodAmount;
      const amountMinor = amounts[place] ?? null;
      if (kind === 'unknown') return [name, { ...NOTHING, amountMinor: null, why, isUnknown: true }];
      if (kind === 'excluded') return [name, { ...NOTHING, why }];
      if (amountMinor === null)
        return [name, { ...NOTHING, amountMinor: null, why: 'discount_not_known', isUnknown: true }];
      return [name, { ...recurring(amountMinor, item), amountMinor, why, isUnknown: false }];
    }),
  );
}

const amountOf = (asked: PeriodAmount): number => (asked.kind === 'known' ? asked.amountMinor : 0);

/** Separates the changes of one second: items at the old discounts, then discounts, then counting. */
function partsBetween(
  before: Moment | null,
  after: Moment,
  facts: SubscriptionFacts,
  policy: MoneyPolicy,
): readonly MrrPart[] {
  const values = (moment: Moment): Map<string, Worth> => worths(moment, facts, policy);
  if (before === null)
    return differences(new Map(), values(after), after, facts, () =>
      isOpening(after.row) && policy.mrrOpening === 'opening' ? 'opening' : 'subscription_started',
    );
  const kept = { ...before, items: before.items.map((item) => after.items.find(sameAs(item)) ?? item) };
  const quantities = {
    ...before,
    items: before.items.map((item, place) => withQuantity(item, kept.items[place] as TermsItem)),
  };
  const withItems = { ...before, items: after.items };
  const withDiscounts = { ...withItems, discounts: after.discounts, discountsAt: after.discountsAt };
  const steps: readonly (readonly [Moment, (item: string, changeMinor: number) => PartCause])[] = [
    [quantities, () => 'quantity'],
    [kept, () => 'price'],
    [
      withItems,
      (item) =>
        withItems.items.some((one) => itemName(facts.subscription, one) === item) ? 'item_added' : 'item_removed',
    ],
    [withDiscounts, (_, changeMinor) => (changeMinor > 0 ? 'discount_ended' : 'discount_started')],
    [after, (_, changeMinor) => statusCause(before, after, changeMinor)],
  ];
  let from = values(before);
  return steps.flatMap(([moment, cause]) => {
    const to = values(moment);
    const found = differences(from, to, after, facts, cause);
    from = to;
    return found;
  });
}

const sameAs =
  (item: TermsItem) =>
  (other: TermsItem): boolean =>
    other.id === item.id;

/** The item with the next quantity and the old price. */
const withQuantity = (item: TermsItem, next: TermsItem): TermsItem => ({ ...item, quantity: next.quantity });

function statusCause(before: Moment, after: Moment, changeMinor: number): PartCause {
  if (changeMinor < 0) {
    if (after.counting === 'past_due') return 'past_due';
    if (after.counting === 'trialing') return 'trial_started';
    return after.counting === 'paused' ? 'paused' : 'subscription_ended';
  }
  if (before.counting === 'trialing') return 'trial_ended';
  if (before.counting === 'past_due') return 'recovered';
  return before.counting === 'paused' || before.counting === 'canceling' ? 'resumed' : 'subscription_started';
}

function differences(
  from: ReadonlyMap<string, Worth>,
  to: ReadonlyMap<string, Worth>,
  { at, row, by }: Moment,
  { subscription, customer }: SubscriptionFacts,
  cause: (item: string, changeMinor: number) => PartCause,
): readonly MrrPart[] {
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  const currency = row.currency ?? row.items[0]?.currency ?? '';
  return names.flatMap((item) => {
    const [was, is] = [from.get(item) ?? NOTHING, to.get(item) ?? NOTHING];
    const change = { mrrMinor: is.mrrMinor - was.mrrMinor, annualMinor: is.annualMinor - was.annualMinor };
    if (change.mrrMinor === 0 && change.annualMinor === 0) return [];
    const sign = change.mrrMinor === 0 ? change.annualMinor : change.mrrMinor;
    return [{ subscription, customer, currency, item, at, cause: cause(item, sign), ...change, by, event: row }];
  });
}

/** The items over time; equal neighbours are merged. */
function itemsOf(moments: readonly Moment[], facts: SubscriptionFacts, policy: MoneyPolicy): readonly MrrItem[] {
  const items: MrrItem[] = [];
  const open = new Map<string, MrrItem>();
  const close = (name: string, at: number): void => {
    const one = open.get(name);
    if (one !== undefined && one.since < at) items.push({ ...one, until: at });
    open.delete(name);
  };
  for (const moment of moments) {
    const [now, expected] = [worths(moment, facts, policy), worths(moment, facts, policy, true)];
    for (const name of [...open.keys()]) if (!now.has(name)) close(name, moment.at);
    for (const item of moment.items) {
      const name = itemName(facts.subscription, item);
      const worth = now.get(name) ?? NOTHING;
      const { price, product, quantity } = item;
      const isTrial = moment.counting === 'trialing';
      const next: MrrItem = {
        ...{
          item: name,
          since: moment.at,
          until: null,
          status: moment.row.status,
          counting: moment.counting,
          ...worth,
        },
        ...{ price, product, quantity, trialingMinor: isTrial ? (expected.get(name)?.mrrMinor ?? 0) : 0 },
        // A trial's future MRR may be unknown, too.
        isUnknown: moment.counting === 'ended' ? false : (expected.get(name)?.isUnknown ?? false),
        why: moment.counting === 'ended' || isTrial === false ? worth.why : (expected.get(name)?.why ?? worth.why),
      };
      const known = open.get(name);
      if (known !== undefined && isSame(known, next)) continue;
      close(name, moment.at);
      open.set(name, next);
    }
  }
  return [...items, ...open.values()].sort((a, b) => (a.item < b.item ? -1 : a.item > b.item ? 1 : a.since - b.since));
}

const isSame = (one: MrrItem, other: MrrItem): boolean =>
  (Object.keys(one) as (keyof MrrItem)[]).every((name) => name === 'since' || one[name] === other[name]);

function trialsOf(moments: readonly Moment[], items: readonly MrrItem[]): readonly MrrTrial[] {
  const trials: MrrTrial[] = [];
  const worthAt = (at: number): number =>
    sumOf(items.map((item) => (item.since <= at && (item.until === null || at < item.until) ? item.mrrMinor : 0)));
  for (const [place, { row, at }] of moments.entries()) {
    const before = moments[place - 1];
    if (row.status === 'trialing' && before?.row.status !== 'trialing')
      trials.push({ startedAt: secondOrNull(row.trial_start) ?? at, endedAt: null, convertedAt: null });
    const last = trials.at(-1);
    if (row.status !== 'trialing' && before?.row.status === 'trialing' && last !== undefined)
      trials[trials.length - 1] = { ...last, endedAt: at, convertedAt: worthAt(at) > 0 ? at : null };
  }
  return trials;
}
