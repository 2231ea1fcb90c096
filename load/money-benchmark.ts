import { ANY } from '@eventstore/db-client';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { derivations } from '../derivations/index.js';
import { defaultPolicy, type MoneyPolicy } from '../derivations/policy.js';
import { projections } from '../projections/index.js';
import { kindsOf } from '../projections/projection.js';
import { lives } from '../simulator/simulator.js';
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

/** `npm run benchmark:money`: what journal, revenue and MRR cost beside the rows that they are derived from. */

const HELP = `Appends the events of simulated lives, projects them in batches of live following without what is derived and with it, then derives
all of it from tables, by another policy, and asks for sums. All of one run, so that ratios can be compared.

  npm run benchmark:money -- [options]

  --lives <n>      subscriptions that are played                  (300)
  --batch <n>      events of a batch                              (200)
  --rounds <n>     repetitions, of which the table shows medians    (1)
  --help           this text
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

/** Appends the lives' events as they arrive; resolves with their number. */
async function fill(store: EventStore, subscriptions: number): Promise<number> {
  const events = [...lives({ seed: 1, subscriptions, apiVersion: 'mixed' })].flatMap((life) => [...life.events]);
  const byTime = events.sort((a, b) => a.stripeEvent.created - b.stripeEvent.created);
  for (let at = 0; at < byTime.length; at += APPENDED_AT_ONCE) {
    const streams = new Map<string, ReturnType<typeof appendedEvent>[]>();
    for (const { stream, stripeEvent } of byTime.slice(at, at + APPENDED_AT_ONCE))
      streams.set(stream, [...(streams.get(stream) ?? []), appendedEvent(stripeEvent)]);
    await Promise.all(
      [...streams].map(([stream, own]) => store.appends.appendToStream(stream, own, { expectedRevision: ANY })),
    );
  }
  return events.length;
}

const deriverBy = (policy: MoneyPolicy): Deriver => new Deriver({ projections, derivations, policy });
const signal = new AbortController().signal;
const derive = async (database: Database, deriver: Deriver): Promise<void> => {
  while (!(await bringUp(database, deriver, { signal, rests: () => false })));
  // Complete where nothing was noted while it was built.
  await bringUp(database, deriver, { signal, rests: () => false });
};

/** Empty read models that follow the log, with what is derived from them or without it. */
async function begin(store: EventStore, database: Database, deriver: Deriver | undefined): Promise<Group> {
  await database.query('drop schema if exists ledger cascade');
  await ensureSchema(database, [...projections, ...(deriver?.derivations ?? [])]);
  await database.query(
    `update ledger.checkpoints set state = 'live' where name not in (select name from ledger.derived_generations)`,
  );
  if (deriver !== undefined) await derive(database, deriver);
  const derived = deriver?.isDerived ?? (() => false);
  const names = (await readCheckpoints(database)).filter((one) => !derived(one)).map(({ name }) => name);
  const checkpoints = await acquire(database, 'benchmark', { names, follows: projections });
  return { logName: await nameOfLog(store, 5_000), checkpoints };
}

async function project(
  store: EventStore,
  database: Database,
  { batch, deriver }: { batch: number; deriver: Deriver | undefined },
): Promise<Cost> {
  const group = await begin(store, database, deriver);
  const end = await new LogEndSearch(store).find();
  if (end.kind !== 'at') throw new Error('The log has no end.');
  const projector = new Projector({
    reader: eventReader(store, projections),
    models: readModelsIn(database, deriver),
    projections,
  });
  return costOf(() =>
    new Follower(readHere(store, kindsOf(projections)), projector).follow(group, {
      until: { position: end.position },
      batchMax: { events: batch, bytes: BATCH_BYTES_MAX },
      signal,
      applied: () => undefined,
    }),
  );
}

const QUERIES = {
  'trial balance, from the sums by month': `select name, currency, sum(debit_minor) as debit, sum(credit_minor) as credit from ledger.journal_months group by name, currency`,
  'trial balance, from postings': `select name, currency, sum(amount_minor) as balance from ledger.journal_postings group by name, currency`,
  'MRR by day': `select currency, day, sum(sum(change_minor)) over (partition by currency order by day) as mrr from ledger.mrr_days group by currency, day`,
};

async function measure(
  store: EventStore,
  database: Database,
  { count, batch, rounds }: { count: number; batch: number; rounds: number },
): Promise<string[]> {
  const costs = { alone: [] as Cost[], derived: [] as Cost[], policy: [] as Cost[] };
  const deriver = deriverBy(defaultPolicy);
  for (let round = 0; round < rounds; round += 1) {
    costs.alone.push(await project(store, database, { batch, deriver: undefined }));
    costs.derived.push(await project(store, database, { batch, deriver }));
    costs.policy.push(await costOf(() => derive(database, deriverBy({ ...defaultPolicy, recovery: 'reinstate' }))));
  }
  const of = (what: keyof typeof costs, which: keyof Cost): number => median(costs[what].map((cost) => cost[which]));
  const row = (name: string, what: keyof typeof costs): string =>
    `| ${name} | ${Math.round(of(what, 'wallMs')).toLocaleString('en-US')} | ${((of(what, 'wallMs') / count) * 1_000).toFixed(0)} | ${(of(what, 'wallMs') / of('alone', 'wallMs')).toFixed(2)} | ${((of(what, 'cpuMs') / count) * 1_000).toFixed(0)} | ${(of(what, 'cpuMs') / of('alone', 'cpuMs')).toFixed(2)} |`;
  const rows = [
    '| | ms | µs an event | ÷ projecting | CPU µs an event | ÷ projecting |',
    `|${'---|'.repeat(6)}`,
    row('projecting alone', 'alone'),
    row('projecting, and what is derived', 'derived'),
    row('deriving all by another policy, from tables', 'policy'),
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
  const count = await fill(store, subscriptions);
  const report = await measure(store, database, { count, batch, rounds });
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, ${count} events in batches of ${batch}, medians of ${rounds}\n\n${report.join('\n')}\n`,
  );
});
process.exit();
