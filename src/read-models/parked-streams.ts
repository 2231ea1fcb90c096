import type { ReadModel } from '../../projections/projection.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import { jsonForPostgres, type Queryable } from './database.js';
import { EVENT_INDEX_GENERATION, nameOfGeneration, type Generation } from './schema.js';

/**
 * How a parked stream is retried. `event`: its states are those before the event at `revision`, and it is read from
 * there. `whole`: all of it is read. `waiting`: nothing is wrong; all of it will be read, outside the batches.
 * `unread`: the event at `revision` is unreadable, and the states include all others. `passed`: it is not parked; it
 * has an unreadable event, and a later one shows the object completely. `large`: the key of a derivation exceeds what
 * can be derived; changes do not retry it.
 */
export type ParkingKind = 'event' | 'whole' | 'waiting' | 'unread' | 'passed' | 'large';
/** SQL for a parked stream: whether its rows lack an event. */
export const LACKS_EVENTS = `kind in ('event', 'whole', 'unread', 'large')`;

/**
 * SQL for a parked key: whether to derive it again. A `large` key, which may only have timed out on a slow Postgres, is
 * retried after 10 minutes, then after twice as long each time, at most a day.
 */
export const IS_WANTED = `replay_wanted_at is not null
  or (kind = 'large' and attempted_at < clock_timestamp() - least(interval '10 minutes' * power(2, least(attempts, 10) - 1), interval '1 day'))`;

/**
 * A stream that one projection could not fold; its rows are unchanged. `revision` is that of the causing event, which
 * `stripeEventId` and `eventType` name; both are null when no single event is the cause.
 */
export type ParkedStream = Readonly<{
  kind: ParkingKind;
  stream: string;
  revision: bigint;
  stripeEventId: string | null;
  eventType: string | null;
  cause: string;
  stack: string | null;
}>;

type Blamed = Pick<ParkedStream, 'revision' | 'stripeEventId' | 'eventType'>;

/** The event that caused the parking; without one, none is named, and nothing of the stream counts as folded. */
export const atEvent = (event: Pick<Envelope, 'revision' | 'type' | 'metadata'> | undefined): Blamed => ({
  revision: event?.revision ?? 0n,
  stripeEventId: event?.metadata?.stripeEventId ?? null,
  eventType: event?.type ?? null,
});

const CAUSE_LENGTH_MAX = 2_000;
const STACK_LENGTH_MAX = 8_000;
/** Limits the text of an event type: intake's are shorter, but other writers of the log may use any. */
const EVENT_LENGTH_MAX = 500;

/** How a stream is parked; `attempts` distinguishes one parking from the next. */
type KnownParking = Readonly<{ kind: ParkingKind; revision: bigint; attempts: number }>;

/** Returns which of these streams are parked, by generation name. */
export async function findParked(
  database: Queryable,
  names: readonly string[],
  streams: readonly string[],
): Promise<Map<string, Map<string, KnownParking>>> {
  const { rows } = await database.query<KnownParking & { generation: string; stream: string }>(
    'select generation, stream, kind, revision, attempts from ledger.parked_streams where generation = any($1) and stream = any($2)',
    [names, streams],
  );
  const parked = new Map(names.map((name) => [name, new Map<string, KnownParking>()]));
  for (const { generation, stream, ...known } of rows) parked.get(generation)?.set(stream, known);
  return parked;
}

/** Returns streams of these generations to fold again, the longest waiting first. */
export async function findWaiting(database: Queryable, names: readonly string[], max: number): Promise<string[]> {
  const { rows } = await database.query<{ stream: string }>(
    `select stream from ledger.parked_streams where generation = any($1) and (kind = 'waiting' or replay_wanted_at is not null)
     group by stream order by min(coalesce(replay_wanted_at, attempted_at)), stream limit $2`,
    [names, max],
  );
  return rows.map(({ stream }) => stream);
}

/**
 * Parks streams, or counts one more attempt for those already parked, which completes a requested replay. A waiting
 * stream keeps waiting, unless `known` shows that this was the awaited attempt.
 */
