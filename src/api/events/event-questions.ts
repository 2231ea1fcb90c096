import { links } from '../../../projections/links.js';
import { projections } from '../../../projections/index.js';
import { eventIdOf, eventIdOfSight, sightIdOf } from '../../events/event-id.js';
import { readBytesAt } from '../../eventstore/body.js';
import type { EventStore } from '../../eventstore/event-store.js';
import { readEventAt, readStream } from '../../eventstore/read.js';
import type { RecordedEvent } from '../../eventstore/recorded-event.js';
import { ProblemError } from '../../http/problem.js';
import type { Queryable, Snapshots } from '../../read-models/database.js';
import {
  findEvents,
  findRenderings,
  latestOfStreams,
  latestQuarantined,
  type IndexedEvent,
} from '../../read-models/event-index.js';
import { viewOf } from '../../read-models/schema.js';
import { LIMITS } from '../limits.js';
import { cursorOf } from '../cursor.js';
import { entryOf, isWanted, type EventEntry, type EventFilter } from './event-entry.js';
import type { Delivery } from './deliveries.js';
import { listed, type LatestEvents, type Listed } from './latest-events.js';

/** A question about events in the log. `id` is Stripe's id, or the id in the log. */
export type EventQuestion =
  | Readonly<{ kind: 'event'; id: string; deliveries: readonly Delivery[] | null }>
  | Readonly<{ kind: 'event_body'; id: string }>
  | Readonly<{ kind: 'events'; filter: EventFilter; before: bigint | null; limit: number }>
  | Readonly<{ kind: 'stream'; stream: string; after: bigint; limit: number }>;

type EventParts = Readonly<{ store: EventStore; database: Snapshots; latest: LatestEvents; signal: AbortSignal }>;

/** Returns the answer: JSON, or the bytes of a body. @throws ProblemError where there is none */
export async function answerOfEvents(question: EventQuestion, parts: EventParts): Promise<string | Buffer> {
  switch (question.kind) {
    case 'event':
      return JSON.stringify(await oneEvent(question, parts));
    case 'event_body':
      return (await readBytesAt(parts.store, ...(await placeOf(question.id, parts))))?.data ?? hidden(question.id);
    case 'events':
      return JSON.stringify(await eventsPage(question, parts));
    case 'stream':
      return JSON.stringify(await streamPage(question, parts));
  }
}

async function oneEvent({ id, deliveries }: Extract<EventQuestion, { kind: 'event' }>, parts: EventParts) {
  const [stream, revision] = await placeOf(id, parts);
  const recorded = (await readEventAt(parts.store, stream, revision)) ?? hidden(id);
  const entry = entryOf(recorded);
  const nameInRows = entry.observation === null ? entry.stripeEventId : sightIdOf(entry.eventId);
  const changed =
    nameInRows === null || entry.quarantine !== null
      ? []
      : await parts.database.snapshot((connection) => rowsNaming(connection, stream, nameInRows));
  return { ...entry, renderings: await renderingsOf(recorded, parts), deliveries, changed };
}

/** Returns the renderings of an event in all API versions that the log shows, in log order. */
async function renderingsOf({ eventId }: RecordedEvent, { store, database }: EventParts) {
  const renderings = [];
  const indexed = await database.snapshot((connection) => findRenderings(connection, eventId));
  for await (const recorded of recordedAt(store, indexed)) {
    const { apiVersion, stream, revision, position, ...entry } = entryOf(recorded);
    renderings.push({ eventId: entry.eventId, apiVersion, stream, revision, position });
  }
  return renderings;
}

