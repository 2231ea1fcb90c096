import { derivations } from '../../derivations/index.js';
import type { ReadModel } from '../../projections/projection.js';
import { standingOf, type DerivedStanding } from '../deriving/standing.js';
import { isNotYetMade, type Database, type Queryable } from '../read-models/database.js';
import type { Places } from './places.js';
import { ReadPosition } from './read-position.js';

/** Provides the position of the books, and of what follows from subscriptions. */
export const JOURNAL_POSITION = Symbol('JOURNAL_POSITION');
export const MRR_POSITION = Symbol('MRR_POSITION');

/**
 * Reading your own writes in derived rows, such as those of the journal. A route over these takes `minPosition`, reads, and says how its
 * rows stand, all of one snapshot:
 *
 *     await this.position.satisfy(asked, asker);
 *     return this.reads.by(asker, this.position).snapshot(async (connection) => {
 *       const { behindKeys, policy } = await this.position.standing(connection);
 *       return { data: await findEntries(connection, …), policy, isComplete: behindKeys === 0 };
 *     });
 *
 * `satisfy` waits until no key waits to be derived, and the header `ledger-position` is left out while one does. Rows that follow from
 * a parked stream say so by their own column, `is_incomplete`. Tables are those of the views: `viewOf(derivation, table)`.
 */
export class DerivedPosition extends ReadPosition {
  /** `names`: the derivations whose tables are read. */
  constructor(
    database: Database,
    private readonly reads: Readonly<{ projections: readonly ReadModel[]; names: readonly string[] }>,
    places: Places,
  ) {
    super(database, reads.projections, places);
  }

  /** How these rows stand in this snapshot. */
  standing(connection: Queryable = this.database): Promise<DerivedStanding> {
    return standingOf(connection, { ...this.reads, derivations }).catch((error: unknown) => {
      if (isNotYetMade(error)) return { position: -1n, building: this.reads.names, behindKeys: null, policy: null };
      throw error;
    });
  }

  override read(connection?: Queryable): Promise<{ position: bigint; building: readonly string[] }> {
    return this.standing(connection);
  }
}
