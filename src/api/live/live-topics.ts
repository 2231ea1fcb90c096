import type { Queryable } from '../../read-models/database.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { CUSTOMERS } from '../customers/customers.controller.js';
import { pageOf } from '../lists.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.controller.js';

/** What a reader follows. */
export type LiveTopic = Readonly<{ kind: 'subscription' | 'customer'; id: string }>;

export const keyOf = ({ kind, id }: LiveTopic): string => `${kind} ${id}`;

/** A customer's further subscriptions go on at the list, with the cursor. */
const SUBSCRIPTIONS_PER_CUSTOMER = 50;

/** What each of these topics is now; null of what no event has told. */
export async function readTopics(
  connection: Queryable,
  topics: readonly LiveTopic[],
): Promise<Map<string, Answer | null>> {
  const idsOf = (kind: LiveTopic['kind']): string[] =>
    topics.filter((topic) => topic.kind === kind).map(({ id }) => id);
  const now = new Map<string, Answer | null>(topics.map((topic) => [keyOf(topic), null]));
  for (const row of await rowsById(connection, SUBSCRIPTIONS, idsOf('subscription')))
    now.set(keyOf({ kind: 'subscription', id: String(row['id']) }), answerOf(row));
  for (const customer of await readCustomers(connection, idsOf('customer')))
    now.set(keyOf({ kind: 'customer', id: String(customer['id']) }), customer);
  return now;
}

/** Customers with their subscriptions; `customer` is null while only subscriptions have told of one. */
async function readCustomers(connection: Queryable, ids: readonly string[]): Promise<Answer[]> {
  if (ids.length === 0) return [];
  const customerRows = new Map((await rowsById(connection, CUSTOMERS, ids)).map((row) => [row['id'], answerOf(row)]));
  const { rows } = await connection.query<Row>(
    `select own.* from unnest($1::text[]) as wanted(customer)
     cross join lateral (select * from ${SUBSCRIPTIONS} where subscriptions.customer = wanted.customer order by id limit ${SUBSCRIPTIONS_PER_CUSTOMER + 1}) own order by own.id`,
    [ids],
  );
  return ids.flatMap((id) => {
    const customer = customerRows.get(id) ?? null;
    const own = rows.filter((row) => row['customer'] === id).map(answerOf);
    return customer === null && own.length === 0
      ? []
      : [{ id, customer, subscriptions: pageOf(own, SUBSCRIPTIONS_PER_CUSTOMER) }];
  });
}

async function rowsById(connection: Queryable, view: string, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  return (await connection.query<Row>(`select * from ${view} where id = any($1)`, [ids])).rows;
}
