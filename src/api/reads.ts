import { ProblemError } from '../http/problem.js';
import type { Database, Snapshots } from '../read-models/database.js';
import type { Asker } from '../http/asker.js';
import { LIMITS } from './limits.js';
import { Turns } from './turns.js';

const busy = () =>
  new ProblemError({
    status: 503,
    code: 'read_models_busy',
    title: 'Too many reads',
    detail: 'Too many requests read from Postgres, or wait to; it answers. Ask again later.',
    retryAfterS: 1,
  });

/**
 * The read models as requests read them: in turns, of which every token has its share, on connections that nothing
 * else uses.
 */
export class Reads {
  readonly #turns = new Turns({ ...LIMITS.reads, busy });

  constructor(private readonly database: Database) {}

  /** For one request. */
  by(asker: Asker): Snapshots {
    return { snapshot: (work) => this.#turns.take(asker, () => this.database.snapshot(work)) };
  }
}
