import { creditedMinor, type NoteAmounts, type Time } from '../../../derivations/settling/credited.js';
import { isPastDue } from '../../../projections/past-due.js';
import type { ItemFact, PaidInvoice } from '../../access/facts.js';
import type { InvoiceLine, SubscriptionItem } from '../../events/normalise.js';
import type { Answer, Row } from '../answer.js';
import { isoOrNull, isStale, timeOrNull } from '../values.js';

/** What is known of the money of subscriptions: their invoices, and what was paid and returned on them. */
export type MoneyRows = Readonly<{
  invoices: readonly Row[];
  payments: readonly Answer[];
  /** Of the paid invoices only. */
  creditNotes: readonly Row[];
}>;

type Item = Pick<SubscriptionItem, 'id' | 'product' | 'price' | 'quantity' | 'periodStart' | 'periodEnd'>;
type Line = InvoiceLine;

const UNPAID = ['open', 'uncollectible'];

/**
 * Returns the items of a subscription with the invoices of their current periods. Pure. While an update is unpaid, the
 * items that it removed count too, because they had been paid for.
 */
export function itemFactsOf(subscription: Row, { invoices, ...money }: MoneyRows): ItemFact[] {
  const own = invoices.filter((row) => row['subscription'] === subscription['id'] && row['is_deleted'] !== true);
  const items = itemsOf(subscription);
  const isOnly = items.length === 1;
  const unpaid = own.filter(({ status }) => UNPAID.includes(String(status)));
  const updates = unpaid.filter((row) => row['billing_reason'] === 'subscription_update').map(updateOf);
  const paid = own.filter(({ status }) => status === 'paid');
  // A paid latest invoice means no debt, even before an event of the subscription says so.
  const isLatest = ({ id }: Row): boolean => id === subscription['latest_invoice'];
  const isFor = (invoice: Row, item: Item): boolean => linesOf(invoice).some((line) => pays(line, item, isOnly));
  const facts = items.map((item): ItemFact => {
    const { paying, renewedUntil } = payingFor(item, paid, isOnly);
    return {
      ...factOf(item),
      renewedUntil,
      paid: paying.map((invoice) => paidInvoice(invoice, money)),
      isPaid:
        paying.length > 0 &&
        (unpaid.length === 0 ? paying.some(isLatest) : isDebtKnown(unpaid)) &&
        !unpaid.some((invoice) => isFor(invoice, item)),
      unpaidUpgrade: isAfterTrial(subscription, item)
        ? null
        : (updates.find(({ added }) => added.has(String(productOf(item))))?.invoice ?? null),
    };
  });
  const kept = isPastDue(String(subscription['status'])) ? replacedBy(updates) : [];
  return [...facts, ...kept.filter(({ product }) => !facts.some((fact) => fact.product === product))];
}

/** The items of a subscription; one without any is treated as one unknown item with the subscription's period. */
function itemsOf(row: Row): Item[] {
  const items = row['items'] as readonly Item[];
  const [periodStart, periodEnd] = [isoOrNull(row['period_start']), isoOrNull(row['period_end'])];
  const none: Item = { id: null, product: null, price: null, quantity: null, periodStart, periodEnd };
  return (items.length === 0 ? [none] : items).map((item) => ({
    ...item,
    periodStart: item.periodStart ?? periodStart,
    periodEnd: item.periodEnd ?? periodEnd,
  }));
}

const factOf = (item: Item) => ({
  product: productOf(item),
  quantity: item.quantity,
  periodStart: timeOrNull(item.periodStart),
  periodEnd: timeOrNull(item.periodEnd),
});

/** A plan from before products existed (2018) counts as its own product. */
const productOf = ({ product, price }: Readonly<{ product: string | null; price: string | null }>): string | null =>
  product ?? price;
const linesOf = (invoice: Row): readonly Line[] => invoice['lines'] as readonly Line[];

/**
 * Returns the paid invoices for an item's period: the current one, or the latest if an invoice is for a later one that
 * no event of the subscription has shown yet. Without an invoice up to its end (the period was shortened), returns
 * those that overlap the current period.
 */
