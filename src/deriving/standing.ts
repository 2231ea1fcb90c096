import type { Queryable } from '../read-models/database.js';

/** How far what is derived is behind the rows that it follows from. */
export type Following = Readonly<{
  /** The generations that it follows from; empty before it has begun, and where it waits to begin anew. */
  standsOn: readonly string[];
  /** The hash of the policy that its rows follow. */
  policy: string;
  /** How many keys, or changed rows, wait to be derived from, counted up to a limit; null while all keys are being looked up. */
  behindKeys: number | null;
}>;

/** No more waiting keys are counted. */
const COUNTED_KEYS_MAX = 100_000;

type Row = { name: string; stands_on: string[]; policy: string; is_noted: boolean; keys: bigint };

/** How each generation of a derivation follows, by its name. */
export async function readFollowing(connection: Queryable): Promise<Map<string, Following>> {
  const { rows } = await connection.query<Row>(
    `select name, stands_on, policy, is_noted,
       (select count(*) from (select from ledger.derivation_notes note where note.generation = name limit ${COUNTED_KEYS_MAX}) as noted)
         + (select count(*) from (select from ledger.derivation_changes change where change.generation = name limit ${COUNTED_KEYS_MAX}) as noted) as keys
     from ledger.derived_generations`,
  );
  return new Map(
    rows.map(({ name, stands_on: standsOn, policy, is_noted: isNoted, keys }) => [
      name,
      { standsOn, policy, behindKeys: isNoted ? Number(keys) : null },
    ]),
  );
}
