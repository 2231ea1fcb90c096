import { Gauge, type Registry } from 'prom-client';
import type { CatchUpState } from '../catch-up/catch-up.js';
import { usesReadModels, type Role } from '../config.js';
import { withTimeout, type EventStore } from '../eventstore/event-store.js';
import { lastPosition } from '../eventstore/read.js';
import { isNotYetMade, type Database } from '../read-models/database.js';
import { countParked } from '../read-models/parked-streams.js';
import type { ReadPosition } from './read-position.js';

export type HealthReport = Readonly<{
  /** Whether the process can do what it is there for; where that is intake too, the event store alone decides. */
  ready: boolean;
  roles: readonly Role[];
  intake: { ready: boolean; eventStore: string };
  /** `building`: read models of this build that have not been at the end of the log yet. `parked`: how many streams of which lines. */
  reads: { ready: boolean; postgres: string; catchUp: string; cause?: string; building: readonly string[]; parked: Readonly<Record<string, number>> };
}>;

/** Positions of the log and of the read models, null where it does not answer; and the parked streams of each line. */
export type Positions = Readonly<{ log: bigint | null; readModels: bigint | null; building: readonly string[]; parked: ReadonlyMap<string, number> }>;

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_AGAIN_AFTER_MS = 500;

/** Asks the store and Postgres how they are; many who ask at once share one answer. */
export class Health {
  #checked: { at: number; positions: Promise<Positions> } | undefined;
  #caughtUpOnce = false;

  /** `readModels` is null in a process that has no Postgres, and `catchUp` where another process projects. `trouble` is what the store says against appends. */
  constructor(
    private readonly store: EventStore,
    private readonly options: { roles: readonly Role[]; readModels: { database: Database; position: ReadPosition } | null; catchUp: (() => CatchUpState) | null; trouble: () => string | null },
  ) {}

  positions(): Promise<Positions> {
    const now = performance.now();
    if (this.#checked === undefined || now - this.#checked.at > CHECK_AGAIN_AFTER_MS) this.#checked = { at: now, positions: this.#check() };
    return this.#checked.positions;
  }

  /** Reads become ready when the read models have reached the end of the log once, and stay so while Postgres answers. */
  async report(): Promise<HealthReport> {
    const { log, readModels, building, parked } = await this.positions();
    if (log !== null && readModels !== null && readModels >= log) this.#caughtUpOnce = true;
    const { roles, catchUp, trouble } = this.options;
    const ingests = roles.includes('ingest');
    const state = catchUp?.() ?? { kind: 'elsewhere' as const };
    const intake = { ready: ingests && log !== null, eventStore: log === null ? 'does not answer' : (trouble() ?? 'ok') };
    const reads = {
      ready: readModels !== null && this.#caughtUpOnce && building.length === 0 && state.kind !== 'refused',
      postgres: !usesReadModels(this.options) ? 'not used' : readModels === null ? 'does not answer' : 'ok',
      catchUp: state.kind,
      building,
      parked: Object.fromEntries([...parked].filter(([, streams]) => streams > 0)),
      ...('cause' in state ? { cause: state.cause } : {}),
    };
    return { ready: ingests ? intake.ready : reads.ready, roles, intake, reads };
  }

  async #check(): Promise<Positions> {
    const [log, readModels] = await Promise.allSettled([
      withTimeout(lastPosition(this.store), CHECK_TIMEOUT_MS, 'The event store'),
      withTimeout(this.#readModels(), CHECK_TIMEOUT_MS, 'Postgres'),
    ]);
    const read = readModels.status === 'fulfilled' ? readModels.value : null;
    return { log: log.status === 'fulfilled' ? (log.value ?? -1n) : null, readModels: read?.position ?? null, building: read?.building ?? [], parked: read?.parked ?? new Map() };
  }

  async #readModels(): Promise<{ position: bigint; building: readonly string[]; parked: ReadonlyMap<string, number> } | null> {
    const { readModels } = this.options;
    if (readModels === null) return null;
    const parked = countParked(readModels.database).catch((error: unknown) => {
      if (isNotYetMade(error)) return new Map<string, number>();
      throw error;
    });
    const [read, counted] = await Promise.all([readModels.position.read(), parked]);
    return { ...read, parked: counted };
  }
}

/** A gauge of parked streams by line; without Postgres it has no value. */
export function gaugeParkedStreams(registry: Registry, health: Health): void {
  new Gauge({
    name: 'ledger_parked_streams',
    help: 'Streams that a projection could not fold; their rows are stale.',
    labelNames: ['line'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const [line, streams] of (await health.positions()).parked) this.set({ line }, streams);
    },
  });
}
