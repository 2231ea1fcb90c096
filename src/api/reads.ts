import { ProblemError } from '../http/problem.js';
import type { Database, Queryable, Snapshots } from '../read-models/database.js';
import type { Asker } from '../http/asker.js';
import { LIMITS } from './limits.js';
import type { ReadPosition } from './read-position.js';
import { Turns } from './turns.js';

const busy = () =>
  new ProblemError('read_models_busy', 'Too many requests are using Postgres or waiting for it. Try again later.');

/** Reads of the read models by requests: in turns, with a share per token, on connections reserved for them. */
export class Reads {
  readonly #turns = new Turns({ ...LIMITS.reads, busy });

  constructor(
    private readonly database: Database,
    private readonly position: ReadPosition,
  ) {}

  /** Returns the reads of one request. */
  by(asker: Asker): Snapshots {
    return { snapshot: (work) => this.#turns.take(asker, () => this.database.snapshot(this.#noting(asker, work))) };
  }

  /** Reports the position of the same snapshot as the answer. */
  #noting<T>({ answeredAt }: Asker, work: (connection: Queryable) => Promise<T>): typeof work {
    if (answeredAt === undefined) return work;
    return async (connection) => {
      const answer = await work(connection);
      const { position } = await this.position.read(connection);
      if (position >= 0n) answeredAt(position);
      return answer;
    };
  }
}
