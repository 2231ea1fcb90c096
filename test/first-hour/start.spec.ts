/** The service as a newcomer starts it: what it reads, rejects and prints. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { ServiceLogger } from '../../src/logger.js';
import { READ_TOKEN, SECRET } from '../support/delivery.js';
import { scratchFolder } from '../support/scratch.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';

const SERVICE = resolve('dist/src/main.js');
const SECRETS = { STRIPE_WEBHOOK_SECRETS: `tests=${SECRET}`, API_TOKENS: `read=${READ_TOKEN}` };
const NOWHERE = { EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false', DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' };

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
beforeEach(async () => {
  scratch = await scratchFolder();
  await chmod(scratch.path, 0o711);
});
afterEach(() => scratch.remove());

/**
 * Starts the service in the test's folder, and stops it when its output matches `until`; `then` runs before the stop.
 */
async function start(
  environment: Record<string, string>,
  { until = /Listening on/, then = () => undefined }: { until?: RegExp; then?: (output: string) => unknown } = {},
) {
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', ...environment };
  const child = spawn(process.execPath, [SERVICE], { cwd: scratch.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let isMet = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (isMet || !until.test(output)) return;
    isMet = true;
    void Promise.resolve(then(output)).finally(() => child.kill('SIGTERM'));
  });
  const [[code], errors] = (await Promise.all([once(child, 'close'), text(child.stderr)])) as [[number], string];
  return { code, output, errors };
}

describe('a file .env in the current folder', () => {
  let stores: readonly TestServer[];
  beforeEach(async () => {
    stores = await Promise.all([testEventStore(), testDatabase()]);
  });
  afterEach(() => Promise.all(stores.map((store) => store.stop())));

  it('configures the service, and the environment goes before it', async () => {
    const [eventStore, database] = stores;
    const lines = { ...SECRETS, NODE_ENV: 'production', EVENTSTORE_URL: eventStore?.url, DATABASE_URL: database?.url };
    const file = Object.entries({ ...lines, LOG_LEVEL: 'loud' }).map(([name, value]) => `${name}='${value}'`);
    await writeFile(join(scratch.path, '.env'), `# production\n${file.join('\n')}\n`);
    expect(await start({})).toMatchObject({ code: 1, errors: expect.stringMatching(/LOG_LEVEL: must be one of/) });
    let status = 0;
    const read = async (output: string) => {
      const [, url] = /Listening on (http:\S+?)\."/.exec(output) ?? [];
      const headers = { authorization: `Bearer ${READ_TOKEN}` };
      ({ status } = await fetch(`${url}/metrics`, { headers }));
    };
    expect(await start({ LOG_LEVEL: 'info' }, { then: read })).toMatchObject({ code: 0, errors: '' });
    expect(status).toBe(200);
  }, 60_000);
});

it('stops when a signal ends the shell that npm has started it in', async () => {
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', npm_lifecycle_event: 'start', ...SECRETS, ...NOWHERE };
  // A shell with a further command does not exec the program.
  const line = `"${process.execPath}" "${SERVICE}"; true`;
  const shell = spawn('/bin/sh', ['-c', line], { cwd: scratch.path, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (/Listening on/.test(output)) shell.kill('SIGTERM');
  });
  // The service keeps the pipe open until it exits.
  await once(shell, 'close');
  expect(output).toMatch(/Stopping: SIGTERM.*Stopped\./s);
}, 60_000);

describe('a misspelt variable', () => {
  const MISSPELT = { STRIPE_WEBHOOK_SECRET: SECRET, API_TOKENS: SECRETS.API_TOKENS, ...NOWHERE };
  const NAMED = /STRIPE_WEBHOOK_SECRET is not read; did you mean STRIPE_WEBHOOK_SECRETS\?/;

  it('is named in a warning in development', async () => {
    const { code, output } = await start(MISSPELT);
    expect(output).toMatch(NAMED);
    expect(output).not.toContain(SECRET);
    expect(code).toBe(0);
  });

  it('ends the start in production', async () => {
    const { code, errors } = await start({ ...MISSPELT, NODE_ENV: 'production' });
    expect(errors).toMatch(NAMED);
    expect(errors).not.toContain(SECRET);
    expect(code).toBe(1);
  });
});

