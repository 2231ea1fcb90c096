/**
 * The checkpoint of a generation, or of the index of event ids: the log position up to which its rows are complete, and
 * the lease to move it. Checkpoints at the same position move together, in one transaction.
 */
import type { ReadModel } from '../../projections/projection.js';
import type { Queryable } from './database.js';
import { EVENT_INDEX_GENERATION, versionOf } from './schema.js';

/** The place of an event in the log; `null` before the first event. */
export type LogPosition = Readonly<{ position: bigint; eventId: string }> | null;

export type Checkpoint = Readonly<{
  /** Its name, e.g. `subscriptions_v1_g1`. */
  name: string;
  projection: string;
  version: number;
  generation: number;
  /** `building`: not at the end of the log yet. `live`: follows the log. `kept`: replaced, for a rollback. */
  state: 'building' | 'live' | 'kept';
  /** Whether the views of its version show it. */
  shown: boolean;
  /** A dry run fills it for a comparison and then drops it: it is never shown. */
  aside: boolean;
  /** The log that it was read from; null before the first event. */
  logName: string | null;
  /** A derivation has no position of its own: when all checkpoints are read, it has that of its sources. */
  at: LogPosition;
  /** Identifies the owner: writes of an earlier owner fail on it. */
  epoch: bigint;
  /** No process holds its lease. */
  isFree: boolean;
  owner: string | null;
  /** The versions that its owner follows. */
  ownerFollows: readonly string[];
}>;

/**
 * How long a silent owner keeps its checkpoints; a hung one can commit nothing afterwards. Leases use
 * clock_timestamp(), because now() is the start of the transaction, and a batch may take longer than a lease.
 */
const LEASE = `interval '10 seconds'`;

type Row = {
  name: string;
  projection: string;
  version: number;
  generation: number;
  state: Checkpoint['state'];
  shown: boolean;
  aside: boolean;
  log_name: string | null;
  position: bigint | null;
  event_id: string | null;
  owner_epoch: bigint;
  is_free: boolean;
  owner: string | null;
  owner_follows: string[];
};
const COLUMNS = `name, projection, version, generation, state, shown, aside, log_name, position, event_id, owner_epoch, owner, owner_follows,
  lease_until < clock_timestamp() as is_free`;

const checkpointOf = (row: Row): Checkpoint => ({
  name: row.name,
  projection: row.projection,
  version: row.version,
  generation: row.generation,
  state: row.state,
  shown: row.shown,
  aside: row.aside,
  logName: row.log_name,
  at: row.position === null || row.event_id === null ? null : { position: row.position, eventId: row.event_id },
  epoch: row.owner_epoch,
  isFree: row.is_free,
  owner: row.owner,
  ownerFollows: row.owner_follows,
});

/**
 * Selects generations for update. Locks are always taken in this order; otherwise a batch and a renewal of its lease,
 * on two connections, could deadlock.
 */
const inOrder = (which: string, columns = 'checkpoints.name'): string =>
  `select ${columns} from ledger.checkpoints ${which} order by checkpoints.name for update of checkpoints`;

/** Selects those of the given checkpoints, by name and epoch, that no other owner has taken over. */
const unchanged = (condition = 'true'): string =>
  inOrder(
    `join unnest($1::text[], $2::int8[]) as own(generation, epoch) on checkpoints.name = own.generation and owner_epoch = epoch where ${condition}`,
  );

/** The position of each derived generation: the lowest of the projections that it depends on, even indirectly. */
const DERIVED_PLACES = `with recursive followed as (
  select name, unnest(stands_on) as source from ledger.derived_generations
  union select followed.name, unnest(stands_on) from followed join ledger.derived_generations other on other.name = followed.source
), places as (
  select distinct on (followed.name) followed.name, position, event_id, log_name from followed join ledger.checkpoints on checkpoints.name = source
  where source not in (select name from ledger.derived_generations) order by followed.name, position nulls first)`;

/** Returns all checkpoints, ordered by name. */
export async function readCheckpoints(database: Queryable): Promise<Checkpoint[]> {
  const { rows } = await database.query<Row>(
    `${DERIVED_PLACES} select ${COLUMNS} from (
       select name, projection, version, generation, state, shown, aside, owner_epoch, owner, owner_follows, lease_until,
         coalesce(places.position, own.position) as position, coalesce(places.event_id, own.event_id) as event_id, coalesce(places.log_name, own.log_name) as log_name
       from ledger.checkpoints own left join places using (name)) as standing order by name`,
  );
  return rows.map(checkpointOf);
}

/** The checkpoints of these versions, and that of the index. */
export function checkpointsOf<T extends Pick<Checkpoint, 'name' | 'projection' | 'version'>>(
  checkpoints: readonly T[],
  projections: readonly ReadModel[],
): T[] {
  return checkpoints.filter(
    ({ name, projection, version }) =>
      name === EVENT_INDEX_GENERATION || projections.some((one) => one.name === projection && one.version === version),
  );
}

/**
 * Acquires the leases of those checkpoints that are free; returns all that `owner` now holds. It needs no session
 * state, so it works behind a transaction pooler. Of two concurrent callers one gets all.
 */