function payingFor(item: Item, paid: readonly Row[], isOnly: boolean) {
  const end = timeOrNull(item.periodEnd);
  const ends = paid.map((invoice) => {
    const lines = linesOf(invoice).filter((line) => isOf(line, item, isOnly));
    return {
      invoice,
      at: latest(lines.map((line) => timeOrNull(line.periodEnd))),
      renewal: latest(lines.map((line) => (isAfter(line, end) ? timeOrNull(line.periodEnd) : null))),
      isForIt: lines.some((line) => areInOnePeriod(line, item)),
    };
  });
  const renewedUntil = latest(ends.map(({ renewal }) => renewal));
  const until = renewedUntil ?? end;
  const toTheEnd = ends.filter(({ at }) => at !== null && until !== null && at >= until);
  const paying = toTheEnd.length > 0 ? toTheEnd : ends.filter(({ isForIt }) => isForIt);
  return { paying: paying.map(({ invoice }) => invoice), renewedUntil };
}

const isAfter = ({ periodStart }: Line, end: Date | null): boolean =>
  end !== null && (timeOrNull(periodStart) ?? new Date(0)) >= end;

/** Whether a line charges for an item's current period, or part of it. */
const pays = (line: Line, item: Item, isOnly: boolean): boolean =>
  isOf(line, item, isOnly) && areInOnePeriod(line, item);

/** Whether a line charges for an item, for a period that is not empty. */
function isOf(line: Line, item: Item, isOnly: boolean): boolean {
  const [from, to] = [timeOrNull(line.periodStart), timeOrNull(line.periodEnd)];
  if (line.amountMinor <= 0 || from === null || to === null || from >= to) return false;
  if (line.subscriptionItem !== null && line.subscriptionItem === item.id) return true;
  return productOf(line) === null ? isOnly : productOf(line) === productOf(item);
}

type Period = Pick<Item, 'periodStart' | 'periodEnd'>;

function areInOnePeriod(line: Period, item: Period): boolean {
  const [from, to] = [timeOrNull(line.periodStart), timeOrNull(line.periodEnd)];
  const [start, end] = [timeOrNull(item.periodStart), timeOrNull(item.periodEnd)];
  if (from === null || to === null || start === null || end === null) return false;
  return from < end && to > start;
}

/** Whether all lines of the unpaid invoices are known, so that it is clear what the debt is for. */
const isDebtKnown = (unpaid: readonly Row[]): boolean =>
  unpaid.length > 0 && unpaid.every((row) => row['has_all_lines'] === true && linesOf(row).length > 0);

/** The products that an update added and charges for, and its credits for paid products that it removed. */
type Update = Readonly<{ invoice: string; added: ReadonlySet<string>; credits: readonly Line[] }>;

function updateOf(invoice: Row): Update {
  const lines = linesOf(invoice).filter((line) => productOf(line) !== null);
  const credits = lines.filter(({ amountMinor }) => amountMinor < 0);
  const credited = new Set(credits.map(productOf));
  const added = lines
    .filter((line) => line.amountMinor > 0 && !credited.has(productOf(line)))
    .map((line) => String(productOf(line)));
  return { invoice: String(invoice['id']), added: new Set(added), credits };
}

/** Paid items that updates removed, except those that another update had added. */
function replacedBy(updates: readonly Update[]): ItemFact[] {
  return updates
    .flatMap(({ credits }) => credits)
    .filter((line) => !updates.some(({ added }) => added.has(String(productOf(line)))))
    .map((line) => ({
      ...factOf({ ...line, quantity: null, id: null }),
      renewedUntil: null,
      paid: [],
      isPaid: true,
      unpaidUpgrade: null,
    }));
}

/** Whether the item's period is the first after a trial, so that nothing was updated. */
function isAfterTrial(subscription: Row, { periodStart }: Item): boolean {
  const [trialEnd, start] = [timeOrNull(subscription['trial_end']), timeOrNull(periodStart)];
  return trialEnd !== null && start !== null && start <= trialEnd;
}

