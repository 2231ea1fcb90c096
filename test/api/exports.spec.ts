import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reconciliation, TrialBalances } from '../../packages/client/src/openapi.js';
import { policyChoices } from '../../derivations/policy.js';
import { seededRandom } from '../../simulator/random.js';
import { lives } from '../../simulator/simulator.js';
import { variableOf } from '../../src/config/money.js';
import { bill, eventOf } from '../support/books-events.js';
import { deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { serviceDatabase, testEventStore, type TestDatabase, type TestServer } from '../support/servers.js';
import { unexplainedIn } from '../support/reconciliation.js';
import { until } from '../support/until.js';
import { randomId } from '../support/subscription-events.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
const LIVES = Number(process.env['LIVES'] ?? 4);

const whose = { account: randomId('acct'), livemode: true };
const folder = mkdtempSync(join(tmpdir(), 'ledger-exports-'));
/**
 * The number of policy mixtures that are checked (`POLICIES=20 npm test -- test/api/exports`). Each derives the same
 * history again.
 */
const POLICIES = Number(process.env['POLICIES'] ?? 1);
let eventStore: TestServer;
let database: TestDatabase;
let ledger: TestLedger;
let position = '0';
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  ledger = await startLedger({ eventStore, database });
  for (const { events } of lives({ seed: SEED, subscriptions: LIVES, apiVersion: 'mixed', bank: true }))
    for (const { stripeEvent } of events)
      ({ position } = (await deliver(ledger.url, JSON.stringify({ ...stripeEvent, ...whose }))).body);
  const hostile = bill(randomId('in'), {
    customer: '=HYPERLINK("http://evil"),\n2026-01-01 open Assets:Evil ; | \\" ',
    day: '2026-01-01',
    lines: [
      { id: 'il_"\n2026-01-02 * "evil" ^x\n  Assets:Evil  1 USD', amount: 500, from: '2026-01-01', to: '2026-03-01' },
      { id: '@SUM(1+1)', amount: 333, from: '2026-01-01', to: '2026-02-01' },
    ],
  });
  const yen = {
    ...bill(randomId('in'), { customer: 'cus_yen', day: '2026-01-15', lines: [{ id: 'il_yen', amount: 1000 }] }),
    currency: 'jpy',
  };
  for (const object of [hostile, yen])
    ({ position } = (
      await deliver(ledger.url, JSON.stringify(eventOf(whose)('invoice.finalized', object, '2026-01-15')))
    ).body);
}, 120_000);
afterAll(async () => {
  await ledger.stop();
  await Promise.all([database.stop(), eventStore.stop()]);
  rmSync(folder, { recursive: true });
});

/** Late enough that everything sold has been earned. */
const TO = '2032-12';

async function exported(format: string, query = ''): Promise<string> {
  const response = await fetch(
    `${ledger.url}/v1/journal/export?format=${format}&account=${whose.account}&to=${TO}&minPosition=${position}&waitMs=30000${query}`,
    { headers: { authorization: `Bearer ${READ_TOKEN}` } },
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return response.text();
}

async function expectedBalances(): Promise<Record<string, number>> {
  const { body } = await read<TrialBalances>(
    ledger.url,
    `/v1/trial-balance?month=${TO}&account=${whose.account}&minPosition=${position}&waitMs=30000`,
  );
  return Object.fromEntries(
    body.data.flatMap(({ currency, accounts }) =>
      accounts
        .filter(({ endMinor }) => endMinor !== 0)
        .map(({ name, endMinor }) => [`${name} ${currency.toUpperCase()}`, endMinor]),
    ),
  );
}

/** The sums of a format's postings by account and currency, without zero sums. */
function summed(postings: Iterable<readonly [name: string, currency: string, amountMinor: number]>) {
  const sums: Record<string, number> = {};
  for (const [name, currency, amount] of postings)
    sums[`${name} ${currency}`] = (sums[`${name} ${currency}`] ?? 0) + amount;
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0));
}

const minorOf = (text: string): number => Number(text.replace('.', ''));

/** Runs a program if it is installed; otherwise prints why the export was not checked with it. */
function accepts(program: string, args: readonly string[]): void {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    console.warn(`${program} is not installed here: nobody but us has read the export.`);
    return;
  }
  expect({ status, said: `${stdout}${stderr}`.slice(0, 2_000) }).toEqual({ status: 0, said: expect.any(String) });
}