/** Finds an event: its first rendering; if only in quarantine, among the latest events there. */
async function placeOf(id: string, { store, database }: EventParts): Promise<[stream: string, revision: bigint]> {
  const recordedId = UUID.test(id) ? id.toLowerCase() : eventIdOfSight(id);
  const isRecordedId = recordedId !== null;
  const own = recordedId ?? eventIdOf(id, null);
  const { found, quarantined } = await database.snapshot(async (connection) => {
    const indexed = isRecordedId
      ? (await findEvents(connection, [own])).get(own)
      : (await findRenderings(connection, own))[0];
    return {
      found: indexed,
      quarantined: indexed === undefined ? await latestQuarantined(connection, null, LIMITS.events.quarantinedMax) : [],
    };
  });
  if (found !== undefined) return [found.stream, found.revision];
  for await (const { stream, revision, metadata } of recordedAt(store, quarantined))
    if (metadata?.stripeEventId === id) return [stream, revision];
  throw new ProblemError(
    'not_found',
    `No event ${id} is in the index. If you have just sent it, ask with the position from the webhook's response as minPosition.`,
  );
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

function hidden(id: string): never {
  throw new ProblemError('not_found', `Event ${id} was recorded, but has been deleted or hidden in the event store.`);
}

/** The rows whose state comes from an event, among those of its stream. */
async function rowsNaming(connection: Queryable, stream: string, stripeEventId: string) {
  const selects = projections.flatMap((projection) =>
    Object.entries(projection.tables)
      .filter(([, { columns }]) => Object.hasOwn(columns, 'stripe_event_id'))
      .map(([table, { key }]) => {
        const members = key.map((column) => `'${column}', ${column}`).join(', ');
        return `(select '${table}' as "table", jsonb_build_object(${members}) as key from ${viewOf(projection, table)} where stream = $1 and stripe_event_id = $2 limit ${LIMITS.events.changedMax})`;
      }),
  );
  const { rows } = await connection.query<{ table: string; key: Readonly<Record<string, unknown>> }>(
    `${selects.join(' union all ')} limit ${LIMITS.events.changedMax}`,
    [stream, stripeEventId],
  );
  return rows;
}

/**
 * Returns a page of events, the newest first. The page may be short, with a cursor, when many events must be read to
 * find matches; a null `nextCursor` means that there are no more.
 */
async function eventsPage({ filter, before, limit }: Extract<EventQuestion, { kind: 'events' }>, parts: EventParts) {
  const data: EventEntry[] = [];
  const deadline = performance.now() + LIMITS.events.searchMs;
  let [read, last]: [number, bigint | null] = [0, null];
  for await (const recorded of await newestFirst({ filter, before, limit }, parts)) {
    if (parts.signal.aborted) break;
    if (isTooOld(recorded, filter)) return { data, nextCursor: null };
    // However slow the store is, a page takes at least one event: without a cursor it would claim to be the last.
    if (last !== null && (data.length === limit || read === LIMITS.events.searchedMax || performance.now() > deadline))
      return { data, nextCursor: cursorOf('events', [String(last)]) };
    [read, last] = [read + 1, recorded.position];
    if (recorded.entry !== null && isWanted(recorded.entry, filter)) data.push(recorded.entry);
  }
  return { data, nextCursor: null };
}

/** Allowance for the difference between the store's clock and ours. */
const CLOCKS_DIFFER_MS = 600_000;
const isTooOld = ({ recordedAt }: Listed, { since }: EventFilter): boolean =>
  since !== undefined && recordedAt.getTime() < Date.parse(since) - CLOCKS_DIFFER_MS;

/** Chooses where to read: the streams of an object, those of the quarantine, or the whole log. */
async function newestFirst(
  { filter, before, limit }: Omit<Extract<EventQuestion, { kind: 'events' }>, 'kind'>,
  { store, database, latest }: EventParts,
) {
  if (filter.object !== undefined) {
    const { object } = filter;
    const streams = await database.snapshot((connection) => streamsOf(connection, object));
    return fromIndex(store, before, (from, max) =>
      database.snapshot((connection) => latestOfStreams(connection, streams, from, max)),
    );
  }
  if (filter.quarantine !== undefined && filter.quarantine !== 'false')
    return fromIndex(store, before, (from, max) =>
      database.snapshot((connection) => latestQuarantined(connection, from, max)),
    );
  return latest.newestFirst(store, { before, count: limit + OTHERS_AMONG });
}

/** Kinds of objects with their own streams. */
const KINDS = [
  'account',
  'charge',
  'checkout.session',
  'coupon',
  'credit_note',
  'customer',
  'dispute',
  'invoice',
  'invoiceitem',
  'invoice_payment',
  'payment_intent',
  'payment_method',
  'plan',
  'price',
  'product',
  'promotion_code',
  'refund',
  'setup_intent',
  'source',
  'subscription',
  'subscription_schedule',
  'test_helpers.test_clock',
  'topup',
  'transfer',
];

/** The streams that may have events of an object: its own, and those in which it named its owner. */
async function streamsOf(connection: Queryable, id: string): Promise<string[]> {
  const { rows } = await connection.query<{ stream: string }>(
    `select distinct stream from ${viewOf(links, 'links')} where id = $1 limit ${LIMITS.pastReading.streamsMax}`,
    [id],
  );
  return [...new Set([...KINDS.map((kind) => `${kind}-${id}`), ...rows.map(({ stream }) => stream)])];
}

const PAGE = 250;
/** Allowance for the ledger's own events on a page, so that one read usually suffices. */
const OTHERS_AMONG = 5;

type Find = (before: bigint | null, max: number) => Promise<readonly IndexedEvent[]>;

async function* fromIndex(store: EventStore, before: bigint | null, find: Find): AsyncGenerator<Listed> {
  for (let from = before; ;) {
    const page = await find(from, PAGE);
    for await (const recorded of recordedAt(store, page)) yield listed(recorded);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    from = last.position;
  }
}

/** The most reads of single events in flight. */
const READS_AT_ONCE = 10;

async function* recordedAt(store: EventStore, places: readonly IndexedEvent[]): AsyncGenerator<RecordedEvent> {
  for (let from = 0; from < places.length; from += READS_AT_ONCE) {
    const some = places.slice(from, from + READS_AT_ONCE);
    for (const event of await Promise.all(some.map(({ stream, revision }) => readEventAt(store, stream, revision))))
      if (event !== null) yield event;
  }
}

async function streamPage({ stream, after, limit }: Extract<EventQuestion, { kind: 'stream' }>, { store }: EventParts) {
  const events: RecordedEvent[] = [];
  const reading = readStream(store, stream, { from: after + 1n, max: limit + 1 });
  let next = await reading.next();
  for (; next.done !== true; next = await reading.next()) events.push(next.value);
  if (next.value !== 'there')
    throw new ProblemError(
      'not_found',
      next.value === 'missing'
        ? `There is no stream ${stream}.`
        : `The stream ${stream} is tombstoned: it was deleted permanently.`,
    );
  const page = events.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(entryOf),
    nextAfter: events.length > limit && last !== undefined ? String(last.revision) : null,
  };
}
