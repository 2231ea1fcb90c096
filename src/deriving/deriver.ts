import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import { policyHash } from '../../derivations/policy.js';
import type { ReadModel, Row } from '../../projections/projection.js';
import { groupBy } from '../folding/group-by.js';
import type { GoneRow, RowKey, RowText } from '../folding/row-texts.js';
import type { Checkpoint } from '../read-models/checkpoints.js';
import { attempt, type Database, type Queryable } from '../read-models/database.js';
import { IS_WANTED, type ParkingKind } from '../read-models/parked-streams.js';
import { nameOfGeneration, tableOf, type Generation } from '../read-models/schema.js';
import {
  isSilentRow,
  keysOfRows,
  SILENT_ROW,
  parkSilent,
  type ChangedRow,
  type ConcernedKeys,
} from './concerned-keys.js';
import { readHeld, type Bounds } from './bounds.js';
import { deriveKeys, Deriving } from './derive-keys.js';
import { isOwn, readDerived, type Derived, type OwnDerived } from './derived.js';
import { note, noteRows, takeNotes, takeRows } from './notes.js';
import { addRows, rowsWhere, rowToAsk, type RowsByTable } from './rows.js';

/**
 * A batch that concerns more keys than this, during catch-up for example, only notes them for later transactions and
 * does not wait for them.
 */
const KEYS_MAX = 100;
/**
 * The most noted keys, and the most changed rows, that one transaction works off. Fewer keys for live generations,
 * because batches wait for it.
 */
const NOTED_KEYS_MAX = { live: 250, building: 1_000 };
const NOTED_ROWS_MAX = { rowsMax: 2_000, bytesMax: 16 * 1024 * 1024 };
/** The page size, in rows and in bytes, when the keys of all rows are looked up. */
const PAGE_ROWS = 5_000;
const PAGE_BYTES = 16 * 1024 * 1024;

/** The part of a batch's write of one stream that derivations need. */
export type Written = Readonly<{
  generation: Generation;
  stream: string;
  replaces: boolean;
  puts: readonly RowText[];
  gone: readonly GoneRow[];
  taken: readonly RowKey[];
  parking: unknown;
}>;

/**
 * A derivation that reads rows changed by a batch. `derives`: its keys are derived in this transaction; otherwise the
 * change is noted.
 */
type Concerned = Readonly<{ derived: Derived | OwnDerived; derives: boolean }>;
/** The rows that a batch changes, before and after, by table, and the generation and table name of each. */
type Changes = Readonly<{ concerned: readonly Concerned[]; rows: RowsByTable; sources: Map<string, Source> }>;
type Source = Readonly<{ generation: string; table: string }>;

/**
 * The second stage: derives rows from the rows of projections (ARCHITECTURE.md, Derivations). **A writer of rows
 * must, in the same transaction, derive what follows from them or note the change.** So no change is missed, whichever
 * process, build or rebuild writes it. A generation of a derivation is complete when nothing is noted for it.
 */
export class Deriver {
  readonly #models: ReadonlyMap<string, ReadModel>;
  readonly policyHash: string;
  /** The policy and bounds of this build. */
  readonly deriving: Deriving;

  constructor(
    private readonly options: Readonly<{
      projections: readonly ReadModel[];
      derivations: readonly AnyDerivation[];
      policy: Policy;
      /**
       * Whether a batch notes its keys for later. Each is then derived once for many batches, when intake leaves time.
       */
      isPressed?: () => boolean;
      bounds?: Bounds;
    }>,
  ) {
    const { projections, derivations, policy, bounds } = options;
    this.deriving = new Deriving(policy, bounds);
    this.#models = new Map([...projections, ...derivations].map((model) => [model.name, model]));
    this.policyHash = policyHash(policy);
  }

  get derivations(): readonly AnyDerivation[] {
    return this.options.derivations;
  }

