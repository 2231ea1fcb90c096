import assert from 'node:assert/strict';
import type { AnyProjection } from '../../projections/projection.js';
import { groupBy } from '../../src/folding/group-by.js';
import type { StateText } from '../../src/folding/state-text.js';
import type { Checkpoint } from '../../src/read-models/checkpoints.js';
import type { ParkingKind } from '../../src/read-models/parked-streams.js';
import { EVENT_INDEX_GENERATION, nameOfGeneration, type Generation } from '../../src/read-models/schema.js';
import type { BatchWrite, Claim, Committed, Parked, ReadModels, StreamWrite } from '../../src/projector/ports.js';
import type { StoredObject } from '../../src/read-models/objects.js';

export type RowInMemory = Readonly<{ stream: string; text: string }>;
export type ParkedInMemory = Readonly<{
  kind: ParkingKind;
  revision: bigint;
  cause: string;
  attempts: number;
  attemptedAt: number;
  replayWantedAt: number | null;
}>;
type Place = Readonly<{ stream: string; revision: bigint; position: bigint }>;

/** The data of a generation, by table, stream and object. */
type Tables = Readonly<{
  states: Map<string, Map<string, StateText>>;
  rows: Map<string, Map<string, RowInMemory>>;
  parked: Map<string, ParkedInMemory>;
}>;

/** An error of the database, with its SQLSTATE. */
export class Rejected extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Undoes changes in reverse order. */
class Journal {
  readonly #undo: (() => void)[] = [];

  set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key);
    this.#undo.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
    map.set(key, value);
  }

  delete<K, V>(map: Map<K, V>, key: K): void {
    const before = map.get(key);
    if (before === undefined) return;
    this.#undo.push(() => {
      map.set(key, before);
    });
    map.delete(key);
  }

  undo(): void {
    for (const one of this.#undo.reverse()) one();
  }
}

const STATE_DAMAGE = '{';

/** Read models in memory. Each call is atomic, and does what the transaction of the Postgres implementation does. */
export class ReadModelsInMemory implements ReadModels {
  readonly index = new Map<string, Place>();
  readonly checkpoints = new Map<string, Checkpoint>();
  readonly tables = new Map<string, Tables>();
  readonly #generations = new Map<string, Generation>();
  /** Rows whose text contains this are rejected. */
  rejectedMark = '"rejected"';
  /** Called before a transaction commits. */
  committing: (write: BatchWrite) => void = () => undefined;
  #clock = 0;

  constructor(readonly projections: readonly AnyProjection[]) {
    this.#addCheckpoint({ name: EVENT_INDEX_GENERATION, projection: 'event_index', version: 1, generation: 1 });
    for (const projection of projections) this.addGeneration({ projection, generation: 1 });
  }

  addGeneration(generation: Generation): void {
    const {
      projection: { name: projection, version, tables },
      generation: number,
    } = generation;
    const line = nameOfGeneration(generation);
    this.#addCheckpoint({ name: line, projection, version, generation: number });
    this.#generations.set(line, generation);
    this.tables.set(line, {
      states: new Map(),
      rows: new Map(Object.keys(tables).map((name) => [name, new Map()])),
      parked: new Map(),
    });
  }

  get generations(): readonly Generation[] {
    return [...this.#generations.values()];
  }

  #addCheckpoint(checkpoint: Pick<Checkpoint, 'name' | 'projection' | 'version' | 'generation'>): void {
    this.checkpoints.set(checkpoint.name, {
      ...checkpoint,
      state: 'live',
      shown: true,
      aside: false,
      logName: null,
      at: null,
      epoch: 0n,
      isFree: true,
      owner: null,
      ownerFollows: [],
    });
  }

  /** Gives `owner` the leases of these generations, except those that another owner holds. */
  acquire(owner: string, names: Iterable<string> = this.checkpoints.keys()): Checkpoint[] {
    const acquired: Checkpoint[] = [];
    for (const name of [...names].sort()) {
      const checkpoint = this.checkpoints.get(name);
      if (checkpoint === undefined || (!checkpoint.isFree && checkpoint.owner !== owner)) continue;
      const own = { ...checkpoint, owner, epoch: checkpoint.epoch + 1n, isFree: false };
      this.checkpoints.set(name, own);
      acquired.push(own);
    }
    return acquired;
  }

  release(owner: string): void {
    for (const [name, checkpoint] of this.checkpoints)
      if (checkpoint.owner === owner)
        this.checkpoints.set(name, { ...checkpoint, owner: null, epoch: checkpoint.epoch + 1n, isFree: true });
  }

  /** Expires all leases, so that the next process may take them. */
  expireLeases(): void {
    for (const [name, checkpoint] of this.checkpoints) this.checkpoints.set(name, { ...checkpoint, isFree: true });
  }

