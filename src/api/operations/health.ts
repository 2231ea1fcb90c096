import { Gauge, type Registry } from 'prom-client';
import { derivations } from '../../../derivations/index.js';
import type { CatchUpState } from '../../catch-up/catch-up.js';
import { usesReadModels, type Role } from '../../config/config.js';
import type { Trouble } from '../../eventstore/appender.js';
import { readFollowing, type Following } from '../../deriving/standing.js';
import { withTimeout, type EventStore } from '../../eventstore/event-store.js';
import { distanceTo, LogEndSearch, type LogEnd } from '../../eventstore/log-end.js';
import { LogLag } from '../../eventstore/log-lag.js';
import { StoreRefuses } from '../../eventstore/store-errors.js';
import { isNotYetMade, type Database, type Queryable } from '../../read-models/database.js';
import { readCheckpoints, type Checkpoint } from '../../read-models/checkpoints.js';
import { countParked } from '../../read-models/parked-streams.js';
import type { ReadPosition } from '../read-position.js';

/**
 * Whether events are accepted. `elsewhere`: by other processes; `store_away`, `store_refuses`: the store does not
 * answer, or rejects this user; otherwise why appends fail though the store may answer reads.
 */
export type IntakeState = 'ok' | 'elsewhere' | 'store_away' | 'store_refuses' | Trouble['kind'];

/**
 * Whether rows can be read. `not_caught_up`: the read models have not reached the end of the log yet;
 * `log_end_unknown`: that end is still being searched; `not_built`: some generations of this build have never reached
 * it; `other_log`: they belong to another log.
 */
export type ReadsState =
  'ok' | 'not_used' | 'database_away' | 'store_away' | 'log_end_unknown' | 'not_caught_up' | 'not_built' | 'other_log';

export type HealthReport = Readonly<{
  /** Whether the process can serve its roles; if these include ingest, the event store alone decides. */
  ready: boolean;
  roles: readonly Role[];
  intake: { ready: boolean; state: IntakeState; eventStore: string };
  /** `building`: generations that have not reached the end of the log yet. `parked`: parked streams by generation. */
  reads: {
    ready: boolean;
    state: ReadsState;
    postgres: string;
    catchUp: string;
    cause?: string;
    building: readonly string[];
    parked: Readonly<Record<string, number>>;
    /** The age of the oldest event that is not yet projected; 0 when caught up, null while unknown. */
    lagSeconds: number | null;
  };
}>;

/** A report without causes, addresses, roles and checkpoints: for requests without a valid token. */
export type PublicReport = Readonly<{
  ready: boolean;
  intake: { ready: boolean; state: IntakeState };
  reads: { ready: boolean; state: ReadsState };
}>;

export const publicReport = ({ ready, intake, reads }: HealthReport): PublicReport => ({
  ready,
  intake: { ready: intake.ready, state: intake.state },
  reads: { ready: reads.ready, state: reads.state },
});

/** The end of the log, or why the store does not return it. */
export type LogState =
  LogEnd | Readonly<{ kind: 'away'; cause: string }> | Readonly<{ kind: 'refused'; cause: string }>;
/** The position up to which the live rows are complete (-1n before the first event), and what is not ready. */
type ReadModelsState =
  | Readonly<{
      kind: 'at';
      position: bigint;
      building: readonly string[];
      parked: ReadonlyMap<string, number>;
      /** How derivations follow their sources. */
      following: ReadonlyMap<string, Following>;
      /** All generations that follow the log or are being built, without kept and compared ones. */
      generations: readonly Checkpoint[];
    }>
  | Readonly<{ kind: 'away' | 'not_used' }>;

export type Positions = Readonly<{
  log: LogState;
  readModels: ReadModelsState;
  /** The lag in seconds at these positions; null where unknown. */
  lags: ReadonlyMap<bigint, number | null>;
}>;

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_AGAIN_AFTER_MS = 500;

type Options = Readonly<{
  roles: readonly Role[];
  /** Null in a process without Postgres. */
  readModels: { database: Database; position: ReadPosition } | null;
  /** Null where another process projects. */
  catchUp: (() => CatchUpState) | null;
  /** Why appends currently fail. */
  trouble: () => Trouble | null;
}>;

