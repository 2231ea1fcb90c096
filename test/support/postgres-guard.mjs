/** Stops the Postgres of a test run, and removes its files, once the run that started it has ended in whatever way. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../dist/packages/embedded-postgres/src/index.js';

const [directory] = process.argv.slice(2);
process.stdin.resume();
process.stdin.on('error', () => undefined);
process.stdin.on('close', async () => {
  // The run has done so itself, as it should.
  if (!existsSync(directory)) return;
  // One that runs is adopted; of one that does not there is nothing but its files.
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});
