import type { AnyDerivation } from '../../derivations/derivation.js';
import type { ReadModel } from '../../projections/projection.js';
import { lowestPosition, readCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import type { Queryable } from '../read-models/database.js';
import { versionOf } from '../read-models/schema.js';

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

/** What the rows of some derivations are worth, as one snapshot shows them. */
export type DerivedStanding = Readonly<{
  /** Up to where in the log they are complete; -1n while that is not known: they are not built, or keys wait. */
  position: bigint;
  /** The generations, of these and of what they read, that have never been complete. */
  building: readonly string[];
  /** How many keys of these wait to be derived, with those of the derivations that they read; null while that is not known. */
  behindKeys: number | null;
  /** The hash of the policy that all of these rows follow; null where they follow several, as while one replaces the other. */
  policy: string | null;
}>;

/**
 * How the shown rows of these derivations stand. All of it is of one snapshot when `connection` is in a transaction that reads as of one
 * moment, and then it speaks of the rows that the same transaction reads.
 */
export async function standingOf(
  connection: Queryable,
  {
    projections,
    derivations,
    names,
  }: Readonly<{ projections: readonly ReadModel[]; derivations: readonly AnyDerivation[]; names: readonly string[] }>,
): Promise<DerivedStanding> {
  const wanted = withSources(derivations, names);
  const checkpoints = await readCheckpoints(connection);
  const following = await readFollowing(connection);
  const shownOf = (models: readonly ReadModel[]): Checkpoint[] =>
    models.flatMap((model) =>
      checkpoints.filter(
        (one) => one.shown && versionOf({ name: one.projection, version: one.version }) === versionOf(model),
      ),
    );
  const derived = shownOf(wanted);
  const read = shownOf(projections.filter(({ name }) => wanted.some(({ reads }) => reads.includes(name))));
  const shown = new Set([...derived, ...read].map(({ name }) => name));
  const own = derived.flatMap(({ name }) => following.get(name) ?? []);
  const keys = own.map(({ behindKeys, standsOn }) =>
    standsOn.length > 0 && standsOn.every((name) => shown.has(name)) ? behindKeys : null,
  );
  const behindKeys = keys.includes(null) ? null : keys.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const building = [...derived, ...read].filter(({ state }) => state === 'building').map(({ name }) => name);
  const isComplete = derived.length === wanted.length && building.length === 0 && behindKeys === 0;
  const policies = new Set(own.map(({ policy }) => policy));
  return {
    position: isComplete ? lowestPosition(read) : -1n,
    building,
    behindKeys,
    policy: policies.size === 1 ? ([...policies][0] ?? null) : null,
  };
}

/** These derivations, and those that they read, and so on. @throws for a name that there is not */
function withSources(derivations: readonly AnyDerivation[], names: readonly string[]): readonly AnyDerivation[] {
  const wanted = new Set(names);
  for (const { name, reads } of [...derivations].reverse())
    if (wanted.has(name)) for (const one of reads) wanted.add(one);
  const found = derivations.filter(({ name }) => wanted.has(name));
  for (const name of names)
    if (!found.some((one) => one.name === name)) throw new Error(`There is no derivation ${name}.`);
  return found;
}
