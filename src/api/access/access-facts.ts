import { checkoutSessions } from '../../../projections/checkout-sessions.js';
import { churnRisk } from '../../../projections/churn-risk.js';
import { customers } from '../../../projections/customers.js';
import { entitlements } from '../../../projections/entitlements.js';
import { links } from '../../../projections/links.js';
import { isPastDue } from '../../../projections/past-due.js';
import type { AccessFacts, Cause, EntitlementFact, SubscriptionFact } from '../../access/facts.js';
import { ProblemError } from '../../http/problem.js';
import type { Queryable } from '../../read-models/database.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import { testClocks } from '../../../projections/test-clocks.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { hasReference } from '../reference.js';
import { changedByOf, type Row } from '../answer.js';
import { creditNotesOf } from '../invoices/credit-notes.js';
import { INVOICES } from '../invoices/invoices.js';
import { settledRows } from '../invoices/settled.js';
import { paymentsGivenBack } from '../payments/payment-queries.js';
import type { AccessQuestion } from './access-question.js';
import { isMoneyStale, itemFactsOf, mayDependOnMoney, paidIds, type MoneyRows } from './paid-periods.js';
import { CUSTOMERS } from '../customers/customers.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';
import { isStale, timeOrNull } from '../values.js';

/** The rows that decide the access of some customers, live or of another time. */
export type AccessRows = Readonly<{
  customers: readonly Row[];
  subscriptions: readonly Row[];
  entitlements: readonly Row[];
  summaries: readonly Row[];
  /** Subscriptions that other objects of a customer name. */
  named: readonly NamedSubscription[];
  /** The debts of subscriptions that are past due. */
  risks: readonly Row[];
  /** The test clocks of subscriptions; null when a time was given, because clocks then do not matter. */
  clocks: readonly Row[] | null;
}> &
  MoneyRows;
type NamedSubscription = Readonly<{ customer: string; subscription: string }>;

const ROWS_MAX = 1_000;
const CUSTOMERS_MAX = 100;
/** Objects that name both a customer and a subscription: they reveal a subscription whose own events are missing. */
export const NAMING_OBJECTS = ['subscription', 'checkout.session', 'invoice', 'subscription_schedule'];

/** Returns the ids of customers with this e-mail address, ignoring case. @throws ProblemError 422 for too many */
export const customersWithEmail = (connection: Queryable, email: string): Promise<string[]> =>
  findCustomers(connection, `select id from ${viewOf(customers, 'customers')} where lower(email) = lower($1)`, email);

/**
 * Returns the ids of the customers that have the user's own reference, on the customer or on one of its subscriptions
 * or Checkout Sessions. @throws ProblemError 422 when there are too many
 */
export function customersWithReference(
  connection: Queryable,
  key: string | null,
  reference: string,
): Promise<string[]> {
  const bearing = key === null ? [] : [hasReference(key, 'array[$1]')];
  const whose = (column: string, view: string, conditions: readonly string[]): string[] =>
    conditions.length === 0 ? [] : [`select ${column} as id from ${view} where ${conditions.join(' or ')}`];
  const wanted = [
    ...whose('id', viewOf(customers, 'customers'), bearing),
    ...whose('customer', viewOf(subscriptions, 'subscriptions'), bearing),
    ...whose('customer', viewOf(checkoutSessions, 'checkout_sessions'), ['client_reference_id = $1', ...bearing]),
  ];
  return findCustomers(connection, wanted.join(' union '), reference);
}

async function findCustomers(connection: Queryable, wanted: string, value: string): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>(
    `select distinct id from (${wanted}) wanted where id is not null order by id limit ${CUSTOMERS_MAX + 1}`,
    [value],
  );
  if (rows.length > CUSTOMERS_MAX) throw tooLarge(`More than ${CUSTOMERS_MAX} customers match ${value}.`);
  return rows.map(({ id }) => id);
}