  /** Requests a replay of all or some parked streams. */
  wantReplay(which: (stream: string) => boolean = () => true): void {
    this.#clock += 1;
    for (const { parked } of this.tables.values()) {
      for (const [stream, one] of parked)
        if (which(stream) && one.replayWantedAt === null) parked.set(stream, { ...one, replayWantedAt: this.#clock });
    }
  }

  /** Makes a stream's states in one generation unreadable; false when it has none. */
  damageStates(name: string, stream: string): boolean {
    const own = this.tables.get(name)?.states.get(stream);
    if (own === undefined || own.size === 0) return false;
    for (const [object, state] of own) own.set(object, { ...state, text: STATE_DAMAGE });
    return true;
  }

  isWaiting(lines: Iterable<string> = this.tables.keys()): boolean {
    for (const name of lines) {
      for (const one of this.tables.get(name)?.parked.values() ?? [])
        if (one.kind === 'waiting' || one.replayWantedAt !== null) return true;
    }
    return false;
  }

  async findEvents(eventIds: readonly string[]): Promise<ReadonlyMap<string, Place>> {
    return new Map(
      eventIds.flatMap((id) => {
        const place = this.index.get(id);
        return place === undefined ? [] : [[id, place] as const];
      }),
    );
  }

  async findParked(
    names: readonly string[],
    streams: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, Parked>>> {
    return new Map(
      names.map((name) => {
        const own = this.tables.get(name)?.parked;
        return [
          name,
          new Map(
            [...new Set(streams)].flatMap((stream) => {
              const one = own?.get(stream);
              return one === undefined
                ? []
                : [[stream, { kind: one.kind, revision: one.revision, attempts: one.attempts }] as const];
            }),
          ),
        ];
      }),
    );
  }

  async findStreams(streams: readonly string[]): Promise<ReadonlySet<string>> {
    const indexed = new Set([...this.index.values()].map(({ stream }) => stream));
    return new Set(streams.filter((stream) => indexed.has(stream)));
  }

  async findWaiting(names: readonly string[], max: number): Promise<readonly string[]> {
    const since = new Map<string, number>();
    for (const name of names) {
      for (const [stream, { kind, attemptedAt, replayWantedAt }] of this.tables.get(name)?.parked ?? []) {
        if (kind === 'waiting' || replayWantedAt !== null)
          since.set(stream, Math.min(replayWantedAt ?? attemptedAt, since.get(stream) ?? Infinity));
      }
    }
    return [...since]
      .sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1))
      .slice(0, max)
      .map(([stream]) => stream);
  }

  async readStates(
    generation: Generation,
    objects: readonly Readonly<{ stream: string; object: string }>[],
  ): Promise<readonly StoredObject[]> {
    const { states } = this.#of(generation);
    return objects.flatMap(({ stream, object }) => {
      const one = states.get(stream)?.get(object);
      return one === undefined ? [] : [{ stream, object, state: one }];
    });
  }

  async lastFolded(generation: Generation, stream: string): Promise<bigint> {
    const own = this.#of(generation).states.get(stream)?.values() ?? [];
    return [...own].reduce((last, { revision }) => (revision > last ? revision : last), -1n);
  }

  async commit(write: BatchWrite): Promise<Committed> {
    return this.write(write);
  }

  /** One transaction. */
  write(write: BatchWrite): Committed {
    const journal = new Journal();
    try {
      const kind = this.#writeAll(journal, write);
      const done: Committed = kind === 'claimed' ? { kind, claims: this.claimsOf(write.streams) } : { kind };
      if (kind === 'committed') this.committing(write);
      else journal.undo();
      return done;
    } catch (error) {
      journal.undo();
      throw error;
    }
  }

  #writeAll(journal: Journal, { checkpoints, move, isShared, index, streams }: BatchWrite): Committed['kind'] {
    if (
      !isShared &&
      !checkpoints.every(
        (checkpoint) =>
          this.#isHeld(checkpoint) && this.checkpoints.get(checkpoint.name)?.at?.position === checkpoint.at?.position,
      )
    )
      return 'lost';
    let indexed = true;
    for (const { eventId, stream, revision, position, corrects } of index) {
      if (this.index.get(eventId)?.position === corrects?.position)
        journal.set(this.index, eventId, { stream, revision, position });
      else indexed = false;
    }
    if (!indexed) return 'raced';
    for (const stream of new Set(index.flatMap(({ corrects }) => corrects?.stream ?? []))) this.#wait(journal, stream);
    let mayPut = true;
    for (const own of groupBy(streams, ({ generation }) => nameOfGeneration(generation)).values())
      mayPut = this.#writeGeneration(journal, own) && mayPut;
    if (!mayPut) return 'claimed';
    if (move !== null) {
      for (const { name } of checkpoints) {
        const known = this.checkpoints.get(name);
        if (known !== undefined) journal.set(this.checkpoints, name, { ...known, at: move.to, logName: move.logName });
      }
    }
    return isShared && !checkpoints.every((checkpoint) => this.#isHeld(checkpoint)) ? 'lost' : 'committed';
  }

  #isHeld({ name, epoch }: Checkpoint): boolean {
    return this.checkpoints.get(name)?.epoch === epoch;
  }

