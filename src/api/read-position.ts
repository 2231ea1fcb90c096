import { ProblemError } from '../http/problem.js';
import { isNotYetMade, type Database, type Queryable } from '../read-models/database.js';
import {
  checkpointsOf,
  indexPosition,
  lowestPosition,
  readCheckpoints,
  type Checkpoint,
} from '../read-models/checkpoints.js';
import { versionOf } from '../read-models/schema.js';
import type { ReadModel } from '../../projections/projection.js';
import type { Asker } from '../http/asker.js';
import type { Places } from './places.js';
import { Waits } from './waits.js';

const POLL_MS = 20;

type RowsPlace = Readonly<{ position: bigint; building: readonly string[] }>;

/** Read your own writes: waits until the read models have reached a log position. */
export class ReadPosition {
  readonly #waits: Waits<bigint>;

  constructor(
    protected readonly database: Database,
    protected readonly projections: readonly ReadModel[],
    places: Places,
    /** Called at each poll while a request waits for rows that are not there yet. */
    hurry: () => void = () => undefined,
  ) {
    const poll = async (positions: readonly bigint[]) => {
      const hasReached = await this.#reached(positions);
      if (!positions.every(hasReached)) hurry();
      return hasReached;
    };
    this.#waits = new Waits({ places, everyMs: POLL_MS, poll });
  }

  /**
   * Returns the position up to which the rows that this build reads are complete (-1n before the first event), and the
   * generations that have not reached the end of the log yet.
   */
  async read(connection: Queryable = this.database): Promise<RowsPlace> {
    return this.placeIn(await orBeforeMade(readCheckpoints(connection), []));
  }

  /** Returns the same as `read`, from checkpoints already read. */
  placeIn(checkpoints: readonly Checkpoint[]): RowsPlace {
    const shown = checkpointsOf(checkpoints, this.projections).filter((checkpoint) => checkpoint.shown);
    const building = shown.filter(({ state }) => state === 'building').map(({ name }) => name);
    // Before the catch-up has made them, a new database has no checkpoints at all.
    const missing = this.projections.filter(({ name }) => !shown.some(({ projection }) => projection === name));
    // The index is a checkpoint too, so a complete set has one more than the projections.
    return {
      position: shown.length > this.projections.length ? lowestPosition(shown) : -1n,
      building: [...building, ...missing.map(versionOf)],
    };
  }

  /**
   * Waits for a request's `minPosition`, at most `waitMs`. @throws ProblemError 503 when it is not reached, or too many
   * requests wait; 429 when too many of one token do
   */
  async satisfy(
    { minPosition, waitMs }: { readonly minPosition?: bigint | undefined; readonly waitMs: number },
    asker: Asker,
  ): Promise<void> {
    if (minPosition === undefined || (await this.#waits.until(minPosition, { waitMs, asker }))) return;
    const { position } = await this.read();
    throw new ProblemError(
      'position_not_reached',
      `The read models are at position ${position}; ${minPosition} was not reached within ${waitMs} ms.`,
    );
  }

  /** Rows are never ahead of the index of event ids, whose checkpoint costs a tenth of reading all checkpoints. */
  async #reached(wanted: readonly bigint[]): Promise<(position: bigint) => boolean> {
    const furthest = await orBeforeMade(indexPosition(this.database), -1n);
    if (wanted.every((position) => position > furthest)) return () => false;
    const { position: reached } = await this.read();
    return (position) => reached >= position;
  }
}

/** Returns the result of the read, or `nothing` while the catch-up has not created the tables. */
const orBeforeMade = <T>(read: Promise<T>, nothing: T): Promise<T> =>
  read.catch((error: unknown) => {
    if (isNotYetMade(error)) return nothing;
    throw error;
  });
