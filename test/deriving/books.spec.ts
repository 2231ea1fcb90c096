import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ANY } from '@eventstore/db-client';
import { derivations } from '../../derivations/index.js';
import { measures, type Measure } from '../../derivations/measures.js';
import { defaultPolicy, type MoneyPolicy } from '../../derivations/policy.js';
import { projections } from '../../projections/index.js';
import { deliveries } from '../../simulator/deliveries.js';
import { lives, type SimulatedEvent } from '../../simulator/simulator.js';
import { CatchUp } from '../../src/catch-up/catch-up.js';
import { Deriver } from '../../src/deriving/deriver.js';
import { comparePolicies } from '../../src/deriving/compare-policies.js';
import { verifyLive, type DerivedFault } from '../../src/deriving/verify-keys.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { readCheckpoints } from '../../src/read-models/checkpoints.js';
import { Database } from '../../src/read-models/database.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { until } from '../support/until.js';

const SEED = Number(process.env['SEED'] ?? 7);
const LIVES = Number(process.env['LIVES'] ?? 8);

let eventStore: TestServer;
let server: TestServer;
let store: EventStore;
let database: Database;
beforeAll(async () => {
  [eventStore, server] = await Promise.all([testEventStore(), testDatabase()]);
  store = connectEventStore(eventStore.url);
  database = new Database(server.url, { connectionsMax: 6, onIdleError: () => undefined });
});
afterAll(async () => {
  await Promise.all([store.close(), database.close()]);
  await Promise.all([eventStore.stop(), server.stop()]);
});

const deriver = new Deriver({ projections, derivations, policy: defaultPolicy });
const newCatchUp = (): CatchUp =>
  new CatchUp(store, database, {
    projections,
    deriver,
    verifyEveryMs: 3_600_000,
    intakeIsBusy: () => false,
    build: async () => ({ kind: 'stopped' }),
    observer: {
      stateChanged: () => undefined,
      batchApplied: () => undefined,
      buildEnded: () => undefined,
      verified: () => undefined,
      warned: (text) => console.error(text),
    },
  });

async function append(events: Iterable<SimulatedEvent>): Promise<bigint> {
  let last = -1n;
  for (const { stream, stripeEvent } of events) {
    const { position } = await store.appends.appendToStream(
      stream,
      appendedEvent(stripeEvent as unknown as Parameters<typeof appendedEvent>[0]),
      { expectedRevision: ANY },
    );
    last = position?.commit ?? last;
  }
  return last;
}

const reach = (position: bigint) =>
  until(
    'all stands there',
    async () => {
      const checkpoints = await readCheckpoints(database).catch(() => []);
      const notes = await query(
        server.url,
        '(select 1 from ledger.derivation_notes limit 1) union all (select 1 from ledger.derivation_changes limit 1)',
      ).catch(() => [1]);
      return (
        notes.length === 0 &&
        checkpoints.length > 0 &&
        checkpoints.every(({ at, state, shown }) => !shown || (state === 'live' && (at?.position ?? -1n) >= position))
      );
    },
    60_000,
  );

/** Runs a catch-up until everything is at a position. */
async function project(position: bigint): Promise<void> {
  const catchUp = newCatchUp();
  catchUp.start();
  try {
    await reach(position);
  } finally {
    await catchUp.stop();
  }
}

const each = (sql: string) => query<Record<string, unknown>>(server.url, sql);

