import { eventPart, idsOfEvent } from '../events/event-id.js';
import type { IndexAnswer } from '../eventstore/append-decision.js';
import { groupBy } from '../folding/group-by.js';
import type { Queryable } from './database.js';
import { EVENT_INDEX, EVENT_INDEX_GENERATION } from './schema.js';

/** The place of an event id in the log. */
export type IndexedEvent = Readonly<{ eventId: string; stream: string; revision: bigint; position: bigint }>;

type Found = { event_id: string; stream: string; revision: bigint; position: bigint };
const indexed = ({ event_id: eventId, stream, revision, position }: Found): IndexedEvent => ({
  eventId,
  stream,
  revision,
  position,
});

/** Renderings of one event are neighbours in the index: at most one per endpoint, and Stripe allows 16. */
const RENDERINGS_MAX = 32;

/** Returns the places of these ids. */
export async function findEvents(database: Queryable, eventIds: readonly string[]): Promise<Map<string, IndexedEvent>> {
  const { rows } = await database.query<Found>(
    `select event_id, stream, revision, position from ${EVENT_INDEX} where event_id = any($1)`,
    [eventIds],
  );
  return new Map(rows.map((row) => [row.event_id, indexed(row)]));
}

/** Returns the places of the renderings of an event, by the id of any of them, in log order. */
export async function findRenderings(database: Queryable, eventId: string): Promise<IndexedEvent[]> {
  const { rows } = await database.query<Found>(
    `select event_id, stream, revision, position from ${EVENT_INDEX} where event_id between $1 and $2 order by position limit ${RENDERINGS_MAX}`,
    [...idsOfEvent(eventId)],
  );
  return rows.map(indexed);
}

/** Returns the first position of each event, in any rendering; null where it is not indexed. */
export async function firstPositions(
  database: Queryable,
  eventIds: readonly string[],
): Promise<readonly (bigint | null)[]> {
  const ranges = eventIds.map(idsOfEvent);
  const { rows } = await database.query<{ position: bigint | null }>(
    `select found.position from unnest($1::uuid[], $2::uuid[]) with ordinality as asked(first, last, at)
     left join lateral (select min(position) as position from ${EVENT_INDEX} where event_id between first and last) as found on true order by at`,
    [ranges.map(([first]) => first), ranges.map(([, last]) => last)],
  );
  return rows.map(({ position }) => position);
}

/** The latest events of these streams, before a position. */
export const latestOfStreams = (
  database: Queryable,
  streams: readonly string[],
  before: bigint | null,
  max: number,
): Promise<IndexedEvent[]> => latest(database, { where: 'stream = any($3)', values: [streams], before, max });

const IN_QUARANTINE = `stream >= 'quarantine-' and stream < 'quarantine.'`;

/** The latest quarantined events, before a position. */
export const latestQuarantined = (database: Queryable, before: bigint | null, max: number): Promise<IndexedEvent[]> =>
  latest(database, { where: IN_QUARANTINE, values: [], before, max });

/** Counts the quarantined events, up to `max`. */
export async function countQuarantined(database: Queryable, max: number): Promise<number> {
  const { rows } = await database.query<{ count: bigint }>(
    `select count(*) as count from (select from ${EVENT_INDEX} where ${IN_QUARANTINE} limit $1) as found`,
    [max],
  );
  return Number(rows[0]?.count ?? 0);
}

type Latest = Readonly<{ where: string; values: readonly unknown[]; before: bigint | null; max: number }>;

async function latest(database: Queryable, { where, values, before, max }: Latest): Promise<IndexedEvent[]> {
  const { rows } = await database.query<Found>(
    `select event_id, stream, revision, position from ${EVENT_INDEX}
     where ${where} and ($1::int8 is null or position < $1) order by position desc limit $2`,
    [before, max, ...values],
  );
  return rows.map(indexed);
}

