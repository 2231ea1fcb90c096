import { startEmbeddedEventStore } from '../packages/embedded-eventstore/src/index.js';

/** The embedded event store in a separate process, so that its cost can be measured apart from its clients'. */

/** Resources the store's process has used since its start. */
export interface Usage {
  readonly cpuUs: number;
  readonly rssMaxBytes: number;
}

/** Sampled, since the maximum that the system reports includes the parent process. */
const SAMPLE_MS = 50;
let rssMaxBytes = 0;
const sample = (): number => (rssMaxBytes = Math.max(rssMaxBytes, process.memoryUsage.rss()));
setInterval(sample, SAMPLE_MS).unref();

const startedMs = performance.now();
const store = await startEmbeddedEventStore({ directory: process.argv[2] ?? 'memory' });
const startMs = performance.now() - startedMs;
process.once('SIGTERM', () => void store.stop().then(() => process.exit(0)));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system, rssMaxBytes: sample() } satisfies Usage);
});
process.send?.({ url: store.url, startMs });
