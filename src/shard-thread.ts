/** The program of a thread that projects a share of all streams, up to a position in the log. */
import { parentPort, workerData } from 'node:worker_threads';
import { derivations } from '../derivations/index.js';
import { projections } from '../projections/index.js';
import { kindsOf } from '../projections/projection.js';
import { DealtLog } from './catch-up/dealt-log.js';
import { Follower, type Followed } from './catch-up/follower.js';
import { Deriver } from './deriving/deriver.js';
import { connectEventStore } from './eventstore/event-store.js';
import { Patience } from './projector/away.js';
import { placeOf } from './projector/group.js';
import { readModelsIn } from './projector/postgres-read-models.js';
import { Projector } from './projector/projector.js';
import { eventReader } from './projector/stream-reading.js';
import { Database } from './read-models/database.js';
import type { ForShard, ShardMessage, ShardThreadData } from './rebuild/shards.js';

if (!parentPort) throw new Error('This module is a worker thread of a build: start it with followInShards.');
const parent = parentPort;
const { eventstoreUrl, databaseUrl, group, until, batchMax } = workerData as ShardThreadData;
const post = (message: ShardMessage): void => parent.postMessage(message);

/** One connection for the batch, one for concurrent reads. */
const CONNECTIONS_MAX = 2;
const store = connectEventStore(eventstoreUrl);
const database = new Database(databaseUrl, { connectionsMax: CONNECTIONS_MAX, onIdleError: () => undefined });
const stopping = new AbortController();
const log = new DealtLog(kindsOf(projections), (bytes) => post({ kind: 'taken', bytes }));
parent.on('message', (message: ForShard) => {
  if (message.kind === 'dealt') log.put(message.deal);
  else stopping.abort();
});

async function follow(): Promise<Followed['kind']> {
  const projector = new Projector({
    reader: eventReader(store, projections),
    // This thread only notes the keys of derived rows; they are derived elsewhere.
    models: readModelsIn(database, new Deriver({ projections, derivations, policy: {} })),
    projections,
    isShard: true,
  });
  const patience = new Patience(stopping.signal);
  const { kind } = await new Follower(log.readLog, {
    apply: (events, place) => patience.insist(() => projector.apply(events, place)),
  }).follow(group, {
    until,
    batchMax,
    signal: stopping.signal,
    applied: ({ events, result, tookMs, position, recordedAt, group: reached }) => {
      const at = placeOf(reached);
      if (at !== null) post({ kind: 'applied', batch: { events, result, tookMs, position, recordedAt }, at });
    },
  });
  return kind;
}

await follow().then(
  (how) => post({ kind: 'ended', how }),
  (error: unknown) => post({ kind: 'failed', cause: error instanceof Error ? error.message : String(error) }),
);
await database.close();
process.exit();