/** The amounts paid and returned on an invoice. A payment of several invoices returns money to each in proportion. */
function paidInvoice(row: Row, { payments, creditNotes }: Omit<MoneyRows, 'invoices'>): PaidInvoice {
  const amountPaidMinor = Number(row['amount_paid_minor']);
  const own = payments.filter((payment) => (payment['invoices'] as readonly Row[]).some(({ id }) => id === row['id']));
  const sumOf = (amountOf: (payment: Answer) => number): number =>
    own.reduce((sum, payment) => sum + shareOf(amountOf(payment), payment, amountPaidMinor), 0);
  const notes = creditNotes.filter((note) => note['invoice'] === row['id']);
  const kept = notes.filter(({ status }) => status !== 'void');
  const at = row['stripe_event_created'];
  const credited = creditedMinor(
    { statedMinor: Number(row['post_payment_credit_notes_minor']), at: at as Time },
    notes as unknown as readonly NoteAmounts[],
    'post_payment_amount_minor',
  );
  return {
    invoice: String(row['id']),
    currency: String(row['currency']),
    paidAt: timeOrNull(row['paid_at']),
    amountPaidMinor,
    amountRefundedMinor: Math.max(
      sumOf((payment) => Number(payment['amountRefundedMinor'] ?? 0)),
      credited,
    ),
    amountLostMinor: sumOf(lostOf),
    amountDisputedMinor: sumOf((payment) => Number(payment['amountDisputedMinor']) - lostOf(payment)),
    givenBackAt: latest([
      ...own.flatMap(timesBack),
      ...(credited > 0
        ? [...kept.map((note) => timeOrNull(note['created_at'])), kept.length === 0 ? timeOrNull(at) : null]
        : []),
    ]),
  };
}

function shareOf(amountMinor: number, payment: Answer, paidMinor: number): number {
  const received = Number(payment['amountReceivedMinor']);
  const isShared = (payment['invoices'] as readonly Row[]).length > 1 && received > paidMinor;
  return isShared ? Math.floor((amountMinor * paidMinor) / received) : amountMinor;
}

const disputesOf = (payment: Answer): readonly Row[] => payment['disputes'] as readonly Row[];

/** The disputed amount that is lost; the remainder is held until decided. */
function lostOf(payment: Answer): number {
  const lost = disputesOf(payment).filter(({ status }) => status === 'lost');
  const sum = lost.reduce((total, dispute) => total + Number(dispute['amountMinor']), 0);
  const taken = Number(payment['amountDisputedMinor']);
  return lost.length === disputesOf(payment).length ? taken : Math.min(sum, taken);
}

/** When money of a payment was returned: by its refunds and disputes, else by its charges. */
function timesBack(payment: Answer): (Date | null)[] {
  const createdOf = (row: Row): Date | null => timeOrNull((row['changedBy'] as Row)['created']);
  const refunds = (payment['refunds'] as readonly Row[]).map((refund) => timeOrNull(refund['createdAt']));
  const times = [...refunds, ...disputesOf(payment).map(createdOf)].filter((time) => time !== null);
  if (times.length > 0) return times;
  return Number(payment['amountRefundedMinor'] ?? 0) > 0 ? (payment['charges'] as readonly Row[]).map(createdOf) : [];
}

function latest(times: readonly (Date | null)[]): Date | null {
  return times.reduce((last, time) => (time !== null && (last === null || time > last) ? time : last), null);
}

/**
 * The invoices that may cover the current periods of subscriptions, or are unpaid: the same selection as for live rows.
 */
export function invoicesOfPeriods(subscriptions: readonly Row[], invoices: readonly Row[]): Row[] {
  return invoices.filter((row) => {
    const subscription = subscriptions.find(({ id }) => id === row['subscription']);
    if (subscription === undefined || !mayDependOnMoney(subscription)) return false;
    if (UNPAID.includes(String(row['status']))) return true;
    const since = timeOrNull(subscription['period_start']) ?? new Date(0);
    return (
      row['status'] === 'paid' && linesOf(row).some(({ periodEnd }) => (timeOrNull(periodEnd) ?? new Date(0)) > since)
    );
  });
}

/** A subscription that never started was never paid for. */
export const mayDependOnMoney = ({ status }: Row): boolean => status !== 'incomplete_expired';
export const paidIds = (invoices: readonly Row[]): string[] =>
  invoices.filter(({ status }) => status === 'paid').map(({ id }) => String(id));

/** Whether any of these rows is the last good one of a parked stream. */
export function isMoneyStale({ invoices, payments, creditNotes }: MoneyRows): boolean {
  const parts = payments.flatMap((payment) => [
    payment['paymentIntent'],
    ...(payment['charges'] as readonly Row[]),
    ...(payment['refunds'] as readonly Row[]),
    ...disputesOf(payment),
  ]);
  return (
    [...invoices, ...creditNotes].some(isStale) ||
    parts.some((part) => typeof part === 'object' && part !== null && 'stale' in part)
  );
}
