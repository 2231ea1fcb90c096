/**
 * A process with open stores, for tests that kill it. The argument is that of openStores, as JSON. Runs the built code.
 * Prints each event as a line of JSON, reads one command per line, and closes when its standard input ends.
 */
import { closeSync, openSync } from 'node:fs';
import { openStores } from '../../dist/src/data-directory/index.js';

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const stores = await openStores({ ...JSON.parse(process.argv[2]), onEvent: (event) => print({ event }) });
const { role, eventstoreUrl, databaseUrl } = stores;
print({ opened: { role, eventstoreUrl, databaseUrl } });
const held = [];
const orders = {
  exhaust() {
    try {
      for (;;) held.push(openSync('/dev/null'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
  },
  recover: () => held.splice(0).forEach((file) => closeSync(file)),
};
process.stdin.on('data', (chunk) =>
  chunk
    .toString()
    .split('\n')
    .filter(Boolean)
    .forEach((order) => orders[order]()),
);
process.stdin.once('end', async () => {
  await stores.close();
  print({ closed: true });
});
