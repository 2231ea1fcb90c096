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

/** With more keys than this, as when rows are behind, a batch notes them, and transactions after it work them off: rows do not wait for them. */
const KEYS_MAX = 100;
/** How many noted keys, and how many changed rows, one transaction works off; fewer keys where batches wait for it. */
const NOTED_KEYS_MAX = { live: 250, building: 1_000 };
const NOTED_ROWS_MAX = { rowsMax: 2_000, bytesMax: 16 * 1024 * 1024 };
/** How many rows are asked at once which keys they concern, when all keys are noted, and about how many bytes they may have. */
const PAGE_ROWS = 5_000;
const PAGE_BYTES = 16 * 1024 * 1024;

/** What a batch writes of one stream of a projection, as far as derivations look at it. */
export type Written = Readonly<{
  generation: Generation;
  stream: string;
  replaces: boolean;
  puts: readonly RowText[];
  gone: readonly GoneRow[];
  taken: readonly RowKey[];
  parking: unknown;
}>;

/** Who reads what a batch changes: `derives`, in this transaction, or what was changed is noted. */
type Concerned = Readonly<{ derived: Derived | OwnDerived; derives: boolean }>;
/** The rows that a batch changes, as they were and as they are, by table; and which table of which generation each is. */
type Changes = Readonly<{ concerned: readonly Concerned[]; rows: RowsByTable; sources: Map<string, Source> }>;
type Source = Readonly<{ generation: string; table: string }>;

/**
 * The second stage: derives rows from the rows of projections (ARCHITECTURE.md, Derivations). **Whoever writes rows that something follows
 * from derives that in the same transaction, or notes what has changed in it.** So nothing is missed, whichever process, build or
 * rebuild writes them; and a generation of a derivation is complete when nothing is noted for it.
 */
export class Deriver {
  readonly #models: ReadonlyMap<string, ReadModel>;
  readonly policyHash: string;
  /** How this build derives. */
  readonly deriving: Deriving;

