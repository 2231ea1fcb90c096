import { links } from '../../projections/links.js';
import type { Queryable } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';

const LINKS = viewOf(links, 'links');
/** The longest chain of links: a refund names a charge, which names an intent, which names the customer. */
const HOPS_MAX = 4;
/** Kinds of objects through which links lead to a customer. */
const LEADING = ['subscription', 'invoice', 'payment'];
const CUSTOMER_STREAM = 'customer-';

type Row = Readonly<{ id: string; kind: string; target: string }>;
/** Ids, each with the streams from which links lead to it. */
type Origins = Map<string, Set<string>>;

/**
 * Returns the customers whose access the events of these streams may change, each with the streams; rather too many
 * than too few. A stream names its object, and links lead from objects to customers.
 */
export async function customersOfStreams(connection: Queryable, streams: readonly string[]): Promise<Origins> {
  const customers: Origins = new Map();
  const seen: Origins = new Map();
  for (const name of streams) {
    add(seen, name.slice(name.indexOf('-') + 1), [name]);
    if (name.startsWith(CUSTOMER_STREAM)) add(customers, name.slice(CUSTOMER_STREAM.length), [name]);
  }
  let ids = [...seen.keys(), ...(await objectsOnClocks(connection, seen, customers))];
  for (let hop = 0; hop < HOPS_MAX && ids.length > 0; hop += 1) {
    const { rows } = await connection.query<Row>(
      `select distinct id, target_kind as kind, target from ${LINKS} where id = any($1) and target_kind = any($2)`,
      [ids, [...LEADING, 'customer']],
    );
    const next = new Set<string>();
    for (const { id, kind, target } of rows) {
      const origins = seen.get(id) ?? new Set();
      if (kind === 'customer') add(customers, target, origins);
      else if (add(seen, target, origins)) next.add(target);
    }
    ids = [...next];
  }
  return customers;
}

/** Adds an id; returns whether the id or one of its streams is new. */
function add(to: Origins, id: string, origins: Iterable<string>): boolean {
  const known = to.get(id) ?? new Set();
  const before = known.size;
  for (const origin of origins) known.add(origin);
  to.set(id, known);
  return known.size > before;
}

/** Returns the subscriptions and customers on these test clocks. */
async function objectsOnClocks(connection: Queryable, seen: Origins, customers: Origins): Promise<string[]> {
  const { rows } = await connection.query<{ object: string; id: string; clock: string }>(
    `select distinct object, id, target as clock from ${LINKS} where target = any($1) and target_kind = 'test_clock'`,
    [[...seen.keys()]],
  );
  for (const { object, id, clock } of rows) add(object === 'customer' ? customers : seen, id, seen.get(clock) ?? []);
  return rows.filter(({ object }) => object !== 'customer').map(({ id }) => id);
}
