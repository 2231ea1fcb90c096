/**
 * The decider's state in Postgres: the last decisions in the log, when each answer next changes, and held decisions. It
 * can be rebuilt.
 */
import type { AnyProjection } from '../../projections/projection.js';
import { checkpointsOf, readCheckpoints } from '../read-models/checkpoints.js';
import { jsonForPostgres, type Database, type Queryable } from '../read-models/database.js';
import { lockSchema, versionOf } from '../read-models/schema.js';
import { accessOf, NO_ACCESS, type Access, type DecidedAnswer, type Decision } from './change.js';
import type { Decided } from './change-log.js';

const TABLES = `
create table if not exists ledger.access_customers (
  customer text collate "C" primary key,
  revision int8 not null default -1,
  access jsonb not null,
  next_at timestamptz,
  held uuid,
  held_decision jsonb
);
alter table ledger.access_customers add column if not exists rejected jsonb;
create index if not exists access_customers_next_at on ledger.access_customers (next_at) where next_at is not null;
create index if not exists access_customers_held on ledger.access_customers (held, customer) where held is not null;
create table if not exists ledger.access_endpoints (
  name text primary key,
  waiting int4 not null,
  oldest_at timestamptz,
  stopped boolean not null
);
create table if not exists ledger.access_decider (
  one boolean primary key default true check (one),
  owner text,
  lease_until timestamptz not null default '-infinity',
  log_name uuid,
  decided_to int8,
  looked_to int8,
  policy text,
  shown text
);
insert into ledger.access_decider default values on conflict do nothing;`;

/** Creates the tables. The schema exists once a service has projected. */
export async function ensureStates(database: Database): Promise<void> {
  await database.transaction(async (connection) => {
    await lockSchema(connection);
    await connection.query(TABLES);
  });
}

/**
 * The decider's progress: the positions up to which the log was read for decisions, and for events that may change
 * access (null: not at all); the rules and the rows of the last decisions.
 */
export type Progress = Readonly<{
  logName: string | null;
  decidedTo: bigint | null;
  lookedTo: bigint | null;
  policy: string | null;
  shown: string | null;
}>;

type ProgressRow = {
  log_name: string | null;
  decided_to: bigint | null;
  looked_to: bigint | null;
  policy: string | null;
  shown: string | null;
};

/**
 * Acquires or renews the lease to decide; null while another process holds it. It expires ten seconds after the last
 * call.
 */
export async function leaseDecider(database: Queryable, owner: string): Promise<Progress | null> {
  const { rows } = await database.query<ProgressRow>(
    `update ledger.access_decider set owner = $1, lease_until = clock_timestamp() + interval '10 seconds'
     where owner = $1 or lease_until < clock_timestamp() returning log_name, decided_to, looked_to, policy, shown`,
    [owner],
  );
  const [row] = rows;
  return row === undefined
    ? null
    : {
        logName: row.log_name,
        decidedTo: row.decided_to,
        lookedTo: row.looked_to,
        policy: row.policy,
        shown: row.shown,
      };
}

/** Releases the lease for another process. */
export async function releaseDecider(database: Queryable, owner: string): Promise<void> {
  await database.query(`update ledger.access_decider set owner = null, lease_until = '-infinity' where owner = $1`, [
    owner,
  ]);
}

/** Saves the progress; false when another process holds the lease. */
export async function saveProgress(database: Queryable, owner: string, progress: Progress): Promise<boolean> {
  const { rowCount } = await database.query(
    `update ledger.access_decider set log_name = $2, decided_to = $3, looked_to = $4, policy = $5, shown = $6 where owner = $1`,
    [owner, progress.logName, progress.decidedTo, progress.lookedTo, progress.policy, progress.shown],
  );
  return rowCount === 1;
}

/** Stores decisions from the log; older ones are ignored. Held decisions of these customers are judged again. */
export async function learn(database: Queryable, decided: readonly Decided[]): Promise<void> {
  if (decided.length === 0) return;
  const latest = new Map<string, Decided>();
  for (const one of decided) latest.set(one.customer, one);
  const all = [...latest.values()];
  await database.query(
    `insert into ledger.access_customers as known (customer, revision, access, rejected)
     select * from jsonb_to_recordset($1::jsonb) as given(customer text, revision int8, access jsonb, rejected jsonb)
     on conflict (customer) do update set revision = excluded.revision, access = excluded.access, rejected = excluded.rejected
     where known.revision < excluded.revision`,
    [
      jsonForPostgres(
        all.map(({ customer, revision, decision: { before, now }, isRejected }) => ({
          customer,
          revision: String(revision),
          access: accessOf(isRejected ? before : now),
          rejected: isRejected ? now : null,
        })),
      ),
    ],
  );
}

/** The last decision about a customer (revision -1n: none), and the answer rejected since. */
export type State = Readonly<{
  revision: bigint;
  access: Access;
  held: string | null;
  rejected: DecidedAnswer | null;
}>;
const UNDECIDED: State = { revision: -1n, access: NO_ACCESS, held: null, rejected: null };

export async function statesOf(
  database: Queryable,
  customers: readonly string[],
): Promise<(customer: string) => State> {
  const { rows } = await database.query<State & { customer: string }>(
    'select customer, revision, access, held, rejected from ledger.access_customers where customer = any($1)',
    [customers],
  );
  const states = new Map(rows.map((row) => [row.customer, row]));
  return (customer) => states.get(customer) ?? UNDECIDED;
}

/** When a customer's answer next changes, the decision that waits for approval, and the rejected answer. */
export type Note = Readonly<{
  customer: string;
  nextAt: Date | null;
  held: { id: string; decision: Decision } | null;
  rejected: DecidedAnswer | null;
}>;