  /** All projections and derivations of this build. */
  get models(): readonly ReadModel[] {
    return [...this.#models.values()];
  }

  get policy(): Policy {
    return this.options.policy;
  }

  /** Whether a checkpoint belongs to a derivation. */
  readonly isDerived = ({ projection }: Pick<Checkpoint, 'projection'>): boolean =>
    this.options.derivations.some(({ name }) => name === projection);

  /** Returns the generations of derivations in this database, of any build. */
  read(connection: Queryable): Promise<(Derived | OwnDerived)[]> {
    return readDerived(connection, { models: this.#models, derivations: this.derivations });
  }

  /**
   * Reads the rows that a batch is about to change; null when nothing follows from them. Derivations that follow only
   * from these checkpoints are derived in the batch, unless other workers write for the same checkpoints.
   */
  async before(
    connection: Queryable,
    {
      checkpoints,
      streams,
      isShared,
    }: Readonly<{ checkpoints: readonly Checkpoint[]; streams: readonly Written[]; isShared: boolean }>,
  ): Promise<Changes | null> {
    if (streams.length === 0) return null;
    const all = await this.read(connection);
    const moving = new Set(isShared ? [] : checkpoints.map(({ name }) => name));
    const changing = new Set(streams.map(({ generation }) => nameOfGeneration(generation)));
    const concerned: Concerned[] = [];
    for (const derived of all) {
      const derives =
        isOwn(derived) &&
        derived.state === 'live' &&
        derived.policy === this.policyHash &&
        derived.standsOn.length > 0 &&
        derived.standsOn.every((name) => moving.has(name));
      if (derives) moving.add(derived.name);
      if (!derived.standsOn.some((name) => changing.has(name))) continue;
      if (derives) changing.add(derived.name);
      concerned.push({ derived, derives });
    }
    if (concerned.length === 0) return null;
    const parksOnly = streams.every(isParkedOnly);
    const changes = { concerned, rows: new Map() as RowsByTable, sources: new Map<string, Source>() };
    for (const [name, writes] of groupBy(streams, (write) => nameOfGeneration(write.generation))) {
      const [{ generation }] = writes;
      for (const table of Object.keys(generation.projection.tables)) {
        if (!concerned.some(({ derived }) => asksFor(derived, { generation: name, table }))) continue;
        const source = tableOf(generation, table);
        changes.sources.set(source, { generation: name, table });
        const read = (): Promise<Row[]> => oldRows(connection, { source, table }, writes);
        // Unreadable rows must not prevent the stream from being parked.
        const rows = parksOnly ? await attempt(connection, read) : { value: await read() };
        if ('value' in rows) addRows(changes.rows, source, rows.value);
      }
    }
    return changes;
  }

  /** Derives what follows from the rows that a batch has changed, in the same transaction, or notes the changes. */
  async after(
    connection: Queryable,
    { concerned, rows, sources }: Changes,
    streams: readonly Written[],
  ): Promise<void> {
    for (const { generation, puts } of streams) {
      for (const { table, text } of puts) {
        const source = tableOf(generation, table);
        if (sources.has(source)) addRows(rows, source, [JSON.parse(text) as Row]);
      }
    }
    const isPressed = this.options.isPressed?.() === true;
    for (const { derived, derives } of concerned) {
      if (!derives || !isOwn(derived)) {
        await this.#noteChanged(connection, derived, changedRows(derived, { rows, sources }));
        continue;
      }
      const keys = await askRows(connection, derived, changedRows(derived, { rows, sources }));
      if (keys.length > KEYS_MAX || isPressed) await note(connection, derived.name, keys);
      else if (keys.length > 0)
        for (const [table, own] of await deriveKeys(connection, derived, { keys, deriving: this.deriving })) {
          addRows(rows, table, own);
          sources.set(table, { generation: derived.name, table: nameOfTable(derived, table) });
        }
    }
  }

  /**
   * Notes keys that follow from the row alone. Where a join is needed, it notes the row, to be looked up after this
   * transaction: concurrent transactions write rows that this one cannot see.
   */
  async #noteChanged(connection: Queryable, derived: Derived | OwnDerived, rows: readonly ChangedRow[]): Promise<void> {
    if (!isOwn(derived) || derived.generation.projection.reach !== undefined)
      return noteRows(connection, derived.name, rows);
    return note(connection, derived.name, await askRows(connection, derived, rows));
  }

  /**
   * Works off notes of a generation in one transaction: looks up the keys of changed rows, derives noted keys, or
   * retries parked ones. `none`: nothing is left for this build, or another process is working on it.
   */
  async workOff(database: Database, name: string): Promise<'more' | 'none'> {
    // If the transaction is lost, its notes remain.
    return database.transactionUnflushed(async (connection) => {
      const all = await this.read(connection);
      const derived = all.find((one) => one.name === name);
      if (derived === undefined || !isOwn(derived) || derived.standsOn.length === 0) return 'none';
      // Keeps batches, which derive a live generation too, from doing so at the same time.
      const held = derived.state === 'live' ? [name, ...rootsOf(derived, all)] : [name];
      if ((await holdState(connection, held, name)) !== derived.state) return 'more';
      // Its notes are for a build with its policy.
      if (derived.policy !== this.policyHash) return 'none';
      // It may have been restarted meanwhile, on other rows.
      if ((await epochOf(connection, name)) !== derived.epoch) return 'more';
      const rows = await takeRows(connection, name, NOTED_ROWS_MAX);
      if (rows.length > 0) {
        await note(connection, name, await askRows(connection, derived, rows));
        return 'more';
      }
      const keysMax = derived.state === 'live' ? NOTED_KEYS_MAX.live : NOTED_KEYS_MAX.building;
      const noted = await takeNotes(connection, name, keysMax);
      const wanted = noted.length > 0 ? [] : await wantedKeys(connection, name, keysMax);
      if (derived.isNoted && wanted.some(isSilentRow)) {
        await beginAgain(connection, name);
        return 'more';
      }
      const keys = [...noted, ...wanted.filter((key) => !isSilentRow(key))];
      if (keys.length === 0) return 'none';
      const changed = await deriveKeys(connection, derived, { keys, deriving: this.deriving });
      const sources = new Map(
        [...changed.keys()].map((table) => [table, { generation: name, table: nameOfTable(derived, table) }]),
      );
      for (const one of all)
        if (one.standsOn.includes(name))
          await this.#noteChanged(connection, one, changedRows(one, { rows: changed, sources }));
      return 'more';
    });
  }

  /**
   * Notes every existing key for a generation that has started; writers note concurrent changes. Unparks rows with a
   * requested replay, unless their keys still cannot be determined.
   */
  async noteAll(database: Database, derived: OwnDerived, signal: AbortSignal): Promise<void> {
    const since = await timeOf(database);
    const own = Object.keys(derived.generation.projection.tables).map(
      (table) => `select key from ${tableOf(derived.generation, table)}`,
    );
    await database.query(
      `insert into ledger.derivation_notes (generation, key) select $1, key from (${own.join(' union ')}) as own order by key on conflict do nothing`,
      [derived.name],
    );
    for await (const { keys, silent } of this.allKeys((read) => database.snapshot(read), derived)) {
      if (signal.aborted) return;
      await note(database, derived.name, keys);
      await parkSilent(database, derived, silent);
    }
    await noted(database, derived, since);
  }

  /**
   * Yields the keys that all rows read by a derivation concern, page by page, with repeats. Each page is read `within`
   * a transaction.
   */
  async *allKeys(
    within: <T>(read: (connection: Queryable) => Promise<T>) => Promise<T>,
    derived: OwnDerived,
  ): AsyncGenerator<ConcernedKeys> {
    for (const [table, source] of derived.tables) {
      if (derived.generation.projection.keysOf[table] === undefined) continue;
      const key = derived.keyColumns.get(table) ?? [];
      for (let after: unknown[] | null = []; after !== null;) {
        const beyond: unknown[] = after;
        const page = await within(async (connection) => {
          const rows = await pageOf(connection, { source, key, beyond });
          const asked = rows.map((row) => ({ table, row: rowToAsk(row) }));
          return { last: rows.at(-1), found: await keysOfRows(connection, derived, asked) };
        });
        yield page.found;
        const { last } = page;
        after = last === undefined ? null : key.map((column) => last[column]);
      }
    }
  }

  /** Returns the keys that rows concern; the rows are given by the SQL names of their tables. */
  keysOfRows(connection: Queryable, derived: OwnDerived, rows: RowsByTable): Promise<ConcernedKeys> {
    const changed = [...derived.tables].flatMap(([table, source]) =>
      (rows.get(source) ?? []).map((row) => ({ table, row })),
    );
    return keysOfRows(connection, derived, changed);
  }
}

/** Returns the keys that rows concern, and parks rows whose keys cannot be determined. */
async function askRows(connection: Queryable, derived: OwnDerived, rows: readonly ChangedRow[]): Promise<string[]> {
  const { keys, silent } = await keysOfRows(connection, derived, rows);
  await parkSilent(connection, derived, silent);
  return keys;
}

/** Restarts the noting of all keys, for rows whose keys could not be determined. */
async function beginAgain(connection: Queryable, name: string): Promise<void> {
  await connection.query('update ledger.derived_generations set is_noted = false, epoch = epoch + 1 where name = $1', [
    name,
  ]);
}

async function timeOf(database: Queryable): Promise<string> {
  const { rows } = await database.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? '-infinity';
}

/**
 * Marks all keys as noted, unless the generation has been restarted. Unparks rows whose replay was requested before
 * `since` and that were not parked again.
 */
async function noted(database: Queryable, { name, epoch }: OwnDerived, since: string): Promise<void> {
  await database.query(
    `with done as (update ledger.derived_generations set is_noted = true where name = $1 and epoch = $2 returning name)
     delete from ledger.parked_streams parked using done
     where parked.generation = done.name and parked.replay_wanted_at < $3 and starts_with(parked.stream, $4)`,
    [name, epoch, since, SILENT_ROW],
  );
}

/** Whether the write only parks the stream. */
const isParkedOnly = ({ replaces, puts, gone, taken, parking }: Written): boolean =>
  typeof parking === 'object' && !replaces && puts.length + gone.length + taken.length === 0;

/** Whether rows of a table concern keys of a derivation; assumed for other builds' derivations. */
const asksFor = (derived: Derived | OwnDerived, { generation, table }: Source): boolean =>
  derived.standsOn.includes(generation) &&
  (!isOwn(derived) || derived.generation.projection.keysOf[table] !== undefined);

const changedRows = (
  derived: Derived | OwnDerived,
  { rows, sources }: Pick<Changes, 'rows' | 'sources'>,
): ChangedRow[] =>
  [...rows].flatMap(([name, own]) => {
    const source = sources.get(name);
    return source === undefined || !asksFor(derived, source) ? [] : own.map((row) => ({ table: source.table, row }));
  });

const nameOfTable = ({ generation }: OwnDerived, name: string): string =>
  Object.keys(generation.projection.tables).find((table) => tableOf(generation, table) === name) ?? '';

/** Returns the generations of projections that a derivation follows from, directly or through others. */
export function rootsOf(derived: Derived, all: readonly Derived[]): string[] {
  return derived.standsOn.flatMap((name) => {
    const other = all.find((one) => one.name === name);
    return other === undefined ? [name] : rootsOf(other, all);
  });
}

/** Locks checkpoints in place until the end of the transaction, and returns the state of one. */
async function holdState(connection: Queryable, held: readonly string[], name: string): Promise<string | undefined> {
  const { rows } = await connection.query<{ name: string; state: string }>(
    'select name, state from ledger.checkpoints where name = any($1) order by checkpoints.name for share',
    [held],
  );
  return rows.find((one) => one.name === name)?.state;
}

async function epochOf(connection: Queryable, name: string): Promise<bigint | undefined> {
  const { rows } = await connection.query<{ epoch: bigint }>(
    'select epoch from ledger.derived_generations where name = $1',
    [name],
  );
  return rows[0]?.epoch;
}

/**
 * Returns the current rows that a batch replaces or deletes, and all rows of streams that are replaced, parked or
 * unparked. The owner of a taken row is parked by the same batch.
 */
async function oldRows(
  connection: Queryable,
  { source, table }: { source: string; table: string },
  writes: readonly Written[],
): Promise<Row[]> {
  const whole = writes.filter(({ replaces, parking }) => replaces || parking === 'none' || typeof parking === 'object');
  const values = whole.map(({ stream }) => stream);
  const found = whole.length === 0 ? [] : await rowsWhere(connection, source, { column: 'stream', values });
  for (const { puts, gone } of writes)
    for (const { table: own, was } of [...puts, ...gone])
      if (own === table && was !== null) found.push(JSON.parse(was) as Row);
  return found;
}

/** Returns parked keys to derive again. A large key is returned alone, and only when there are no others. */
async function wantedKeys(connection: Queryable, generation: string, max: number): Promise<string[]> {
  const { rows } = await connection.query<{ key: string; kind: ParkingKind }>(
    `select stream as key, kind from ledger.parked_streams where generation = $1 and (${IS_WANTED}) order by stream limit $2 for update skip locked`,
    [generation, max],
  );
  const others = rows.filter(({ kind }) => kind !== 'large');
  return (others.length > 0 ? others : rows.slice(0, 1)).map(({ key }) => key);
}

/** Returns the next page of rows, ordered by key. */
async function pageOf(
  connection: Queryable,
  { source, key, beyond }: { source: string; key: readonly string[]; beyond: unknown[] },
): Promise<Row[]> {
  const columns = key.join(', ');
  const after = beyond.length === 0 ? '' : `where (${columns}) > (${key.map((_, at) => `$${at + 1}`).join(', ')})`;
  return readHeld(connection, `select * from ${source} ${after} order by ${columns} limit ${PAGE_ROWS}`, {
    ...{ values: beyond, bytesMax: PAGE_BYTES, rowsMax: PAGE_ROWS },
  });
}
