import { ANY } from '@eventstore/db-client';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { derivations } from '../derivations/index.js';
import { defaultPolicy, type MoneyPolicy } from '../derivations/policy.js';
import { projections } from '../projections/index.js';
import { kindsOf } from '../projections/projection.js';
import { cohorts, type SimulatedEvent } from '../simulator/simulator.js';
import { Follower } from '../src/catch-up/follower.js';
import { readHere } from '../src/catch-up/log-reading.js';
import { bringUp } from '../src/deriving/derived-build.js';
import { Deriver } from '../src/deriving/deriver.js';
import type { EventStore } from '../src/eventstore/event-store.js';
import { LogEndSearch } from '../src/eventstore/log-end.js';
import { nameOfLog } from '../src/eventstore/log-name.js';
import type { Group } from '../src/projector/group.js';
import { readModelsIn } from '../src/projector/postgres-read-models.js';
import { Projector } from '../src/projector/projector.js';
import { eventReader } from '../src/projector/stream-reading.js';
import { acquire, readCheckpoints } from '../src/read-models/checkpoints.js';
import type { Database } from '../src/read-models/database.js';
import { ensureSchema } from '../src/read-models/schema.js';
import { appendedEvent } from '../test/support/log.js';
import { median } from './median.js';
import { wholeNumbers } from './whole-numbers.js';
import { withStores } from './with-stores.js';

/** `npm run benchmark:money`: the cost of journal, revenue and MRR against that of the rows they are derived from. */

const HELP = `Appends the events of simulated lives, projects them in live batches without and with derived rows, and some late events
one by one; rebuilds all rows without and with derived rows; derives everything from tables by another policy; and
queries sums. All in one run, so that ratios can be compared.

  npm run benchmark:money -- [options]

  --lives <n>      number of subscriptions                        (300)
  --batch <n>      events per batch                               (200)
  --late <n>       number of late events                           (40)
  --rounds <n>     repetitions; the table shows medians             (1)
  --help           print this text
`;

const APPENDED_AT_ONCE = 64;
const BATCH_BYTES_MAX = 32 * 1024 * 1024;

type Cost = Readonly<{ wallMs: number; cpuMs: number }>;

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
}

/** Events per rebuild batch. */
const REBUILT_AT_ONCE = 2_000;

async function appendAll(store: EventStore, events: readonly SimulatedEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += APPENDED_AT_ONCE) {
    const streams = new Map<string, ReturnType<typeof appendedEvent>[]>();
    for (const { stream, stripeEvent } of events.slice(at, at + APPENDED_AT_ONCE))
      streams.set(stream, [...(streams.get(stream) ?? []), appendedEvent(stripeEvent)]);
    await Promise.all(
      [...streams].map(([stream, own]) => store.appends.appendToStream(stream, own, { expectedRevision: ANY })),
    );
  }
}

const endOf = async (store: EventStore): Promise<bigint> => {
  const end = await new LogEndSearch(store).find();
  if (end.kind !== 'at') throw new Error('The log has no end.');
  return end.position;
};

/** What was appended: the number of events, the number of late ones, and the position where those begin. */
type Log = Readonly<{ count: number; lateCount: number; lateFrom: bigint }>;

/**
 * Appends the lives' events in order, a cohort at a time, then the late ones: events from the middle of invoices'
 * lives.
 */
async function fill(store: EventStore, subscriptions: number, lateMax: number): Promise<Log> {
  let count = 0;
  const late: SimulatedEvent[] = [];
  for (const { events } of cohorts({ seed: 1, subscriptions, apiVersion: 'mixed', bank: true })) {
    const inTime = events.filter((event, place) => {
      const isLate =
        late.length < lateMax &&
        place % 5 === 0 &&
        event.stripeEvent.type === 'invoice.finalized' &&
        place < events.length * 0.8;
      if (isLate) late.push(event);
      return !isLate;
    });
    await appendAll(store, inTime);
    count += inTime.length;
  }
  const lateFrom = await endOf(store);
  await appendAll(store, late);
  return { count, lateCount: late.length, lateFrom };
}

