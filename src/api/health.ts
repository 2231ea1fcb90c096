import type { CatchUpState } from '../catch-up/catch-up.js';
import { withTimeout, type EventStore } from '../eventstore/event-store.js';
import { lastPosition } from '../eventstore/read.js';
import type { ReadPosition } from './read-position.js';

export type HealthReport = Readonly<{
  intake: { ready: boolean; eventStore: string };
  /** `building`: read models of this build that have not been at the end of the log yet. */
  reads: { ready: boolean; postgres: string; catchUp: string; cause?: string; building: readonly string[] };
}>;

/** Positions of the log and of the read models; null where it does not answer. */
export type Positions = Readonly<{ log: bigint | null; readModels: bigint | null; building: readonly string[] }>;

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_AGAIN_AFTER_MS = 500;

/** Asks the store and Postgres how they are; many who ask at once share one answer. */
export class Health {
  #checked: { at: number; positions: Promise<Positions> } | undefined;
  #caughtUpOnce = false;

  constructor(
    private readonly store: EventStore,
    private readonly position: ReadPosition,
    private readonly catchUp: () => CatchUpState,
  ) {}

  positions(): Promise<Positions> {
    const now = performance.now();
    if (this.#checked === undefined || now - this.#checked.at > CHECK_AGAIN_AFTER_MS) this.#checked = { at: now, positions: this.#check() };
    return this.#checked.positions;
  }

  /** Reads become ready when the read models have reached the end of the log once, and stay so while Postgres answers. */
  async report(): Promise<HealthReport> {
    const { log, readModels, building } = await this.positions();
    if (log !== null && readModels !== null && readModels >= log) this.#caughtUpOnce = true;
    const state = this.catchUp();
    return {
      intake: { ready: log !== null, eventStore: log === null ? 'does not answer' : 'ok' },
      reads: {
        ready: readModels !== null && this.#caughtUpOnce && building.length === 0 && state.kind !== 'refused',
        postgres: readModels === null ? 'does not answer' : 'ok',
        catchUp: state.kind,
        building,
        ...('cause' in state ? { cause: state.cause } : {}),
      },
    };
  }

  async #check(): Promise<Positions> {
    const [log, readModels] = await Promise.allSettled([
      withTimeout(lastPosition(this.store), CHECK_TIMEOUT_MS, 'The event store'),
      withTimeout(this.position.read(), CHECK_TIMEOUT_MS, 'Postgres'),
    ]);
    return {
      log: log.status === 'fulfilled' ? (log.value ?? -1n) : null,
      readModels: readModels.status === 'fulfilled' ? readModels.value.position : null,
      building: readModels.status === 'fulfilled' ? readModels.value.building : [],
    };
  }
}