/** Returns which of these streams have an indexed event. */
export async function findStreams(database: Queryable, streams: readonly string[]): Promise<Set<string>> {
  const { rows } = await database.query<{ stream: string }>(
    `select asked.stream from unnest($1::text[]) asked(stream) where exists (select from ${EVENT_INDEX} event where event.stream = asked.stream)`,
    [streams],
  );
  return new Set(rows.map(({ stream }) => stream));
}

/** An event id, and the stream whose last event is also needed; null saves Postgres a third of the work. */
export type Asked = Readonly<{ eventId: string; stream: string | null }>;

/** The checkpoint of the index, and a rendering that it has, if any. */
type Standing = Readonly<
  Record<'log_name' | 'event_id' | 'found_id' | 'found_stream', string | null> &
    Record<'position' | 'found_revision' | 'found_position', bigint | null>
>;
type WithEnd = Standing &
  Readonly<{ at: bigint; last_event_id: string | null } & Record<'last_revision' | 'last_position', bigint | null>>;

const STANDING = `checkpoint.log_name, checkpoint.position, checkpoint.event_id, found.event_id as found_id, found.stream as found_stream,
  found.revision as found_revision, found.position as found_position`;
/** Each lateral query is one B-tree probe, whatever plan is chosen. */
const FOUND = `(select event_id, stream, revision, position from ${EVENT_INDEX} where event_id between asked.first and asked.last order by event_id limit ${RENDERINGS_MAX})`;

const LOOK_UP = `
select asked.at, ${STANDING}, last.revision as last_revision, last.position as last_position, last.event_id as last_event_id
from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality as asked(first, last, stream, at)
join ledger.checkpoints as checkpoint on checkpoint.name = '${EVENT_INDEX_GENERATION}'
left join lateral ${FOUND} as found on true
left join lateral (select revision, position, event_id from ${EVENT_INDEX} where stream = asked.stream and position <= checkpoint.position order by revision desc limit 1) as last on true`;

/** Without streams: planning is most of the cost of a small query, and usually one row says that no id is found. */
const lookUpIdsIn = (found: string): string => `
select ${STANDING} from ledger.checkpoints as checkpoint left join ${found} on true
where checkpoint.name = '${EVENT_INDEX_GENERATION}'`;
const LOOK_UP_ID = lookUpIdsIn(`(select * from ${EVENT_INDEX} where event_id between $1 and $2) as found`);
const LOOK_UP_IDS = lookUpIdsIn(
  `(select found.* from unnest($1::uuid[], $2::uuid[]) as asked(first, last) cross join lateral ${FOUND} as found) as found`,
);

/**
 * Returns the index's answer for each of these. Ids, ends of streams and the checkpoint come from one snapshot, and the
 * projector moves the checkpoint in the transaction that adds the events up to it: an id that is not found is not in
 * the log up to there.
 */
export async function lookUp(database: Queryable, asked: readonly Asked[]): Promise<IndexAnswer[]> {
  const ids = asked.map(({ eventId }) => idsOfEvent(eventId));
  const range = [ids.map(([first]) => first), ids.map(([, last]) => last)] as const;
  if (asked.some(({ stream }) => stream !== null)) {
    const { rows } = await database.query<WithEnd>(LOOK_UP, [...range, asked.map(({ stream }) => stream)]);
    const byPlace = groupBy(rows, ({ at }) => Number(at));
    return asked.map(({ stream }, at) => answerOf(byPlace.get(at + 1) ?? [], endIn(stream, byPlace.get(at + 1)?.[0])));
  }
  const { rows } =
    asked.length === 1
      ? await database.query<Standing>(LOOK_UP_ID, [range[0][0], range[1][0]])
      : await database.query<Standing>(LOOK_UP_IDS, [...range]);
  const byEvent = groupBy(rows, ({ found_id: id }) => (id === null ? null : eventPart(id)));
  const nothing = rows.slice(0, 1).map((row) => ({ ...row, found_id: null }));
  return asked.map(({ eventId }) => answerOf(byEvent.get(eventPart(eventId)) ?? nothing, null));
}

