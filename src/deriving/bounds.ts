import { createContext, Script } from 'node:vm';
import type { Queryable } from '../read-models/database.js';

/** Memory and time limits of one derivation of several keys. A single key that exceeds them is parked. */
export type Bounds = Readonly<{
  /** The most facts, and the most bytes of facts and derived rows. The memory used is several times `bytesMax`. */
  factsMax: number;
  bytesMax: number;
  /**
   * Time limits of one query of facts and of the pure functions. Their sum must stay below Postgres's
   * idle-in-transaction timeout.
   */
  queryMs: number;
  deriveMs: number;
}>;
export const BOUNDS: Bounds = {
  factsMax: 150_000,
  bytesMax: 64 * 1024 * 1024,
  queryMs: 10_000,
  deriveMs: 5_000,
};

/** Thrown when keys exceed the bounds together. They are then derived in halves; a single key is parked. */
export class TooMuch extends Error {}

/** Counts the facts and bytes that keys hold in memory. */
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
      throw new TooMuch(`Its facts and derived rows exceed ${this.bounds.bytesMax} bytes.`);
  }

  /**
   * Returns the rows of a query, with additional `engine_` columns.
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

/** A row, its size in bytes, and the running total including it. */
type HeldRow = Readonly<Record<string, unknown>> & Readonly<{ engine_size: number; engine_held: bigint }>;

/**
 * SQL for a row's size. A compressed value is larger in memory, but measuring the text of every row would double the
 * cost of reading.
 */
const SIZE = 'case when pg_column_size(asked) > 1000 then octet_length(asked::text) else pg_column_size(asked) end';

/**
 * Returns the first rows of a query: at most `rowsMax`, ending with the row at which their total size reaches
 * `bytesMax`.
 */
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
 * Runs pure functions in a vm script, the only code that can be stopped after `ms`.
 * @throws TooMuch, or what the functions throw
 */
export function within<T>(ms: number, work: () => T): T {
  running['work'] = work;
  try {
    return script.runInContext(running, { timeout: ms }) as T;
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TooMuch(`Deriving it takes longer than ${ms} ms.`, { cause: error });
  } finally {
    running['work'] = () => undefined;
  }
}
