import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projections } from '../../projections/index.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { Appender } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { Database } from '../../src/read-models/database.js';
import { findStreams } from '../../src/read-models/event-index.js';
import { NEWS, Recorder } from '../../src/reconcile/recorder.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { deliver } from '../support/delivery.js';
import { runCommand } from '../support/ledger-command.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { testDatabase, testEventStore, type TestDatabase, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';
import { until } from '../support/until.js';
import { Asked } from './asked.js';
import { OTHER_POLICY, type Example } from './example.js';
import { journalExamples } from './journal-examples.js';
import { mrrExamples } from './mrr-examples.js';
import { revenueExamples } from './revenue-examples.js';
import { Told, type Sent } from './told.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
/**
 * The number of orders, each event twice, in which the examples of the journal and of MRR are sent besides Stripe's
 * own.
 */
const ORDERS = Number(process.env['ORDERS'] ?? 2);
/** The number of examples sent concurrently. */
const AT_ONCE = 8;

const examples = [...revenueExamples, ...journalExamples, ...mrrExamples];
/** An example as it is sent, and the failed checks of its books. */
type Lived = { example: Example; told: Told; wrong: unknown[] };
const inStripesOrder: readonly Lived[] = examples.map((example) => ({ example, told: new Told(), wrong: [] }));
const inDisorder: readonly Lived[] = examples
  .filter(({ isShuffled }) => isShuffled === true)
  .flatMap((example) => Array.from({ length: ORDERS }, () => ({ example, told: new Told(), wrong: [] })));

let eventStore: TestServer;
let database: TestDatabase;
let ledger: TestLedger;
let store: EventStore;
let rows: Database;
let recorder: Recorder;
let position = 0n;

/** Sends each example's events in order, several examples concurrently. */
async function send(all: readonly (readonly Sent[])[]): Promise<void> {
  const waiting = [...all];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      for (const one of next) position = max(position, await (one.kind === 'event' ? delivered(one) : recorded(one)));
  };
  const delivered = async ({ body }: Sent & { kind: 'event' }): Promise<bigint> => {
    const { status, body: answer } = await deliver(ledger.url, JSON.stringify(body));
    expect({ status, answer }).toMatchObject({
      status: 200,
      answer: { outcome: expect.not.stringMatching('quarantined') },
    });
    return BigInt(answer.position);
  };
  const recorded = async ({ look }: Sent & { kind: 'look' }): Promise<bigint> => {
    const purpose = { run: null, reason: 'backfill', causedBy: null } as const;
    const [found] = await recorder.recordAll([look], { worth: NEWS, purpose });
    return found?.appended?.position ?? 0n;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
const max = (one: bigint, other: bigint): bigint => (one > other ? one : other);

/** Checks the books of several examples concurrently; failures are kept for the test of their example. */
async function check(lived: readonly Lived[], of: (example: Example) => ((asked: Asked) => Promise<void>) | undefined) {
  const waiting = [...lived];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { example, told, wrong } = next;
      await of(example)?.(new Asked(ledger.url, String(position), told)).catch((error: unknown) => wrong.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** The events twice each, in random order. */
const disordered = (sent: readonly Sent[], random: Random): readonly Sent[] =>
  [...sent, ...sent]
    .map((one) => ({ one, by: random.next() }))
    .sort((a, b) => a.by - b.by)
    .map(({ one }) => one);

/** Sends all examples together, so that they share each wait. */
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), testDatabase()]);
  store = connectEventStore(eventStore.url);
  rows = new Database(database.url, { connectionsMax: AT_ONCE, onIdleError: () => undefined });
  const appender = new Appender(store, new BatchedEventIdIndex(rows), APPENDER_LIMITS);
  recorder = new Recorder({ store, database: rows, appender, projections });
  ledger = await startLedger({ eventStore, database });
  // A look is judged against the index.
  await until('the index is there', () => findStreams(rows, []).catch(() => null));
  const random = seededRandom(SEED, 'orders');
  for (const { example, told } of inDisorder) for (const { tell } of example.stages) tell(told);
  await send(inDisorder.map(({ told }) => disordered(told.sent, random)));
  await check(inDisorder, ({ stages }) => stages.at(-1)?.check);
  for (let stage = 0; examples.some(({ stages }) => stages.length > stage); stage += 1) {
    const staged = inStripesOrder.filter(({ example }) => example.stages.length > stage);
    const sent = staged.map(({ example, told }) => {
      const from = told.sent.length;
      example.stages[stage]?.tell(told);
      return told.sent.slice(from);
    });
    await send(sent);
    await check(staged, ({ stages }) => stages[stage]?.check);
  }
}, 120_000);
afterAll(async () => {
  await ledger.stop();
  await Promise.all([store.close(), rows.close()]);
  await Promise.all([database.stop(), eventStore.stop()]);
});