/** Returns the live rows that a question depends on. @throws ProblemError 422 for more than one answer may read */
export async function findAccessRows(
  connection: Queryable,
  ids: readonly string[],
  { wanted: { kind }, time }: Pick<AccessQuestion, 'wanted' | 'time'>,
): Promise<AccessRows> {
  const query = async <R extends Row>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    const { rows } = await connection.query<R>(`${text} limit ${ROWS_MAX + 1}`, [ids, ...values]);
    if (rows.length > ROWS_MAX)
      throw tooLarge(`${ids.join(', ')}: more than ${ROWS_MAX} subscriptions or entitlements.`);
    return rows;
  };
  const select = (source: string, column: string): Promise<Row[]> =>
    query(`select * from ${source} where ${column} = any($1)`);
  const subscriptionRows = await select(SUBSCRIPTIONS.sources[0], 'customer');
  return {
    customers: await select(CUSTOMERS.sources[0], 'id'),
    subscriptions: subscriptionRows,
    entitlements: kind === 'product' ? [] : await select(rowsWithStaleness(entitlements, 'entitlements'), 'customer'),
    summaries: await select(rowsWithStaleness(entitlements, 'entitlement_summaries'), 'customer'),
    named: await query<NamedSubscription>(NAMED_SUBSCRIPTIONS, [NAMING_OBJECTS]),
    risks: subscriptionRows.some(({ status }) => isPastDue(String(status)))
      ? await select(viewOf(churnRisk, 'churn_risk'), 'customer')
      : [],
    clocks: time === null ? await findClocks(connection, clocksOf(subscriptionRows)) : null,
    ...(await findMoneyRows(connection, kind === 'entitlement' ? [] : subscriptionRows)),
  };
}

const LINKS = viewOf(links, 'links');
const NAMED_SUBSCRIPTIONS = `
  select distinct own.target as customer, coalesce(named.target, own.id) as subscription from ${LINKS} own
  left join ${LINKS} named on named.object = own.object and named.id = own.id and named.target_kind = 'subscription'
  where own.target = any($1) and own.target_kind = 'customer' and own.object = any($2)
    and (named.target is not null or own.object = 'subscription')`;

/** The ids of the subscriptions' test clocks. */
export const clocksOf = (subscriptions: readonly Row[]): string[] => [
  ...new Set(subscriptions.flatMap((row) => (row['test_clock'] === null ? [] : [String(row['test_clock'])]))),
];

async function findClocks(connection: Queryable, ids: readonly string[]): Promise<readonly Row[]> {
  if (ids.length === 0) return [];
  const { rows } = await connection.query<Row>(
    `select * from ${viewOf(testClocks, 'test_clocks')} where id = any($1)`,
    [ids],
  );
  return rows;
}

/**
 * Returns the invoices that may cover the current periods of subscriptions, with refunds, disputes and credit notes.
 */
async function findMoneyRows(connection: Queryable, subscriptions: readonly Row[]): Promise<MoneyRows> {
  const periods = subscriptions.filter(mayDependOnMoney);
  if (periods.length === 0) return { invoices: [], payments: [], creditNotes: [] };
  const { rows: found } = await connection.query<Row>(
    `select invoices.* from unnest($1::text[], $2::timestamptz[]) of (id, since) join ${INVOICES.sources[0]} on invoices.subscription = of.id
     where status in ('open', 'uncollectible') or (status = 'paid'
       and exists (select from jsonb_array_elements(lines) line where (line ->> 'periodEnd')::timestamptz > of.since))
     order by invoices.id limit ${ROWS_MAX + 1}`,
    [periods.map(({ id }) => id), periods.map((row) => row['period_start'] ?? new Date(0))],
  );
  if (found.length > ROWS_MAX) throw tooLarge(`More than ${ROWS_MAX} invoices match the request.`);
  const settled = await settledRows(connection, found);
  const paid = paidIds(settled);
  return {
    invoices: settled,
    payments: await paymentsGivenBack(connection, paid),
    creditNotes: await creditNotesOf(connection, paid),
  };
}

const tooLarge = (detail: string) => new ProblemError('customer_too_large', detail);

/** The subscriptions that objects name, from rows of links. */
export function namedSubscriptions(rows: readonly Row[]): NamedSubscription[] {
  const targetsOf = ({ object, id }: Row, kind: string): string[] =>
    rows
      .filter((row) => row['object'] === object && row['id'] === id && row['target_kind'] === kind)
      .map(({ target }) => String(target));
  return rows
    .filter((row) => row['target_kind'] === 'customer' && NAMING_OBJECTS.includes(String(row['object'])))
    .flatMap((own) =>
      (own['object'] === 'subscription' ? [String(own['id'])] : targetsOf(own, 'subscription')).map((subscription) => ({
        customer: String(own['target']),
        subscription,
      })),
    );
}

