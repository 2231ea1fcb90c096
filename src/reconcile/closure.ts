import { setTimeout as pause } from 'node:timers/promises';
import { links } from '../../projections/links.js';
import { subscriptions } from '../../projections/subscriptions.js';
import type { EventStore } from '../eventstore/event-store.js';
import { LogEndSearch } from '../eventstore/log-end.js';
import { indexPosition } from '../read-models/checkpoints.js';
import type { Database } from '../read-models/database.js';
import { EVENT_INDEX, viewOf } from '../read-models/schema.js';
import type { Whose } from './look.js';

/** An object that others refer to, and that has no event. */
export type Named = Readonly<{ object: string; id: string }>;

const NAMED_MAX = 10_000;
const BEHIND_MAX_MS = 60_000;

/**
 * Restricts to one account and mode: Stripe does not show the objects of another here, which says nothing about them.
 */
const OF_WHOM = 'livemode = $1 and account is not distinct from $2';

/**
 * Customers and prices that rows refer to and the log has no event of: Stripe lists neither deleted customers nor
 * inline prices. Null when the read models do not catch up with the log.
 */
export async function closureOf(
  database: Database,
  { store, signal, whose }: Readonly<{ store: EventStore; signal: AbortSignal; whose: Whose }>,
): Promise<readonly Named[] | null> {
  if (!(await caughtUp(database, store, signal))) return null;
  const { rows } = await database.query<{ object: string; id: string }>(
    `select object, id from (
       select 'customer' as object, target as id from ${viewOf(links, 'links')} where target_kind = 'customer' and ${OF_WHOM}
       union select 'price', item->>'price' from ${viewOf(subscriptions, 'subscriptions')}, jsonb_array_elements(items) as item
         where item->>'price' like 'price\\_%' and ${OF_WHOM}) as named
     where id is not null and not exists (select from ${EVENT_INDEX} event where event.stream = object || '-' || id)
     limit ${NAMED_MAX}`,
    [whose.livemode, whose.account],
  );
  return rows;
}

/**
 * Waits until the index has caught up with the current end of the log; false when that takes over 60 s, or on abort.
 */
export async function caughtUp(database: Database, store: EventStore, signal: AbortSignal): Promise<boolean> {
  const end = await new LogEndSearch(store).find();
  if (end.kind !== 'at') return end.kind === 'empty';
  const until = performance.now() + BEHIND_MAX_MS;
  while (!signal.aborted && performance.now() < until) {
    if ((await indexPosition(database)) >= end.position) return true;
    await pause(200);
  }
  return false;
}
