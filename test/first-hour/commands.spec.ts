/** A newcomer's typing errors: each ends with one sentence that says what to do, and creates nothing. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { COMMANDS } from '../../src/cli/commands.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { projections } from '../../projections/index.js';
import { Database } from '../../src/read-models/database.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { deliver, read } from '../support/delivery.js';
import { until } from '../support/until.js';
import { emptyDatabase, testEventStore } from '../support/servers.js';
import { scratchFolder } from '../support/scratch.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

const BINARY = resolve('dist/src/cli/main.js');

// `npm test` builds only the service; the storm is built when first needed.
beforeAll(() => promisify(execFile)(process.execPath, ['scripts/prepare.mjs', 'load']), 240_000);

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
beforeEach(async () => {
  scratch = await scratchFolder();
});
afterEach(() => scratch.remove());

const ledger = (args: readonly string[], environment: Record<string, string> = {}) =>
  new Promise<{ code: number; output: string; errors: string }>((resolve) => {
    const options = { cwd: scratch.path, env: { PATH: process.env['PATH'] ?? '', ...environment } };
    execFile(process.execPath, [BINARY, ...args], options, (error, output, errors) =>
      resolve({ code: error === null ? 0 : Number(error.code), output, errors }),
    );
  });

describe('a command line that names nothing to be done exits with 2', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['a mistyped command', ['verfy'], /Unknown command "verfy"\. Commands: start, sample, storm, /],
    ['a mistyped option', ['verify', '--smaple', '5'], /--smaple.*See "subscription-ledger verify --help"/],
    [
      'a number that is none',
      ['verify', '--sample', 'all'],
      /--sample must be a whole number from 1 to 100000, not "all"/,
    ],
    ['half a wish', ['parked'], /parked needs a subcommand:[^]*parked list \[projection\][^]*parked replay --all/],
    ['a stream without a dry run', ['rebuild', '--stream', 'subscription-sub_1'], /--stream needs --dry-run/],
    ['a rollback of everything', ['rollback'], /rollback needs the name of one projection/],
    ['a name that would choose nothing', ['reconcile', 'cus_1'], /"reconcile" takes no argument "cus_1"/],
    ['a name of a command for all', ['access', 'approve', 'cus_1'], /"access approve" takes no argument "cus_1"/],
    [
      'an option of start',
      ['start', '--port', '1'],
      /"start" takes no options\. See "subscription-ledger start --help"/,
    ],
  ])('%s', async (_name, args, text) => {
    const { code, output, errors } = await ledger(args);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toMatch(text);
    expect(errors).not.toMatch(/^\s+at /m);
  });

  it('no command at all, with the help', async () => {
    expect(await ledger([])).toMatchObject({ code: 2, output: expect.stringContaining('verify [projection…]') });
  });
});

describe('a folder without a ledger is left unchanged, and the command exits with 2', () => {
  it.each<[readonly string[]]>([
    [['projections']],
    [['verify']],
    [['verify', '--stream', 'subscription-sub_1']],
    [['rebuild', '--dry-run', '--stream', 'subscription-sub_1']],
    [['rebuild', 'invoices']],
    [['rollback', 'invoices']],
    [['parked', 'list']],
  ])('%p', async (args) => {
    const folder = join(scratch.path, 'typo');
    const { code, errors } = await ledger([...args, '--data-dir', folder]);
    expect(errors).toMatch(
      /^The command failed: There is no ledger in ".*typo" \(no endpoints\.json\)\. Set DATA_DIR.*\n$/,
    );
    expect(code).toBe(2);
    expect(existsSync(folder)).toBe(false);
  });

  it.each(['sample', 'storm'])('%s reports that no service answers', async (name) => {
    const { code, errors } = await ledger([name], {
      ...(name === 'storm'
        ? { STRIPE_WEBHOOK_SECRETS: `whsec_${'0'.repeat(32)}`, API_TOKENS: `read=${'0'.repeat(32)}` }
        : {}),
      EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      PORT: '1',
    });
    expect(errors).toMatch(/^No service answers on http:\/\/127\.0\.0\.1:1\. Start it with "npm start".*\n$/);
    expect(code).toBe(2);
    expect(existsSync(join(scratch.path, 'data'))).toBe(false);
  });
});

it('the simulated Stripe delivers to the HOST and PORT of the ledger, and names them and a folder of its own', async () => {
  const program = resolve('dist-load/simulator/stripe-api/main.js');
  const env = { PATH: process.env['PATH'] ?? '', PORT: '1' };
  const child = spawn(process.execPath, [program, '--port', '0', '--subscriptions', '1'], { env });
  const exited = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += String(chunk);
    if (output.includes('Stop it with Ctrl-C')) break;
  }
  child.kill();
  expect(await exited).toEqual([0, null]);
  expect(output).toMatch(/webhooks go to http:\/\/127\.0\.0\.1:1\/webhooks\/stripe/);
  expect(output).toMatch(/export STRIPE_API_URL=http:\S+ [^]*DATA_DIR=data-sandbox PORT=1\n/);
}, 30_000);

describe('beside a ledger', () => {
  let service: TestLedger;
  let urls: Record<string, string>;
  beforeAll(async () => {
    service = await startLedger();
    urls = { EVENTSTORE_URL: service.eventstoreUrl, DATABASE_URL: service.databaseUrl };
    const { body } = await deliver(service.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
    const path = `/v1/subscriptions?minPosition=${String(body.position)}&waitMs=5000`;
    await until('the row is there', async () => (await read(service.url, path)).status === 200);
  });
  afterAll(() => service.stop());

  it('a verification reports what it has checked', async () => {
    const { code, output } = await ledger(['verify'], urls);
    expect(output).toMatch(
      /^Checked \d+ streams? in \d+ projections, and \d+ keys? of derived rows: no differences\.\n$/,
    );
    expect(code).toBe(0);
  });

  it.each<[readonly string[]]>([
    [['verify', '--stream', 'subscription-typo']],
    [['rebuild', '--dry-run', '--stream', 'subscription-typo']],
  ])('%p is not green by accident', async (args) => {
    const { code, output, errors } = await ledger(args, urls);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(errors).toMatch(/The stream "subscription-typo" has no events/);
  });

  it('a projection that does not exist is named', async () => {
    const { code, errors } = await ledger(['parked', 'list', 'invoises'], urls);
    expect(errors).toMatch(/Unknown projection or generation "invoises"\. Projections of this build: .*invoices/);
    expect(code).toBe(2);
  });

  it('a database without a ledger is left unchanged', async () => {
    const database = await emptyDatabase();
    try {
      const { code, errors } = await ledger(['verify'], { ...urls, DATABASE_URL: database.url });
      expect(errors).toMatch(/This Postgres has no ledger \(no schema "ledger"\)/);
      expect(code).toBe(2);
    } finally {
      await database.stop();
    }
  });
});

it('a ledger without events verifies nothing, and reports so', async () => {
  const [eventStore, server] = [await testEventStore(), await emptyDatabase()];
  const database = new Database(server.url, { connectionsMax: 1, onIdleError: () => undefined });
  try {
    await ensureSchema(database, projections);
    const { code, errors } = await ledger(['verify'], { EVENTSTORE_URL: eventStore.url, DATABASE_URL: server.url });
    expect(errors).toMatch(/Nothing was checked: the read models have no events yet/);
    expect(code).toBe(2);
  } finally {
    await database.close();
    await server.stop();
    await eventStore.stop();
  }
});

describe('help', () => {
  it('names the versions that a report of a fault needs', async () => {
    const { code, output } = await ledger(['--version']);
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(output).toContain(`subscription-ledger ${version}`);
    expect(output).toContain(`Node ${process.versions.node}`);
    expect(output).toMatch(/embedded Postgres: \d+/);
    expect(code).toBe(0);
  });

  it.each([
    'start',
    'sample',
    'storm',
    'doctor',
    'status',
    'tail',
    'find',
    'events',
    'access',
    'timeline',
    'projections',
    'rebuild',
    'rollback',
    'verify',
    'parked',
    'eventstore',
    'eventstore copy',
  ])('of %s is shown without a ledger', async (name) => {
    const { code, output, errors } = await ledger([...name.split(' '), '--help']);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output.split('\n').length).toBeGreaterThan(3);
  });

  it.each(['verify', 'eventstore copy'])('of %s is what help shows', async (name) => {
    const words = name.split(' ');
    expect((await ledger(['help', ...words])).output).toBe((await ledger([...words, '--help'])).output);
  });

  it('lists every command in lines of at most 120 characters, and shows that of two words by both', async () => {
    const { output } = await ledger(['--help']);
    const lines = output.split('\n');
    for (const { name } of COMMANDS) expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name}\\b`)));
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
    expect((await ledger(['access', 'changes', '--help'])).output).toContain('subscription-ledger access changes');
  });

  it('loads nothing but the table of commands', async () => {
    const loaded = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (loaded.has(file)) return;
      loaded.add(file);
      const source = await readFile(file, 'utf8');
      for (const [, imported = ''] of source.matchAll(/^import (?:.* from )?'(\.[^']+)'/gm))
        await visit(join(dirname(file), imported));
    };
    await visit(BINARY);
    expect([...loaded].map((file) => relative(dirname(BINARY), file)).sort()).toEqual([
      '../heaps.js',
      'command.js',
      'commands.js',
      'main.js',
    ]);
  });
});
