import type { AnyDerivation } from '../../../derivations/derivation.js';
import { policyHash, type MoneyPolicy } from '../../../derivations/policy.js';
import type { Asker } from '../../http/asker.js';
import { COUNTED_KEYS_MAX, waitingKeys } from '../../deriving/standing.js';
import { ProblemError } from '../../http/problem.js';
import { lowestPosition, readCheckpoints } from '../../read-models/checkpoints.js';
import { isNotYetMade, type Database, type Queryable } from '../../read-models/database.js';
import { LACKS_EVENTS } from '../../read-models/parked-streams.js';
import type { Places } from '../places.js';
import type { Reads } from '../reads.js';
import { Waits } from '../waits.js';

const POLL_MS = 20;

/** The progress of derived rows, and the policy that they were derived by. */
export type BooksState = Readonly<{
  /** The log position up to which they are complete; null before the first event, and while keys are behind. */
  position: string | null;
  /** The hash of the policy. */
  policy: string;
  /** Keys still to be derived, such as invoices, and changed rows that lead to keys; each counted up to 100,000. */
  behindKeys: number;
  /** Keys that failed to derive and keep their last rows. */
  parkedKeys: number;
  /** Parked streams among the sources. */
  parkedStreams: number;
}>;

/** Wraps every answer about money: whether anything is known to be missing, and the progress of the books. */
export type Booked<T> = T & Readonly<{ isComplete: boolean; books: BooksState }>;

type Fresh = { readonly minPosition?: bigint | undefined; readonly waitMs: number };
type Progress = Readonly<{ isBuilding: boolean; policy: string; position: bigint | null; state: BooksState }>;

/** Derived rows for requests: journal and revenue, or MRR. None during a rebuild: a partial sum is wrong. */
export class Books {
  readonly #waits: Waits<bigint>;
  readonly #policyHash: string;

  constructor(
    private readonly options: Readonly<{
      database: Database;
      reads: Reads;
      places: Places;
      policy: MoneyPolicy;
      derivations: readonly AnyDerivation[];
    }>,
  ) {
    this.#policyHash = policyHash(options.policy);
    this.#waits = new Waits({ places: options.places, everyMs: POLL_MS, poll: () => this.#reached() });
  }

  get policy(): MoneyPolicy {
    return this.options.policy;
  }

  /**
   * Returns an answer from one snapshot, with the state of the books in it. @throws ProblemError 503 while they are
   * being built, or when `minPosition` is not reached in time
   */
  async ask<T extends object>(
    fresh: Fresh,
    asker: Asker,
    work: (connection: Queryable) => Promise<T>,
  ): Promise<Booked<T>> {
    await this.satisfy(fresh, asker);
    const { answeredAt, ...unanswered } = asker;
    return this.options.reads.by(unanswered).snapshot(async (connection) => {
      const state = await this.ready(connection);
      const answer = await work(connection);
      if (state.position !== null) answeredAt?.(BigInt(state.position));
      const { behindKeys, parkedKeys, parkedStreams } = state;
      const isWhole = behindKeys === 0 && parkedKeys === 0 && parkedStreams === 0;
      const { isComplete = true } = answer as { isComplete?: boolean };
      return { ...answer, isComplete: isWhole && isComplete, books: state };
    });
  }

  /** Runs `work` on one snapshot for as long as it takes, with the state of the books in it. @throws as `ask` */
  async stream(
    fresh: Fresh,
    asker: Asker,
    work: (connection: Queryable, state: BooksState) => Promise<void>,
  ): Promise<void> {
    await this.satisfy(fresh, asker);
    const { answeredAt: _, ...unanswered } = asker;
    await this.options.reads
      .by(unanswered)
      .snapshot(async (connection) => work(connection, await this.ready(connection)));
  }

  /** Returns the state of the books once they are readable. @throws ProblemError 503 */
  async ready(connection: Queryable): Promise<BooksState> {
    const progress = await this.#read(connection);
    if (progress === null)
      throw new ProblemError('books_not_ready', 'The books have not been derived yet. Try again later.');
    if (progress.policy !== this.#policyHash)
      throw new ProblemError(
        'books_not_ready',
        `The books were derived by policy ${progress.policy}, but this process has ${this.#policyHash}. Give all processes the same MONEY_ and MRR_ variables. After a change, the process that projects derives everything again.`,
      );
    if (progress.isBuilding)
      throw new ProblemError(
        'books_not_ready',
        `The books are being derived; ${progress.state.behindKeys} keys are left. Try again later.`,
      );
    return progress.state;
  }

  /** Waits for `minPosition` if requested. @throws ProblemError 503 when it is not reached in time */
  async satisfy({ minPosition, waitMs }: Fresh, asker: Asker): Promise<void> {
    if (minPosition === undefined || (await this.#waits.until(minPosition, { waitMs, asker }))) return;
    const progress = await this.#read(this.options.database);
    throw new ProblemError(
      'position_not_reached',
      `The books are at position ${progress?.position ?? -1n}, and ${progress?.state.behindKeys ?? 0} keys are still to be derived; ${minPosition} was not reached within ${waitMs} ms.`,
    );
  }

  async #reached(): Promise<(position: bigint) => boolean> {
    // Polled: it only matters whether any key is behind.
    const progress = await this.#read(this.options.database, { countedMax: 1 });
    const at =
      progress === null || progress.isBuilding || progress.policy !== this.#policyHash ? null : progress.state.position;
    return (position) => at !== null && BigInt(at) >= position;
  }

  /** Returns null unless all derivations have a live generation. */
  async #read(connection: Queryable, { countedMax = COUNTED_KEYS_MAX } = {}): Promise<Progress | null> {
    const { derivations } = this.options;
    const found = await readCheckpoints(connection).then(
      async (checkpoints) => {
        const shown = checkpoints.filter(
          (one) =>
            one.shown && derivations.some(({ name, version }) => name === one.projection && version === one.version),
        );
        const { rows } = await connection.query<Row>(PROGRESS, [shown.map(({ name }) => name), countedMax]);
        return { shown, rows };
      },
      (error: unknown) => {
        if (isNotYetMade(error)) return null;
        throw error;
      },
    );
    const [first] = found?.rows ?? [];
    if (found === null || first === undefined || found.rows.length < derivations.length) return null;
    const { shown, rows } = found;
    const position = shown.some(({ at }) => at === null) ? null : lowestPosition(shown);
    const behindKeys = sum(rows, 'behind');
    return {
      isBuilding: shown.some(({ state }) => state !== 'live') || rows.some(({ policy }) => policy === ''),
      // A generation that has not started has no policy yet.
      policy: rows.find(({ policy }) => policy !== '' && policy !== this.#policyHash)?.policy ?? this.#policyHash,
      position,
      state: {
        position: position === null || behindKeys > 0 ? null : String(position),
        policy: first.policy,
        behindKeys,
        parkedKeys: sum(rows, 'parked'),
        parkedStreams: Math.max(...rows.map(({ streams }) => Number(streams))),
      },
    };
  }
}

type Row = { policy: string; behind: bigint; parked: bigint; streams: bigint };

const sum = (rows: readonly Row[], of: 'behind' | 'parked'): number =>
  rows.reduce((all, row) => all + Number(row[of]), 0);

const PROGRESS = `select policy,
    ${waitingKeys('own.name', '$2')} as behind,
    (select count(*) from ledger.parked_streams where generation = own.name) as parked,
    (select count(distinct stream) from ledger.parked_streams where generation = any(stands_on) and ${LACKS_EVENTS}
      and generation not in (select name from ledger.derived_generations)) as streams
  from ledger.derived_generations own where name = any($1)`;