/** Returns the access facts of each customer, in order; none for an unknown customer. */
export function accessFactsOf(ids: readonly string[], rows: AccessRows): AccessFacts[] {
  return ids.flatMap((customer) => {
    const own = rows.customers.filter((row) => row['id'] === customer);
    const subscriptions = rows.subscriptions
      .filter((row) => row['customer'] === customer)
      .map((row) => subscriptionFactOf(row, own[0], rows));
    const listed = rows.entitlements.filter((row) => row['customer'] === customer);
    const summaries = rows.summaries.filter((row) => row['customer'] === customer);
    const named = rows.named.filter((one) => one.customer === customer).map(({ subscription }) => subscription);
    if ([own, subscriptions, summaries, named].every(({ length }) => length === 0)) return [];
    const seen = new Set(subscriptions.map(({ id }) => id));
    return {
      customer,
      subscriptions: subscriptions.sort(byId),
      unseenSubscriptions: [...new Set(named)].filter((id) => !seen.has(id)).sort(),
      entitlements: listed.map(entitlementFactOf).sort(byId),
      hasAllEntitlements: summaries.every((row) => row['has_all_entitlements'] === true && !isStale(row)),
      isCustomerDeleted: [
        ...own.map((row) => row['is_deleted']),
        ...summaries.map((row) => row['is_customer_deleted']),
      ].includes(true),
    };
  });
}

const byId = (a: Readonly<{ id: string }>, b: Readonly<{ id: string }>): number => (a.id < b.id ? -1 : 1);

type PauseCollection = Readonly<{ behavior: string; resumesAt: string | null }> | null;

function subscriptionFactOf(row: Row, customer: Row | undefined, rows: AccessRows): SubscriptionFact {
  const pause = row['pause_collection'] as PauseCollection;
  const risk = rows.risks.find(({ id }) => id === row['id']);
  const money = {
    invoices: rows.invoices.filter((invoice) => invoice['subscription'] === row['id']),
    payments: rows.payments,
    creditNotes: rows.creditNotes,
  };
  return {
    id: String(row['id']),
    status: String(row['status']),
    statusSince: new Date(row['status_since'] as Date | string),
    statusEvent: String(row['status_event']),
    previousStatus: row['previous_status'] as string | null,
    pastDueSince: timeOrNull(risk?.['past_due_since']),
    nextPaymentAttempt: timeOrNull(risk?.['next_payment_attempt']),
    hasPaymentMethod: hasPaymentMethod(row, customer),
    items: itemFactsOf(row, money),
    hasAllItems: row['has_all_items'] === true,
    trialEnd: timeOrNull(row['trial_end']),
    trialEndBehavior: row['trial_end_behavior'] as string | null,
    cancelAt: timeOrNull(row['cancel_at']),
    cancelAtPeriodEnd: row['cancel_at_period_end'] === true,
    endedAt: timeOrNull(row['ended_at']),
    cancellationReason: row['cancellation_reason'] as string | null,
    pauseCollection: pause && { behavior: pause.behavior, resumesAt: timeOrNull(pause.resumesAt) },
    clockTime: clockTimeOf(row, rows.clocks),
    isStale: isStale(row) || isMoneyStale(money),
    changedBy: changedByOf(row) as Cause,
  };
}

/**
 * The current time of a subscription's test clock. The clock's own events may be missing, but it is never behind the
 * subscription's last event.
 */
function clockTimeOf(subscription: Row, clocks: AccessRows['clocks']): Date | null {
  if (clocks === null || subscription['test_clock'] === null) return null;
  const clock = clocks.find(({ id }) => id === subscription['test_clock']);
  const [frozen, seenAt] = [timeOrNull(clock?.['frozen_at']), timeOrNull(subscription['stripe_event_created'])];
  return frozen === null || (seenAt !== null && seenAt > frozen) ? seenAt : frozen;
}

/** The default payment method, else the customer's. Null when the customer is unknown or stale: it may have one. */
function hasPaymentMethod(subscription: Row, customer: Row | undefined): boolean | null {
  if (subscription['collection_method'] !== 'charge_automatically') return null;
  if (subscription['default_payment_method'] !== null) return true;
  if (customer === undefined || isStale(customer)) return null;
  return customer['default_payment_method'] !== null;
}

const entitlementFactOf = (row: Row): EntitlementFact => ({
  id: String(row['id']),
  feature: String(row['feature']),
  lookupKey: String(row['lookup_key']),
  changedBy: changedByOf(row) as Cause,
});