const named = inStripesOrder.map((lived): [id: string, about: string, lived: Lived] => [
  lived.example.id,
  lived.example.about,
  lived,
]);

describe('the published examples, and ours', () => {
  it.each(named)('%s: %s', (_, __, { wrong }) => {
    if (wrong.length > 0) throw wrong[0] as Error;
  });

  it('are in the table of docs/conformance.md, one by one', () => {
    const table = readFileSync('docs/conformance.md', 'utf8');
    const rows = [...table.matchAll(/^\| ([RJM]\d+(?: \w+)?) \|/gm)].map(([, id]) => id);
    const elsewhere = [...table.matchAll(/^\| ([RJM]\d+) \|[^\n]*\| elsewhere:/gm)].map(([, id]) => id);
    expect(rows.filter((id) => !elsewhere.includes(id))).toEqual(examples.map(({ id }) => id));
  });

  it.each(['day', 'month', 'month_prorated'] as const)('R32: by another granularity (%s)', async (recognition) => {
    const months = {
      day: [1600, 3100, 3100, 3000, 1200],
      month: [3000, 3000, 3000, 3000, 0],
      month_prorated: [1550, 3067, 3066, 3067, 1250],
    };
    const { whose } = (inStripesOrder.find(({ example }) => example.id === 'R32') as Lived).told;
    const { code, output, errors } = await runCommand(
      [
        'money',
        'compare',
        'revenue',
        '--set',
        `recognition=${recognition}`,
        '--as-of',
        '2027-01-01T00:00:00Z',
        '--json',
      ],
      { eventstoreUrl: eventStore.url, databaseUrl: database.url },
    );
    expect([code, errors]).toEqual([0, '']);
    const { totals } = JSON.parse(output) as { totals: { account: string; name: string; after: number }[] };
    const own = new Map(totals.filter(({ account }) => account === whose.account).map((one) => [one.name, one.after]));
    expect(['2026-06', '2026-07', '2026-08', '2026-09', '2026-10'].map((month) => own.get(month) ?? 0)).toEqual(
      months[recognition],
    );
  });
});

describe(`the same events in other orders, each twice (seed ${SEED})`, () => {
  it('give the same answers', () => {
    const wrong = inDisorder.flatMap(({ example, wrong: errors }) =>
      errors.map((error) => ({ id: example.id, error })),
    );
    if (wrong.length > 0) throw new Error(`${wrong.map(({ id }) => id).join(', ')}: ${String(wrong[0]?.error)}`);
  });
});

