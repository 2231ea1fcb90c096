/** Stops the Postgres of a test run and removes its files, however the run ends. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../dist/packages/embedded-postgres/src/index.js';

const [directory] = process.argv.slice(2);
process.stdin.resume();
process.stdin.on('error', () => undefined);
process.stdin.on('close', async () => {
  // The run has cleaned up itself.
  if (!existsSync(directory)) return;
  // Starting adopts a running Postgres; otherwise it starts one, and only the files need removal.
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});
