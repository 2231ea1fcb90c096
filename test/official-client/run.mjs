/**
 * Runs the official Node client's own specs against the embedded server:
 *
 *   npm run official-specs -- <checkout of EventStore-Client-NodeJS, tag v6.2.1> [arguments of jest]
 *
 * The checkout stays unchanged. In a copy of its specs, matchers that jest 30 removed and the error of a dropped
 * connection get their present names, `utils/Cluster` is mapped to `cluster.ts` beside this file, and
 * `utils/enableVersionCheck` is replaced, since jest maps no environments.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { startEmbeddedEventStore } from '../../dist/packages/embedded-eventstore/src/index.js';
import { LEFT_OUT_SPECS, LEFT_OUT_TESTS } from './left-out.mjs';

const [checkout, ...jestArguments] = process.argv.slice(2);
const specs = resolve(checkout ?? '', 'packages/test/src');
if (checkout === undefined || !existsSync(join(specs, 'utils'))) {
  console.error('Name a checkout of EventStore-Client-NodeJS at v6.2.1: its folder packages/test/src holds the specs.');
  process.exit(2);
}

async function serverVersion() {
  const store = await startEmbeddedEventStore({ directory: 'memory' });
  const client = EventStoreDBClient.connectionString(store.url);
  const { serverVersion } = await client.capabilities;
  await client.dispose();
  await store.stop();
  return serverVersion;
}

const RENAMED_MATCHERS = {
  toThrowError: 'toThrow',
  toBeCalled: 'toHaveBeenCalled',
  toBeCalledTimes: 'toHaveBeenCalledTimes',
  toBeCalledWith: 'toHaveBeenCalledWith',
};

/**
 * At v6.2.1, `mid-stream` expects a cancelled call for a dropped connection, as grpc-js reported it before 1.12.4
 * (grpc-node#2340, which the client's maintainers filed with this spec; fixed by #2862). Their later version expects
 * this.
 */
const DROPPED_CONNECTION = [
  'expect(error).toBeInstanceOf(CancelledError)',
  "expect(error).toMatchObject({ type: 'unavailable' })",
];

function copySpecs() {
  rmSync(copy, { recursive: true, force: true });
  cpSync(specs, copy, { recursive: true });
  for (const file of readdirSync(copy, { recursive: true }).filter((name) => name.endsWith('.test.ts'))) {
    const source = readFileSync(join(copy, file), 'utf8');
    const renamed = source.replace(
      /\.(toThrowError|toBeCalled\w*)\(/g,
      (_, matcher) => `.${RENAMED_MATCHERS[matcher]}(`,
    );
    writeFileSync(join(copy, file), renamed.replace(...DROPPED_CONNECTION));
  }
}

const copy = resolve('dist-official-client/src');
copySpecs();
copyFileSync(join(import.meta.dirname, 'version-check.cjs'), join(copy, 'utils/enableVersionCheck.ts'));

const escaped = (text) => text.replace(/[$()\\.]/g, '\\$&');
const leftOut = `^(?!.*(${Object.keys(LEFT_OUT_TESTS).map(escaped).join('|')})$)`;
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--config',
  join(import.meta.dirname, 'jest.config.mjs'),
  '-t',
  leftOut,
  ...jestArguments,
];
const { status } = spawnSync(process.execPath, jest, {
  stdio: 'inherit',
  env: { ...process.env, OFFICIAL_CLIENT_SERVER_VERSION: await serverVersion() },
});

console.log('Left out, and why:');
for (const [name, reason] of Object.entries({ ...LEFT_OUT_SPECS, ...LEFT_OUT_TESTS }))
  console.log(`- ${name}: ${reason}`);
process.exit(status ?? 1);