export async function acquire(
  database: Queryable,
  owner: string,
  { names, follows }: { names: readonly string[]; follows: readonly ReadModel[] },
): Promise<Checkpoint[]> {
  const { rows } = await database.query<Row>(
    `with free as (${inOrder('where name = any($2) and (lease_until < clock_timestamp() or owner = $1)')})
     update ledger.checkpoints set owner = $1, owner_epoch = owner_epoch + 1, owner_follows = $3,
       lease_until = clock_timestamp() + ${LEASE}, used_at = clock_timestamp()
     where name in (select name from free) returning ${COLUMNS}`,
    [owner, names, follows.map(versionOf)],
  );
  return rows.map(checkpointOf).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Renews the leases while there is nothing to write; false when another owner has one of them. */
export async function renew(database: Queryable, held: readonly Checkpoint[]): Promise<boolean> {
  const { rowCount } = await database.query(
    `with own as (${unchanged()})
     update ledger.checkpoints set lease_until = clock_timestamp() + ${LEASE} where name in (select name from own)`,
    [namesOf(held), epochsOf(held)],
  );
  return rowCount === held.length;
}

/** Releases the leases at once; the new epoch keeps a renewal still in flight from taking a lease back. */
export async function release(database: Queryable, owner: string, names?: readonly string[]): Promise<void> {
  await database.query(
    `with own as (${inOrder(`where owner = $1 and ($2::text[] is null or name = any($2))`)})
     update ledger.checkpoints set lease_until = '-infinity', owner = null, owner_epoch = owner_epoch + 1 where name in (select name from own)`,
    [owner, names ?? null],
  );
}

/** Locks checkpoints by name for this transaction, and returns them. */
export async function lockCheckpoints(connection: Queryable, names: readonly string[]): Promise<Checkpoint[]> {
  const { rows } = await connection.query<Row>(inOrder('where name = any($1)', COLUMNS), [names]);
  return rows.map(checkpointOf);
}

/** Locks these checkpoints for this transaction; false when an epoch or a position has changed. */
export async function lock(connection: Queryable, held: readonly Checkpoint[]): Promise<boolean> {
  const found = new Map(
    (await lockCheckpoints(connection, namesOf(held))).map((checkpoint) => [checkpoint.name, checkpoint]),
  );
  return held.every(
    ({ name, epoch, at }) => found.get(name)?.epoch === epoch && found.get(name)?.at?.position === at?.position,
  );
}

/** Whether these checkpoints still have these epochs; no other owner can take them before the transaction ends. */
export async function isHeldNow(connection: Queryable, held: readonly Checkpoint[]): Promise<boolean> {
  const { rows } = await connection.query<{ name: string; owner_epoch: bigint }>(
    'select name, owner_epoch from ledger.checkpoints where name = any($1) order by checkpoints.name for share',
    [namesOf(held)],
  );
  const epochs = new Map(rows.map((row) => [row.name, row.owner_epoch]));
  return held.every(({ name, epoch }) => epochs.get(name) === epoch);
}

/** Moves these checkpoints, at the end of the transaction that wrote their rows, and renews their lease. */
export async function move(
  connection: Queryable,
  held: readonly Checkpoint[],
  { logName, to }: { logName: string; to: NonNullable<LogPosition> },
): Promise<void> {
  await connection.query(
    `update ledger.checkpoints set position = $2, event_id = $3, log_name = $4,
       lease_until = clock_timestamp() + ${LEASE}, used_at = clock_timestamp()
     where name = any($1)`,
    [namesOf(held), to.position, to.eventId, logName],
  );
}

/**
 * Sets the state of checkpoints that have reached the end of the log, or are far from it; false when another owner has
 * one of them, or a rebuild has replaced one.
 */
export async function become(
  database: Queryable,
  held: readonly Checkpoint[],
  state: 'building' | 'live',
): Promise<boolean> {
  const { rowCount } = await database.query(
    `with own as (${unchanged(`state <> 'kept'`)}) update ledger.checkpoints set state = $3 where name in (select name from own)`,
    [namesOf(held), epochsOf(held), state],
  );
  return rowCount === held.length;
}

/** Marks the checkpoints that a process follows, or stands by for, as used, so that they are not dropped. */
export async function use(database: Queryable, checkpoints: readonly Checkpoint[]): Promise<void> {
  await database.query(
    `with own as (${unchanged(`used_at < clock_timestamp() - interval '1 minute'`)})
     update ledger.checkpoints set used_at = clock_timestamp() where name in (select name from own)`,
    [namesOf(checkpoints), epochsOf(checkpoints)],
  );
}

/** Returns the position up to which the index of event ids is complete; -1n before the first event. */
export async function indexPosition(database: Queryable): Promise<bigint> {
  const { rows } = await database.query<{ position: bigint | null }>(
    'select position from ledger.checkpoints where name = $1',
    [EVENT_INDEX_GENERATION],
  );
  return rows[0]?.position ?? -1n;
}

/** The lowest position of these checkpoints; -1n before the first event. */
export const lowestPosition = (checkpoints: readonly Pick<Checkpoint, 'at'>[]): bigint =>
  checkpoints
    .map(({ at }) => at?.position ?? -1n)
    .reduce((lowest, position) => (position < lowest ? position : lowest));

const epochsOf = (checkpoints: readonly Checkpoint[]): bigint[] => checkpoints.map(({ epoch }) => epoch);
const namesOf = (checkpoints: readonly Checkpoint[]): string[] => checkpoints.map(({ name }) => name);
