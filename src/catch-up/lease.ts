import type { Database } from '../read-models/database.js';
import { renew, type Line } from '../read-models/lines.js';
import { repeat } from './repeating.js';

const RENEW_EVERY_MS = 3_000;

/** The right to move lines, kept while work on them goes on. */
export type Lease = Readonly<{
  /** Aborts when another owner has taken a line over, or Postgres does not answer; its reason is an error that says so. */
  lost: AbortSignal;
  end(): void;
}>;

/** Renews the leases of lines that this process has. */
export function keepLease(database: Database, lines: readonly Line[]): Lease {
  const losing = new AbortController();
  const lose = (reason: unknown) => losing.abort(reason);
  const work = async () => { if (!(await renew(database, lines))) lose(new Error('Another process has taken over.')); };
  return { lost: losing.signal, end: repeat(RENEW_EVERY_MS, { work, failed: lose }).end };
}
