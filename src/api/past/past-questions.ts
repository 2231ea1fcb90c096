import { churnRisk } from '../../../projections/churn-risk.js';
import { customers } from '../../../projections/customers.js';
import { creditNotes } from '../../../projections/credit-notes.js';
import { discounts } from '../../../projections/discounts.js';
import { entitlements } from '../../../projections/entitlements.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import type { AnyProjection, Tables } from '../../../projections/projection.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import { testClocks } from '../../../projections/test-clocks.js';
import type { MoneyPolicy } from '../../../derivations/policy.js';
import { pastBook } from '../journal/past-book.js';
import type { Moment } from '../../as-of/moment.js';
import type { Streams } from '../../as-of/past-rows.js';
import type { Past } from '../../as-of/past.js';
import type { EventStore } from '../../eventstore/event-store.js';
import type { Snapshots } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { answerAccess, type AccessQuestion } from '../access/access-question.js';
import { accessFactsOf, clocksOf, NAMING_OBJECTS, namedSubscriptions } from '../access/access-facts.js';
import { invoicesOfPeriods, paidIds } from '../access/paid-periods.js';
import { answerOf, type Answer } from '../answer.js';
import { answerOfEvents, type EventQuestion } from '../events/event-questions.js';
import type { LatestEvents } from '../events/latest-events.js';
import { allListedBy, couponsOf, withDiscountsKnown } from '../subscriptions/discounts.js';
import { AsOf, asOfAnswer, notKnownThen, rowsAt, tablesAt, withStreams, type Owner } from './as-of.js';
import type { KeptTimelines } from '../timeline/kept-timelines.js';
import { pageInMemory } from '../lists.js';
import { withCreditNotes } from '../invoices/credit-notes.js';
import { invoicesOfSubscriptionsAmong } from '../invoices/of-subscriptions.js';
import { settledThen, SETTLING, unsettledIds, withSettled } from '../invoices/settled.js';
import { INVOICES } from '../invoices/invoices.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';
import type { Listing } from '../../read-models/listing.js';
import { notFound } from '../not-found.js';
import { referring } from '../reference.js';
import {
  pastInvoice,
  pastMoneyOf,
  pastPayment,
  pastPayments,
  pastSettled,
  streamsOfCreditNotes,
  streamsOfInvoicesThen,
} from './past-payments.js';
import { Timeline, type TimelineQuestion } from '../timeline/timeline.js';

/** A validated question for a worker thread, which folds the answer from the log. */
export type PastQuestion =
  | Readonly<{ kind: 'subscription' | 'invoice' | 'payment' | 'invoice_book'; id: string; at: Moment }>
  | Readonly<{ kind: 'subscriptions' | 'invoices'; listing: Listing; owner: Owner; at: Moment }>
  | Readonly<{ kind: 'payments'; listing: Listing; at: Moment }>
  | (Readonly<{ kind: 'access'; at: Moment }> & AccessQuestion)
  | (Readonly<{ kind: 'timeline' }> & TimelineQuestion)
  | EventQuestion;

/** The dependencies of an answer; `past` reads for one question only. */
export type PastParts = Readonly<{
  past: Past;
  store: EventStore;
  database: Snapshots;
  kept: KeptTimelines;
  latest: LatestEvents;
  /** As `REFERENCE_KEY`. */
  referenceKey: string | null;
  /** The policy by which books are derived. */
  policy: MoneyPolicy;
  signal: AbortSignal;
}>;

/** Returns the answer: JSON, or bytes of the log. @throws ProblemError where there is none */
export async function answerPast(question: PastQuestion, parts: PastParts): Promise<string | Buffer> {
  if (isAboutEvents(question)) return answerOfEvents(question, parts);
  if (question.kind !== 'timeline')
    return JSON.stringify(await answerAt(question, { ...parts, past: new AsOf(parts.past, parts.database) }));
  const page = await new Timeline(parts).page(question);
  if (page === null) throw notFound('subscription', question.subscription);
  return page;
}

const isAboutEvents = (question: PastQuestion): question is EventQuestion =>
  ['event', 'event_body', 'events', 'stream'].includes(question.kind);

type AsOfParts = Readonly<{ past: AsOf; database: Snapshots; referenceKey: string | null; policy: MoneyPolicy }>;

function answerAt(
  question: Exclude<PastQuestion, EventQuestion | { kind: 'timeline' }>,
  parts: AsOfParts,
): Promise<unknown> {
  const { at } = question;
  switch (question.kind) {
    case 'subscription':
      return pastSubscription(parts, question.id, at);
    case 'invoice':
      return pastInvoice(parts, question.id, at);
    case 'invoice_book':
      return pastBook(parts, question.id, at);
    case 'payment':
      return pastPayment(parts, question.id, at);
    case 'subscriptions':
      return pastSubscriptions(parts, question);
    case 'invoices':
      return pastInvoices(parts, question);
    case 'payments':
      return pastPayments(parts, question.listing, at);
    case 'access':
      return pastAccess(parts, question);
  }
}

async function pastSubscriptions(
  parts: AsOfParts,
  question: Extract<PastQuestion, { kind: 'subscriptions' | 'invoices' }>,
): Promise<unknown> {
  const page = await parts.past.page(
    { projection: subscriptions, table: 'subscriptions', list: SUBSCRIPTIONS, object: 'subscription' },
    question,
  );
  const { complete, streams } = await withDiscountsThen(parts, page.data, question.at);
  return {
    ...page,
    data: complete.map((one) => referring(parts.referenceKey, one)),
    asOf: withStreams(page.asOf, streams, question.at),
  };
}