describe(`the books of simulated lives (seed ${SEED})`, () => {
  it('are the same derived batch by batch, in the disorder of arrival, as derived at once, and balance', async () => {
    const events = [...lives({ seed: SEED, subscriptions: LIVES, apiVersion: 'mixed' })].flatMap((life) => [
      ...life.events,
    ]);
    const arriving = [
      ...new Set(
        [...deliveries(events, { seed: SEED, duplicateRate: 0, reorderWindow: 60 })].map(({ event }) => event),
      ),
    ];
    const half = Math.ceil(arriving.length / 2);
    await project(await append(arriving.slice(0, half)));
    const catchUp = newCatchUp();
    catchUp.start();
    const last = await append(arriving.slice(half));
    await reach(last);
    await catchUp.stop();

    const faults: DerivedFault[] = [];
    const count = await verifyLive(database, deriver, { streams: null, found: (fault) => faults.push(fault) });
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(LIVES);
    expect(await each(`select stream, cause from ledger.parked_streams where kind in ('event', 'whole')`)).toEqual([]);
    expect(
      await each(
        'select entry, currency, sum(amount_minor) from ledger.journal_postings group by entry, currency having sum(amount_minor) <> 0',
      ),
    ).toEqual([]);
    // Receivables equal the invoices' remaining amounts.
    expect(
      await each(`select i.id, i.status, amount_remaining_minor, coalesce(sum(p.amount_minor), 0) as receivable
        from ledger.invoices i left join ledger.journal_entries e on e.invoice = i.id
        left join ledger.journal_postings p on p.entry = e.id and p.name = 'Assets:Receivable'
        where i.status in ('open', 'paid', 'void', 'uncollectible') group by i.id, i.status, amount_remaining_minor
        having coalesce(sum(p.amount_minor), 0) <> case when i.status = 'open' then amount_remaining_minor else 0 end`),
    ).toEqual([]);
    // Everything deferred is earned or reduced in the end.
    expect(
      await each(`select line, sum(amount) from (
          select line, currency, amount_minor as amount from ledger.journal_postings where name = 'Liabilities:Deferred'
          union all select line, currency, revenue_minor from ledger.revenue_months) as both_sides
        group by line having sum(amount) <> 0`),
    ).toEqual([]);
    // Movements add up to the customers' final MRR, and days to movements.
    expect(
      await each(`select customer, currency from ledger.mrr_movements group by customer, currency
        having sum(amount_minor) <> (select mrr_minor from ledger.mrr_steps s where s.customer = mrr_movements.customer and s.currency = mrr_movements.currency order by at desc limit 1)`),
    ).toEqual([]);
    expect(
      await each(`select currency, sum(change_minor) from ledger.mrr_days group by currency
        having sum(change_minor) <> (select sum(amount_minor) from ledger.mrr_movements m where m.currency = mrr_days.currency)`),
    ).toEqual([]);
    expect(
      await each(
        `select customer, at from ledger.mrr_movements where amount_minor <> (select sum((part->>'amountMinor')::int8) from jsonb_array_elements(parts) as part)`,
      ),
    ).toEqual([]);
    expect(Number((await each('select count(*) as found from ledger.mrr_movements'))[0]?.['found'])).toBeGreaterThan(0);
  }, 180_000);

  it('compare with those by another policy: sums are those of the rows, and customers make up the difference', async () => {
    const compare = async (measure: Measure, other: Partial<MoneyPolicy>) => {
      const compared = await comparePolicies(database, {
        ...{ deriver, measure, policy: { ...defaultPolicy, ...other }, until: '2100-01-01T00:00:00.000Z', top: 10_000 },
        signal: new AbortController().signal,
      });
      if (typeof compared === 'string') throw new Error(compared);
      expect(compared).toMatchObject({ failedKeys: 0, isComplete: true });
      const changed = new Map<string, bigint>();
      for (const { customer: _, change, ...group } of compared.customers)
        changed.set(JSON.stringify(group), (changed.get(JSON.stringify(group)) ?? 0n) + change);
      for (const { before, after, ...group } of compared.totals)
        expect([group, after - before]).toEqual([group, changed.get(JSON.stringify(group)) ?? 0n]);
      return compared;
    };
    const sums = async (sql: string) =>
      new Map((await each(sql)).map(({ name, currency, sum }) => [`${String(name)} ${String(currency)}`, String(sum)]));
    const before = ({ totals }: Awaited<ReturnType<typeof compare>>) =>
      new Map(totals.map(({ name, currency, before: sum }) => [`${name} ${currency}`, String(sum)]));

    const trials = await compare(measures.mrr, { mrrTrials: 'yes', mrrDiscounts: 'none' });
    expect(before(trials)).toEqual(
      await sums(
        `select 'MRR' as name, currency, sum(mrr_change_minor)::text as sum from ledger.mrr_steps group by currency`,
      ),
    );
    expect(trials.totals.every(({ before: own, after }) => after >= own)).toBe(true);
    const gross = await compare(measures.journal, { standalone: 'revenue', catchUp: 'no', refundTax: 'none' });
    expect(gross.differentCustomers).toBeGreaterThan(0);
    expect(before(gross)).toEqual(
      new Map(
        [
          ...(await sums(
            'select name, currency, sum(amount_minor)::text as sum from ledger.journal_postings group by name, currency',
          )),
        ].concat(
          // Accounts that only the other policy has.
          gross.totals
            .filter(({ before: own, after }) => own === 0n && after !== 0n)
            .map(({ name, currency }) => [`${name} ${currency}`, '0']),
        ),
      ),
    );
    const months = await compare(measures.revenue, { recognition: 'month' });
    expect(months.differentCustomers).toBeGreaterThan(0);
    const income = await sums(
      `select month as name, currency, sum(amount)::text as sum from (
         select month, currency, revenue_minor as amount from ledger.revenue_months
         union all select month, currency, -amount_minor from ledger.journal_postings where name like 'Income:%') as moved group by month, currency`,
    );
    for (const [name, sum] of income) expect([name, before(months).get(name)]).toEqual([name, sum]);
    const overAll = (side: 'before' | 'after') =>
      months.totals.reduce(
        (sums, { currency, ...one }) => sums.set(currency, (sums.get(currency) ?? 0n) + one[side]),
        new Map<string, bigint>(),
      );
    expect(overAll('after')).toEqual(overAll('before'));
  }, 60_000);
});
