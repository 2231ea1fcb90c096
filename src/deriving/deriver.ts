import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import { policyHash } from '../../derivations/policy.js';
import type { ReadModel, Row, Table } from '../../projections/projection.js';
import { groupBy } from '../folding/group-by.js';
import type { RowKey, RowText } from '../folding/row-texts.js';
import { isHeldNow, lock, lockCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import { jsonForPostgres, type Database, type Queryable } from '../read-models/database.js';
import { columnsOf, givenAs, typesOf } from '../read-models/rows.js';
import { nameOfGeneration, tableOf, type Generation } from '../read-models/schema.js';
import { deriveKeys } from './derive-keys.js';
import { derivedOf, onTables, readDerived, type Derived } from './derived.js';
import { note, takeNotes } from './notes.js';
import { storedKeys, verifyKeys, verifyRollups, type DerivedFault } from './verify-keys.js';
import { addRows, rowFrom, type RowsByTable } from './rows.js';

/** With more keys than this a batch notes them, and those after it work them off: no transaction takes minutes. */
const KEYS_MAX = 5_000;
/** How many noted keys one transaction works off. */
const NOTED_KEYS_MAX = 250;
/** How many keys are verified at once. */
const VERIFIED_KEYS = 500;
/** How many rows are asked at once which keys they concern, when all keys are noted. */
const PAGE_ROWS = 5_000;

/** What a batch writes of one stream of a projection, as far as derivations look at it. */
type Written = Readonly<{
  generation: Generation;
  stream: string;
  replaces: boolean;
  puts: readonly RowText[];
  gone: readonly RowKey[];
  taken: readonly RowKey[];
  parking: unknown;
}>;

/** What a batch changes, and who reads that. */
type Changes = Readonly<{ derived: readonly Derived[]; rows: RowsByTable }>;

/**
 * The second stage: derives rows from the rows of projections, in the transaction that writes these (ARCHITECTURE.md, Derivations). A
 * generation of a derivation is a checkpoint that moves with those it stands on: where it stands apart, it has missed something, and
 * begins anew.
 */
export class Deriver {
  readonly #models: ReadonlyMap<string, ReadModel>;
  readonly #policyHash: string;

  constructor(
    private readonly options: Readonly<{
      projections: readonly ReadModel[];
      derivations: readonly AnyDerivation[];
      policy: Policy;
      /** Whether a batch notes its keys for later: each is then derived once for many batches, in the time that intake leaves. */
      isPressed?: () => boolean;
    }>,
  ) {
    const { projections, derivations, policy } = options;
    this.#models = new Map([...projections, ...derivations].map((model) => [model.name, model]));
    this.#policyHash = policyHash(policy);
  }

  get derivations(): readonly AnyDerivation[] {
    return this.options.derivations;
  }

  /** Whether a checkpoint is that of a derivation. */
  readonly isDerived = ({ projection }: Pick<Checkpoint, 'projection'>): boolean =>
    this.options.derivations.some(({ name }) => name === projection);

  /** Reads the rows that a batch is about to change; null where nothing derived depends on them. */
  async before(
    connection: Queryable,
    { checkpoints, streams }: Readonly<{ checkpoints: readonly Checkpoint[]; streams: readonly Written[] }>,
  ): Promise<Changes | null> {
    const generations = derivedOf(checkpoints, this.options.derivations);
    if (generations.length === 0 || streams.length === 0) return null;
    const derived = await this.#read(connection, generations);
    const read = new Set(derived.flatMap(({ standsOn }) => standsOn));
    const rows: RowsByTable = new Map();
    for (const [name, writes] of groupBy(streams, (write) => nameOfGeneration(write.generation))) {
      const [{ generation }] = writes;
      if (!read.has(name)) continue;
      for (const [table, shape] of Object.entries(generation.projection.tables)) {
        const source = tableOf(generation, table);
        if (!derived.some((one) => asksFor(one, table, source))) continue;
        addRows(rows, source, await oldRows(connection, { source, table, shape }, writes));
      }
    }
    return { derived, rows };
  }

  /** Derives what follows from the rows that a batch has changed, in the same transaction. */
  async after(connection: Queryable, changes: Changes, streams: readonly Written[]): Promise<void> {
    for (const { generation, puts } of streams) {
      for (const { table, text } of puts) {
        const source = tableOf(generation, table);
        if (changes.rows.has(source)) addRows(changes.rows, source, [JSON.parse(text) as Row]);
      }
    }
    await this.#propagate(connection, changes.derived, {
      rows: changes.rows,
      isPressed: this.options.isPressed?.() === true,
    });
  }

  /** What follows from changed rows, one derivation after the other: what one writes is what the next reads. */
  async #propagate(
    connection: Queryable,
    derived: readonly Derived[],
    { rows, isPressed = false }: { rows: RowsByTable; isPressed?: boolean },
  ): Promise<void> {
    for (const one of derived) {
      const keys = await this.#keysOf(connection, one, rows);
      if (keys.size === 0) continue;
      if (one.state !== 'live' || isPressed || keys.size > KEYS_MAX) await note(connection, one.name, keys);
      else await this.#derive(connection, one, { keys: [...keys], rows });
    }
  }

  async #derive(
    connection: Queryable,
    derived: Derived,
    { keys, rows }: { keys: readonly string[]; rows: RowsByTable },
  ): Promise<void> {
    const changed = await deriveKeys(connection, derived, { keys, policy: this.options.policy });
    for (const [table, own] of changed) addRows(rows, table, own);
  }

  async #keysOf(connection: Queryable, derived: Derived, rows: RowsByTable): Promise<ReadonlySet<string>> {
    const { keysOf, reach = {} } = derived.generation.projection;
    const keys = new Set<string>();
    for (const [table, ask] of Object.entries(keysOf))
      for (const row of rows.get(derived.tables.get(table) ?? '') ?? []) for (const key of ask(row)) keys.add(key);
    if (keys.size === 0) return keys;
    const asked = [...keys];
    for (const sql of Object.values(reach)) {
      const { rows: found } = await connection.query<{ key: string }>(onTables(sql, derived), [asked]);
      for (const { key } of found) keys.add(key);
    }
    return keys;
  }

  /** Of these, the derivations that do not stand where all stands that they read, or follow another policy. */
  async missed(database: Queryable, held: readonly Checkpoint[]): Promise<Checkpoint[]> {
    const derived = await this.#read(database, derivedOf(held, this.options.derivations));
    const missed = new Set<string>();
    for (const { name, generation, policy, standsOn } of derived) {
      const own = held.find((one) => one.name === name);
      const read = this.#readBy(generation.projection, held);
      const isInStep = read.every(
        (one) => standsOn.includes(one.name) && one.at?.position === own?.at?.position && !missed.has(one.name),
      );
      if (policy !== this.#policyHash || standsOn.length === 0 || !isInStep) missed.add(name);
    }
    return held.filter(({ name }) => missed.has(name));
  }

  /** The checkpoints of what a derivation reads, as far as they are among these. */
  #readBy({ reads }: AnyDerivation, checkpoints: readonly Checkpoint[]): Checkpoint[] {
    return checkpoints.filter(
      ({ projection, version }) => reads.includes(projection) && this.#models.get(projection)?.version === version,
    );
  }

  /**
   * Lets derivations begin anew at the place of checkpoints that they stand on, where all of these are here: from then on they move with
   * them. Returns the checkpoints as they are then; null when another owner has one of them.
   */
  begin(
    database: Database,
    checkpoints: readonly Checkpoint[],
    missed: readonly Checkpoint[],
  ): Promise<Checkpoint[] | null> {
    return database.transaction(async (connection) => {
      let together = [...checkpoints];
      for (const { projection, generation } of derivedOf(missed, this.options.derivations)) {
        const own = missed.find(({ name }) => name === nameOfGeneration({ projection, generation }));
        const read = this.#readBy(projection, together);
        if (own === undefined || read.length < projection.reads.length) continue;
        if (!(await lock(connection, [...together, own]))) return null;
        await this.#beginOne(connection, own.name, read);
        const [begun] = await lockCheckpoints(connection, [own.name]);
        if (begun !== undefined) together = [...together, begun];
      }
      return together;
    });
  }

  async #beginOne(connection: Queryable, name: string, read: readonly Checkpoint[]): Promise<void> {
    await connection.query('delete from ledger.derivation_notes where generation = $1', [name]);
    await connection.query(
      'update ledger.derived_generations set stands_on = $2, policy = $3, is_noted = false where name = $1',
      [name, read.map((one) => one.name), this.#policyHash],
    );
    await connection.query(
      `update ledger.checkpoints own set state = 'building', position = other.position, event_id = other.event_id, log_name = other.log_name
       from ledger.checkpoints other where own.name = $1 and other.name = $2`,
      [name, read[0]?.name],
    );
  }

  /**
   * Derives what is noted, a bounded part of it, and lets what has nothing left be live; replays keys that somebody wants replayed.
   * `done`: there is nothing to do now.
   */
  async workOff(database: Database, checkpoints: readonly Checkpoint[]): Promise<'done' | 'more' | 'lost'> {
    const generations = derivedOf(checkpoints, this.options.derivations);
    if (generations.length === 0 || !(await this.#hasWork(database, generations))) return 'done';
    return database.transaction(async (connection) => {
      if (!(await lock(connection, checkpoints))) return 'lost';
      const derived = await this.#read(connection, generations);
      for (const [at, one] of derived.entries()) {
        const keys = one.isNoted ? await takeNotes(connection, one.name, NOTED_KEYS_MAX) : [];
        const wanted = keys.length > 0 ? keys : await wantedKeys(connection, one.name);
        if (wanted.length > 0) {
          const rows: RowsByTable = new Map();
          await this.#derive(connection, one, { keys: wanted, rows });
          await this.#propagate(connection, derived.slice(at + 1), { rows });
          return 'more';
        }
        if (one.state === 'building' && one.isNoted && readsLive(one, derived)) {
          await connection.query(`update ledger.checkpoints set state = 'live' where name = $1`, [one.name]);
          return 'more';
        }
      }
      return 'done';
    });
  }

  async #hasWork(database: Queryable, generations: readonly Generation<AnyDerivation>[]): Promise<boolean> {
    const { rows } = await database.query(
      `select 1 from ledger.checkpoints where name = any($1) and (state = 'building'
         or exists (select from ledger.derivation_notes where generation = name)
         or exists (select from ledger.parked_streams parked where parked.generation = name and replay_wanted_at is not null))`,
      [generations.map(nameOfGeneration)],
    );
    return rows.length > 0;
  }

  /**
   * Notes every key that there is, of derivations that have begun: beside the batches, which note what changes meanwhile. What was noted
   * in vain by one that is not the owner any more is derived once more.
   */
  async noteAll(database: Database, checkpoints: readonly Checkpoint[], signal: AbortSignal): Promise<void> {
    const begun = await this.#read(database, derivedOf(checkpoints, this.options.derivations));
    for (const one of begun) {
      const checkpoint = checkpoints.find(({ name }) => name === one.name);
      if (one.isNoted || one.standsOn.length === 0 || checkpoint === undefined) continue;
      const own = Object.keys(one.generation.projection.tables).map(
        (table) => `select key from ${tableOf(one.generation, table)}`,
      );
      await database.query(
        `insert into ledger.derivation_notes (generation, key) select $1, key from (${own.join(' union ')}) as own order by key on conflict do nothing`,
        [one.name],
      );
      for await (const keys of this.#allKeys(database, one)) {
        if (signal.aborted) return;
        await note(database, one.name, keys);
      }
      await database.transaction(async (connection) => {
        if (await isHeldNow(connection, [checkpoint]))
          await connection.query('update ledger.derived_generations set is_noted = true where name = $1', [one.name]);
      });
    }
  }

  /**
   * Derives again the keys that the rows of these streams concern, and compares; with `null` all keys, and all sums. Returns how many keys
   * were compared.
   */
  async verify(
    database: Database,
    {
      checkpoints,
      streams,
      found,
    }: Readonly<{
      checkpoints: readonly Checkpoint[];
      streams: readonly string[] | null;
      found: (fault: DerivedFault) => void;
    }>,
  ): Promise<number> {
    let count = 0;
    const compare = async ({ generation }: Derived, keys: readonly string[]): Promise<void> => {
      count += keys.length;
      await verifyKeys(database, generation, { models: this.#models, policy: this.options.policy, keys, found });
    };
    const derived = await this.#read(database, derivedOf(checkpoints, this.options.derivations));
    const live = derived.filter(({ state }) => state === 'live');
    if (streams === null) {
      for (const one of live) {
        for await (const keys of storedKeys(database, one.generation, VERIFIED_KEYS)) await compare(one, keys);
        for await (const keys of this.#allKeys(database, one)) await compare(one, keys);
        await verifyRollups(database, one.generation, found);
      }
      return count;
    }
    const rows: RowsByTable = new Map();
    for (const [table, source] of new Map(live.flatMap(({ tables }) => [...tables])))
      if (this.#modelOf(table).reads === undefined)
        addRows(rows, source, await rowsWhere(database, source, { column: 'stream', values: streams }));
    for (const one of live) {
      const keys = [...(await this.#keysOf(database, one, rows))].slice(0, VERIFIED_KEYS);
      await compare(one, keys);
      for (const table of Object.keys(one.generation.projection.tables)) {
        const source = tableOf(one.generation, table);
        addRows(rows, source, await rowsWhere(database, source, { column: 'key', values: keys }));
      }
    }
    return count;
  }

  /** The keys that rows concern of all that a derivation reads, page by page, some of them again and again. */
  async *#allKeys(database: Database, derived: Derived): AsyncGenerator<string[]> {
    for (const [table, source] of derived.tables) {
      if (derived.generation.projection.keysOf[table] === undefined) continue;
      for await (const rows of pagesOf(database, source, keyColumnsOf(this.#modelOf(table), table))) {
        const keys = [...(await this.#keysOf(database, derived, new Map([[source, rows]])))];
        for (let at = 0; at < keys.length; at += VERIFIED_KEYS) yield keys.slice(at, at + VERIFIED_KEYS);
      }
    }
  }

  #modelOf(table: string): ReadModel {
    for (const model of this.#models.values()) if (model.tables[table] !== undefined) return model;
    throw new Error(`There is no table ${table}.`);
  }

  #read(connection: Queryable, generations: readonly Generation<AnyDerivation>[]): Promise<Derived[]> {
    return readDerived(connection, generations, this.#models);
  }
}

const keyColumnsOf = ({ tables }: ReadModel, name: string): readonly string[] => tables[name]?.key ?? [];

async function rowsWhere(
  connection: Queryable,
  source: string,
  { column, values }: Readonly<{ column: 'stream' | 'key'; values: readonly string[] }>,
): Promise<Row[]> {
  const { rows } = await connection.query(`select * from ${source} where ${column} = any($1)`, [values]);
  return rows.map(rowFrom);
}

/** Whether a derivation asks rows of this table which keys they concern. */
const asksFor = ({ generation, tables }: Derived, table: string, source: string): boolean =>
  generation.projection.keysOf[table] !== undefined && tables.get(table) === source;

const readsLive = ({ generation: { projection } }: Derived, all: readonly Derived[]): boolean =>
  all.every(({ generation, state }) => !projection.reads.includes(generation.projection.name) || state === 'live');

/** The rows that stand where rows are put or deleted; of streams that are replaced, or parked, or not parked any more, all rows. */
async function oldRows(
  connection: Queryable,
  { source, table, shape: { columns, key } }: { source: string; table: string; shape: Table },
  writes: readonly Written[],
): Promise<Row[]> {
  const whole = writes.filter(({ replaces, parking }) => replaces || parking === 'none' || typeof parking === 'object');
  const keys = new Set(
    writes.flatMap(({ puts, gone, taken }) =>
      [...puts, ...gone, ...taken].filter((row) => row.table === table).map((row) => row.key),
    ),
  );
  const found: Row[] = [];
  if (whole.length > 0) {
    const values = whole.map(({ stream }) => stream);
    found.push(...(await rowsWhere(connection, source, { column: 'stream', values })));
  }
  if (keys.size > 0) {
    const types = Object.fromEntries(Object.entries(typesOf(columns)).filter(([column]) => key.includes(column)));
    const { rows } = await connection.query(
      `select old.* from ${source} old join ${givenAs(types, '$1')} using (${key.join(', ')})`,
      [jsonForPostgres([...keys].map((text) => columnsOf(key, text)))],
    );
    found.push(...rows.map(rowFrom));
  }
  return found;
}

/** Parked keys that somebody wants derived again. */
async function wantedKeys(connection: Queryable, generation: string): Promise<string[]> {
  const { rows } = await connection.query<{ key: string }>(
    'select stream as key from ledger.parked_streams where generation = $1 and replay_wanted_at is not null order by stream limit $2',
    [generation, NOTED_KEYS_MAX],
  );
  return rows.map(({ key }) => key);
}

async function* pagesOf(database: Database, source: string, key: readonly string[]): AsyncGenerator<Row[]> {
  const columns = key.join(', ');
  const beyond = `where (${columns}) > (${key.map((_, at) => `$${at + 1}`).join(', ')})`;
  for (let after: unknown[] = []; ;) {
    const { rows }: { rows: Row[] } = await database.query(
      `select * from ${source} ${after.length === 0 ? '' : beyond} order by ${columns} limit ${PAGE_ROWS}`,
      after,
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(rowFrom);
    after = key.map((column) => last[column]);
  }
}
