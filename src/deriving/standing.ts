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

/** No more waiting keys are counted, nor changed rows. */
export const COUNTED_KEYS_MAX = 100_000;

/** SQL for how many keys, and changed rows, wait to be derived from of a generation; `max` of each are counted, both given as SQL. */
export const waitingKeys = (generation: string, max: string | number): string =>
  `(select count(*) from (select from ledger.derivation_notes note where note.generation = ${generation} limit ${max}) as noted)
     + (select count(*) from (select from ledger.derivation_changes change where change.generation = ${generation} limit ${max}) as noted)`;

type Row = { name: string; stands_on: string[]; policy: string; is_noted: boolean; keys: bigint };

/** How each generation of a derivation follows, by its name. */
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
