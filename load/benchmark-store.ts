import { startEmbeddedEventStore } from '../src/embedded-eventstore/index.js';

/** The embedded event store in a process of its own: the store of both the bare client and the service. */
const store = await startEmbeddedEventStore({ directory: process.argv[2] ?? 'memory' });
process.once('SIGTERM', () => void store.stop().then(() => process.exit(0)));
process.send?.({ url: store.url });
