import type { AnyProjection, Tables } from '../../projections/projection.js';
import { viewOf } from './schema.js';

/**
 * SQL to read a table with four more columns: since when its stream is parked, why, and at which revision; null when it
 * is not. The rows of a parked stream are its last good ones. `unread_event` names an unreadable event of the stream
 * after which later ones show the object completely; cause and revision are then that event's. Only for the live
 * generation.
 */
export function rowsWithStaleness<T extends Tables>(projection: AnyProjection<T>, table: keyof T & string): string {
  return `(select shown.*, case when parked.kind <> 'passed' then parked.since end as stale_since, case when parked.kind = 'passed' then parked.stripe_event_id end as unread_event, parked.cause as stale_cause, parked.revision as stale_revision from ${viewOf(projection, table)} shown left join ledger.parked_streams parked
    on parked.stream = shown.stream and parked.generation = (select name from ledger.checkpoints where projection = '${projection.name}' and version = ${projection.version} and shown)) ${table}`;
}
