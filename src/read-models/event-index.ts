import type { Envelope } from '../eventstore/recorded-event.js';
import { jsonForPostgres, type Queryable } from './database.js';
import { EVENT_INDEX } from './schema.js';

/** Where an event id stands in the log. */
export type IndexedEvent = Readonly<{ eventId: string; stream: string; revision: bigint; position: bigint }>;

type Found = { event_id: string; stream: string; revision: bigint; position: bigint };

/** Where these ids were indexed. */
export async function findEvents(database: Queryable, eventIds: readonly string[]): Promise<Map<string, IndexedEvent>> {
  const { rows } = await database.query<Found>(`select event_id, stream, revision, position from ${EVENT_INDEX} where event_id = any($1)`, [eventIds]);
  return new Map(rows.map(({ event_id: eventId, stream, revision, position }) => [eventId, { eventId, stream, revision, position }]));
}

/** The revision up to which the stream is indexed; -1n when an event below it is missing. */
export async function indexedTo(database: Queryable, stream: string): Promise<bigint> {
  const { rows } = await database.query<{ events: bigint; last: bigint | null }>(`select count(*) as events, max(revision) as last from ${EVENT_INDEX} where stream = $1`, [stream]);
  const { events = 0n, last = null } = rows[0] ?? {};
  return last !== null && events === last + 1n ? last : -1n;
}

/** Streams in their order, from after one of them. */
export async function streamsAfter(database: Queryable, after: string, max: number): Promise<string[]> {
  const { rows } = await database.query<{ stream: string }>(`select stream from ${EVENT_INDEX} where revision = 0 and stream > $1 order by stream limit $2`, [after, max]);
  return rows.map(({ stream }) => stream);
}

/** Up to so many streams at random. Event ids are hashes, so that the next one after a random id is a random event. */
export async function sampleStreams(database: Queryable, count: number): Promise<string[]> {
  const { rows } = await database.query<{ stream: string }>(
    `select distinct stream from (select gen_random_uuid() as pivot from generate_series(1, $1)) as pivots
     cross join lateral (select stream from ${EVENT_INDEX} where event_id >= pivot order by event_id limit 1) as found order by stream`,
    [count],
  );
  return rows.map(({ stream }) => stream);
}

/** Adds events by their envelope alone; an id that is known stays where it was first. */
export async function indexEvents(connection: Queryable, events: readonly Envelope[]): Promise<void> {
  const rows = events.map(({ eventId, stream, revision, position, type, recordedAt, metadata }) => ({
    event_id: eventId,
    stream,
    revision: String(revision),
    position: String(position),
    type,
    recorded_at: recordedAt,
    stripe_event_id: metadata?.stripeEventId,
    api_version: metadata?.apiVersion,
    account: metadata?.account,
    livemode: metadata?.livemode,
    quarantine: metadata?.quarantine,
    received_at: metadata?.receivedAt,
  }));
  await connection.query(
    `insert into ${EVENT_INDEX} (event_id, stream, revision, position, type, recorded_at, stripe_event_id, api_version, account, livemode, quarantine, received_at)
     select * from jsonb_to_recordset($1::jsonb) as given(event_id uuid, stream text, revision int8, position int8, type text, recorded_at timestamptz,
       stripe_event_id text, api_version text, account text, livemode boolean, quarantine text, received_at timestamptz)
     on conflict do nothing`,
    [jsonForPostgres(rows)],
  );
}
