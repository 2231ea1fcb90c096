import { createContext, Script } from 'node:vm';
import type { Queryable } from '../read-models/database.js';

/** What the keys that are derived together may have in memory, and how long they may take; a key that needs more by itself parks. */
export type Bounds = Readonly<{
  /** Facts, and the bytes of these and of the rows that follow from them. In memory they take some times as much. */
  factsMax: number;
  bytesMax: number;
  /** Of one query of facts, and of the pure functions. Together less than the time after which Postgres ends a transaction that idles. */
  queryMs: number;
  deriveMs: number;
}>;
export const BOUNDS: Bounds = {
  factsMax: 150_000,
  bytesMax: 64 * 1024 * 1024,
  queryMs: 10_000,
  deriveMs: 5_000,
};

/** Keys that are more than may be derived together: they are derived in halves, and one that is alone parks. */
export class TooMuch extends Error {}

/** Counts what some keys have in memory. */
export class Held {
  #facts = 0;
  #bytes = 0;

  constructor(private readonly bounds: Pick<Bounds, 'factsMax' | 'bytesMax'>) {}

  get facts(): number {
    return this.#facts;
  }

  /** @throws TooMuch */
  addBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.bounds.bytesMax)
      throw new TooMuch(`What it is derived from and to is more than ${this.bounds.bytesMax} bytes.`);
  }

  /**
   * The rows of a query, with `engine_` columns of its own.
   * @throws TooMuch
   */
  async read(connection: Queryable, sql: string, values: unknown[]): Promise<readonly HeldRow[]> {
    const { factsMax, bytesMax } = this.bounds;
    const left = { rowsMax: factsMax - this.#facts + 1, bytesMax: bytesMax - this.#bytes };
    const rows = await readHeld(connection, sql, { values, ...left });
    this.#facts += rows.length;
    if (this.#facts > factsMax) throw new TooMuch(`It is derived from more than ${factsMax} rows.`);
    this.addBytes(Number(rows.at(-1)?.engine_held ?? 0));
    return rows;
  }
}

/** A row, its size in bytes, and that of all up to it. */
type HeldRow = Readonly<Record<string, unknown>> & Readonly<{ engine_size: number; engine_held: bigint }>;

/** What Postgres has compressed is larger in memory; to count the text of every row would cost it as much again as to read it. */
const SIZE = 'case when pg_column_size(asked) > 1000 then octet_length(asked::text) else pg_column_size(asked) end';

/** The first rows of a query: at most so many, up to the one that makes them more than so many bytes. */
export async function readHeld(
  connection: Queryable,
  sql: string,
  { values, rowsMax, bytesMax }: Readonly<{ values: unknown[]; rowsMax: number; bytesMax: number }>,
): Promise<HeldRow[]> {
  const { rows } = await connection.query<HeldRow>(
    `select * from (select sized.*, sum(engine_size) over (rows unbounded preceding) as engine_held
       from (select asked.*, ${SIZE} as engine_size from (${sql}) as asked) as sized) as held
     where engine_held - engine_size < ${bytesMax} limit ${rowsMax}`,
    values,
  );
  return rows;
}

const running = createContext({ work: () => undefined as unknown });
const script = new Script('work()');

/**
 * Runs pure functions, and ends them when they take longer.
 * @throws TooMuch, or what they throw
 */
export function within<T>(ms: number, work: () => T): T {
  running['work'] = work;
  try {
    return script.runInContext(running, { timeout: ms }) as T;
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TooMuch(`To derive it takes longer than ${ms} ms.`, { cause: error });
  } finally {
    running['work'] = () => undefined;
  }
}
