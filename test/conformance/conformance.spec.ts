import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
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
import { until } from '../support/until.js';
import { Asked } from './asked.js';
import { OTHER_POLICY, type Example } from './example.js';
import { journalExamples } from './journal-examples.js';
import { mrrExamples } from './mrr-examples.js';
import { revenueExamples } from './revenue-examples.js';
import { Told, type Sent } from './told.js';

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
/** In how many orders, each event twice, the examples of the journal and of MRR are told beside Stripe's own. */
const ORDERS = Number(process.env['ORDERS'] ?? 2);
/** So many examples are told at once. */
const AT_ONCE = 8;

const examples = [...revenueExamples, ...journalExamples, ...mrrExamples];
/** An example that is told, and what was wrong with what the books said. */
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

/** Sends what was told, one after the other, of several examples at once. */
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

/** Asks the books of examples, of several at once; what is wrong is kept for the test of its example. */
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

/** Each twice, in any order. */
const disordered = (sent: readonly Sent[], random: Random): readonly Sent[] =>
  [...sent, ...sent]
    .map((one) => ({ one, by: random.next() }))
    .sort((a, b) => a.by - b.by)
    .map(({ one }) => one);

/** All examples go through the service together, so that each wait is one for all of them. */
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), testDatabase()]);
  store = connectEventStore(eventStore.url);
  rows = new Database(database.url, { connectionsMax: AT_ONCE, onIdleError: () => undefined });
  const appender = new Appender(store, new BatchedEventIdIndex(rows), APPENDER_LIMITS);
  recorder = new Recorder({ store, database: rows, appender, projections });
  ledger = await startLedger({ eventStore, database });
  // A look is judged against what is indexed.
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