export async function park(
  connection: Queryable,
  generation: Generation<ReadModel>,
  parked: readonly (ParkedStream & { readonly known: number | null })[],
): Promise<void> {
  await connection.query(
    `with given as (select * from jsonb_to_recordset($2::jsonb)
       as given(stream text, kind text, revision int8, stripe_event_id text, event_type text, cause text, stack text, known int))
     insert into ledger.parked_streams (generation, stream, kind, revision, stripe_event_id, event_type, cause, stack)
     select $1, stream, kind, revision, stripe_event_id, event_type, cause, stack from given
     on conflict (generation, stream) do update set attempts = parked_streams.attempts + 1, kind = excluded.kind, revision = excluded.revision,
       stripe_event_id = excluded.stripe_event_id, event_type = excluded.event_type, cause = excluded.cause, stack = excluded.stack,
       attempted_at = clock_timestamp(), replay_wanted_at = null
     where parked_streams.kind <> 'waiting' or parked_streams.attempts = (select known from given where given.stream = parked_streams.stream)`,
    [nameOfGeneration(generation), jsonForPostgres(parked.map(bounded))],
  );
}

const bounded = ({
  kind,
  stream,
  revision,
  stripeEventId,
  eventType,
  cause,
  stack,
  known,
}: ParkedStream & { readonly known: number | null }): object => ({
  known,
  kind,
  stream,
  revision: String(revision),
  stripe_event_id: stripeEventId?.slice(0, EVENT_LENGTH_MAX) ?? null,
  event_type: eventType?.slice(0, EVENT_LENGTH_MAX) ?? null,
  cause: cause.slice(0, CAUSE_LENGTH_MAX),
  stack: stack?.slice(0, STACK_LENGTH_MAX) ?? null,
});

/** Requests a replay of parked streams, as `wantReplay` does for people. */
export async function wantRetry(
  connection: Queryable,
  generation: Generation<ReadModel>,
  streams: readonly string[],
): Promise<void> {
  await connection.query(
    'update ledger.parked_streams set replay_wanted_at = clock_timestamp() where generation = $1 and stream = any($2) and replay_wanted_at is null',
    [nameOfGeneration(generation), streams],
  );
}

/** Unparks streams that were folded again; a stream that has been parked again since stays parked. */
export async function unpark(
  connection: Queryable,
  generation: Generation<ReadModel>,
  known: readonly Readonly<{ stream: string; attempts: number }>[],
): Promise<void> {
  await connection.query(
    `delete from ledger.parked_streams parked using unnest($2::text[], $3::int4[]) as known(stream, attempts)
     where parked.generation = $1 and parked.stream = known.stream and parked.attempts = known.attempts`,
    [nameOfGeneration(generation), known.map(({ stream }) => stream), known.map(({ attempts }) => attempts)],
  );
}

/** Marks streams to be folded again in all generations, because other events of them count than before. */
export async function wait(connection: Queryable, streams: readonly string[]): Promise<void> {
  if (streams.length === 0) return;
  await connection.query(
    `insert into ledger.parked_streams (generation, stream, kind, revision, cause)
     select name, stream, 'waiting', 0, 'An event of the stream stands earlier in another one.'
     from ledger.checkpoints cross join (select distinct unnest($1::text[]) as stream) as corrected
     where name <> '${EVENT_INDEX_GENERATION}' and name not in (select derived.name from ledger.derived_generations derived) order by name, stream
     on conflict (generation, stream) do update set attempts = parked_streams.attempts + 1, kind = 'waiting', attempted_at = clock_timestamp()`,
    [streams],
  );
}

/** Counts the parked streams of each generation, by its name. */
export async function countParked(database: Queryable): Promise<Map<string, number>> {
  const { rows } = await database.query<{ name: string; parked: bigint }>(
    `select name, count(stream) as parked from ledger.checkpoints left join ledger.parked_streams parked on parked.generation = name and parked.kind not in ('waiting', 'passed') group by name`,
  );
  return new Map(rows.map(({ name, parked }) => [name, Number(parked)]));
}

/**
 * A parked stream as people see it: its generation (`name`), the causing event, since when, and the number of attempts.
 */
export type Parking = Readonly<{
  projection: string;
  version: number;
  generation: number;
  /** Of the generation, e.g. `subscriptions_v1_g1`. */
  name: string;
  stream: string;
  since: Date;
  attempts: number;
  attemptedAt: Date;
  replayWantedAt: Date | null;
  revision: bigint;
  stripeEventId: string | null;
  eventType: string | null;
  cause: string;
  stack: string | null;
}>;

