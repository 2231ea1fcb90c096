import pg from 'pg';
import { currentUrl } from '../server-address.js';

export { isStorable, jsonForPostgres } from '../events/storable.js';

/** Postgres returns int8 as text; revisions and positions are bigint here. */
const INT8 = 20;
pg.types.setTypeParser(INT8, BigInt);

/** Anything that runs SQL: the pool, or the connection of a transaction. */
export type Queryable = {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
};

export type DatabaseOptions = Readonly<{
  connectionsMax: number;
  /** Time after which Postgres cancels a statement; undefined: never, as for a fold or a rebuild. */
  statementTimeoutMs?: number;
  /**
   * Time after which the client abandons a statement and closes its connection. Sufficient for lookups by key, which
   * then need no transaction: one round trip instead of three.
   */
  answerWithinMs?: number;
  onIdleError: (error: Error) => void;
}>;

/** A source of answers: all queries in `work` see one state of the read models. */
export type Snapshots = Readonly<{ snapshot<T>(work: (connection: Queryable) => Promise<T>): Promise<T> }>;

/**
 * Starts a transaction with its own settings: a transaction pooler keeps no session settings, and rejects those sent
 * with a connection. Postgres ends the session of a process that hangs in a transaction, so that it does not keep its
 * locks.
 */
const begin = (mode: string, statementTimeoutMs: number | undefined): string =>
  [
    `begin ${mode}`,
    `set local idle_in_transaction_session_timeout = '10s'`,
    ...(statementTimeoutMs === undefined ? [] : [`set local statement_timeout = ${statementTimeoutMs}`]),
  ].join('; ');

/** No connection became free in the time that a request waits: the load is too high, while Postgres may be fine. */
export class PoolBusy extends Error {
  readonly code = 'POOL_BUSY';
}

const CONNECT_WITHIN_MS = 5_000;
/** Time after which the client gives up on a statement that Postgres should have cancelled: it does not answer. */
const QUERY_TIMEOUT_MS = 30_000;
const ANSWER_AFTER_TIMEOUT_MS = 2_000;

/** Connects to the server's current address: an embedded one may have moved since the pool was created. */
class FollowingClient extends pg.Client {
  constructor(config: pg.ClientConfig = {}) {
    super({ ...config, connectionString: currentUrl(config.connectionString ?? '', 'database') });
  }
}

/** A bounded pool of connections to the Postgres of the read models. */
export class Database implements Queryable, Snapshots {
  readonly #pool: pg.Pool;
  readonly #begin: string;
  readonly #beginSnapshot: string;

