/**
 * `npm run test:real`: all suites on a real event store that all spec files share, and on a Postgres that runs elsewhere.
 * EVENTSTORE_URL (and DATABASE_URL, else the embedded Postgres) name servers that run; without them the two of
 * docker-compose.yml are started for the run, with empty volumes, on ports of their own. Arguments go to the test runner.
 */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { connectEventStore } from '../dist/src/eventstore/event-store.js';
import { lastPosition } from '../dist/src/eventstore/read.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PROJECT = 'subscription-ledger-tests';
const HEALTHY_WITHIN_S = 180;

/** Ends the run with what is to be done. */
class Unable extends Error {}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs docker; compose checks the settings of all services, also of the ledger, which is not started. */
function docker(args, { ports = {}, quiet = false } = {}) {
  const env = { ...process.env, STRIPE_WEBHOOK_SECRETS: 'none', API_TOKENS: 'none', ...ports };
  const { status, error } = spawnSync('docker', args, { cwd: root, env, stdio: quiet ? 'ignore' : 'inherit' });
  return error === undefined && status === 0;
}

const FILES = ['docker-compose.yml', join('test', 'docker-compose.yml')].flatMap((file) => ['--file', file]);
const compose = (args, options) => docker(['compose', '--project-name', PROJECT, ...FILES, ...args], options);

function checkDocker() {
  const otherwise = 'Or name servers that run: EVENTSTORE_URL=esdb://… DATABASE_URL=postgres://… npm run test:real';
  if (!docker(['--version'], { quiet: true })) throw new Unable(`There is no docker command here. Install Docker with its compose plugin. ${otherwise}`);
  if (!docker(['compose', 'version'], { quiet: true })) throw new Unable(`Docker has no compose plugin here. Install it. ${otherwise}`);
  if (!docker(['info'], { quiet: true })) throw new Unable(`No Docker engine answers. Start it, or let this user reach it. ${otherwise}`);
}

/** Starts the servers of docker-compose.yml; `stop` removes them with all that they hold. */
async function startServers() {
  checkDocker();
  const ports = { EVENTSTORE_PORT: String(await freePort()), POSTGRES_PORT: String(await freePort()), POSTGRES_PASSWORD: 'ledger' };
  const stop = () => compose(['down', '--volumes', '--timeout', '20'], { ports });
  stop(); // what an earlier run left that was killed
  if (!compose(['up', '--detach', '--wait', '--wait-timeout', String(HEALTHY_WITHIN_S), 'eventstore', 'postgres'], { ports })) {
    compose(['logs', '--tail', '50'], { ports });
    stop();
    throw new Unable(`The servers of docker-compose.yml were not healthy within ${HEALTHY_WITHIN_S} s; what they said is above.`);
  }
  return {
    EVENTSTORE_URL: `esdb://127.0.0.1:${ports.EVENTSTORE_PORT}?tls=false`,
    DATABASE_URL: `postgres://ledger:ledger@127.0.0.1:${ports.POSTGRES_PORT}/ledger`,
    stop,
  };
}

/** Some tests put a proxy of theirs before the store: it must be one node, and speak without TLS. */
const ONE_NODE = /^esdb:\/\/[^@,/]+:\d+\/?\?.*\btls=false\b/;

async function checkEventStore(url) {
  if (!ONE_NODE.test(url)) throw new Unable('EVENTSTORE_URL must name one node without TLS and users, as esdb://127.0.0.1:2113?tls=false: the tests put a proxy before it.');
  const store = connectEventStore(url);
  try {
    await lastPosition(store);
  } catch (error) {
    throw new Unable(`The event store of EVENTSTORE_URL cannot be read: ${error.message}`);
  } finally {
    await store.close();
  }
}

/** Each spec file makes a database of its own. */
async function checkPostgres(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query('select rolcreatedb or rolsuper as creates from pg_roles where rolname = current_user');
    if (rows[0]?.creates !== true) throw new Error('its user may not create databases, as each spec file does; ALTER ROLE … CREATEDB lets it');
  } catch (error) {
    throw new Unable(`The Postgres of DATABASE_URL cannot be used: ${error.message}`);
  } finally {
    await client.end();
  }
}

async function main() {
  const { EVENTSTORE_URL: given, DATABASE_URL: database } = process.env;
  if (given === undefined && database !== undefined) throw new Unable('DATABASE_URL is given alone. Give EVENTSTORE_URL too, or neither.');
  const servers = given === undefined ? await startServers() : { EVENTSTORE_URL: given, DATABASE_URL: database, stop: () => undefined };
  try {
    await checkEventStore(servers.EVENTSTORE_URL);
    if (servers.DATABASE_URL !== undefined) await checkPostgres(servers.DATABASE_URL);
    const { stop, ...urls } = servers;
    const runner = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', runner, ...process.argv.slice(2)];
    return spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...urls }, stdio: 'inherit' }).status ?? 1;
  } finally {
    servers.stop();
  }
}

// Ctrl-C reaches the tests too, which end; the servers are stopped after them.
process.on('SIGINT', () => undefined);
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Unable)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