/**
 * Selects parked streams: of a projection, in all its live generations, or of a generation by name; a single stream,
 * those with one cause, or those after a place in the list.
 */
export type ParkingFilter = Readonly<{
  projection?: string | undefined;
  stream?: string | undefined;
  cause?: string | undefined;
  after?: readonly [stream: string, generation: string] | undefined;
}>;

const MATCHING = `($1::text is null or checkpoint.name = $1 or (checkpoint.projection = $1 and checkpoint.shown))
  and ($2::text is null or parked.stream = $2) and ($3::text is null or parked.cause = $3)`;

/**
 * SQL for generations whose streams are folded: not those kept for a rollback, nor those unused for two minutes while
 * others are in use (of a killed build or an older service), because no process would fold their streams.
 */
const IN_USE = `(lease_until > clock_timestamp() or used_at > clock_timestamp() - interval '2 minutes')`;
const FOLLOWED = `checkpoint.state <> 'kept'
  and (checkpoint.name in (select name from ledger.checkpoints where ${IN_USE}) or not exists (select from ledger.checkpoints where ${IN_USE}))`;

/** Returns parked streams, ordered by stream and generation. */
export async function listParked(
  database: Queryable,
  { projection, stream, cause, after }: ParkingFilter,
  limit: number,
): Promise<Parking[]> {
  const { rows } = await database.query<Parking>(
    `select checkpoint.projection, checkpoint.version, checkpoint.generation, checkpoint.name, parked.stream, since, attempts, attempted_at as "attemptedAt", replay_wanted_at as "replayWantedAt",
       parked.revision, stripe_event_id as "stripeEventId", event_type as "eventType", cause, stack
     from ledger.parked_streams parked join ledger.checkpoints checkpoint on checkpoint.name = parked.generation
     where ${MATCHING} and parked.kind not in ('waiting', 'passed') and ($4::text is null or (parked.stream, checkpoint.name) > ($4, $5)) order by parked.stream, checkpoint.name limit $6`,
    [projection ?? null, stream ?? null, cause ?? null, after?.[0] ?? null, after?.[1] ?? null, limit],
  );
  return rows;
}

/**
 * Requests a replay of parked streams from the projecting process; returns their number. Rows are locked in order of
 * their key, so that concurrent requests cannot deadlock.
 */
export async function wantReplay(
  database: Queryable,
  { projection, stream, cause }: Omit<ParkingFilter, 'after'>,
): Promise<number> {
  const { rows } = await database.query<{ parked: bigint }>(
    `with found as (
       select parked.generation, parked.stream from ledger.parked_streams parked join ledger.checkpoints checkpoint on checkpoint.name = parked.generation
       where ${MATCHING} and ${FOLLOWED} and parked.kind <> 'waiting' order by parked.generation, parked.stream for update of parked),
     wanted as (
       update ledger.parked_streams parked set replay_wanted_at = clock_timestamp() from found
       where parked.generation = found.generation and parked.stream = found.stream and replay_wanted_at is null)
     select count(*) as parked from found`,
    [projection ?? null, stream ?? null, cause ?? null],
  );
  return Number(rows[0]?.parked ?? 0);
}

/** Returns those of the filters with a replay still pending, by index. */
export async function whichWantReplay(
  database: Queryable,
  filters: readonly Omit<ParkingFilter, 'after'>[],
): Promise<ReadonlySet<number>> {
  const { rows } = await database.query<{ at: bigint }>(
    `select asked.at from unnest($1::text[], $2::text[], $3::text[]) with ordinality asked(projection, stream, cause, at) where exists (
       select 1 from ledger.parked_streams parked join ledger.checkpoints checkpoint on checkpoint.name = parked.generation
       where replay_wanted_at is not null and ${FOLLOWED} and (asked.stream is null or parked.stream = asked.stream) and (asked.cause is null or parked.cause = asked.cause)
       and (asked.projection is null or checkpoint.name = asked.projection or (checkpoint.projection = asked.projection and checkpoint.shown)))`,
    [
      filters.map(({ projection }) => projection ?? null),
      filters.map(({ stream }) => stream ?? null),
      filters.map(({ cause }) => cause ?? null),
    ],
  );
  return new Set(rows.map(({ at }) => Number(at) - 1));
}