const deriverBy = (policy: MoneyPolicy): Deriver => new Deriver({ projections, derivations, policy });
const signal = new AbortController().signal;
const derive = async (database: Database, deriver: Deriver): Promise<void> => {
  while (!(await bringUp(database, deriver, { signal, rests: () => false })));
  // Complete at once, since nothing was noted during the build.
  await bringUp(database, deriver, { signal, rests: () => false });
};

/** Empty read models that follow the log, with or without derivations. */
async function begin(store: EventStore, database: Database, deriver: Deriver | undefined): Promise<Group> {
  await database.query('drop schema if exists ledger cascade');
  await ensureSchema(database, [...projections, ...(deriver?.derivations ?? [])]);
  await database.query(
    `update ledger.checkpoints set state = 'live' where name not in (select name from ledger.derived_generations)`,
  );
  if (deriver !== undefined) await derive(database, deriver);
  const derived = deriver?.isDerived ?? nothingIsDerived;
  return held(store, database, derived);
}

/** Takes the lease of the projections, from their current checkpoints. */
async function held(store: EventStore, database: Database, isDerived: Deriver['isDerived']): Promise<Group> {
  const names = (await readCheckpoints(database)).filter((one) => !isDerived(one)).map(({ name }) => name);
  const checkpoints = await acquire(database, 'benchmark', { names, follows: projections });
  return { logName: await nameOfLog(store, 5_000), checkpoints };
}

/** Follows the log up to a position, in batches. */
async function follow(
  store: EventStore,
  database: Database,
  { group, batch, deriver, position }: { group: Group; batch: number; deriver: Deriver | undefined; position: bigint },
): Promise<Cost> {
  const models = readModelsIn(database, deriver);
  const projector = new Projector({ reader: eventReader(store, projections), models, projections });
  return costOf(() =>
    new Follower(readHere(store, kindsOf(projections)), projector).follow(group, {
      until: { position },
      batchMax: { events: batch, bytes: BATCH_BYTES_MAX },
      signal,
      applied: () => undefined,
    }),
  );
}

const nothingIsDerived = (): boolean => false;

/** The cost of events in time, and then of each late event in a batch of its own. */
async function project(
  store: EventStore,
  database: Database,
  { batch, deriver, log }: { batch: number; deriver: Deriver | undefined; log: Log },
): Promise<Readonly<{ inTime: Cost; late: Cost }>> {
  const group = await begin(store, database, deriver);
  const inTime = await follow(store, database, { group, batch, deriver, position: log.lateFrom });
  const again = await held(store, database, deriver?.isDerived ?? nothingIsDerived);
  const late = await follow(store, database, { group: again, batch: 1, deriver, position: await endOf(store) });
  return { inTime, late };
}

/** Builds all rows again in a rebuild's batches, then derives everything from tables. */
async function rebuild(
  store: EventStore,
  database: Database,
  deriver: Deriver,
): Promise<Readonly<{ rows: Cost; derived: Cost }>> {
  const group = await begin(store, database, undefined);
  const rows = await follow(store, database, {
    group,
    batch: REBUILT_AT_ONCE,
    deriver: undefined,
    position: await endOf(store),
  });
  await ensureSchema(database, [...projections, ...deriver.derivations]);
  return { rows, derived: await costOf(() => derive(database, deriver)) };
}

const QUERIES = {
  'trial balance, from the sums by month': `select name, currency, sum(debit_minor) as debit, sum(credit_minor) as credit from ledger.journal_months group by name, currency`,
  'trial balance, from postings': `select name, currency, sum(amount_minor) as balance from ledger.journal_postings group by name, currency`,
  'MRR by day': `select currency, day, sum(sum(change_minor)) over (partition by currency order by day) as mrr from ledger.mrr_days group by currency, day`,
};

