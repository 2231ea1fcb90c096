import { heldSummary, readEndpoints, type EndpointState } from '../../access-changes/states.js';
import { withTimeout, type EventStore } from '../../eventstore/event-store.js';
import { readLogPage } from '../../eventstore/read.js';
import { receivedAtOf, type RecordedEvent } from '../../eventstore/recorded-event.js';
import type { Database, Queryable } from '../../read-models/database.js';
import { countQuarantined } from '../../read-models/event-index.js';
import type { Health, HealthReport, LogState, Positions } from './health.js';
import { QUARANTINED_MAX, type LastEvent, type Minute, type StatusFacts } from './status.js';

const ANSWER_WITHIN_MS = 2_000;

type Options = Readonly<{
  store: EventStore;
  health: Health;
  /** Null in a process without Postgres. */
  database: Database | null;
  /** Null where other processes ingest. */
  intake: Readonly<{ waiting: () => number; minutes: () => readonly Minute[] }> | null;
  /** Null where other processes project. */
  verified: (() => Readonly<{ folds: number; faults: number }>) | null;
  /** The version of this build. */
  version: string;
}>;

/** Collects the facts about store, read models and this process. A fact whose source does not answer is null. */
export class StatusReader {
  /** Kept while only the ledger's own events follow it. */
  #last: Omit<LastEvent, 'ageSeconds'> | 'none' | null = null;
  /** The end of the log at the last search. */
  #lookedTo: bigint | null = null;

  constructor(private readonly options: Options) {}

  async read(): Promise<StatusFacts> {
    const { health, intake, verified, version } = this.options;
    const [report, positions, { quarantinedEvents, postgres, held, endpoints }] = await Promise.all([
      health.report(),
      health.positions(),
      this.#postgres(),
    ]);
    const now = new Date();
    const lastEvent = await this.#lastEvent(positions.log, now);
    return {
      at: now.toISOString(),
      log: { state: lastEvent === 'none' ? 'empty' : positions.log.kind, name: logNameOf(positions) },
      lastEvent: lastEvent === 'none' ? null : lastEvent,
      intake: {
        state: report.intake.state,
        eventStore: report.intake.eventStore,
        waiting: intake?.waiting() ?? null,
        minutes: intake?.minutes() ?? null,
      },
      reads: {
        state: report.reads.state,
        postgres: report.reads.postgres,
        building: report.reads.building,
        lagSeconds: report.reads.lagSeconds,
        parkedStreams: positions.readModels.kind === 'at' ? sumOf(Object.values(report.reads.parked)) : null,
        quarantinedEvents,
      },
      projecting: { by: projectedBy(report, positions), cause: report.reads.cause ?? null },
      verified: verified?.() ?? null,
      accessChanges: held === null || endpoints === null ? null : { held, endpoints: endpoints.map(endpointAt(now)) },
      versions: { ledger: version, node: process.versions.node, postgres },
    };
  }

  /** Returns `none` for a log of only the ledger's own events; null without one of Stripe's near a readable end. */
  async #lastEvent(log: LogState, now: Date): Promise<LastEvent | 'none' | null> {
    if (log.kind !== 'at') return null;
    if (this.#lookedTo !== log.position) {
      const looking = lastOfStripe(this.options.store);
      const event = await withTimeout(looking, ANSWER_WITHIN_MS, 'The event store').catch(() => undefined);
      if (event === undefined) return null;
      this.#lookedTo = log.position;
      if (event === 'none') this.#last = 'none';
      else if (event !== null)
        this.#last = {
          stripeEventId: event.metadata?.stripeEventId ?? null,
          type: event.type,
          receivedAt: receivedAtOf(event).toISOString(),
          position: String(event.position),
        };
    }
    const last = this.#last;
    if (last === 'none') return last;
    return last && { ...last, ageSeconds: Math.max(0, (now.getTime() - Date.parse(last.receivedAt)) / 1_000) };
  }

  async #postgres() {
    const { database } = this.options;
    if (database === null) return { quarantinedEvents: null, postgres: null, held: null, endpoints: null };
    const ask = <T>(work: (connection: Queryable) => Promise<T>): Promise<T | null> =>
      withTimeout(database.snapshot(work), ANSWER_WITHIN_MS, 'Postgres').catch(() => null);
    const [known, access] = await Promise.all([
      ask(async (connection) => ({
        quarantinedEvents: await countQuarantined(connection, QUARANTINED_MAX),
        version: await connection.query<{ server_version: string }>('show server_version'),
      })),
      // Separate, because its tables do not exist where no process decides access.
      ask(async (connection) => ({
        held: await heldSummary(connection),
        endpoints: await readEndpoints(connection),
      })),
    ]);
    return {
      quarantinedEvents: known?.quarantinedEvents ?? null,
      postgres: known?.version.rows[0]?.server_version ?? null,
      held: access?.held.count ?? null,
      endpoints: access?.endpoints ?? null,
    };
  }
}

const endpointAt =
  (now: Date) =>
  ({ name, waiting, oldestAt, isStopped }: EndpointState) => ({
    name,
    waiting,
    lagSeconds: oldestAt === null ? 0 : Math.max(0, (now.getTime() - oldestAt.getTime()) / 1_000),
    isStopped,
  });

/** Page sizes of the search: the ledger's own events, such as the progress of an operation, lie between Stripe's. */
const PAGES_EVENTS = [1, 20, 250] as const;

async function lastOfStripe(store: EventStore): Promise<RecordedEvent | 'none' | null> {
  for (const max of PAGES_EVENTS) {
    const page = await readLogPage(store, { direction: 'backwards', from: 'end', max });
    const last = page.find(({ metadata }) => metadata !== null);
    if (last !== undefined) return last;
    if (page.length < max) return 'none';
  }
  return null;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

const logNameOf = ({ readModels }: Positions): string | null =>
  readModels.kind === 'at' ? (readModels.generations.find(({ logName }) => logName !== null)?.logName ?? null) : null;

/** Who projects: a held lease on generations of the current log means another process does. */
function projectedBy({ reads: { catchUp } }: HealthReport, { readModels }: Positions): StatusFacts['projecting']['by'] {
  if (catchUp === 'projecting' || catchUp === 'building') return 'this_process';
  if (readModels.kind !== 'at' || catchUp === 'starting') return 'unknown';
  return readModels.generations.some(({ isFree }) => !isFree) ? 'another_process' : 'nobody';
}
