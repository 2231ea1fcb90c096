import { derivations } from '../../derivations/index.js';
import { projections } from '../../projections/index.js';
import { loadMoneyPolicy, loadStoresConfig } from '../config/config.js';
import { Deriver } from '../deriving/deriver.js';
import { openLedger } from '../data-directory/index.js';
import { environment } from '../config/environment.js';
import { connectEventStore } from '../eventstore/event-store.js';
import { Database } from '../read-models/database.js';
import { ensureSchema, hasSchema } from '../read-models/schema.js';
import { textOption, UsageError, type Command, type Given } from './command.js';
import { onTerminal } from './terminal.js';

const CONNECTIONS_MAX = 4;

/** The environment, with DATA_DIR from the command line if given. */
export function environmentOf(given: Given): Readonly<Record<string, string | undefined>> {
  const dataDirectory = textOption(given, 'data-dir');
  return { ...environment(), ...(dataDirectory === undefined ? {} : { DATA_DIR: dataDirectory }) };
}

/**
 * Connects to the stores of an existing ledger, runs a command, and closes in order, also when interrupted.
 * @throws NoLedgerError or UsageError where there is no ledger: a mistyped folder must not become a new one
 */
export const onStores = (command: Command, given: Given): Promise<number> =>
  onTerminal(async (terminal) => {
    const stores = await openLedger(loadStoresConfig(environmentOf(given)));
    const store = connectEventStore(stores.eventstoreUrl);
    const database = new Database(stores.databaseUrl, {
      connectionsMax: CONNECTIONS_MAX,
      onIdleError: (error) => terminal.report(`Postgres closed a connection: ${error.message}`),
    });
    try {
      if (!(await hasSchema(database)))
        throw new UsageError(
          'This Postgres has no ledger (no schema "ledger"). Check DATABASE_URL, or start the service, which creates it.',
        );
      await ensureSchema(database, [...projections, ...derivations]);
      const deriver = new Deriver({ projections, derivations, policy: loadMoneyPolicy(environmentOf(given)) });
      return await command.run(given, { ...terminal, parts: { store, database, projections, deriver } });
    } finally {
      await Promise.all([store.close(), database.close()]);
      await stores.close();
    }
  });
