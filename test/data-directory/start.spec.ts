/** The service as a program: how it exits when its data directory is unusable, and what it prints about its secrets. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { READ_TOKEN, SECRET } from '../support/delivery.js';
import { testDatabase, testEventStore } from '../support/servers.js';
import { scratchFolder } from '../support/scratch.js';

const SERVICE = resolve('dist/src/main.js');
const without = fileURLToPath(new URL('./without-embedded-servers.mjs', import.meta.url));
const SECRETS = { STRIPE_WEBHOOK_SECRETS: `tests=${SECRET}`, API_TOKENS: `read=${READ_TOKEN}` };

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
let dataDirectory: string;

beforeEach(async () => {
  scratch = await scratchFolder();
  await chmod(scratch.path, 0o711);
  dataDirectory = join(scratch.path, 'data');
});
afterEach(() => scratch.remove());

/** Starts the service, stops it once it reports that it listens, and returns its output. */
async function run(environment: Record<string, string>, options: readonly string[] = []) {
  const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDirectory, PORT: '0', ...environment };
  const child = spawn(process.execPath, [...options, SERVICE], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let isListening = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (isListening || !chunk.includes('Listening on')) return;
    isListening = true;
    child.kill('SIGTERM');
  });
  const [[code], output, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code: code as number | null, output, errors };
}

/** Expects one sentence that says what to do, without stack traces or library errors. */
function expectSentence({ code, errors }: { code: number | null; errors: string }, pattern: RegExp): void {
  expect(errors).toMatch(pattern);
  expect(errors).not.toMatch(/^\s+at |ZodError|node:internal/m);
  expect(errors.trimEnd().split('\n')).toHaveLength(1);
  expect(code).toBe(1);
}

describe('a start with a data directory of no use ends with a sentence', () => {
  it('when it cannot be made', async () => {
    dataDirectory = '/proc/ledger';
    expectSentence(
      await run({}),
      /The data directory "\/proc\/ledger" cannot be used \(.*\)\. Set DATA_DIR to a folder/,
    );
    expectSentence(await run(SECRETS), /The data directory "\/proc\/ledger" cannot be used/);
  });

  it('when it is a file', async () => {
    await writeFile(dataDirectory, '');
    expectSentence(await run({}), /is not a folder/);
  });

  if (process.getuid?.() !== 0) {
    it('when it is read-only', async () => {
      await mkdir(dataDirectory, { mode: 0o500 });
      expectSentence(await run({}), /cannot be used \(EACCES/);
      expectSentence(await run(SECRETS), /cannot be used \(EACCES/);
    });
  }

  it.each(['', '{', '[]', '{"webhookSecret":"whsec_1","readToken":"short","adminToken":"short"}', 'null'])(
    'when its secrets are damaged: %s',
    async (content) => {
      await mkdir(dataDirectory, { mode: 0o700 });
      await writeFile(join(dataDirectory, 'secrets.json'), content, { mode: 0o600 });
      expectSentence(
        await run({}),
        /The secrets in ".*secrets\.json" cannot be read: .* Restore the file, or remove it/,
      );
    },
  );

  it('when its event store is no event store', async () => {
    await mkdir(join(dataDirectory, 'eventstore'), { recursive: true, mode: 0o700 });
    await chmod(dataDirectory, 0o700);
    await writeFile(join(dataDirectory, 'eventstore', 'events.db'), 'x'.repeat(5_000), { mode: 0o600 });
    expectSentence(await run(SECRETS), /The event store in ".*" cannot be opened/);
  });

  it('when others may write into it', async () => {
    await mkdir(dataDirectory);
    await chmod(dataDirectory, 0o777);
    expectSentence(await run({}), /can be written by other accounts/);
  });
});

it('a start on an occupied port ends with a sentence', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  const [eventStore, database] = [await testEventStore(), await testDatabase()];
  try {
    const environment = {
      ...SECRETS,
      EVENTSTORE_URL: eventStore.url,
      DATABASE_URL: database.url,
      PORT: String((occupant.address() as AddressInfo).port),
    };
    expectSentence({ ...(await run(environment)) }, /Port \d+ of 127\.0\.0\.1 is in use.*choose another port/);
  } finally {
    occupant.close();
    await database.stop();
    await eventStore.stop();
  }
});

describe('the welcome', () => {
  it('prints where secrets are, not the secrets, to anything but a terminal', async () => {
    const { code, output, errors } = await run({});
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain(join(dataDirectory, 'secrets.json'));
    const secrets = Object.values(
      JSON.parse(await readFile(join(dataDirectory, 'secrets.json'), 'utf8')) as Record<string, string>,
    );
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) expect(output).not.toContain(secret);
  }, 60_000);
});

describe('an installation without the packages of the embedded servers', () => {
  it('serves with servers elsewhere', async () => {
    const [eventStore, database] = [await testEventStore(), await testDatabase()];
    try {
      const { code, errors } = await run({ ...SECRETS, EVENTSTORE_URL: eventStore.url, DATABASE_URL: database.url }, [
        '--import',
        without,
      ]);
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
    } finally {
      await database.stop();
      await eventStore.stop();
    }
  }, 60_000);

  it('reports what is missing when one is to be embedded', async () => {
    expectSentence(
      await run(SECRETS, ['--import', without]),
      /package "libsql" of the embedded servers is not installed.*set both EVENTSTORE_URL .* and DATABASE_URL/,
    );
  });
});
