import type { Rollup } from '../../derivations/derivation.js';
import type { Row } from '../../projections/projection.js';
import { jsonForPostgres, type Queryable } from '../read-models/database.js';
import { givenAs, typesOf } from '../read-models/rows.js';

/** The change of one row of a rollup. */
type Sum = Readonly<{ key: Row; sums: Map<string, bigint>; rows: bigint }>;

export const sumsOf = ({ columns, key }: Rollup): string[] =>
  Object.keys(columns).filter((column) => !key.includes(column));

/** Returns the changes of sums due to removed and added rows, by key of the rollup. */
export function differences(
  rollup: Rollup,
  { gone, came }: Readonly<{ gone: readonly Row[]; came: readonly Row[] }>,
): Map<string, Sum> {
  const all = new Map<string, Sum>();
  const add = (row: Row, sign: bigint): void => {
    const added = rollup.add(row);
    if (added === null) return;
    const key = Object.fromEntries(rollup.key.map((column) => [column, added[column]]));
    const name = JSON.stringify(rollup.key.map((column) => key[column]));
    const sum = all.get(name) ?? { key, sums: new Map<string, bigint>(), rows: 0n };
    for (const column of sumsOf(rollup))
      sum.sums.set(column, (sum.sums.get(column) ?? 0n) + sign * BigInt(Number(added[column] ?? 0)));
    all.set(name, { ...sum, rows: sum.rows + sign });
  };
  for (const row of gone) add(row, -1n);
  for (const row of came) add(row, 1n);
  return all;
}

/** Adds changes to the sums of a rollup, and deletes sums without rows. */
export async function moveRollup(
  connection: Queryable,
  { table, rollup }: Readonly<{ table: string; rollup: Rollup }>,
  sums: ReadonlyMap<string, Sum>,
): Promise<void> {
  const moved = [...sums.values()].filter(({ sums: own, rows }) => rows !== 0n || [...own.values()].some(Boolean));
  if (moved.length === 0) return;
  const added = [...sumsOf(rollup), 'row_count'];
  const columns = { ...typesOf(rollup.columns), row_count: 'int8' };
  const given = jsonForPostgres(
    moved.map(({ key, sums: own, rows }) => ({
      ...key,
      ...Object.fromEntries([...own].map(([column, sum]) => [column, String(sum)])),
      row_count: String(rows),
    })),
  );
  const names = Object.keys(columns).join(', ');
  const key = rollup.key.join(', ');
  await connection.query(
    `insert into ${table} as old (${names}) select ${names} from ${givenAs(columns, '$1')}
     on conflict (${key}) do update set ${added.map((column) => `${column} = old.${column} + excluded.${column}`).join(', ')}`,
    [given],
  );
  await connection.query(
    `delete from ${table} where row_count = 0 and (${key}) in (select ${key} from ${givenAs(columns, '$1')})`,
    [given],
  );
}
