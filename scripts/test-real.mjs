/**
 * `npm run test:real`: runs all suites on one real event store, shared by all spec files, and on a real Postgres.
 * EVENTSTORE_URL and DATABASE_URL name running servers; without DATABASE_URL the tests use the embedded Postgres. With
 * neither, the script starts the two servers of docker-compose.yml, empty, on free ports. Arguments go to jest.
 */
import { EventStoreDBClient } from '@eventstore/db-client';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../dist/packages/embedded-postgres/src/free-port.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PROJECT = 'subscription-ledger-tests';
const FILES = ['docker-compose.yml', join('test', 'docker-compose.yml')].flatMap((file) => ['--file', file]);
const HEALTHY_WITHIN_S = 180;
const OTHERWISE = 'Or name running servers: EVENTSTORE_URL=esdb://… DATABASE_URL=postgres://… npm run test:real';

/** Ends the run; the message says what to do. */
class Unable extends Error {}

/** Runs docker; returns whether it succeeded. */
function docker(args, { settings = {}, quiet = false } = {}) {
  const env = { ...process.env, ...settings };
  const { status, error } = spawnSync('docker', args, { cwd: root, env, stdio: quiet ? 'ignore' : 'inherit' });
  return error === undefined && status === 0;
}

function checkDocker() {
  const answers = (...args) => docker(args, { quiet: true });
  if (!answers('--version')) throw new Unable(`There is no docker command here. Install Docker. ${OTHERWISE}`);
  if (!answers('compose', 'version')) throw new Unable(`Docker has no compose plugin. Install it. ${OTHERWISE}`);
  if (!answers('info'))
    throw new Unable(`No Docker engine answers. Start it, or give this user access to it. ${OTHERWISE}`);
}

/** Starts the servers of docker-compose.yml; `stop` removes them with their data. */
async function startServers() {
  checkDocker();
  const [store, postgres] = [await freePort(), await freePort()];
  // Compose also requires the variables of the ledger, which is not started.
  const settings = {
    EVENTSTORE_PORT: String(store),
    POSTGRES_PORT: String(postgres),
    POSTGRES_PASSWORD: 'ledger',
    STRIPE_WEBHOOK_SECRETS: 'none',
    API_TOKENS: 'none',
  };
  const compose = (...args) => docker(['compose', '--project-name', PROJECT, ...FILES, ...args], { settings });
  const stop = () => compose('down', '--volumes', '--timeout', '20');
  stop(); // the servers of an earlier run that was killed
  if (!compose('up', '--detach', '--wait', '--wait-timeout', String(HEALTHY_WITHIN_S), 'eventstore', 'postgres')) {
    compose('logs', '--tail', '50');
    stop();
    throw new Unable(`The servers were not healthy within ${HEALTHY_WITHIN_S} s; their output is above.`);
  }
  return {
    EVENTSTORE_URL: `esdb://127.0.0.1:${store}?tls=false`,
    DATABASE_URL: `postgres://ledger:ledger@127.0.0.1:${postgres}/ledger`,
    stop,
  };
}

/** Some tests put a proxy before the store, so it must be a single node without TLS. */
const ONE_NODE = /^esdb:\/\/[^@,/]+:\d+\/?\?.*\btls=false\b/;

async function checkEventStore(url) {
  if (!ONE_NODE.test(url)) {
    const example = 'esdb://127.0.0.1:2113?tls=false';
    throw new Unable(
      `EVENTSTORE_URL must name one node without TLS and users, as ${example}: tests put a proxy in front of it.`,
    );
  }
  const client = EventStoreDBClient.connectionString(url);
  try {
    for await (const event of client.readAll({ maxCount: 1 })) void event;
  } catch (error) {
    throw new Unable(`The event store of EVENTSTORE_URL cannot be read: ${error.message}`);
  } finally {
    await client.dispose();
  }
}

/** Checks that the user may create databases: each spec file creates its own. */
async function checkPostgres(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const right = 'select rolcreatedb or rolsuper as creates from pg_roles where rolname = current_user';
    const { rows } = await client.query(right);
    if (rows[0]?.creates !== true) throw new Error('its user may not create databases; ALTER ROLE … CREATEDB lets it');
  } catch (error) {
    throw new Unable(`The Postgres of DATABASE_URL cannot be used: ${error.message}`);
  } finally {
    await client.end();
  }
}

/** Returns the running servers that the environment names, or starts some. */
async function servers() {
  const { EVENTSTORE_URL, DATABASE_URL } = process.env;
  if (EVENTSTORE_URL !== undefined) return { EVENTSTORE_URL, DATABASE_URL, stop: () => undefined };
  if (DATABASE_URL !== undefined) throw new Unable('Only DATABASE_URL is set. Set EVENTSTORE_URL too, or neither.');
  return startServers();
}

function runTests(urls) {
  const runner = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const args = [...options, runner, ...process.argv.slice(2)];
  return (
    spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...urls }, stdio: 'inherit' }).status ?? 1
  );
}

async function main() {
  const { stop, ...urls } = await servers();
  try {
    await checkEventStore(urls.EVENTSTORE_URL);
    if (urls.DATABASE_URL !== undefined) await checkPostgres(urls.DATABASE_URL);
    return runTests(urls);
  } finally {
    stop();
  }
}

// Ctrl-C also ends the tests; the servers are stopped after them.
process.on('SIGINT', () => undefined);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Unable)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
