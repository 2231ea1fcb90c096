import { creditedMinor, type NoteAmounts, type Time } from '../../../derivations/settling/credited.js';
import { isPastDue } from '../../../projections/past-due.js';
import type { ItemFact, PaidInvoice } from '../../access/facts.js';
import type { InvoiceLine, SubscriptionItem } from '../../events/normalise.js';
import type { Answer, Row } from '../answer.js';
import { isoOrNull, isStale, timeOrNull } from '../values.js';

/** What is known of the money behind subscriptions: their invoices, and what was paid and given back of these. */
export type MoneyRows = Readonly<{
  invoices: readonly Row[];
  payments: readonly Answer[];
  /** Of the paid invoices. */
  creditNotes: readonly Row[];
}>;

type Item = Pick<SubscriptionItem, 'id' | 'product' | 'price' | 'quantity' | 'periodStart' | 'periodEnd'>;
type Line = InvoiceLine;

const UNPAID = ['open', 'uncollectible'];

/**
 * The items of a subscription with what its invoices say of the periods that they are in. Pure. While an update is not paid, what it took
 * away is an item too: it had been paid for.
 */
export function itemFactsOf(subscription: Row, { invoices, ...money }: MoneyRows): ItemFact[] {
  const own = invoices.filter((row) => row['subscription'] === subscription['id'] && row['is_deleted'] !== true);
  const items = itemsOf(subscription);
  const isOnly = items.length === 1;
  const unpaid = own.filter(({ status }) => UNPAID.includes(String(status)));
  const updates = unpaid.filter((row) => row['billing_reason'] === 'subscription_update').map(updateOf);
  const paid = own.filter(({ status }) => status === 'paid');
  // Nothing is owed when the latest invoice is paid, though no event of the subscription has said so yet.
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

/** A subscription that shows no items is one of which nothing is known but its period. */
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

/** A plan from before there were products, in 2018, stands for itself. */
const productOf = ({ product, price }: Readonly<{ product: string | null; price: string | null }>): string | null =>
  product ?? price;
const linesOf = (invoice: Row): readonly Line[] => invoice['lines'] as readonly Line[];

/**
 * The paid invoices for the period that an item is in: those for the latest, if some are for a period that no event of the subscription has shown; else
 * those to its end, since a period that was cut short was paid by others.
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

/** Whether a line asks money for the period that an item is in, or for a part of it. */
const pays = (line: Line, item: Item, isOnly: boolean): boolean =>
  isOf(line, item, isOnly) && areInOnePeriod(line, item);

/** Whether a line asks money for an item, for a time that does not end at once. */
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

/** Whether it is known what the debt of a subscription is for. */
const isDebtKnown = (unpaid: readonly Row[]): boolean =>
  unpaid.length > 0 && unpaid.every((row) => row['has_all_lines'] === true && linesOf(row).length > 0);

/** What an update asks money for, and what it gives back because that was paid for: credits of products that it takes away. */
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

/** What updates took away that had been paid for: not what another of them had added. */
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

/** Its first paid period follows a trial: nothing was updated. */
function isAfterTrial(subscription: Row, { periodStart }: Item): boolean {
  const [trialEnd, start] = [timeOrNull(subscription['trial_end']), timeOrNull(periodStart)];
  return trialEnd !== null && start !== null && start <= trialEnd;
}

/** What was paid by an invoice, and what of it went back. A payment of several invoices gives back of each in proportion. */
function paidInvoice(row: Row, { payments, creditNotes }: Omit<MoneyRows, 'invoices'>): PaidInvoice {
  const amountPaidMinor = Number(row['amount_paid_minor']);
  const own = payments.filter((payment) => (payment['invoices'] as readonly Row[]).some(({ id }) => id === row['id']));
  const sumOf = (amountOf: (payment: Answer) => number): number =>
    own.reduce((sum, payment) => sum + shareOf(amountOf(payment), payment, amountPaidMinor), 0);
  const notes = creditNotes.filter((note) => note['invoice'] === row['id']);
  const kept = notes.filter(({ status }) => status !== 'void');
  const at = row['stripe_event_created'];
  const credited = creditedMinor(
    { saysMinor: Number(row['post_payment_credit_notes_minor']), at: at as Time },
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

/** Of what disputes took, that of the lost ones; the rest is held until it is decided. */
function lostOf(payment: Answer): number {
  const lost = disputesOf(payment).filter(({ status }) => status === 'lost');
  const sum = lost.reduce((total, dispute) => total + Number(dispute['amountMinor']), 0);
  const taken = Number(payment['amountDisputedMinor']);
  return lost.length === disputesOf(payment).length ? taken : Math.min(sum, taken);
}

/** When money of a payment went back: by its refunds and disputes, or else by what its charges say. */
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

/** The invoices that may be for the periods that subscriptions are in, or that are not paid: as live rows are selected. */
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

/** What never began was never paid for. */
export const mayDependOnMoney = ({ status }: Row): boolean => status !== 'incomplete_expired';
export const paidIds = (invoices: readonly Row[]): string[] =>
  invoices.filter(({ status }) => status === 'paid').map(({ id }) => String(id));

/** Whether the rows of a subscription's invoices, or of their payments, are the last good ones of a parked stream. */
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