  constructor(
    private readonly options: Readonly<{
      projections: readonly ReadModel[];
      derivations: readonly AnyDerivation[];
      policy: Policy;
      /** Whether a batch notes its keys for later: each is then derived once for many batches, in the time that intake leaves. */
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

  /** Whether a checkpoint is that of a derivation. */
  readonly isDerived = ({ projection }: Pick<Checkpoint, 'projection'>): boolean =>
    this.options.derivations.some(({ name }) => name === projection);

  /** All that is derived in this database, by whichever build. */
  read(connection: Queryable): Promise<(Derived | OwnDerived)[]> {
    return readDerived(connection, { models: this.#models, derivations: this.derivations });
  }

  /**
   * Reads the rows that a batch is about to change; null where nothing follows from them. What follows from rows of these checkpoints alone
   * is derived in the batch, unless others write for them at the same time.
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
        // What cannot be read of a stream must not keep it from being parked for that.
        const rows = parksOnly ? await attempt(connection, read) : { value: await read() };
        if ('value' in rows) addRows(changes.rows, source, rows.value);
      }
    }
    return changes;
  }

  /** Derives what follows from the rows that a batch has changed, in the same transaction, or notes what was changed. */
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
   * Keys that a row tells by itself are noted as such. What only a join knows is asked for when this transaction has ended: beside it others
   * write rows that it does not see.
   */
  async #noteChanged(connection: Queryable, derived: Derived | OwnDerived, rows: readonly ChangedRow[]): Promise<void> {
    if (!isOwn(derived) || derived.generation.projection.reach !== undefined)
      return noteRows(connection, derived.name, rows);
    return note(connection, derived.name, await askRows(connection, derived, rows));
  }

  /**
   * One transaction more of what is noted for a generation: looks at changed rows, derives keys, or derives parked ones that somebody wants
   * derived again. `none`: nothing is noted, or others work at it.
   */
  async workOff(database: Database, name: string): Promise<'more' | 'none'> {
    // Undone, it leaves its notes.
    return database.transactionUnflushed(async (connection) => {
      const all = await this.read(connection);
      const derived = all.find((one) => one.name === name);
      if (derived === undefined || !isOwn(derived) || derived.standsOn.length === 0) return 'none';
      // What batches derive, too, they must not derive at the same time.
      const held = derived.state === 'live' ? [name, ...rootsOf(derived, all)] : [name];
      if ((await holdState(connection, held, name)) !== derived.state) return 'more';
      // Its notes are for whoever derives by its policy.
      if (derived.policy !== this.policyHash) return 'none';
      // It may have begun anew until then, on other rows.
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
   * Notes every key that there is for a generation that has begun: what changes meanwhile is noted by those who change it. Rows that were
   * parked since they could not tell their keys are parked no more, unless they still cannot.
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

  /** The keys that rows concern of all that a derivation reads, page by page, some of them again and again; each page is read `within` a transaction. */
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

  /** The keys that these rows concern, by the table that has them. */
  keysOfRows(connection: Queryable, derived: OwnDerived, rows: RowsByTable): Promise<ConcernedKeys> {
    const changed = [...derived.tables].flatMap(([table, source]) =>
      (rows.get(source) ?? []).map((row) => ({ table, row })),
    );
    return keysOfRows(connection, derived, changed);
  }
}

/** The keys that rows concern; those that cannot be asked are parked. */
async function askRows(connection: Queryable, derived: OwnDerived, rows: readonly ChangedRow[]): Promise<string[]> {
  const { keys, silent } = await keysOfRows(connection, derived, rows);
  await parkSilent(connection, derived, silent);
  return keys;
}

/** Lets all keys of a generation be noted anew, for rows that could not tell theirs. */
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
 * All keys are noted since then, unless the generation has begun anew meanwhile. Rows that somebody wanted asked before, and that were not
 * parked again, can be.
 */
async function noted(database: Queryable, { name, epoch }: OwnDerived, since: string): Promise<void> {
  await database.query(
    `with done as (update ledger.derived_generations set is_noted = true where name = $1 and epoch = $2 returning name)
     delete from ledger.parked_streams parked using done
     where parked.generation = done.name and parked.replay_wanted_at < $3 and starts_with(parked.stream, $4)`,
    [name, epoch, since, SILENT_ROW],
  );
}

/** Nothing of the stream is written but that it is parked. */
const isParkedOnly = ({ replaces, puts, gone, taken, parking }: Written): boolean =>
  typeof parking === 'object' && !replaces && puts.length + gone.length + taken.length === 0;

/** Whether a derivation asks rows of a table which keys they concern; of another build's that is not known. */
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

/** The generations of projections that a derivation stands on in the end. */
export function rootsOf(derived: Derived, all: readonly Derived[]): string[] {
  return derived.standsOn.flatMap((name) => {
    const other = all.find((one) => one.name === name);
    return other === undefined ? [name] : rootsOf(other, all);
  });
}

/** Holds these checkpoints where they are until the end of the transaction, and tells the state of one. */
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
 * The rows that stand where rows are put or deleted; of streams that are replaced, or parked, or not parked any more, all rows. Whose row is
 * taken parks.
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

/** Parked keys that are to be derived again: one that was too much by itself, so that it holds up no other. */
async function wantedKeys(connection: Queryable, generation: string, max: number): Promise<string[]> {
  const { rows } = await connection.query<{ key: string; kind: ParkingKind }>(
    `select stream as key, kind from ledger.parked_streams where generation = $1 and (${IS_WANTED}) order by stream limit $2 for update skip locked`,
    [generation, max],
  );
  const others = rows.filter(({ kind }) => kind !== 'large');
  return (others.length > 0 ? others : rows.slice(0, 1)).map(({ key }) => key);
}

/** Rows in the order of their keys, as Postgres has them. */
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
