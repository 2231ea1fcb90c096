import { ProblemError } from '../http/problem.js';
import { isNotYetMade, type Database, type Queryable } from '../read-models/database.js';
import { checkpointsOf, lowestPosition, readCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import type { ReadModel } from '../../projections/projection.js';
import type { Asker } from '../http/asker.js';
import type { Places } from './places.js';
import { Waits } from './waits.js';

const POLL_MS = 20;

type RowsPlace = Readonly<{ position: bigint; building: readonly string[] }>;

/** Read your own writes: waits until the read models have reached a log position. */
export class ReadPosition {
  readonly #waits: Waits<bigint>;
  #last = -1n;

  constructor(
    protected readonly database: Database,
    protected readonly projections: readonly ReadModel[],
    places: Places,
    /** Called at each poll while a request waits for rows that are not there yet. */
    hurry: () => void = () => undefined,
  ) {
    const poll = async (positions: readonly bigint[]) => {
      const hasReached = await this.#reached();
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
    return this.placeIn(await this.#checkpoints(connection));
  }

  /** The same, from checkpoints already read. */
  placeIn(checkpoints: readonly Checkpoint[]): RowsPlace {
    const shown = checkpointsOf(checkpoints, this.projections).filter((checkpoint) => checkpoint.shown);
    const building = shown.filter(({ state }) => state === 'building').map(({ name }) => name);
    // The index is a checkpoint too, so a complete set has one more than the projections.
    return { position: shown.length > this.projections.length ? lowestPosition(shown) : -1n, building };
  }

  async #checkpoints(connection: Queryable): Promise<readonly Checkpoint[]> {
    return readCheckpoints(connection).catch((error: unknown) => {
      if (isNotYetMade(error)) return [];
      throw error;
    });
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
    throw new ProblemError(
      'position_not_reached',
      `The read models are at position ${this.#last}; ${minPosition} was not reached within ${waitMs} ms.`,
    );
  }

  async #reached(): Promise<(position: bigint) => boolean> {
    const { position: reached } = await this.read();
    this.#last = reached;
    return (position) => reached >= position;
  }
}
