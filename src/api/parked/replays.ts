import { setTimeout as pause } from 'node:timers/promises';
import { ProblemError } from '../../http/problem.js';
import { isConflict, type Database } from '../../read-models/database.js';
import { wantReplay, whichWantReplay } from '../../read-models/parked-streams.js';
import { REPLAY_POLL_MS, replayOf, type Replay, type ReplayFilter } from '../../read-models/replay.js';
import type { Asker } from '../../http/asker.js';
import { LIMITS } from '../limits.js';
import type { Places } from '../places.js';
import type { Reads } from '../reads.js';
import { Turns } from '../turns.js';
import { Waits } from '../waits.js';

const ATTEMPTS_MAX = 3;
const ATTEMPT_AGAIN_AFTER_MS = 50;
const busy = () => new ProblemError('replays_busy');

/** Replays of parked streams on request; all waiting requests share one poll. */
export class Replays {
  readonly #turns = new Turns({ ...LIMITS.replays, busy });
  readonly #waits: Waits<ReplayFilter>;

  constructor(
    private readonly database: Database,
    private readonly reads: Reads,
    places: Places,
  ) {
    this.#waits = new Waits({ places, everyMs: REPLAY_POLL_MS, poll: (filters) => this.#done(filters) });
  }

  /** Requests a replay; returns the number of streams to fold again. */
  want(filter: ReplayFilter, asker: Asker): Promise<number> {
    return this.#turns.take(asker, () => this.#want(filter));
  }

  /** Requests a replay and waits for it; null when none of these is parked. */
  async replay(filter: ReplayFilter, { waitMs, asker }: { waitMs: number; asker: Asker }): Promise<Replay | null> {
    if ((await this.want(filter, asker)) === 0) return null;
    const isDone = await this.#waits.until(filter, { waitMs, asker });
    return this.reads.by(asker).snapshot((connection) => replayOf(connection, filter, isDone));
  }

  /** Retries on conflict: the projector writes the same rows in its own batches. */
  async #want(filter: ReplayFilter): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await wantReplay(this.database, filter);
      } catch (error) {
        if (!isConflict(error) || attempt === ATTEMPTS_MAX) throw error;
        await pause(attempt * ATTEMPT_AGAIN_AFTER_MS * (0.5 + Math.random()));
      }
    }
  }

  /** Checks each filter once, since many requests wait for the same. */
  async #done(filters: readonly ReplayFilter[]): Promise<(filter: ReplayFilter) => boolean> {
    const distinct = new Map(filters.map((filter) => [keyOf(filter), filter]));
    const wanted = await whichWantReplay(this.database, [...distinct.values()]);
    const keys = new Set([...distinct.keys()].filter((_, at) => wanted.has(at)));
    return (filter) => !keys.has(keyOf(filter));
  }
}

const keyOf = ({ projection, stream }: ReplayFilter): string => JSON.stringify([projection, stream]);
