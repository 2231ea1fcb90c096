import pg from 'pg';

/** Postgres counts in int8; revisions and positions are bigint here. */
const INT8 = 20;
pg.types.setTypeParser(INT8, BigInt);

/** Whatever runs SQL: the pool, or the connection of a transaction. */
export type Queryable = {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
};

/**
 * A process that hangs in the middle of a transaction must not keep its locks: Postgres ends its session then. Set with each
 * transaction, since a transaction pooler takes no settings of a session.
 */
const BEGIN = `begin; set local idle_in_transaction_session_timeout = '10s'`;

/** A bounded pool of connections to the Postgres of the read models. */
export class Database implements Queryable {
  readonly #pool: pg.Pool;

  constructor(url: string, options: { connectionsMax: number; onIdleError: (error: Error) => void }) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: options.connectionsMax,
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000,
      idleTimeoutMillis: 30_000,
      application_name: 'subscription-ledger',
    });
    this.#pool.on('error', options.onIdleError);
  }

  query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<pg.QueryResult<R>> {
    return this.#pool.query<R>(text, values);
  }

  /** Runs `work` in one transaction on one connection; rolls back, and throws on, what it throws. */
  async transaction<T>(work: (connection: Queryable) => Promise<T>): Promise<T> {
    const connection = await this.#pool.connect();
    let broken: Error | undefined;
    // Between two statements a lost connection is told in no other way, and an error that nobody hears ends the process.
    const lost = (error: Error) => { broken = error; };
    connection.on('error', lost);
    try {
      await connection.query(BEGIN);
      const result = await work({ query: (text, values) => connection.query(text, values) });
      await connection.query('commit');
      return result;
    } catch (error) {
      await connection.query('rollback').catch(lost);
      throw error;
    } finally {
      connection.off('error', lost);
      connection.release(broken);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** SQLSTATE classes 22 and 23: the data is what Postgres rejects, and it will reject it again. */
export function isRejectedData(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^2[23]...$/.test(code);
}

/** Whether a lock was not to be had within `lock_timeout`, or two waited for each other: what was rolled back may be tried again. */
export const isLockConflict = (error: unknown): boolean => /^(55P03|40P01)$/.test(String((error as { code?: unknown } | null)?.code));

/** Whether schema or table are not there: the catch-up of a new database, or of a new build, is about to make them. */
export const isNotYetMade = (error: unknown): boolean => /^(3F000|42P01)$/.test(String((error as { code?: unknown } | null)?.code));

/**
 * Whether Postgres, or the tables in it, are away for now: no connection (also the pool's own errors, which
 * have no code), SQLSTATE classes 08, 53, 57, and an undefined schema or table, which the catch-up is about to make.
 */
export function isUnavailable(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return /timeout|connection terminated/i.test(String(message));
  return isNotYetMade(error) || /^(08...|53...|57...|ECONN\w+|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/.test(code);
}

/**
 * JSON for Postgres, which has no place in text or jsonb for U+0000 and lone surrogates: they become
 * U+FFFD in a read model, while the log keeps the bytes.
 */
export function jsonForPostgres(value: unknown): string {
  const json = JSON.stringify(value);
  return SUSPECT.test(json) ? JSON.stringify(JSON.parse(json), withoutUnstorable) : json;
}

const SUSPECT = /\\u(?:0000|d[89a-f])/i;
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const storable = (text: string): string => text.replace(UNSTORABLE, '\ufffd');

function withoutUnstorable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), inner]));
}
