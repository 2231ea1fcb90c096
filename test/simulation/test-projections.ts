import { count, id, text } from '../../projections/columns.js';
import { allBut, defineProjection, type Fact } from '../../projections/projection.js';
import type { NewEvent } from './log.js';

/**
 * What a test event does to its object. `fragile` fails after `break`; `claim` and `drop` name a row that other streams
 * may claim too.
 */
export type Deed = Readonly<
  { does: 'note' | 'throw' | 'break' | 'fragile' | 'reject' } | { does: 'claim' | 'drop'; key: string }
>;

type Notes = Readonly<{
  id: string | null;
  count: number;
  seen: number;
  last: Deed['does'] | null;
  claims: readonly string[];
}>;

const others = allBut('coupon');
const columns = { id: id(), note: text(), count: count(), seen: text() };

/** A hash of the order in which events were folded, and how often each was. */
const seenWith = (seen: number, { order: { eventId } }: Fact): number => {
  let hash = seen;
  for (let at = 0; at < eventId.length; at += 1) hash = (Math.imul(hash, 31) + eventId.charCodeAt(at)) | 0;
  return hash;
};

/** One state per object; the events determine what goes wrong. */
export const notes = defineProjection({
  name: 'notes',
  version: 1,
  tables: { notes: { columns, key: ['id'], indexes: [] } },
  initial: (): Notes => ({ id: null, count: 0, seen: 0, last: null, claims: [] }),
  evolve: {
    coupon: (state, fact) => {
      const deed = JSON.parse(String(fact.snapshot.name)) as Deed;
      if (deed.does === 'throw' || (deed.does === 'fragile' && state.last === 'break'))
        throw new Error('The event cannot be folded.');
      const claims =
        deed.does === 'claim'
          ? [...new Set([...state.claims, deed.key])]
          : deed.does === 'drop'
            ? state.claims.filter((key) => key !== deed.key)
            : state.claims;
      return {
        id: fact.snapshot.id,
        count: state.count + 1,
        seen: seenWith(state.seen, fact),
        last: deed.does,
        claims,
      };
    },
    ...others,
  },
  rows: ({ id: name, count: counted, seen, last, claims }) => ({
    notes:
      name === null
        ? []
        : [
            { id: name, note: last === 'reject' ? 'rejected' : (last ?? ''), count: counted, seen: String(seen) },
            ...claims.map((key) => ({ id: key, note: 'claimed', count: counted, seen: '' })),
          ],
  }),
});

type Tally = Readonly<{ id: string | null; count: number; seen: number }>;

/** One state for all objects of a stream, except irrelevant ones. */
export const tallies = defineProjection({
  name: 'tallies',
  version: 1,
  tables: { tallies: { columns, key: ['id'], indexes: [] } },
  objectOf: ({ order: { objectKey } }) => (objectKey.endsWith(' unheeded') ? null : 'all'),
  initial: (): Tally => ({ id: null, count: 0, seen: 0 }),
  evolve: {
    coupon: (state, fact) => ({
      id: state.id ?? fact.snapshot.id.split('/')[0] ?? '',
      count: state.count + 1,
      seen: seenWith(state.seen, fact),
    }),
    ...others,
  },
  rows: ({ id: name, count: counted, seen }) => ({
    tallies: name === null ? [] : [{ id: name, note: 'tally', count: counted, seen: String(seen) }],
  }),
});

type Noted = Readonly<{
  eventId: string;
  object: string;
  created: number;
  before: string | null;
  after: string;
  deed: Deed;
}>;

/** An event about a coupon as the engine reads it; its content is the deed. */
export function notedEvent({ eventId, object, created, before, after, deed }: Noted): NewEvent {
  const fact = {
    snapshot: { kind: 'coupon', id: object, name: JSON.stringify(deed), terms: null, livemode: false, account: null },
    event: {
      stripeEventId: eventId,
      type: 'coupon.updated',
      created: new Date(created * 1000).toISOString(),
      apiVersion: null,
    },
    order: {
      eventId,
      created,
      kindRank: 1,
      objectKey: `coupon ${object}`,
      phase: 1,
      lifecycleRank: 0,
      isOneWay: false,
      apiVersion: null,
      after,
      before,
      ours: { after, before },
    },
  };
  return {
    eventId,
    type: 'coupon.updated',
    metadata: metadataOf(eventId),
    content: { kind: 'fact', fact: fact as unknown as Fact },
  };
}

/** An unreadable event. Its place among others is known from a readable one (`as`), or unknown. */
export const unreadableEvent = (eventId: string, as: NewEvent | null): NewEvent => ({
  eventId,
  type: 'coupon.updated',
  metadata: metadataOf(eventId),
  content: {
    kind: 'unreadable',
    of: 'coupon',
    order: as?.content.kind === 'fact' ? as.content.fact.order : null,
    error: new Error('The event cannot be read.'),
  },
});

/** An event not written by the ledger. */
export const foreignEvent = (eventId: string): NewEvent => ({
  eventId,
  type: 'foreign',
  metadata: null,
  content: { kind: 'nothing' },
});

const metadataOf = (stripeEventId: string): NewEvent['metadata'] => ({
  format: 2,
  source: 'webhook',
  stripeEventId,
  apiVersion: null,
  account: null,
  livemode: false,
  endpoint: 'tests',
  receivedAt: null,
  signedAt: null,
  bodySha256: '',
  contentHash: '',
});