describe('a report of Stripe, held against the ledger', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-reports-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const toldOf = (id: string): Told => (inStripesOrder.find(({ example }) => example.id === id) as Lived).told;
  /** The report as CSV; names such as `in_1` are the example's. */
  const compare = async (id: string, header: string, rows: readonly string[]) => {
    const told = toldOf(id);
    const file = join(folder, `${randomId(id)}.csv`);
    const ids = (row: string): string => row.replace(/\b(in|si|txn|cus|sub)_\w+/g, (name) => told.id(name));
    writeFileSync(file, [header, ...rows.map(ids)].join('\r\n'));
    const args = ['money', 'compare', file, '--account', told.whose.account];
    const urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
    const { code, output, errors } = await runCommand([...args, '--json'], urls);
    expect(errors).toBe('');
    const { reasons, differences, customers, totals } = JSON.parse(output) as Record<string, Record<string, unknown>[]>;
    const name = (one: Record<string, unknown>) =>
      Object.fromEntries(
        Object.entries(one).map(([key, value]) => [key, typeof value === 'string' ? told.named(value) : value]),
      );
    return { code, reasons, totals, differences: differences?.map(name), customers: customers?.map(name) };
  };

  it('finds nothing where they agree, and otherwise the invoices and months that differ', async () => {
    const header = 'accounting_period,currency,invoice_id,customer_id,debit,credit,amount';
    const january = [
      '2026-01,usd,in_1,cus_1,AccountsReceivable,DeferredRevenue,90.00',
      '2026-01,usd,in_1,cus_1,Cash,AccountsReceivable,90.00',
    ];
    const later = ['Mar 2026,usd,in_1,cus_1,DeferredRevenue,Revenue,27.90'];
    const rows = (february: string) => [
      ...january,
      '2026-01,usd,in_1,cus_1,DeferredRevenue,Revenue,31.00',
      '2026-02,usd,in_1,cus_1,DeferredRevenue,Cash,5.90',
      '2026-02,usd,in_1,cus_1,Refunds,Cash,3.10',
      `2026-02,usd,in_1,cus_1,DeferredRevenue,Revenue,${february}`,
    ];
    const [same, other] = await Promise.all([
      compare('R10', header, [...rows('25.20'), ...later]),
      compare('R10', header, rows('25.00')),
    ]);
    expect(same).toMatchObject({ code: 0, reasons: [], differences: [] });
    expect(other).toMatchObject({ code: 1, reasons: [{ why: 'amounts_differ', lines: 2 }] });
    expect(other.differences).toMatchObject([
      { name: 'DeferredRevenue', at: '2026-02', object: 'in_1', stripe: 3090, ours: 3110 },
      { name: 'Revenue', at: '2026-02', object: 'in_1', stripe: -2500, ours: -2520 },
    ]);
  });

  it('lists changes of MRR at another time, missing, or of other amounts, by customer', async () => {
    const header = 'event_timestamp,event_type,customer_id,subscription_item_id,currency,mrr_change';
    const { code, reasons, differences, customers } = await compare('M9', header, [
      '2026-01-01 00:00:00.000,ACTIVE_START,cus_1,si_1_sub_1,usd,3000',
      '2026-03-03 00:00:00.000,ACTIVE_END,cus_1,si_1_sub_1,usd,-3000',
      '2026-02-01 00:00:00.000,ACTIVE_START,cus_9,si_never,usd,500',
    ]);
    expect(code).toBe(1);
    expect(reasons).toEqual([
      { why: 'another_time', lines: 2 },
      { why: 'not_heard_of', lines: 1 },
    ]);
    expect(differences?.map(({ at, object, stripe, ours }) => [at, object, stripe, ours])).toEqual([
      ['2026-03-03T00:00:00Z', 'si_1_sub_1', -3000, 0],
      ['2026-04-01T00:00:00Z', 'si_1_sub_1', 0, -3000],
      ['2026-02-01T00:00:00Z', 'si_never', 500, 0],
    ]);
    expect(customers).toEqual([{ customer: 'cus_9', currency: 'usd', change: -500 }]);
  });

  it('lists balance transactions that were not seen', async () => {
    const header = 'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category';
    const { code, differences, totals } = await compare('J2', header, [
      'txn_1,2026-01-01 00:00:00,usd,100.00,3.20,96.80,charge',
      'txn_2,2026-01-01 00:00:00,usd,50.00,1.75,48.25,charge',
      'txn_3,2026-01-02 00:00:00,usd,-20.00,0.00,-20.00,refund',
      'txn_4,2026-01-03 00:00:00,usd,-125.05,0.00,-125.05,payout',
      'txn_9,2026-01-02 00:00:00,usd,0.00,0.50,-0.50,fee',
    ]);
    expect(code).toBe(1);
    expect(differences).toMatchObject([
      { object: 'txn_9', name: 'fee', stripe: 50, ours: 0, why: 'not_heard_of' },
      { object: 'txn_9', name: 'net', stripe: -50, ours: 0, why: 'not_heard_of' },
    ]);
    expect(totals).toMatchObject([
      { name: 'fee', stripe: 545, ours: 495 },
      { name: 'net', stripe: -50, ours: 0 },
    ]);
  });

  it('is refused with what to do where it is none', async () => {
    const file = join(folder, 'other.csv');
    writeFileSync(file, 'a,b\n1,2\n');
    const wrong = join(folder, 'wrong.csv');
    writeFileSync(wrong, 'balance_transaction_id,currency,fee,net\ntxn_1,usd,0.00,12.345\n');
    const urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
    const [other, bad] = await Promise.all([file, wrong].map((name) => runCommand(['money', 'compare', name], urls)));
    expect(other).toMatchObject({
      code: 2,
      errors: expect.stringContaining('is not a report that money compare knows'),
    });
    expect(bad).toMatchObject({ code: 2, errors: expect.stringContaining('line 2: net has more decimals than usd') });
  });
});

describe('the same books by another policy, from the tables', () => {
  const others = named.filter(([, , { example }]) => example.other !== undefined);
  beforeAll(async () => {
    await ledger.stop();
    for (const { wrong } of inStripesOrder) wrong.length = 0;
    ledger = await startLedger({ eventStore, database, environment: OTHER_POLICY });
    await check(inStripesOrder, ({ other }) => other);
  }, 60_000);

  it.each(others)('%s: %s', (_, __, { wrong }) => {
    if (wrong.length > 0) throw wrong[0] as Error;
  });
});
