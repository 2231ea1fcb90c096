import { ANY } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { derivations } from '../../derivations/index.js';
import { defaultPolicy } from '../../derivations/policy.js';
import { projections } from '../../projections/index.js';
import { seededRandom } from '../../simulator/random.js';
import { lives } from '../../simulator/simulator.js';
import { Deriver } from '../../src/deriving/deriver.js';
import { verifyLive, type DerivedFault } from '../../src/deriving/verify-keys.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { Database } from '../../src/read-models/database.js';
import { runCommand, startCommand } from '../support/ledger-command.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import {
  serviceDatabase,
  SHARES_STORE,
  testEventStore,
  type TestDatabase,
  type TestServer,
} from '../support/servers.js';
import { startServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

/**
 * `npm run crash -- --rounds 5 test/crash/deriving` kills this many times at every step; by default once, at a step
 * that the seed picks.
 */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 0);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
const LIVES = 6;
const CHUNKS = 12;

let eventStore: TestServer;
let server: TestDatabase;
let urls: { eventstoreUrl: string; databaseUrl: string };
let store: EventStore;
let database: Database;
beforeAll(async () => {
  [eventStore, server] = await Promise.all([testEventStore(), serviceDatabase()]);
  urls = { eventstoreUrl: eventStore.url, databaseUrl: server.url };
  store = connectEventStore(eventStore.url);
  database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
}, 60_000);
afterAll(async () => {
  await Promise.all([store.close(), database.close()]);
  await Promise.all([eventStore.stop(), server.stop()]);
});

const deriver = new Deriver({ projections, derivations, policy: defaultPolicy });
let seed = SEED;
let waiting: readonly Readonly<{ stream: string; event: ReturnType<typeof appendedEvent> }>[] = [];

/** Appends some events of endless lives. */
async function append(): Promise<bigint> {
  if (waiting.length === 0) {
    seed += 1;
    waiting = [...lives({ seed, subscriptions: LIVES, apiVersion: 'mixed', bank: true })].flatMap(({ events }) =>
      events.map(({ stream, stripeEvent }) => ({
        stream,
        event: appendedEvent(stripeEvent as unknown as Parameters<typeof appendedEvent>[0]),
      })),
    );
  }
  const size = Math.max(40, Math.ceil(waiting.length / CHUNKS));
  let last = -1n;
  for (const { stream, event } of waiting.slice(0, size)) {
    const { position } = await store.appends.appendToStream(stream, event, { expectedRevision: ANY });
    last = position?.commit ?? last;
  }
  waiting = waiting.slice(size);
  return last;
}

/** All derived rows that differ from a plain derivation of the source rows; they include duplicate entries. */
async function faults(): Promise<DerivedFault[]> {
  const found: DerivedFault[] = [];
  await verifyLive(database, deriver, { streams: null, found: (fault) => found.push(fault) });
  return found;
}

/** Runs a service until everything up to a position is projected and derived. */
async function settle(position: bigint): Promise<void> {
  const service = await startServiceProcess(urls);
  await until(
    'all is derived',
    async () => {
      const [found] = await query<{ behind: boolean }>(
        server.url,
        `select exists (select from (select generation from ledger.derivation_notes union all select generation from ledger.derivation_changes) as noted
             join ledger.checkpoints c on c.name = noted.generation where c.shown)
           or exists (select from ledger.checkpoints where shown and (state <> 'live' or (coalesce(position, -1) < $1::int8 and name not in (select name from ledger.derived_generations)))) as behind`,
        [String(position)],
      );
      return found?.behind === false;
    },
    60_000,
  );
  await service.stop();
}

/** The posting table of the journal's generation in a state; null if there is none. */
async function postingsOf(condition: string): Promise<string | null> {
  const [found] = await query<{ version: number; generation: number }>(
    server.url,
    `select version, generation from ledger.checkpoints where projection = 'journal' and ${condition}`,
  );
  return found === undefined ? null : `ledger.journal_postings_v${found.version}_g${found.generation}`;
}

/** `poke` brings the victim to the step, once the step is blocked. */
type Victim = Readonly<{ kill(): Promise<unknown>; poke?: () => Promise<unknown> }>;