async function beancountAccepts(query = ''): Promise<void> {
  const text = await exported('beancount', query);
  const file = join(folder, 'books.beancount');
  writeFileSync(file, text);
  const postings = [...text.matchAll(/^ {2}([A-Z][\w:]+) {2}(-?[\d.]+) (\w+)$/gm)];
  if (query === '') expect(postings.length).toBeGreaterThan(10);
  expect(summed(postings.map(([, name = '', amount = '', code = '']) => [name, code, minorOf(amount)]))).toEqual(
    await expectedBalances(),
  );
  expect(text).not.toMatch(/^\S+ open Assets:Evil/m);
  accepts('bean-check', [file]);
}

async function hledgerAccepts(): Promise<void> {
  const text = await exported('hledger');
  const file = join(folder, 'books.journal');
  writeFileSync(file, text);
  const postings = [...text.matchAll(/^ {4}([A-Z][\w:]+) {2}(-?[\d.]+) (\w+)$/gm)];
  expect(summed(postings.map(([, name = '', amount = '', code = '']) => [name, code, minorOf(amount)]))).toEqual(
    await expectedBalances(),
  );
  accepts('hledger', ['check', '--strict', '-f', file]);
}

async function everythingIsExplained(): Promise<void> {
  const { body } = await read<Reconciliation>(
    ledger.url,
    `/v1/reconciliation?since=2000-01-01T00:00:00Z&limit=1000&minPosition=${position}&waitMs=30000`,
  );
  expect(body.open.length).toBeGreaterThan(0);
  expect(unexplainedIn(body)).toEqual([]);
}

describe(`an export of a history (seed ${SEED})`, () => {
  it.each(['', '&from=2026-06'])(
    'is one that beancount accepts, and that adds up to the trial balance%s',
    beancountAccepts,
  );

  it('is one that hledger accepts, strictly', hledgerAccepts);

  it('has nothing on a clearing account that reconciliation does not explain', everythingIsExplained);

  it('is a table without formulas, and lines of JSON, that add up to the same', async () => {
    const table = await exported('csv');
    const [head, ...rows] = table.trimEnd().split('\r\n');
    expect(head?.split(',').slice(0, 8)).toEqual([
      'entry',
      'no',
      'effective_at',
      'account',
      'debit',
      'credit',
      'currency',
      'amount_minor',
    ]);
    const cellsOf = (row: string): string[] =>
      [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    const cells = rows.map(cellsOf);
    expect(cells.every((row) => row.length === 14)).toBe(true);
    expect(cells.flat().filter((cell) => /^[=+@]|^-(?!\d+$)/.test(cell))).toEqual([]);
    expect(summed(cells.map((row) => [String(row[3]), String(row[6]), Number(row[7])]))).toEqual(
      await expectedBalances(),
    );

    type Line = { id: string; postings: { name: string; currency: string; amountMinor: number }[] };
    const lines = (await exported('jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
    expect(
      summed(
        lines.flatMap(({ postings }) =>
          postings.map(({ name, currency, amountMinor }) => [name, currency.toUpperCase(), amountMinor] as const),
        ),
      ),
    ).toEqual(await expectedBalances());
  });

  it('names its account, and for one account and mode contains nothing of another', async () => {
    const text = await exported('beancount', '&livemode=false');
    expect(text).toContain(`The books of ${whose.account}, test mode`);
    expect(text).not.toContain(' * ');
    expect((await read(ledger.url, `/v1/journal/export?format=xls`)).body).toMatchObject({ code: 'bad_query' });
  });
});

const random = seededRandom(SEED, 'policies');
const mixtures = Array.from({ length: POLICIES }, () => {
  const mixed = Object.entries(policyChoices)
    .filter(([name]) => !name.startsWith('mrr'))
    .map(([name, choices]) => [variableOf(name), random.pick<string>(choices)] as const);
  return Object.fromEntries([...mixed, ['MONEY_ZONE', random.pick(['UTC', 'America/New_York', 'Asia/Kolkata'])]]);
});

describe.each(mixtures)(`an export of the same history (seed ${SEED}) by the policy %j`, (environment) => {
  beforeAll(async () => {
    await ledger.stop();
    ledger = await startLedger({ eventStore, database, environment });
    // There is no answer until they are derived again.
    await until(
      'the books follow the policy',
      async () => (await read(ledger.url, '/v1/trial-balance')).status === 200,
      60_000,
    );
  }, 90_000);

  it('is one that both accept', async () => {
    await beancountAccepts('&from=2026-06');
    await hledgerAccepts();
    await everythingIsExplained();
  }, 60_000);
});
