import type { Policy } from '../../derivations/derivation.js';
import type { Measure, Measured } from '../../derivations/measures.js';
import type { Row } from '../../projections/projection.js';
import { jsonForPostgres, type Database, type Queryable } from '../read-models/database.js';
import { derivedPages, Deriving, type DerivedKey } from './derive-keys.js';
import { isOwn, readNoted, type OwnDerived } from './derived.js';
import type { Deriver } from './deriver.js';

/** What a total is grouped by. Amounts are in minor units. */
type Group = Omit<Measured, 'customer' | 'minor'>;
export type Total = Group & Readonly<{ before: bigint; after: bigint }>;
export type CustomerChange = Group & Readonly<{ customer: string; change: bigint }>;

/** The totals under each policy, and the customers whose amounts differ. */
export type PolicyComparison = Readonly<{
  keys: number;
  /** Keys that one of the policies cannot derive, and rows whose keys cannot be determined. No total includes them. */
  failedKeys: number;
  /** False while changes wait to be derived, because keys that only these changes add are missing. */
  isComplete: boolean;
  totals: readonly Total[];
  /** The totals of the measure `beside`. */
  beside: readonly Total[];
  /** The largest differences by absolute value. */
  customers: readonly CustomerChange[];
  differentCustomers: number;
}>;

/** How many keys are derived per page. */
const PAGE_KEYS = 500;

/**
 * Derives every key under the deriver's policy and under another, from one snapshot, and adds up the amounts. Keys and
 * customers are kept in temporary tables, so that memory stays constant; nothing else is written. `not_ready`: the
 * derivation has never been complete.
 */
export async function comparePolicies(
  database: Database,
  {
    deriver,
    measure,
    beside,
    policy,
    until,
    top,
    signal,
  }: Readonly<{
    deriver: Deriver;
    measure: Measure;
    /** A second measure of the same rows, for which only totals are returned. */
    beside?: Measure | undefined;
    policy: Policy;
    /** ISO 8601 in UTC. */
    until: string;
    /** How many customers to return. */
    top: number;
    signal: AbortSignal;
  }>,
): Promise<PolicyComparison | 'not_ready' | 'stopped'> {
  return database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read');
    const derived = (await deriver.read(connection))
      .filter(isOwn)
      .find((one) => one.generation.projection.name === measure.derivation && one.shown && one.state === 'live');
    if (derived === undefined) return 'not_ready';
    const silentRows = await collectKeys(connection, { deriver, derived, signal });
    await connection.query(
      `create temporary table compared_customers (livemode boolean, account text, currency text, name text, customer text, change numeric,
         primary key (livemode, account, currency, name, customer)) on commit drop`,
    );
    const totals: Totals = new Map();
    const besides: Totals = new Map();
    const addUp = (changes: Map<string, CustomerChange>, both: Record<'before' | 'after', Record<string, Row[]>>) => {
      for (const side of ['before', 'after'] as const) {
        for (const { customer: _, minor, ...group } of beside?.amounts(both[side], until) ?? [])
          entryOf(besides, group, () => ({ ...group, before: 0n, after: 0n }))[side] += BigInt(minor);
        for (const { customer, minor, ...group } of measure.amounts(both[side], until)) {
          const amount = BigInt(minor);
          const total = entryOf(totals, group, () => ({ ...group, before: 0n, after: 0n }));
          total[side] += amount;
          const whose = { ...group, customer };
          const { change } = entryOf(changes, whose, () => ({ ...whose, change: 0n }));
          changes.set(nameOf(whose), { ...whose, change: change + (side === 'after' ? amount : -amount) });
        }
      }
    };
    const other = new Deriving(policy);
    let [keys, failedKeys] = [0, silentRows];
    for await (const page of pagesOfKeys(connection)) {
      if (signal.aborted) return 'stopped';
      for await (const before of derivedPages(connection, derived, { keys: page, deriving: deriver.deriving })) {
        const changes = new Map<string, CustomerChange>();
        for await (const after of derivedPages(connection, derived, { keys: [...before.keys()], deriving: other }))
          for (const key of after.keys()) {
            const [own, others] = [rowsOf(before.get(key)), rowsOf(after.get(key))];
            keys += 1;
            if (own === null || others === null) failedKeys += 1;
            else addUp(changes, { before: own, after: others });
          }
        await addChanges(connection, changes.values());
      }
    }
    const isComplete = derived.isNoted && failedKeys === 0 && !(await readNoted(connection)).has(derived.name);
    return {
      ...{ keys, failedKeys, isComplete },
      totals: sorted(totals),
      beside: sorted(besides),
      ...(await largest(connection, top)),
    };
  });
}