/** Locks a table, so that the process at that step blocks on it, and kills the blocked process. */
async function killAt(held: Readonly<{ table: string; mode: string }>, start: () => Promise<Victim>): Promise<void> {
  const holder = new pg.Client({ connectionString: server.url });
  await holder.connect();
  // A starting service reads all tables, so it starts before the lock; a command gets to the step by itself.
  const running = start === service ? await start() : null;
  await holder.query(`begin; lock table ${held.table} in ${held.mode} mode`);
  const victim = running ?? (await start());
  try {
    await victim.poke?.();
    await until(
      `somebody waits for ${held.table}`,
      async () =>
        (await query(server.url, 'select 1 from pg_locks where not granted and relation = $1::regclass', [held.table]))
          .length > 0,
      60_000,
    );
  } finally {
    await victim.kill();
    await holder.query('rollback');
    await holder.end();
  }
}

const ALONE = 'access exclusive';
/** The lock of a reader of a view, which blocks a replacement of the view. */
const READING = 'access share';

const service = async (): Promise<Victim> => {
  const started = await startServiceProcess(urls);
  return { kill: () => started.kill(), poke: append };
};
const command =
  (...args: string[]) =>
  async (): Promise<Victim> => {
    const { child, ended } = startCommand(args, urls);
    return {
      kill: () => {
        child.kill('SIGKILL');
        return ended;
      },
    };
  };

const shownView = async (): Promise<string> => {
  const [found] = await query<{ version: number }>(
    server.url,
    `select version from ledger.checkpoints where projection = 'journal' and shown`,
  );
  return `ledger.journal_entries_v${String(found?.version)}`;
};
const shownPostings = async (): Promise<string> => String(await postingsOf('shown'));

/** The steps at which deriving is killed. Each blocks with a lock on what the step needs. */
const steps: Readonly<Record<string, () => Promise<void>>> = {
  'a batch that writes what it derives': async () => killAt({ table: await shownPostings(), mode: ALONE }, service),
  'a batch that moves sums': async () =>
    killAt({ table: (await shownPostings()).replace('postings', 'months'), mode: ALONE }, service),
  'noting, and taking notes': () => killAt({ table: 'ledger.derivation_notes', mode: ALONE }, service),
  'a build that notes all keys': () =>
    killAt({ table: 'ledger.derivation_notes', mode: ALONE }, command('rebuild', 'journal')),
  'a build that moves the views': async () =>
    killAt({ table: await shownView(), mode: READING }, command('rebuild', 'journal')),
  'a rollback that moves the views': async () => {
    expect(await runCommand(['rebuild', 'journal'], urls)).toMatchObject({ code: 0 });
    await killAt({ table: await shownView(), mode: READING }, command('rollback', 'journal'));
  },
  'a build that drops what was kept before': async () => {
    for (let time = 0; time < 2; time += 1)
      expect(await runCommand(['rebuild', 'journal'], urls)).toMatchObject({ code: 0 });
    const kept = String(await postingsOf(`state = 'kept'`));
    await killAt({ table: kept, mode: READING }, command('rebuild', 'journal'));
  },
};
const names = Object.keys(steps);
const random = seededRandom(SEED, 'steps');
const picked = ROUNDS > 0 ? names : [...names].sort(() => random.next() - 0.5).slice(0, 1);

describe(`kill -9 of deriving (seed ${SEED})`, () => {
  beforeAll(async () => settle(await append()), 90_000);

  it.each(picked)(
    'at %s: derived rows follow from the source rows, also in the end, and nothing is duplicated',
    async (step) => {
      for (let round = 0; round < Math.max(1, ROUNDS); round += 1) {
        await steps[step]?.();
        expect(await faults()).toEqual([]);
      }
      await settle(await append());
      expect(await faults()).toEqual([]);
      // On a shared store other specs park streams.
      if (!SHARES_STORE)
        expect(await query(server.url, `select stream from ledger.parked_streams where kind = 'whole'`)).toEqual([]);
      expect(
        await query(
          server.url,
          'select entry, currency from ledger.journal_postings group by entry, currency having sum(amount_minor) <> 0',
        ),
      ).toEqual([]);
    },
    120_000 + ROUNDS * 60_000,
  );
});
