import { links } from '../../projections/links.js';
import type { Queryable } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';

const LINKS = viewOf(links, 'links');
/** A refund names a charge, which names an intent, which names the customer. */
const HOPS_MAX = 4;
/** Kinds of objects that lead on to a customer. */
const LEADING = ['subscription', 'invoice', 'payment'];
const CUSTOMER_STREAM = 'customer-';

type Row = Readonly<{ id: string; kind: string; target: string }>;
/** From which streams ids were come to. */
type Origins = Map<string, Set<string>>;

/**
 * Customers whose access events of these streams may change, each with the streams: a few too many rather than one too few. A stream is
 * named by its object, and links say to whom an object belongs.
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

/** Whether an id was come to for the first time, or from another stream. */
function add(to: Origins, id: string, origins: Iterable<string>): boolean {
  const known = to.get(id) ?? new Set();
  const before = known.size;
  for (const origin of origins) known.add(origin);
  to.set(id, known);
  return known.size > before;
}

/** Subscriptions, and customers, that live by these test clocks. */
async function objectsOnClocks(connection: Queryable, seen: Origins, customers: Origins): Promise<string[]> {
  const { rows } = await connection.query<{ object: string; id: string; clock: string }>(
    `select distinct object, id, target as clock from ${LINKS} where target = any($1) and target_kind = 'test_clock'`,
    [[...seen.keys()]],
  );
  for (const { object, id, clock } of rows) add(object === 'customer' ? customers : seen, id, seen.get(clock) ?? []);
  return rows.filter(({ object }) => object !== 'customer').map(({ id }) => id);
}
