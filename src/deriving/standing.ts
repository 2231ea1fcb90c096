import type { Queryable } from '../read-models/database.js';

/** How far a derivation is behind the rows that it follows from. */
export type Following = Readonly<{
  /** The generations that it follows from; empty before the start and before a restart. */
  standsOn: readonly string[];
  /** The hash of the policy that its rows follow. */
  policy: string;
  /** The number of waiting keys and changed rows, counted up to a limit; null while all keys are being looked up. */
  behindKeys: number | null;
}>;

/** The highest count of waiting keys, and of changed rows. */
export const COUNTED_KEYS_MAX = 100_000;

/**
 * SQL for the number of a generation's waiting keys and changed rows. At most `max` of each are counted; both arguments
 * are SQL.
 */
export const waitingKeys = (generation: string, max: string | number): string =>
  `(select count(*) from (select from ledger.derivation_notes note where note.generation = ${generation} limit ${max}) as noted)
     + (select count(*) from (select from ledger.derivation_changes change where change.generation = ${generation} limit ${max}) as noted)`;

type Row = { name: string; stands_on: string[]; policy: string; is_noted: boolean; keys: bigint };

/** Returns how far each generation is behind, by name. */
export async function readFollowing(connection: Queryable): Promise<Map<string, Following>> {
  const { rows } = await connection.query<Row>(
    `select name, stands_on, policy, is_noted,
       ${waitingKeys('name', COUNTED_KEYS_MAX)} as keys
     from ledger.derived_generations`,
  );
  return new Map(
    rows.map(({ name, stands_on: standsOn, policy, is_noted: isNoted, keys }) => [
      name,
      { standsOn, policy, behindKeys: isNoted ? Number(keys) : null },
    ]),
  );
}