  #writeGeneration(journal: Journal, writes: readonly [StreamWrite, ...StreamWrite[]]): boolean {
    const [{ generation }] = writes;
    const { states, rows, parked } = this.#of(generation);
    for (const { stream } of writes.filter(({ replaces }) => replaces)) {
      journal.delete(states, stream);
      for (const table of rows.values())
        for (const [key, row] of table) if (row.stream === stream) journal.delete(table, key);
    }
    for (const { stream, gone, taken } of writes) {
      for (const { table, key, owner } of [...gone.map((row) => ({ ...row, owner: stream })), ...taken]) {
        const known = tableIn(rows, table);
        if (known.get(key)?.stream === owner) journal.delete(known, key);
      }
    }
    const mayPut = this.#putRows(journal, generation, writes);
    for (const { stream, states: own } of writes) for (const one of own) putState(journal, states, { ...one, stream });
    for (const { stream, parking, known } of writes) {
      const one = parked.get(stream);
      if (parking === 'none' && known !== null && one?.attempts === known.attempts) journal.delete(parked, stream);
    }
    for (const { stream, parking } of writes) if (parking === 'retry') this.#retry(journal, parked, stream);
    for (const { parking, known } of writes) {
      if (typeof parking === 'string') continue;
      const one = parked.get(parking.stream);
      if (one?.kind !== 'waiting' || one.attempts === known?.attempts) this.#park(journal, parked, parking);
    }
    return mayPut;
  }

  #putRows(journal: Journal, generation: Generation, writes: readonly StreamWrite[]): boolean {
    const { rows } = this.#of(generation);
    let mayPut = true;
    const put = new Set<string>();
    for (const { table, key, text } of writes.flatMap(({ puts }) => puts)) {
      if (text.includes(this.rejectedMark))
        throw new Rejected('23514', `The row ${key} of ${table} violates a check constraint.`);
      if (put.has(`${table} ${key}`))
        throw new Rejected('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time');
      put.add(`${table} ${key}`);
      const { stream } = JSON.parse(text) as { stream: string };
      const known = tableIn(rows, table);
      const owner = known.get(key)?.stream;
      if (owner === undefined || owner === stream) journal.set(known, key, { stream, text });
      else mayPut = false;
    }
    return mayPut;
  }

  #wait(journal: Journal, stream: string): void {
    this.#clock += 1;
    for (const { parked } of this.tables.values()) {
      const known = parked.get(stream) ?? {
        revision: 0n,
        cause: 'An event of the stream stands earlier in another one.',
        attempts: 0,
        replayWantedAt: null,
      };
      journal.set(parked, stream, {
        ...known,
        kind: 'waiting',
        attempts: known.attempts + 1,
        attemptedAt: this.#clock,
      });
    }
  }

  #retry(journal: Journal, parked: Tables['parked'], stream: string): void {
    this.#clock += 1;
    const known = parked.get(stream);
    if (known !== undefined)
      journal.set(parked, stream, { ...known, replayWantedAt: known.replayWantedAt ?? this.#clock });
  }

  #park(
    journal: Journal,
    parked: Tables['parked'],
    { stream, kind, revision, cause }: { stream: string; kind: ParkingKind; revision: bigint; cause: string },
  ): void {
    this.#clock += 1;
    const attempts = (parked.get(stream)?.attempts ?? 0) + 1;
    journal.set(parked, stream, { kind, revision, cause, attempts, attemptedAt: this.#clock, replayWantedAt: null });
  }

  /** The streams that own rows which other streams want to write. */
  claimsOf(writes: readonly StreamWrite[]): Claim[] {
    return writes.flatMap(({ generation, stream, puts }) =>
      puts.flatMap(({ table, key }) => {
        const owner = tableIn(this.#of(generation).rows, table).get(key)?.stream;
        return owner === undefined || owner === stream ? [] : [{ generation, table, key, stream, owner }];
      }),
    );
  }

  #of(generation: Generation): Tables {
    const tables = this.tables.get(nameOfGeneration(generation));
    assert(tables !== undefined, `${nameOfGeneration(generation)} is not there.`);
    return tables;
  }
}

function tableIn(rows: Tables['rows'], name: string): Map<string, RowInMemory> {
  const table = rows.get(name);
  assert(table !== undefined, `The table ${name} is not there.`);
  return table;
}

function putState(
  journal: Journal,
  states: Tables['states'],
  { stream, object, state, isKeptNew }: StoredObject & { isKeptNew: boolean },
): void {
  if (!states.has(stream)) journal.set(states, stream, new Map());
  const own = states.get(stream) as Map<string, StateText>;
  const { revision, text, kept } = state;
  journal.set(own, object, { revision, text, kept: (isKeptNew ? kept : null) ?? own.get(object)?.kept ?? null });
}