async function pastInvoices(
  { past, database }: AsOfParts,
  { owner, listing, at }: Extract<PastQuestion, { kind: 'subscriptions' | 'invoices' }>,
): Promise<unknown> {
  const { subscription, ...filters } = listing.filters;
  const own = await past.read(
    distinct([
      ...(owner.customer === undefined ? [] : await past.streamsOf(owner, 'invoice')),
      ...(subscription === undefined ? [] : await streamsOfInvoicesThen(database, subscription)),
    ]),
  );
  const shownInvoices = rowsAt(invoices, own, at).invoices;
  const asked =
    subscription &&
    invoicesOfSubscriptionsAmong(subscription, { invoices: shownInvoices, links: rowsAt(links, own, at).links });
  const rows = asked === undefined ? shownInvoices : shownInvoices.filter(({ id }) => asked.has(id));
  const { settled, streams } = await pastSettled({ past, database }, { invoices: rows, own, at });
  const page = pageInMemory(
    INVOICES,
    rows.map((row) => withSettled(row, settled)),
    { ...listing, filters },
  );
  const ids = page.data.map(({ id }) => String(id));
  const noted = await past.read(await database.snapshot((connection) => streamsOfCreditNotes(connection, ids)));
  const notes = rowsAt(creditNotes, noted, at).credit_notes;
  return {
    ...page,
    data: page.data.map((invoice) => withCreditNotes(invoice, notes)),
    asOf: asOfAnswer(new Map([...own, ...noted, ...streams]), at),
  };
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)];

async function pastSubscription(parts: AsOfParts, id: string, at: Moment): Promise<unknown> {
  const { row, asOf } = await parts.past.row(
    { projection: subscriptions, table: 'subscriptions', kind: 'subscription', id, stream: `subscription-${id}` },
    at,
  );
  const { complete, streams } = await withDiscountsThen(parts, [answerOf(row)], at);
  return { ...referring(parts.referenceKey, complete[0] ?? {}), asOf: withStreams(asOf, streams, at) };
}

/** Adds to subscriptions what was known of their discounts. */
async function withDiscountsThen(
  { past, database }: AsOfParts,
  found: readonly Answer[],
  at: Moment,
): Promise<{ complete: readonly Answer[]; streams: Streams }> {
  const listed = found.flatMap(allListedBy);
  const names = await streamsOfDiscounts(database, { subscriptions: found.map(({ id }) => id), listed });
  const streams = await past.read(names);
  const known = rowsAt(discounts, streams, at).discounts;
  const coupons = await database.snapshot((connection) => couponsOf(connection, [...listed, ...known]));
  return {
    complete: found.map((one) => withDiscountsKnown(one, { discounts: known, coupons })),
    streams,
  };
}

/** Returns the streams of the discounts that subscriptions list, and of discounts that ever named one of them. */
async function streamsOfDiscounts(
  database: Snapshots,
  { subscriptions: own, listed }: Readonly<{ subscriptions: readonly unknown[]; listed: readonly Answer[] }>,
): Promise<string[]> {
  // A discount from before discounts had ids has no useful link.
  const { rows } = await database.snapshot((connection) =>
    connection.query<{ stream: string }>(
      `select stream from ${viewOf(links, 'links')} where object = 'discount' and (id = any($1) or (target = any($2) and target_kind = 'subscription'))
       union select stream from ${viewOf(discounts, 'discounts')} where subscription = any($2)`,
      [listed.map(({ id }) => id).filter((id) => typeof id === 'string'), own],
    ),
  );
  return rows.map(({ stream }) => stream);
}

async function pastAccess(
  { past, database }: AsOfParts,
  { at, ...question }: AccessQuestion & { at: Moment },
): Promise<unknown> {
  const own = await past.streamsOfCustomers(question.customers, ['customer', ...NAMING_OBJECTS]);
  const rowsOf = <T extends Tables>(projection: AnyProjection<T>) => rowsAt(projection, own, at);
  const subscriptionRows = rowsOf(subscriptions).subscriptions;
  const shownInvoices = invoicesOfPeriods(subscriptionRows, rowsOf(invoices).invoices);
  const ids = [...paidIds(shownInvoices), ...unsettledIds(shownInvoices)];
  const { payments, creditNotes: notes, streams } = await pastMoneyOf({ past, database }, ids, at);
  const settled = await database.snapshot((connection) =>
    settledThen(connection, unsettledIds(shownInvoices), tablesAt(SETTLING, new Map([...own, ...streams]), at)),
  );
  const invoiceRows = shownInvoices.map((row) => withSettled(row, settled));
  const clockStreams =
    question.time === null
      ? await past.read(clocksOf(subscriptionRows).map((id) => `test_helpers.test_clock-${id}`))
      : null;
  const entitled = rowsOf(entitlements);
  const facts = accessFactsOf(question.customers, {
    customers: rowsOf(customers).customers,
    subscriptions: subscriptionRows,
    entitlements: entitled.entitlements,
    summaries: entitled.entitlement_summaries,
    named: namedSubscriptions(rowsOf(links).links),
    risks: rowsOf(churnRisk).churn_risk,
    invoices: invoiceRows,
    payments,
    creditNotes: notes,
    clocks: clockStreams && rowsAt(testClocks, clockStreams, at).test_clocks,
  });
  const answer = answerAccess(question, facts);
  if (answer === null) throw notKnownThen('customer', String(question.customer));
  return { ...answer, asOf: asOfAnswer(new Map([...own, ...streams, ...(clockStreams ?? [])]), at) };
}