/** Checks the store and Postgres; concurrent requests share one check. */
export class Health {
  readonly #logEnd: LogEndSearch;
  readonly #lag: LogLag;
  #checked: { at: number; positions: Promise<Positions> } | undefined;
  #caughtUpOnce = false;

  constructor(
    store: EventStore,
    private readonly options: Options,
  ) {
    this.#logEnd = new LogEndSearch(store);
    this.#lag = new LogLag(store);
  }

  positions(): Promise<Positions> {
    const now = performance.now();
    if (this.#checked === undefined || now - this.#checked.at > CHECK_AGAIN_AFTER_MS)
      this.#checked = { at: now, positions: this.#check() };
    return this.#checked.positions;
  }

  /** Reads become ready once the read models have reached the end of the log, and stay so while Postgres answers. */
  async report(): Promise<HealthReport> {
    const { log, readModels, lags } = await this.positions();
    const { roles } = this.options;
    if (readModels.kind === 'at' && hasReached(readModels.position, log)) this.#caughtUpOnce = true;
    const intake = this.#intake(log);
    const lagSeconds = readModels.kind === 'at' ? (lags.get(readModels.position) ?? null) : null;
    const reads = { ...this.#reads(log, readModels), lagSeconds };
    return { ready: roles.includes('ingest') ? intake.ready : reads.ready, roles, intake, reads };
  }

  #intake(log: LogState): HealthReport['intake'] {
    const trouble = this.options.trouble();
    const eventStore =
      log.kind === 'away'
        ? 'does not answer'
        : log.kind === 'refused'
          ? `refused: ${log.cause}`
          : (trouble?.cause ?? 'ok');
    const state = ((): IntakeState => {
      if (!this.options.roles.includes('ingest')) return 'elsewhere';
      if (log.kind === 'away') return 'store_away';
      if (log.kind === 'refused') return 'store_refuses';
      return trouble?.kind ?? 'ok';
    })();
    return { ready: state === 'ok', state, eventStore };
  }

  #reads(log: LogState, readModels: ReadModelsState): Omit<HealthReport['reads'], 'lagSeconds'> {
    const catchUp = this.options.catchUp?.() ?? { kind: 'elsewhere' as const };
    const { building, parked } =
      readModels.kind === 'at' ? readModels : { building: [], parked: new Map<string, number>() };
    const state = ((): ReadsState => {
      if (readModels.kind !== 'at') return readModels.kind === 'away' ? 'database_away' : 'not_used';
      if (catchUp.kind === 'refused') return 'other_log';
      if (building.length > 0) return 'not_built';
      if (this.#caughtUpOnce) return 'ok';
      if (log.kind === 'away' || log.kind === 'refused') return 'store_away';
      return log.kind === 'unknown' ? 'log_end_unknown' : 'not_caught_up';
    })();
    return {
      ready: state === 'ok',
      state,
      postgres: ({ at: 'ok', away: 'does not answer', not_used: 'not used' } as const)[readModels.kind],
      catchUp: catchUp.kind,
      building,
      parked: Object.fromEntries([...parked].filter(([, streams]) => streams > 0)),
      ...('cause' in catchUp ? { cause: catchUp.cause } : {}),
    };
  }

  async #check(): Promise<Positions> {
    const [log, readModels] = await Promise.all([
      this.log(),
      withTimeout(this.#readModels(), CHECK_TIMEOUT_MS, 'Postgres').catch((): ReadModelsState => ({ kind: 'away' })),
    ]);
    const positions = readModels.kind === 'at' ? [readModels.position, ...readModels.generations.map(positionOf)] : [];
    return { log, readModels, lags: await this.lagsAt(positions, log) };
  }

  /** Returns the current end of the log. */
  log(): Promise<LogState> {
    return withTimeout(this.#logEnd.find(), CHECK_TIMEOUT_MS, 'The event store').catch(failedLog);
  }

  /** The lag in seconds at each of these positions. */
  async lagsAt(positions: readonly bigint[], log: LogState): Promise<ReadonlyMap<bigint, number | null>> {
    const lagAt = async (position: bigint): Promise<number | null> => {
      if (log.kind === 'away' || log.kind === 'refused') return null;
      const lag = this.#lag.secondsAt(position, log);
      return withTimeout(lag, CHECK_TIMEOUT_MS, 'The event store').catch(() => null);
    };
    const distinct = [...new Set(positions)];
    return new Map(await Promise.all(distinct.map(async (position) => [position, await lagAt(position)] as const)));
  }

  async #readModels(): Promise<ReadModelsState> {
    const { readModels } = this.options;
    if (readModels === null || !usesReadModels(this.options)) return { kind: 'not_used' };
    // In one transaction, because health checks are frequent and should take few round trips.
    const { checkpoints, parked, following } = await readModels.database
      .snapshot(readStanding)
      .catch((error: unknown) => {
        if (isNotYetMade(error)) return NOTHING_MADE;
        throw error;
      });
    const { position, building } = readModels.position.placeIn(checkpoints);
    const generations = checkpoints.filter(({ state, aside }) => state !== 'kept' && !aside);
    const derived = generations.filter(
      ({ projection, version, shown, state }) =>
        shown && state === 'building' && derivations.some((one) => one.name === projection && one.version === version),
    );
    const unbuilt = [...building, ...derived.map(({ name }) => name)];
    return { kind: 'at', position, building: unbuilt, parked, following, generations };
  }
}

/** Reads the state of all generations. */
export const readStanding = async (connection: Queryable) => ({
  checkpoints: await readCheckpoints(connection),
  parked: await countParked(connection),
  following: await readFollowing(connection),
});
const NOTHING_MADE: Awaited<ReturnType<typeof readStanding>> = {
  checkpoints: [],
  parked: new Map(),
  following: new Map(),
};

/** Whether a position is at the end of the log; false when the end is unknown or the store does not answer. */
function hasReached(position: bigint, log: LogState): boolean {
  return log.kind !== 'away' && log.kind !== 'refused' && distanceTo(log, position) === 0n;
}

function failedLog(error: unknown): LogState {
  const cause = error instanceof Error ? error.message : String(error);
  return { kind: error instanceof StoreRefuses ? 'refused' : 'away', cause };
}

export const positionOf = ({ at }: Pick<Checkpoint, 'at'>): bigint => at?.position ?? -1n;

/**
 * Registers gauges of each generation's lag and parked streams, by its labels; without Postgres they have no values.
 */
export function gaugeReadModels(registry: Registry, health: Health): void {
  const labelNames = ['projection', 'version', 'generation'] as const;
  const labelsOf = ({ projection, version, generation }: Checkpoint) => ({
    projection,
    version: String(version),
    generation: String(generation),
  });
  const gauge = (options: { name: string; help: string }, valueOf: (one: Checkpoint, at: Positions) => number | null) =>
    new Gauge({
      ...options,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset();
        const positions = await health.positions();
        if (positions.readModels.kind !== 'at') return;
        for (const one of positions.readModels.generations) {
          const value = valueOf(one, positions);
          if (value !== null) this.set(labelsOf(one), value);
        }
      },
    });
  gauge(
    {
      name: 'ledger_parked_streams',
      help: 'Parked streams, which a projection could not fold; their rows are out of date.',
    },
    ({ name }, { readModels }) => (readModels.kind === 'at' ? (readModels.parked.get(name) ?? 0) : null),
  );
  gauge(
    {
      name: 'ledger_projection_lag_seconds',
      help: 'Age since receipt of the oldest event not yet in the rows; 0 when they are up to date.',
    },
    (one, { lags }) => lags.get(positionOf(one)) ?? null,
  );
  gauge(
    { name: 'ledger_derived_keys_behind', help: 'Keys of a derivation that are still to be derived.' },
    ({ name }, { readModels }) =>
      readModels.kind === 'at' ? (readModels.following.get(name)?.behindKeys ?? null) : null,
  );
}