it('at a port that is taken, makes nothing', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  try {
    const { code, errors } = await start({ PORT: String(port) });
    expect(errors).toMatch(new RegExp(`^Port ${port} of 127.0.0.1 is in use.* PORT=${port + 1}\\.\\n$`));
    expect(code).toBe(1);
    expect(existsSync(join(scratch.path, 'data'))).toBe(false);
  } finally {
    occupant.close();
  }
});

it('at an address of another machine, reports so', async () => {
  const { code, errors } = await start({ HOST: '192.0.2.1', PORT: '4242' });
  expect(errors).toMatch(/^"192\.0\.2\.1" is not an address of this machine\. Set HOST to .*\n$/);
  expect(code).toBe(1);
});

describe('the log names the variable of the server that does not answer', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['Postgres', NOWHERE, /Postgres \(DATABASE_URL\) does not answer: connect ECONNREFUSED 127\.0\.0\.1:1\. Retrying/],
  ])('%s', async (_name, environment, line) => {
    const { code, output } = await start({ ...SECRETS, ...environment }, { until: line });
    expect(code).toBe(0);
    expect(output).not.toContain('Resolution note');
  });

  it('the event store', async () => {
    const database = await testDatabase();
    try {
      const line = /The event store \(EVENTSTORE_URL\): .*does not answer.* Retrying/;
      const { code, output } = await start({ ...SECRETS, ...NOWHERE, DATABASE_URL: database.url }, { until: line });
      expect(code).toBe(0);
      expect(output).not.toContain('Resolution note');
    } finally {
      await database.stop();
    }
  }, 60_000);
});

describe('on embedded stores', () => {
  it('in production, prints where the only copy of the log is', async () => {
    const { code, output } = await start({ ...SECRETS, NODE_ENV: 'production' });
    expect(output).toMatch(
      /"level":"warn".*The only copy of the log is in .*data on this machine\. Back it up, or set EVENTSTORE_URL/,
    );
    expect(code).toBe(0);
  }, 60_000);

  it('in development, prints where its three secrets are', async () => {
    const { output } = await start({}, { until: /connect-stripe\.md/ });
    expect(output).toMatch(/in data\/secrets\.json: webhookSecret, readToken, adminToken/);
    expect(output).toMatch(/subscription-ledger sample/);
    expect(output).toMatch(/Console: http:\S+\/console/);
  }, 60_000);
});

describe('a line of the log', () => {
  const linesOf = (isTerminal: boolean) => {
    const written: string[] = [];
    const output = { write: (line: string) => written.push(stripVTControlCharacters(line)) };
    const logger = new ServiceLogger({ level: 'info', isTerminal, output });
    logger.warn('A delivery was refused.', 'webhook');
    logger.error(new Error('It broke.'), 'Something failed.', 'main');
    logger.debug('Nothing to see.', 'main');
    return written;
  };

  it('is JSON with a word for its level', () => {
    const lines = linesOf(false).map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      { level: 'warn', time: expect.any(String), context: 'webhook', msg: 'A delivery was refused.' },
      expect.objectContaining({
        level: 'error',
        msg: 'Something failed.',
        err: expect.objectContaining({ message: 'It broke.' }),
      }),
    ]);
  });

  it('is text for people on a terminal, with the stack of an error', () => {
    const [warning, error, ...more] = linesOf(true);
    expect(warning).toMatch(/^\d\d:\d\d:\d\d warn {2}webhook {2}A delivery was refused\.\n$/);
    expect(error).toMatch(/^\d\d:\d\d:\d\d error main {2}Something failed\.\nError: It broke\.\n +at /);
    expect(more).toEqual([]);
  });
});