type End = Extract<IndexAnswer, { kind: 'answered' }>['last'];

function endIn(stream: string | null, row: WithEnd | undefined): End {
  const { last_revision: revision, last_position: position, last_event_id: eventId } = row ?? {};
  return stream === null || revision == null || position == null || eventId == null
    ? null
    : { stream, revision, position, eventId };
}

function answerOf(rows: readonly Standing[], last: End): IndexAnswer {
  const { log_name: log, position, event_id: eventId } = rows[0] ?? {};
  if (log == null || position == null || eventId == null) return { kind: 'unavailable' };
  const found = rows.flatMap(({ found_id, found_stream, found_revision, found_position }) =>
    found_id === null || found_stream === null || found_revision === null || found_position === null
      ? []
      : { stream: found_stream, revision: found_revision, position: found_position },
  );
  found.sort((a, b) => (a.position < b.position ? -1 : 1));
  return { kind: 'answered', log, position, eventId, found, last };
}

/**
 * SQL for the next streams after one, with one index probe each: a stream whose first event is not indexed is included,
 * and one with many events costs no more than others.
 */
const STREAMS_AFTER = `
with recursive found as (
  (select stream from ${EVENT_INDEX} where stream > $1 order by stream limit 1)
  union all
  select (select stream from ${EVENT_INDEX} where stream > found.stream order by stream limit 1) from found where found.stream is not null)
select stream from found where stream is not null limit $2`;

/** Yields all streams in order, page by page. */
export async function* allStreams(database: Queryable, pageMax: number): AsyncGenerator<string[]> {
  for (let after = ''; ;) {
    const { rows } = await database.query<{ stream: string }>(STREAMS_AFTER, [after, pageMax]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ stream }) => stream);
    after = last.stream;
  }
}

/**
 * Returns all streams if there are at most `count`, else a random sample. Event ids are hashes, so the next one after a
 * random id is a random event.
 */
export async function sampleStreams(database: Queryable, count: number): Promise<string[]> {
  const first = await database.query<{ stream: string }>(STREAMS_AFTER, ['', count + 1]);
  if (first.rows.length <= count) return first.rows.map(({ stream }) => stream);
  const { rows } = await database.query<{ stream: string }>(
    `select distinct stream from (select gen_random_uuid() as pivot from generate_series(1, $1)) as pivots
     cross join lateral (select stream from ${EVENT_INDEX} where event_id >= pivot order by event_id limit 1) as found order by stream`,
    [count],
  );
  return rows.map(({ stream }) => stream);
}

/** An event to index; `corrects` has the higher position at which the index was seen to have its id. */
export type ToIndex = IndexedEvent & Readonly<{ corrects?: Pick<IndexedEvent, 'position'> }>;

/**
 * Adds events. Returns false when the index has one of the ids at another place than was seen: another writer was
 * faster, so this fold, or that of another stream, may count a repeat.
 */
export async function indexEvents(connection: Queryable, events: readonly ToIndex[]): Promise<boolean> {
  // In a fixed order, so that two writers cannot deadlock.
  const sorted = [...events].sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
  const corrected = events.filter(({ corrects }) => corrects !== undefined);
  const { rowCount } = await connection.query(
    `insert into ${EVENT_INDEX} as known (event_id, stream, revision, position)
     select * from unnest($1::uuid[], $2::text[], $3::int8[], $4::int8[])
     on conflict (event_id) do update set stream = excluded.stream, revision = excluded.revision, position = excluded.position
     where known.position = (select seen from unnest($5::uuid[], $6::int8[]) as corrected(id, seen) where id = known.event_id)`,
    [
      sorted.map(({ eventId }) => eventId),
      sorted.map(({ stream }) => stream),
      sorted.map(({ revision }) => revision),
      sorted.map(({ position }) => position),
      corrected.map(({ eventId }) => eventId),
      corrected.map(({ corrects }) => corrects?.position),
    ],
  );
  return rowCount === events.length;
}
