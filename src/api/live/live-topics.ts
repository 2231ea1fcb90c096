import type { Queryable } from '../../read-models/database.js';
import { timeOf } from '../../read-models/listing.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { CUSTOMERS } from '../customers/customers.js';
import { pageOf } from '../lists.js';
import { referring } from '../reference.js';
import { listingWith, type Resource } from '../resource.js';
import { withDiscounts } from '../subscriptions/discounts.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';

/** What a reader follows: a subscription or a customer. */
export type LiveTopic = Readonly<{ kind: 'subscription' | 'customer'; id: string }>;

export const keyOf = ({ kind, id }: LiveTopic): string => `${kind} ${id}`;

/** The most subscriptions of a customer in a state; the list continues with the cursor. */
const SUBSCRIPTIONS_PER_CUSTOMER = 50;

const NEWEST_FIRST = `order by ${timeOf(SUBSCRIPTIONS.table)} desc, id desc`;

/** Returns the current state of each topic; null where no event has shown one. `referenceKey` as `REFERENCE_KEY`. */
export async function readTopics(
  connection: Queryable,
  topics: readonly LiveTopic[],
  referenceKey: string | null,
): Promise<Map<string, Answer | null>> {
  const idsOf = (kind: LiveTopic['kind']): string[] =>
    topics.filter((topic) => topic.kind === kind).map(({ id }) => id);
  const now = new Map<string, Answer | null>(topics.map((topic) => [keyOf(topic), null]));
  const answer = (row: Row): Answer => referring(referenceKey, answerOf(row));
  const subscriptions = (await rowsById(connection, SUBSCRIPTIONS, idsOf('subscription'))).map(answer);
  for (const subscription of await withDiscounts(connection, subscriptions))
    now.set(keyOf({ kind: 'subscription', id: String(subscription['id']) }), subscription);
  for (const customer of await readCustomers(connection, idsOf('customer'), answer))
    now.set(keyOf({ kind: 'customer', id: String(customer['id']) }), customer);
  return now;
}

/** Reads customers with their subscriptions; `customer` is null while only subscriptions mention it. */
async function readCustomers(
  connection: Queryable,
  ids: readonly string[],
  answer: (row: Row) => Answer,
): Promise<Answer[]> {
  if (ids.length === 0) return [];
  const customerRows = new Map((await rowsById(connection, CUSTOMERS, ids)).map((row) => [row['id'], answer(row)]));
  const { rows } = await connection.query<Row>(
    `select own.* from unnest($1::text[]) as wanted(customer)
     cross join lateral (select * from ${SUBSCRIPTIONS.sources[0]} where subscriptions.customer = wanted.customer ${NEWEST_FIRST} limit ${SUBSCRIPTIONS_PER_CUSTOMER + 1}) own ${NEWEST_FIRST}`,
    [ids],
  );
  const whole = new Map((await withDiscounts(connection, rows.map(answer))).map((one) => [one['id'], one]));
  return ids.flatMap((id) => {
    const customer = customerRows.get(id) ?? null;
    const own = rows.filter((row) => row['customer'] === id);
    if (customer === null && own.length === 0) return [];
    const page = pageOf(SUBSCRIPTIONS, listingWith({}, SUBSCRIPTIONS_PER_CUSTOMER), own);
    return [{ id, customer, subscriptions: { ...page, data: page.data.map((one) => whole.get(one['id']) ?? one) } }];
  });
}

async function rowsById(connection: Queryable, { sources }: Resource, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  return (await connection.query<Row>(`select * from ${sources[0]} where id = any($1)`, [ids])).rows;
}
