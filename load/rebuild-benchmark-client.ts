import { excludeSystemEvents, START } from '@eventstore/db-client';
import type { AppliedBatch } from '../src/catch-up/follower.js';
import { Deriver } from '../src/deriving/deriver.js';
import { build } from '../src/rebuild/build.js';
import { officialClient } from '../src/eventstore/client.js';
import { connectEventStore, type EventStore } from '../src/eventstore/event-store.js';
import { boundHeaps } from '../src/heaps.js';
import { LogEndSearch } from '../src/eventstore/log-end.js';
import { Database } from '../src/read-models/database.js';
import { readCheckpoints } from '../src/read-models/checkpoints.js';
import { ensureSchema } from '../src/read-models/schema.js';
import { projections } from '../projections/index.js';

/** A separate process that reads the whole log, or builds all read models from it, when the benchmark asks. */

export interface RebuildTask {
  /**
   * `read`: with the official client's defaults; `wide-read`: with the service's client and its wider HTTP/2 window.
   */
  readonly way: 'read' | 'wide-read' | 'build';
  readonly eventstoreUrl: string;
  /** The empty database to build in. */
  readonly databaseUrl: string;
  /** The number of workers that build. */
  readonly workers?: number;
}

export interface RebuildResult {
  readonly events: number;
  readonly seconds: number;
  /** Processor time of this process, in seconds. */
  readonly cpuSeconds: number;
  readonly rssMaxBytes: number;
}

/** Sampled, since the maximum that the system reports includes the parent process. */
const SAMPLE_MS = 50;
let rssMaxBytes = 0;
const sample = (): number => (rssMaxBytes = Math.max(rssMaxBytes, process.memoryUsage.rss()));
setInterval(sample, SAMPLE_MS).unref();

const BUFFERED_MAX = 4_000;

const ALL = { fromPosition: START, filter: excludeSystemEvents() } as const;
const wideSubscription = (store: EventStore) =>
  store.subscriptions.subscribeToAll(ALL, { highWaterMark: BUFFERED_MAX });
const bareSubscription = ({ url }: EventStore) =>
  officialClient(url).subscribeToAll(ALL, { highWaterMark: BUFFERED_MAX });

async function readAll(store: EventStore, subscribe: typeof wideSubscription): Promise<number> {
  const end = await new LogEndSearch(store).find();
  let events = 0;
  if (end.kind !== 'at') return events;
  for await (const { event } of subscribe(store)) {
    events += 1;
    if ((event?.position?.commit ?? 0n) >= end.position) break;
  }
  return events;
}

async function buildAll(store: EventStore, database: Database, workers: number): Promise<number> {
  boundHeaps();
  await ensureSchema(database, projections);
  let events = 0;
  const names = (await readCheckpoints(database)).map(({ name }) => name);
  const applied = (batch: AppliedBatch): void => {
    events += batch.events;
  };
  const outcome = await build(
    { store, database, projections, deriver: new Deriver({ projections, derivations: [], policy: {} }), workers },
    { generations: names, signal: new AbortController().signal, applied },
  );
  if (outcome.kind !== 'built') throw new Error(`The build ended as ${JSON.stringify(outcome)}.`);
  return events;
}

async function measure({ way, eventstoreUrl, databaseUrl, workers = 1 }: RebuildTask): Promise<RebuildResult> {
  const store = connectEventStore(eventstoreUrl);
  const database = new Database(databaseUrl, { connectionsMax: 4, onIdleError: () => undefined });
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const events = await (way === 'build'
    ? buildAll(store, database, workers)
    : readAll(store, way === 'read' ? bareSubscription : wideSubscription));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all([store.close(), database.close()]);
  return { events, seconds, cpuSeconds: (user + system) / 1e6, rssMaxBytes: sample() };
}

process.on('message', (task: RebuildTask) => {
  measure(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
