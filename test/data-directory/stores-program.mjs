/**
 * A process with open stores, for tests that kill one: arguments are those of openStores as JSON. Runs the built code.
 * Prints a line of JSON for each event; closes when its standard input ends.
 */
import { openStores } from '../../dist/src/data-directory/index.js';

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const stores = await openStores({ ...JSON.parse(process.argv[2]), onEvent: (event) => print({ event }) });
const { role, eventstoreUrl, databaseUrl } = stores;
print({ opened: { role, eventstoreUrl, databaseUrl } });
process.stdin.resume().once('end', async () => {
  await stores.close();
  print({ closed: true });
});