  constructor(
    readonly url: string,
    private readonly options: DatabaseOptions,
  ) {
    const { connectionsMax: max, statementTimeoutMs } = options;
    this.#begin = begin('', statementTimeoutMs);
    this.#beginSnapshot = begin('isolation level repeatable read read only', statementTimeoutMs);
    this.#pool = new pg.Pool({
      Client: FollowingClient,
      connectionString: url,
      max,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout:
        options.answerWithinMs ??
        (statementTimeoutMs === undefined ? QUERY_TIMEOUT_MS : statementTimeoutMs + ANSWER_AFTER_TIMEOUT_MS),
      idleTimeoutMillis: 30_000,
      application_name: 'subscription-ledger',
    });
    this.#pool.on('error', options.onIdleError);
  }

  query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<pg.QueryResult<R>> {
    if (this.options.statementTimeoutMs === undefined) return this.#pool.query<R>(text, values);
    return this.transaction((connection) => connection.query<R>(text, values));
  }

  /** Runs `work` in one transaction on one connection; if it throws, rolls back and rethrows. */
  transaction<T>(work: (connection: Queryable) => Promise<T>): Promise<T> {
    return this.#within(this.#begin, work);
  }

  /**
   * Like `transaction`, but does not wait for the disk: a crash of Postgres may undo it and all later ones. Only for
   * work whose loss a later transaction detects and repeats.
   */
  transactionUnflushed<T>(work: (connection: Queryable) => Promise<T>): Promise<T> {
    return this.#within(`${this.#begin}; set local synchronous_commit = off`, work);
  }

  /** Runs `work` in one read-only transaction, which sees one state of the read models. */
  snapshot<T>(work: (connection: Queryable) => Promise<T>): Promise<T> {
    return this.#within(this.#beginSnapshot, work);
  }

  async #within<T>(beginning: string, work: (connection: Queryable) => Promise<T>): Promise<T> {
    const connection = await this.#connect();
    let broken: Error | undefined;
    // Between two statements only this event reports a lost connection, and an unhandled error would end the process.
    const lost = (error: Error) => {
      broken = error;
    };
    connection.on('error', lost);
    try {
      await connection.query(beginning);
      const result = await work({ query: (text, values) => connection.query(text, values) });
      await connection.query('commit');
      return result;
    } catch (error) {
      // After an unanswered statement a rollback would wait as long again.
      if (isUnanswered(error)) lost(error);
      else await connection.query('rollback').catch(lost);
      throw error;
    } finally {
      connection.off('error', lost);
      connection.release(broken);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      if (!isWaitTimeout(error)) throw error;
      throw new PoolBusy(
        `All ${this.options.connectionsMax} connections to Postgres were in use for ${CONNECT_WITHIN_MS} ms.`,
        { cause: error },
      );
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** The pool's error has no code; a failed connection has another message. */
const isWaitTimeout = (error: unknown): boolean =>
  (error as Error | null)?.message === 'timeout exceeded when trying to connect';
const isUnanswered = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Query read timeout';

/**
 * Runs `work` within a transaction; if it throws, only its own changes are undone, and the error is returned. A
 * statement that takes longer than `statementMs` counts as such an error, not as an unavailable database.
 * @throws when the database is unavailable
 */
export async function attempt<T>(
  connection: Queryable,
  work: () => Promise<T>,
  statementMs?: number,
): Promise<Readonly<{ value: T }> | Readonly<{ error: unknown }>> {
  const isTimed = statementMs !== undefined;
  await connection.query(
    `savepoint attempt${isTimed ? `; select set_config('ledger.statement_timeout', current_setting('statement_timeout'), true), set_config('statement_timeout', '${statementMs}', true)` : ''}`,
  );
  try {
    const value = await work();
    await connection.query(
      `release savepoint attempt${isTimed ? `; select set_config('statement_timeout', current_setting('ledger.statement_timeout'), true)` : ''}`,
    );
    return { value };
  } catch (error) {
    if (isDatabaseAway(error) && !(isTimed && isStatementTimeout(error))) throw error;
    await connection.query('rollback to savepoint attempt');
    return { error };
  }
}

/**
 * Whether Postgres cannot be written for now, whatever the data: it is unavailable, read-only (25006, after a
 * failover), rejects the role (28, 42501), had a conflict with another transaction (40, 55P03), or has an internal
 * problem (58). Any other error concerns the data.
 */
export function isDatabaseAway(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return isUnavailable(error) || (typeof code === 'string' && /^(25...|28...|40...|42501|55P03|58...)$/.test(code));
}

/**
 * Whether a lock was not available within `lock_timeout`, or there was a deadlock: the rolled-back work may be retried.
 */
export const isLockConflict = (error: unknown): boolean =>
  /^(55P03|40P01)$/.test(String((error as { code?: unknown } | null)?.code));

/** SQLSTATE class 22: a value that Postgres does not accept. */
export const isBadValue = (error: unknown): boolean => /^22...$/.test(codeOf(error));

/** Whether two transactions conflicted: the rolled-back work may be retried. */
export const isConflict = (error: unknown): boolean => codeOf(error) === '40001' || isLockConflict(error);

/** Whether Postgres cancelled a statement because of its time limit. */
export const isStatementTimeout = (error: unknown): boolean => codeOf(error) === '57014';

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code);

/** Whether a schema, table or column does not exist: the catch-up of a new database or build is about to create it. */
export const isNotYetMade = (error: unknown): boolean =>
  /^(3F000|42P01|42703)$/.test(String((error as { code?: unknown } | null)?.code));

/** Errors of the driver that have no code. */
const DRIVER_ERRORS =
  /^(timeout expired|timeout exceeded when trying to connect|query read timeout|connection terminated|client (was closed|has encountered a connection error)|the server does not support SSL|there was an error establishing an SSL)/i;

/**
 * Whether Postgres, or its tables, are unavailable for now: no connection (including the pool's own errors, which have
 * no code), a server at its port without a valid certificate, SQLSTATE classes 08, 53, 57, or an undefined schema,
 * table or column, which the catch-up is about to create.
 */
export function isUnavailable(error: unknown): boolean {
  const { code, message, syscall } = (error ?? {}) as { code?: unknown; message?: unknown; syscall?: unknown };
  if (syscall === 'connect') return true;
  if (typeof code !== 'string') return DRIVER_ERRORS.test(String(message));
  if (error instanceof PoolBusy || isNotYetMade(error) || /CERT|^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return true;
  return /^(08...|53...|57...|ECONN\w+|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/.test(code);
}
