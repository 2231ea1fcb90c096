import { checkoutSessions } from '../../../projections/checkout-sessions.js';
import { creditNotes } from '../../../projections/credit-notes.js';
import { customers } from '../../../projections/customers.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { prices } from '../../../projections/prices.js';
import { promotionCodes } from '../../../projections/promotion-codes.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import { wordsOf } from '../../../projections/words.js';
import { eventIdOf, idsOfEvent } from '../../events/event-id.js';
import type { Queryable } from '../../read-models/database.js';
import { EVENT_INDEX, viewOf } from '../../read-models/schema.js';
import { RESOURCES } from '../all-lists.js';
import type { Row } from '../answer.js';
import { CHECKOUT_SESSIONS } from '../checkout/checkout-sessions.js';
import { CUSTOMERS } from '../customers/customers.js';
import { INVOICES } from '../invoices/invoices.js';
import { settledRows } from '../invoices/settled.js';
import { findById } from '../lists.js';
import { findPayment } from '../payments/payment-queries.js';
import { hasReference } from '../reference.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';

/** An object found: `by` names the matching field, `title` describes the object for people. */
export type Found = Readonly<{ kind: string; id: string; title: string | null; href: string; by: string }>;

/** The most results per search. */
const FOUND_MAX = 20;
/** The least letters of an e-mail address or name to search for; fewer match too many. */
const BEGINNING_MIN = 3;

const NAMES: Readonly<Record<string, string>> = {
  customers: 'customer',
  subscriptions: 'subscription',
  invoices: 'invoice',
  'checkout-sessions': 'checkout session',
};
const BY_ID = [SUBSCRIPTIONS, INVOICES, CUSTOMERS, CHECKOUT_SESSIONS, ...RESOURCES].filter(
  ({ name }) => name !== 'upcoming-invoices',
);

const found = (path: string, kind: string, by: string, row: Row): Found => ({
  kind,
  id: String(row['id']),
  title: titleOf(row),
  href: `/v1/${path}/${encodeURIComponent(String(row['id']))}`,
  by,
});

/** The name and e-mail address, or the number, of an object, and its status. */
function titleOf(row: Row): string | null {
  const person = [row['name'], row['email']].filter(isThere);
  const others = [row['number'] ?? row['code'] ?? row['nickname'] ?? row['last4']].filter(isThere);
  const parts = [...(person.length > 0 ? person : others), row['status']].filter(isThere);
  return parts.length === 0 ? null : parts.map(String).join(', ');
}

const isThere = (value: unknown): boolean => value !== null && value !== undefined;

type Search = Readonly<{ path: string; view: string; by: string; where: string; values: readonly string[] }>;

/** A prefix pattern for `like`. */
const beginning = (text: string): string => `${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Searches customers by name: each word of the text must start a word of the name. None for too few letters. */
function byName(q: string): Search[] {
  const words = wordsOf(q);
  if (words.join('').length < BEGINNING_MIN) return [];
  const names = viewOf(customers, 'customer_names');
  const where = words.map((_, at) => `id in (select customer from ${names} where word like $${at + 1})`).join(' and ');
  return [{ path: 'customers', view: viewOf(customers, 'customers'), by: 'name', where, values: words.map(beginning) }];
}

/** The searches other than by id. */
function searchesOf(q: string, referenceKey: string | null): Search[] {
  const [customer, session] = [viewOf(customers, 'customers'), viewOf(checkoutSessions, 'checkout_sessions')];
  const email = { by: 'email', where: 'lower(email) like $1', values: [beginning(q.toLowerCase())] };
  const exact = (path: string, view: string, column: string): Search => ({
    path,
    view,
    by: column === 'client_reference_id' ? 'reference' : column === 'lookup_key' ? 'lookupKey' : column,
    where: `${column} = $1`,
    values: [q],
  });
  const references =
    referenceKey === null
      ? []
      : (
          [
            ['customers', customer],
            ['subscriptions', viewOf(subscriptions, 'subscriptions')],
            ['checkout-sessions', session],
          ] as const
        ).map(([path, view]) => ({
          path,
          view,
          by: 'reference',
          where: hasReference(referenceKey, 'array[$1]'),
          values: [q],
        }));
  return [
    ...(q.length < BEGINNING_MIN
      ? []
      : [
          { path: 'customers', view: customer, ...email },
          { path: 'checkout-sessions', view: session, ...email },
        ]),
    ...byName(q),
    exact('invoices', viewOf(invoices, 'invoices'), 'number'),
    exact('credit-notes', viewOf(creditNotes, 'credit_notes'), 'number'),
    exact('prices', viewOf(prices, 'prices'), 'lookup_key'),
    {
      path: 'promotion-codes',
      view: viewOf(promotionCodes, 'promotion_codes'),
      by: 'code',
      where: 'lower(code) = lower($1)',
      values: [q],
    },
    exact('checkout-sessions', session, 'client_reference_id'),
    ...references,
  ];
}

/** Returns all objects with a text as their id or as another identifier, and the names of the fields searched. */
export async function find(
  connection: Queryable,
  q: string,
  referenceKey: string | null,
): Promise<Readonly<{ data: readonly Found[]; searched: readonly string[] }>> {
  const data: Found[] = [];
  for (const resource of BY_ID) {
    const row = await findById(connection, resource, q);
    if (row === null) continue;
    const [whole = row] = resource === INVOICES ? await settledRows(connection, [row]) : [row];
    data.push(found(resource.name, resource.kind, 'id', whole));
  }
  data.push(...(await findNamed(connection, q, data)));
  const searches = searchesOf(q, referenceKey);
  for (const { path, view, by, where, values } of searches) {
    const { rows } = await connection.query<Row>(`select * from ${view} where ${where} limit ${FOUND_MAX}`, [
      ...values,
    ]);
    const whole = path === INVOICES.name ? await settledRows(connection, rows) : rows;
    data.push(...whole.map((row) => found(path, NAMES[path] ?? path.replace(/s$/, '').replaceAll('-', ' '), by, row)));
  }
  const unique = new Map(data.toReversed().map((one) => [`${one.kind} ${one.id}`, one]));
  const ways = searches.map(({ path, by }) => `${path} by ${by}`);
  return {
    data: [...unique.values()].toReversed(),
    searched: [...BY_ID.map(({ name }) => `${name} by id`), 'payments by id', 'events by id', ...new Set(ways)],
  };
}

/** Finds a payment by one of its parts, an event, and a customer or subscription that only other objects name. */
async function findNamed(connection: Queryable, q: string, known: readonly Found[]): Promise<Found[]> {
  const payment = await findPayment(connection, q);
  const ofPayment = payment === null ? [] : [found('payments', 'payment', 'id', payment)];
  const { rows: events } = await connection.query(
    `select 1 from ${EVENT_INDEX} where event_id between $1 and $2 limit 1`,
    [...idsOfEvent(eventIdOf(q, null))],
  );
  const ofEvent = events.length === 0 ? [] : [found('events', 'event', 'id', { id: q })];
  const { rows: named } = await connection.query<{ kind: string }>(
    `select distinct target_kind as kind from ${viewOf(links, 'links')} where target = $1 and target_kind = any($2)`,
    [q, ['customer', 'subscription']],
  );
  const ofOthers = named
    .filter(({ kind }) => !known.some((one) => one.kind === kind))
    .map(({ kind }) => found(`${kind}s`, kind, 'named by others', { id: q }));
  return [...ofPayment, ...ofEvent, ...ofOthers];
}