async function measure(
  store: EventStore,
  database: Database,
  { log, batch, rounds }: { log: Log; batch: number; rounds: number },
): Promise<string[]> {
  const costs = {
    ...{ alone: [] as Cost[], derived: [] as Cost[], policy: [] as Cost[] },
    ...{ lateAlone: [] as Cost[], late: [] as Cost[], rebuiltAlone: [] as Cost[], rebuilt: [] as Cost[] },
  };
  const deriver = deriverBy(defaultPolicy);
  for (let round = 0; round < rounds; round += 1) {
    const alone = await project(store, database, { batch, log, deriver: undefined });
    costs.alone.push(alone.inTime);
    costs.lateAlone.push(alone.late);
    const { rows: rowsAlone, derived } = await rebuild(store, database, deriver);
    costs.rebuiltAlone.push(rowsAlone);
    costs.rebuilt.push({ wallMs: rowsAlone.wallMs + derived.wallMs, cpuMs: rowsAlone.cpuMs + derived.cpuMs });
    const together = await project(store, database, { batch, log, deriver });
    costs.derived.push(together.inTime);
    costs.late.push(together.late);
    costs.policy.push(await costOf(() => derive(database, deriverBy({ ...defaultPolicy, recovery: 'reinstate' }))));
  }
  type What = keyof typeof costs;
  const of = (what: What, which: keyof Cost): number => median(costs[what].map((cost) => cost[which]));
  const row = (name: string, what: What, than: What, count: number): string => {
    const cells = (['wallMs', 'cpuMs'] as const).flatMap((which) => [
      ((of(what, which) / count) * 1_000).toFixed(0),
      (of(what, which) / of(than, which)).toFixed(2),
    ]);
    return `| ${name} | ${Math.round(of(what, 'wallMs')).toLocaleString('en-US')} | ${cells.join(' | ')} |`;
  };
  const all = log.count + log.lateCount;
  const rows = [
    '| | ms | µs an event | ÷ without | CPU µs an event | ÷ without |',
    `|${'---|'.repeat(6)}`,
    row('projecting alone', 'alone', 'alone', log.count),
    row('projecting, and what is derived', 'derived', 'alone', log.count),
    row('a late event, its rows alone', 'lateAlone', 'lateAlone', log.lateCount),
    row('a late event, and what is derived', 'late', 'lateAlone', log.lateCount),
    row('a rebuild of all rows', 'rebuiltAlone', 'rebuiltAlone', all),
    row('a rebuild, and what is derived', 'rebuilt', 'rebuiltAlone', all),
    row('deriving all by another policy, from tables', 'policy', 'rebuiltAlone', all),
    '',
  ];
  const { rows: sizes } = await database.query<{ entries: bigint; postings: bigint; movements: bigint }>(
    `select (select count(*) from ledger.journal_entries) as entries, (select count(*) from ledger.journal_postings) as postings, (select count(*) from ledger.mrr_movements) as movements`,
  );
  rows.push(
    `${sizes[0]?.entries} entries, ${sizes[0]?.postings} postings, ${sizes[0]?.movements} movements of MRR:`,
    '',
  );
  for (const [name, sql] of Object.entries(QUERIES)) {
    const times: number[] = [];
    for (let time = 0; time < 5; time += 1) times.push((await costOf(() => database.query(sql))).wallMs);
    rows.push(`- ${name}: ${median(times).toFixed(1)} ms`);
  }
  return rows;
}

const { values } = parseArgs({
  options: {
    lives: { type: 'string', default: '300' },
    batch: { type: 'string', default: '200' },
    late: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit();
}
await withStores('money-benchmark', async (store, database) => {
  const [subscriptions = 300] = wholeNumbers('lives', values.lives, 100_000);
  const [batch = 200] = wholeNumbers('batch', values.batch, 4_000);
  const [rounds = 1] = wholeNumbers('rounds', values.rounds, 100);
  const [late = 40] = wholeNumbers('late', values.late, 10_000);
  const log = await fill(store, subscriptions, late);
  const report = await measure(store, database, { log, batch, rounds });
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, ${log.count} events in batches of ${batch}, ${log.lateCount} late, medians of ${rounds}\n\n${report.join('\n')}\n`,
  );
});
process.exit();