type Totals = Map<string, Group & { before: bigint; after: bigint }>;

const sorted = (totals: Totals): readonly Total[] =>
  [...totals].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, total]) => total);

const nameOf = (group: Group): string => JSON.stringify(Object.values(group));

function entryOf<G extends Group, T>(all: Map<string, T>, group: G, nothing: () => T): T {
  const name = nameOf(group);
  const found = all.get(name) ?? nothing();
  all.set(name, found);
  return found;
}

/** Returns the rows of a key by table; null when it cannot be derived. */
function rowsOf(one: DerivedKey | undefined): Record<string, Row[]> | null {
  if (one === undefined || 'error' in one) return null;
  return Object.fromEntries(
    [...one.texts].map(([table, texts]) => [table, [...texts.values()].map((text) => JSON.parse(text) as Row)]),
  );
}

/**
 * Collects every key that a row concerns, including keys without rows under the current policy. Returns the number of
 * rows whose keys cannot be determined.
 */
async function collectKeys(
  connection: Queryable,
  { deriver, derived, signal }: Readonly<{ deriver: Deriver; derived: OwnDerived; signal: AbortSignal }>,
): Promise<number> {
  await connection.query('create temporary table compared_keys (key text collate "C" primary key) on commit drop');
  let silentRows = 0;
  for await (const { keys, silent } of deriver.allKeys((read) => read(connection), derived)) {
    if (signal.aborted) break;
    silentRows += silent.length;
    await connection.query('insert into compared_keys select unnest($1::text[]) on conflict do nothing', [keys]);
  }
  return silentRows;
}

async function* pagesOfKeys(connection: Queryable): AsyncGenerator<string[]> {
  for (let after = ''; ;) {
    const { rows } = await connection.query<{ key: string }>(
      `select key from compared_keys where key > $1 order by key limit ${PAGE_KEYS}`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(({ key }) => key);
    after = last.key;
  }
}

async function addChanges(connection: Queryable, all: Iterable<CustomerChange>): Promise<void> {
  const changes = [...all].filter(({ change }) => change !== 0n);
  if (changes.length === 0) return;
  await connection.query(
    `insert into compared_customers as old select * from jsonb_to_recordset($1::jsonb)
       as given(livemode boolean, account text, currency text, name text, customer text, change numeric)
     on conflict (livemode, account, currency, name, customer) do update set change = old.change + excluded.change`,
    [jsonForPostgres(changes.map((one) => ({ ...one, change: String(one.change) })))],
  );
}

async function largest(
  connection: Queryable,
  top: number,
): Promise<Pick<PolicyComparison, 'customers' | 'differentCustomers'>> {
  const { rows } = await connection.query<Group & { customer: string; change: string }>(
    `select livemode, account, currency, name, customer, change::text from compared_customers where change <> 0
     order by abs(change) desc, livemode, account, currency, name, customer limit $1`,
    [top],
  );
  const { rows: counted } = await connection.query<{ count: bigint }>(
    'select count(distinct (livemode, account, customer)) as count from compared_customers where change <> 0',
  );
  return {
    customers: rows.map((row) => ({ ...row, change: BigInt(row.change) })),
    differentCustomers: Number(counted[0]?.count ?? 0),
  };
}
