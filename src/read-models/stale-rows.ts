import type { AnyProjection, Tables } from '../../projections/projection.js';
import { viewOf } from './schema.js';

/**
 * What stands after `from` to read a table with three columns more: since when its stream is parked, why, and at which revision; null while it is
 * not. The rows of a parked stream are its last good ones. Of a generation that is not shown nothing is told.
 */
export function rowsWithStaleness<T extends Tables>(projection: AnyProjection<T>, table: keyof T & string): string {
  return `(select shown.*, parked.since as stale_since, parked.cause as stale_cause, parked.revision as stale_revision from ${viewOf(projection, table)} shown left join ledger.parked_streams parked
    on parked.stream = shown.stream and parked.generation = (select name from ledger.checkpoints where projection = '${projection.name}' and version = ${projection.version} and shown)) ${table}`;
}
