import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../scripts/test-real.mjs', import.meta.url));

/** Runs `npm run test:real` without Docker in this environment; it must fail before it runs tests. */
function testReal(env: Record<string, string>): { code: number | null; told: string } {
  const options = { env: { PATH: '/nowhere', ...env }, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--listTests'], options);
  return { code: status, told: stderr };
}

const ONE_NODE = /must name one node without TLS/;

it.each<readonly [string, Record<string, string>, RegExp]>([
  ['there is no Docker and no server is given', {}, /no docker command here.* EVENTSTORE_URL=esdb:\/\//],
  ['only a Postgres is given', { DATABASE_URL: 'postgres://ledger@127.0.0.1:1/ledger' }, /Set EVENTSTORE_URL too/],
  ['the event store is a cluster', { EVENTSTORE_URL: 'esdb://127.0.0.1:1,127.0.0.1:2?tls=false' }, ONE_NODE],
  ['the event store has TLS', { EVENTSTORE_URL: 'esdb://admin:changeit@127.0.0.1:1?tlsCAFile=ca.crt' }, ONE_NODE],
  [
    'the event store does not answer',
    { EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' },
    /cannot be read: .*127\.0\.0\.1:1/,
  ],
])('the tests on real servers do not run, and say what to do, when %s', (_, env, message) => {
  expect(testReal(env)).toEqual({ code: 1, told: expect.stringMatching(message) });
});
