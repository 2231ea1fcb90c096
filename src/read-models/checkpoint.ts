import type { Database, Queryable } from './database.js';

/** Up to where the live rows are complete, and in which log. */
export type Checkpoint = Readonly<{
  logName: string;
  /** The projections, by name and version, whose rows it speaks of. */
  projections: string;
  /** Null before the first event. */
  position: bigint | null;
  /** The event at `position`. */
  eventId: string | null;
}>;

/** How long a silent owner keeps the projector's work; a hung one commits nothing afterwards. */
const LEASE = `interval '10 seconds'`;

type Row = { log_name: string; projections: string; position: bigint | null; event_id: string | null; owner_epoch: bigint };

/** Reads the checkpoint; null before the first start on this database. */
export async function readCheckpoint(database: Queryable): Promise<Checkpoint | null> {
  const { rows } = await database.query<Row>('select log_name, projections, position, event_id, owner_epoch from ledger.checkpoint');
  return rows[0] === undefined ? null : checkpointOf(rows[0]);
}

/** Makes the checkpoint of a new database; does nothing when there is one. */
export async function createCheckpoint(database: Database, logName: string, projections: string): Promise<void> {
  await database.query('insert into ledger.checkpoint (log_name, projections) values ($1, $2) on conflict do nothing', [logName, projections]);
}

/**
 * Makes `owner` the one who projects, if nobody is or the owner fell silent. The epoch tells owners apart:
 * all that an earlier one still tries fails on it. No session state, so a transaction pooler may sit between.
 */
export async function acquire(database: Database, owner: string): Promise<{ epoch: bigint; checkpoint: Checkpoint } | null> {
  const { rows } = await database.query<Row>(
    `update ledger.checkpoint set owner = $1, owner_epoch = owner_epoch + 1, lease_until = now() + ${LEASE}
     where lease_until < now() or owner = $1
     returning log_name, projections, position, event_id, owner_epoch`,
    [owner],
  );
  return rows[0] === undefined ? null : { epoch: rows[0].owner_epoch, checkpoint: checkpointOf(rows[0]) };
}

/** Keeps the lease while nothing happens; false when another owner has it. */
export async function renew(database: Database, epoch: bigint): Promise<boolean> {
  const { rowCount } = await database.query(`update ledger.checkpoint set lease_until = now() + ${LEASE} where owner_epoch = $1`, [epoch]);
  return rowCount === 1;
}

/** Lets another process go on at once; the new epoch keeps a renewal that is still under way from taking the lease back. */
export async function release(database: Database, epoch: bigint): Promise<void> {
  await database.query(`update ledger.checkpoint set lease_until = '-infinity', owner = null, owner_epoch = owner_epoch + 1 where owner_epoch = $1`, [epoch]);
}

/** Locks the checkpoint for this transaction; false when epoch or position are not what the owner knows. */
export async function lock(connection: Queryable, epoch: bigint, position: bigint | null): Promise<boolean> {
  const { rows } = await connection.query<Row>('select * from ledger.checkpoint for update');
  return rows[0]?.owner_epoch === epoch && rows[0].position === position;
}

/** Moves the checkpoint, in the transaction that wrote the rows it speaks of. */
export async function move(connection: Queryable, position: bigint, eventId: string): Promise<void> {
  await connection.query(`update ledger.checkpoint set position = $1, event_id = $2, lease_until = now() + ${LEASE}`, [position, eventId]);
}

/** Starts again at position 0, for another set of projections. */
export async function restart(connection: Queryable, projections: string): Promise<void> {
  await connection.query('update ledger.checkpoint set position = null, event_id = null, projections = $1', [projections]);
}

const checkpointOf = (row: Row): Checkpoint => ({ logName: row.log_name, projections: row.projections, position: row.position, eventId: row.event_id });