export async function note(database: Queryable, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return;
  await database.query(
    `insert into ledger.access_customers as known (customer, access, next_at, held, held_decision, rejected)
     select customer, '${JSON.stringify(NO_ACCESS)}', next_at, held, held_decision, rejected
     from jsonb_to_recordset($1::jsonb) as given(customer text, next_at timestamptz, held uuid, held_decision jsonb, rejected jsonb)
     on conflict (customer) do update
       set next_at = excluded.next_at, held = excluded.held, held_decision = excluded.held_decision, rejected = excluded.rejected`,
    [
      jsonForPostgres(
        notes.map(({ customer, nextAt, held, rejected }) => ({
          ...{ customer, next_at: nextAt, rejected },
          held: held?.id ?? null,
          held_decision: held?.decision ?? null,
        })),
      ),
    ],
  );
}

/** A customer whose answer changes by time, and when. */
export type Due = Readonly<{ customer: string; at: Date }>;

/** Lists customers whose answer changed by time until now, in order of time, after a given one. */
export async function dueCustomers(
  database: Queryable,
  { now, after, max }: { now: Date; after: Due | null; max: number },
): Promise<Due[]> {
  const { rows } = await database.query<Due>(
    `select customer, next_at as at from ledger.access_customers
     where next_at <= $1 and ($2::timestamptz is null or (next_at, customer) > ($2, $3)) order by next_at, customer limit $4`,
    [now, after?.at ?? null, after?.customer ?? '', max],
  );
  return rows;
}

/** Postpones a customer who cannot be judged, at most to the next known change of the answer. */
export async function postpone(
  database: Queryable,
  customer: string,
  { now, to }: { now: Date; to: Date },
): Promise<void> {
  await database.query(
    `insert into ledger.access_customers as known (customer, access, next_at) values ($1, '${JSON.stringify(NO_ACCESS)}', $3)
     on conflict (customer) do update set next_at = case when known.next_at > $2 then least(known.next_at, $3) else $3 end`,
    [customer, now, to],
  );
}

/** Counts the customers with access, by the decisions. */
export async function countGranted(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ count: bigint }>(
    `select count(*) as count from ledger.access_customers where access -> 'granted' = 'true'`,
  );
  return Number(rows[0]?.count ?? 0);
}

/** Lists decisions that wait for approval, by customer, after a given one; of these holds, or of all. */
export async function listHeld(
  database: Queryable,
  { after, max, holds = null }: { after: string; max: number; holds?: readonly string[] | null },
): Promise<{ hold: string; decision: Decision }[]> {
  const { rows } = await database.query<{ hold: string; decision: Decision }>(
    `select held as hold, held_decision as decision from ledger.access_customers
     where held is not null and ($3::uuid[] is null or held = any($3)) and customer > $1 order by customer limit $2`,
    [after, max, holds],
  );
  return rows;
}

export async function heldSummary(database: Queryable): Promise<{ count: number; holds: string[] }> {
  const { rows } = await database.query<{ hold: string; count: bigint }>(
    'select held as hold, count(*) as count from ledger.access_customers where held is not null group by held',
  );
  return { count: rows.reduce((sum, { count }) => sum + Number(count), 0), holds: rows.map(({ hold }) => hold) };
}

/** Counts the customers with access, and those with a decision but without access. */
export async function countCustomers(database: Queryable): Promise<{ granted: number; denied: number }> {
  const { rows } = await database.query<{ granted: bigint; denied: bigint }>(
    `select count(*) filter (where access -> 'granted' = 'true') as granted,
       count(*) filter (where access -> 'granted' = 'false' and revision >= 0) as denied from ledger.access_customers`,
  );
  return { granted: Number(rows[0]?.granted ?? 0), denied: Number(rows[0]?.denied ?? 0) };
}

/** An endpoint's state: customers with an undelivered change, the time of the oldest, and whether it answered 410. */
export type EndpointState = Readonly<{ name: string; waiting: number; oldestAt: Date | null; isStopped: boolean }>;

/** Saves the states of the endpoints for other processes, and removes those of other endpoints. */
export async function noteEndpoints(database: Queryable, endpoints: readonly EndpointState[]): Promise<void> {
  await database.query(
    `with given as (select * from jsonb_to_recordset($1::jsonb) as one(name text, waiting int4, "oldestAt" timestamptz, "isStopped" boolean)),
       gone as (delete from ledger.access_endpoints where name not in (select name from given))
     insert into ledger.access_endpoints (name, waiting, oldest_at, stopped) select name, waiting, "oldestAt", "isStopped" from given
     on conflict (name) do update set waiting = excluded.waiting, oldest_at = excluded.oldest_at, stopped = excluded.stopped`,
    [jsonForPostgres(endpoints)],
  );
}

export async function readEndpoints(database: Queryable): Promise<EndpointState[]> {
  const { rows } = await database.query<EndpointState>(
    `select name, waiting, oldest_at as "oldestAt", stopped as "isStopped" from ledger.access_endpoints order by name`,
  );
  return rows;
}

/**
 * Returns the position up to which this build's rows are complete, and their generations; null while some are not
 * built.
 */
export async function rowsNow(
  database: Queryable,
  projections: readonly AnyProjection[],
): Promise<{ position: bigint; shown: string } | null> {
  const checkpoints = checkpointsOf(await readCheckpoints(database), projections).filter(({ shown }) => shown);
  if (checkpoints.length <= projections.length || checkpoints.some(({ state }) => state === 'building')) return null;
  const position = checkpoints
    .map(({ at }) => at?.position ?? -1n)
    .reduce((lowest, one) => (one < lowest ? one : lowest));
  const names = checkpoints.map(
    ({ projection, version, generation }) => `${versionOf({ name: projection, version })}_g${generation}`,
  );
  return { position, shown: names.sort().join(' ') };
}
