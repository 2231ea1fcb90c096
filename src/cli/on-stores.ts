import { derivations } from '../../derivations/index.js';
import { projections } from '../../projections/index.js';
import { loadStoresConfig } from '../config.js';
import { openLedger } from '../data-directory/index.js';
import { environment } from '../environment.js';
import { connectEventStore } from '../eventstore/event-store.js';
import { Database } from '../read-models/database.js';
import { ensureSchema, hasSchema } from '../read-models/schema.js';
import { UsageError, type Context, type Given } from './command.js';

const CONNECTIONS_MAX = 4;
const INTERRUPTED_EXIT = 130;

/**
 * Connects to the stores of a ledger that exists, works, and ends in order, also when interrupted; a second interrupt
 * ends at once. @throws UsageError where there is no ledger: a mistyped folder must not become a new one
 */
export async function onStores(given: Given, work: (context: Context) => Promise<number>): Promise<number> {
  const dataDirectory = given.values['data-dir'];
  const config = loadStoresConfig({
    ...environment(),
    ...(typeof dataDirectory === 'string' ? { DATA_DIR: dataDirectory } : {}),
  });
  const report = (text: string) => void process.stderr.write(`${text}\n`);
  const interrupting = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupting.signal.aborted) process.exit(INTERRUPTED_EXIT);
      interrupting.abort();
    });
  }
  const stores = await openLedger(config);
  const store = connectEventStore(stores.eventstoreUrl);
  const database = new Database(stores.databaseUrl, {
    connectionsMax: CONNECTIONS_MAX,
    onIdleError: (error) => report(`Postgres closed a connection: ${error.message}`),
  });
  try {
    if (!(await hasSchema(database)))
      throw new UsageError(
        'There is no ledger in this Postgres: it has no schema "ledger". Check DATABASE_URL, or start the service, which makes it.',
      );
    await ensureSchema(database, [...projections, ...derivations]);
    const exit = await work({
      parts: { store, database, projections },
      signal: interrupting.signal,
      report,
      print: (text) => void process.stdout.write(`${text}\n`),
      printed: () => new Promise((written) => process.stdout.write('', () => written())),
    });
    return interrupting.signal.aborted ? INTERRUPTED_EXIT : exit;
  } finally {
    await Promise.all([store.close(), database.close()]);
    await stores.close();
  }
}
