import type { Fact } from '../../projections/projection.js';
import { concerns, kindIn, type ReadEvent } from '../folding/facts.js';
import { currentOf, type ObjectState } from '../folding/object-fold.js';
import { isUnread, passedOver, Unreadable } from '../folding/passed-over.js';
import { changesBetween, NO_ROWS, rowTexts } from '../folding/row-texts.js';
import {
  factsByObject,
  foldLateObjects,
  foldOntoStates,
  type FactsByObject,
  type FoldedObjects,
} from '../folding/stream-fold.js';
import { stateFrom, textOfState } from '../folding/state-text.js';
import { groupBy } from '../folding/group-by.js';
import { nameOfGeneration, type Generation } from '../read-models/schema.js';
import { atEvent, type ParkedStream } from '../read-models/parked-streams.js';
import { isAway } from './away.js';
import { nothingOf } from './claims.js';
import type { CachedObject, ObjectCache } from './object-cache.js';
import type { EventReader, Parked, ReadModels, StreamWrite } from './ports.js';
import { Refold, type Refolded } from './refold.js';
import { countedPages, PAGE_EVENTS, readRevisions, type GoneStream, type Positions } from './stream-reading.js';

/** The work on one stream in one generation. */
export type StreamTask = Readonly<{
  generation: Generation;
  stream: string;
  /**
   * `onto`: fold `events` onto the states. `retry`: parked at an event; read on from there. `whole`: read the whole
   * stream. `later`: parked; read the whole stream outside the batches. `wait`: already waiting; mark it again, because
   * it may have been read before this batch.
   */
  how: 'onto' | 'retry' | 'whole' | 'later' | 'wait';
  events: readonly ReadEvent[];
  /** The facts of `events`; null when one of them is unreadable. */
  facts: FactsByObject | null;
  parked: Parked | null;
  /** The known states of the objects that the events concern. */
  states: Map<string, CachedObject>;
}>;

/** `objects`: the changed objects after the write. `refoldMs`: null when no event was read again. */
export type FoldedStream = Readonly<{
  write: StreamWrite;
  objects: ReadonlyMap<string, CachedObject>;
  guesses: readonly Fact[];
  refoldMs: number | null;
  gone: GoneStream | null;
}>;

/** The position up to which streams are read, and the ids up to there that are not indexed yet. */
export type Reach = Readonly<{ upTo: bigint; toBeIndexed: Positions }>;

/** Limits on reading a stream, in events. */
export type Limits = Readonly<{
  /** Longer streams are folded again outside the batches, so that they do not delay other streams. */
  readInlineMax: number;
  /**
   * A parked stream is retried with at most this many events from the failing one on, otherwise with the failing one
   * alone.
   */
  retriedMax: number;
  /** The events per call. */
  pageEvents: number;
}>;
export const LIMITS: Limits = { readInlineMax: 250, retriedMax: 64, pageEvents: PAGE_EVENTS };

/** Folds a batch's events of each stream in each generation; rereads events only where necessary. */
export class StreamFolder {
  constructor(
    private readonly reader: EventReader,
    private readonly models: ReadModels,
    private readonly cache: ObjectCache,
    private readonly limits: Limits,
  ) {}

  /** Returns the tasks of a batch. Streams in `again` are read completely, because they may have lost events. */
  async tasksOf(
    generations: readonly Generation[],
    batch: ReadonlyMap<string, readonly ReadEvent[]>,
    again: ReadonlySet<string>,
  ): Promise<StreamTask[]> {
    const parked = await this.models.findParked(generations.map(nameOfGeneration), [...batch.keys()]);
    const concernedBy = concerning(generations);
    const tasks = new Map<Generation, StreamTask[]>(generations.map((generation) => [generation, []]));
    for (const [stream, events] of batch) {
      const isAgain = again.has(stream);
      for (const generation of isAgain ? generations : concernedBy(events)) {
        const asked = {
          events,
          isAgain,
          inlineMax: this.limits.readInlineMax,
          parked: parked.get(nameOfGeneration(generation))?.get(stream) ?? null,
        };
        tasks.get(generation)?.push(...taskOf(generation, stream, asked));
      }
    }
    for (const [generation, own] of tasks) await this.#loadStates(generation, own);
    return [...tasks.values()].flat();
  }

  /** Returns a whole fold of the stream for each generation in which it is parked. */
  async waitingTasks(generations: readonly Generation[], stream: string): Promise<StreamTask[]> {
    const parked = await this.models.findParked(generations.map(nameOfGeneration), [stream]);
    return generations.flatMap((generation) => {
      const own = parked.get(nameOfGeneration(generation))?.get(stream);
      return own === undefined
        ? []
        : [{ generation, stream, how: 'whole' as const, events: [], facts: null, parked: own, states: new Map() }];
    });
  }

  async fold(tasks: readonly StreamTask[], reach: Reach): Promise<FoldedStream[]> {
    const folded: FoldedStream[] = [];
    for (const [stream, own] of groupBy(tasks, ({ stream }) => stream))
      folded.push(...(await this.#foldStream(stream, own, reach)));
    return folded;
  }

  /** Starts to fold a stream from its beginning, in these generations. */
  refold(stream: string, generations: readonly Generation[]): Promise<Refold> {
    return Refold.begin(
      { reader: this.reader, models: this.models, pageEvents: this.limits.pageEvents },
      stream,
      generations,
    );
  }

  async #loadStates(generation: Generation, tasks: readonly StreamTask[]): Promise<void> {
    const name = nameOfGeneration(generation);
    const unknown: { stream: string; object: string }[] = [];
    const byStream = new Map(tasks.map((task) => [task.stream, task]));
    for (const { stream, facts, states } of tasks) {
      for (const object of facts?.keys() ?? []) {
        const cached = this.cache.get(name, stream, object);
        if (cached === undefined) unknown.push({ stream, object });
        else states.set(object, cached);
      }
    }
    if (unknown.length === 0) return;
    for (const { stream, object, state } of await this.models.readStates(generation, unknown)) {
      byStream.get(stream)?.states.set(object, {
        state,
        rows: rowTexts(generation.projection, stream, currentOf(generation.projection, stateFrom(state).now)),
      });
    }
  }

  async #foldStream(stream: string, tasks: readonly StreamTask[], reach: Reach): Promise<FoldedStream[]> {
    const folded = tasks
      .filter(({ how }) => how === 'later')
      .map((task) => nothingFolded({ ...nothingOf(task.generation, stream, task.parked), parking: 'retry' }, null));
    folded.push(...tasks.filter(({ how }) => how === 'wait').map(waiting));
    const whole: StreamTask[] = tasks.filter(({ how }) => how === 'whole');
    for (const task of tasks.filter(({ how }) => how === 'retry')) {
      const retried = await this.#orPark(task, () => this.#retry(task, reach));
      if (retried === 'again') whole.push(task);
      else folded.push(retried);
    }
    const onto: StreamTask[] = [];
    for (const task of tasks.filter(({ how }) => how === 'onto'))
      ((await this.#isReadNow(task)) ? whole : onto).push(task);
    const done = await this.#foldOnto(stream, onto);
    return [...folded, ...done.folded, ...(await this.#readAndFold(stream, [...whole, ...done.again], reach))];
  }

  /**
   * Whether the unreadable event that parked a stream has become readable or no longer matters. Then the whole stream
   * must be read to find whether it stays parked.
   */
  async #isReadNow({ generation: { projection }, stream, parked, events }: StreamTask): Promise<boolean> {
    if (parked?.kind !== 'unread') return false;
    const unread = (await readRevisions(this.reader, stream, [parked.revision])).get(parked.revision);
    return unread === undefined || !isUnread(unread) || passedOver(projection, [unread, ...events]).includes(unread);
  }

  /** Folds events onto states; rereads late events once for all generations. */
  async #foldOnto(
    stream: string,
    tasks: readonly StreamTask[],
  ): Promise<{ folded: FoldedStream[]; again: StreamTask[] }> {
    const folded: FoldedStream[] = [];
    const again: StreamTask[] = [];
    const late: LateTask[] = [];
    for (const task of tasks) {
      const done = foldTask(task);
      if (done === 'again') again.push(task);
      else if (done.late.size > 0) late.push({ task, ...done });
      else folded.push(...changed(task, done, null));
    }
    if (late.length === 0) return { folded, again };
    const startedAt = performance.now();
    const revisions = late.flatMap((one) => [...one.late.values()].flatMap((fold) => fold.revisions));
    const read = await readRevisions(this.reader, stream, revisions);
    for (const one of late) {
      const objects = foldLateObjects(foldingOf(one.task), one.late, { again: read, facts: one.facts });
      if (objects === null) again.push(one.task);
      else
        folded.push(
          ...changed(
            one.task,
            { before: one.before, objects: new Map([...one.objects, ...objects]) },
            performance.now() - startedAt,
          ),
        );
    }
    return { folded, again };
  }

  /** Retries a parked stream from the failing event, in bounded time. */
  async #retry(task: StreamTask, reach: Reach): Promise<FoldedStream | 'again'> {
    const { generation, stream, parked, events: came } = task;
    const from = parked?.revision ?? 0n;
    const startedAt = performance.now();
    const count = Number((came.at(-1)?.revision ?? from) - from) + 1;
    // After a crash a batch may repeat events that the states include. These do not show whether the failing event can
    // now be folded.
    if (count <= 0) return nothingFolded({ ...nothingOf(generation, stream, parked), parking: 'keep' }, null);
    const isLong = count > this.limits.retriedMax;
    const events: ReadEvent[] = [];
    for await (const page of countedPages(this.reader, this.models, stream, {
      ...reach,
      from,
      pageEvents: isLong ? 1 : count + 1,
    })) {
      events.push(...page.events);
      if (isLong) break;
    }
    const tried = async (some: readonly ReadEvent[]): Promise<ReturnType<typeof foldTask>> => {
      const attempt = { ...task, facts: factsOf(generation, some), states: new Map<string, CachedObject>() };
      await this.#loadStates(generation, [attempt]);
      return foldTask(attempt);
    };
    const failing = events[0];
    if (failing === undefined || isUnread(failing) || (await tried(events)) !== 'again') return 'again';
    if (events.length > 1 && (await tried([failing])) !== 'again') return 'again';
    return nothingFolded({ ...nothingOf(generation, stream, parked), parking: 'keep' }, performance.now() - startedAt);
  }

  async #readAndFold(
    stream: string,
    tasks: readonly StreamTask[],
    { upTo, toBeIndexed }: Reach,
  ): Promise<FoldedStream[]> {
    if (tasks.length === 0) return [];
    const startedAt = performance.now();
    const refold = await this.refold(
      stream,
      tasks.map(({ generation }) => generation),
    );
    try {
      if (!(await refold.foldTo(upTo, { toBeIndexed, max: this.limits.readInlineMax }))) return tasks.map(waiting);
    } catch (error) {
      if (isAway(error)) throw error;
      return tasks.map((task) => parkedBy(task, error));
    }
    return foldedBy(tasks, refold).map((one) => ({ ...one, refoldMs: performance.now() - startedAt }));
  }

  /** Parks a stream after an error in reading or folding it, unless the store or the database is unavailable. */
  async #orPark<T>(task: StreamTask, work: () => Promise<T>): Promise<T | FoldedStream> {
    try {
      return await work();
    } catch (error) {
      if (isAway(error)) throw error;
      return parkedBy(task, error);
    }
  }
}

type LateTask = Readonly<{ task: StreamTask }> & Exclude<ReturnType<typeof foldTask>, 'again'>;

const foldingOf = ({ generation, stream }: StreamTask) => ({ projection: generation.projection, stream });

/**
 * Returns a function for the generations that events concern, cached by their kinds, of which there are few
 * combinations.
 */
function concerning(generations: readonly Generation[]): (events: readonly ReadEvent[]) => readonly Generation[] {
  const known = new Map<string, readonly Generation[]>();
  return (events) => {
    const kinds = events.map(kindIn).join();
    const found =
      known.get(kinds) ?? generations.filter(({ projection }) => events.some((event) => concerns(projection, event)));
    known.set(kinds, found);
    return found;
  };
}

type Asked = Readonly<{ events: readonly ReadEvent[]; parked: Parked | null; isAgain: boolean; inlineMax: number }>;

/** Returns the task of a stream in one generation; none when no event concerns it, or it waits anyway. */
function taskOf(generation: Generation, stream: string, { events, parked, isAgain, inlineMax }: Asked): StreamTask[] {
  const own = events.filter((event) => concerns(generation.projection, event));
  if (own.length === 0 && !isAgain) return [];
  const taskBy = (how: StreamTask['how'], facts: FactsByObject | null = null): StreamTask[] => [
    { generation, stream, how, events: own, facts, parked, states: new Map<string, CachedObject>() },
  ];
  // The awaited fold will read these events too.
  if (parked?.kind === 'waiting') return isAgain ? taskBy('wait') : [];
  if (isAgain) return taskBy('whole');
  if (parked === null || parked.kind === 'passed' || parked.kind === 'unread')
    return taskBy('onto', factsOf(generation, own));
  if (parked.kind !== 'whole') return taskBy('retry');
  // A long stream waits for a requested replay; otherwise each event would cause a complete read.
  return (own.at(-1)?.revision ?? 0n) < inlineMax ? taskBy('later') : [];
}

/** Returns the facts of events by object; null when an unreadable one is not made good by another. */
function factsOf({ projection }: Generation, events: readonly ReadEvent[]): FactsByObject | null {
  if (new Unreadable(projection).take(events).first !== null) return null;
  try {
    return factsByObject(projection, events);
  } catch {
    // The whole fold will reach the same event, and park the stream.
    return null;
  }
}

/** Folds the events of a task onto its states. */
function foldTask(task: StreamTask) {
  const { facts } = task;
  if (facts === null) return 'again' as const;
  const before = new Map([...task.states].map(([object, { state }]) => [object, stateFrom(state)]));
  const folded = foldOntoStates(foldingOf(task), before, facts);
  return folded.kind === 'again' ? ('again' as const) : { ...folded, facts, before };
}

/** Returns the results of streams that were folded from their beginning. */
export const foldedBy = (tasks: readonly StreamTask[], refold: Refold): FoldedStream[] =>
  tasks.flatMap((task) => {
    const refolded = refold.of(task.generation);
    return refolded === null ? [] : [foldedWhole(task, refolded)];
  });

function foldedWhole(task: StreamTask, refolded: Refolded): FoldedStream {
  const { generation, stream, parked } = task;
  if ('error' in refolded) return parkedBy(task, refolded.error);
  const {
    folded: { objects, failure, unread, passed },
    stored,
    remains,
  } = refolded;
  const gone = remains === 'all' ? null : { stream, remains };
  if (failure === null) {
    const stands = passed === null ? 'none' : passedAt(passed);
    return replaced(task, objects, {
      parking: unread === null ? stands : parkingOf(unread.event, unread.error, 'unread'),
      gone,
    });
  }
  const parking = parkingOf(failure.event, failure.error, 'event');
  // If an earlier build has folded beyond the failing event, its rows are kept.
  if (stored >= parking.revision && remains === 'all')
    return {
      ...nothingFolded({ ...nothingOf(generation, stream, parked), parking: { ...parking, kind: 'whole' } }, 0),
      gone,
    };
  return replaced(task, objects, { parking, gone });
}

const guessesOf = (objects: FoldedObjects): Fact[] => [...objects.values()].flatMap(({ guesses }) => guesses);

/** Returns the write of the changed objects; none when nothing changed and no event was passed over. */
function changed(
  { generation, stream, states, parked, events }: StreamTask,
  { before, objects }: { before: ReadonlyMap<string, ObjectState>; objects: FoldedObjects },
  refoldMs: number | null,
): FoldedStream[] {
  const passed = parked?.kind === 'unread' ? null : passedBy(generation, events);
  if (objects.size === 0 && passed === null) return [];
  const changes = [...objects].map(([object, { rows }]) => changesBetween(states.get(object)?.rows ?? NO_ROWS, rows));
  const stand = new Map<string, CachedObject>();
  const written = [...objects].map(([object, { state, rows }]) => {
    const isKeptNew = state.kept !== before.get(object)?.kept;
    const text = textOfState(state, isKeptNew ? undefined : states.get(object)?.state);
    stand.set(object, { state: text, rows });
    return { object, state: text, isKeptNew };
  });
  const write: StreamWrite = {
    ...nothingOf(generation, stream, parked),
    states: written,
    puts: changes.flatMap(({ puts }) => puts),
    gone: changes.flatMap(({ gone }) => gone),
    parking: passed ?? 'keep',
  };
  return [{ write, objects: stand, guesses: guessesOf(objects), refoldMs, gone: null }];
}

/** Returns the write of a stream that was folded completely. */
function replaced(
  { generation, stream, parked }: StreamTask,
  objects: FoldedObjects,
  { parking, gone }: { parking: StreamWrite['parking']; gone: GoneStream | null },
): FoldedStream {
  const stand = new Map(
    [...objects].map(([object, { state, rows }]) => [object, { state: textOfState(state), rows }] as const),
  );
  const write: StreamWrite = {
    ...nothingOf(generation, stream, parked),
    replaces: true,
    states: [...stand].map(([object, { state }]) => ({ object, state, isKeptNew: true })),
    puts: [...objects.values()].flatMap(({ rows }) => changesBetween(NO_ROWS, rows).puts),
    parking,
  };
  return { write, objects: stand, guesses: guessesOf(objects), refoldMs: 0, gone };
}

const nothingFolded = (write: StreamWrite, refoldMs: number | null): FoldedStream => ({
  write,
  objects: new Map(),
  guesses: [],
  refoldMs,
  gone: null,
});

/** Returns the marker for an unreadable event that does not matter, as far as these events show; null without one. */
function passedBy({ projection }: Generation, events: readonly ReadEvent[]): ParkedStream | null {
  const last = passedOver(projection, events).at(-1);
  return last === undefined ? null : passedAt(last);
}

const passedAt = (event: ReadEvent): ParkedStream =>
  parkingOf(event, event.content.kind === 'unreadable' ? event.content.error : null, 'passed');

function parkingOf(event: ReadEvent, error: unknown, kind: ParkedStream['kind']): ParkedStream {
  return {
    kind,
    stream: event.stream,
    ...atEvent(event),
    cause: String(error),
    stack: error instanceof Error ? (error.stack ?? null) : null,
  };
}

/** Parks a stream that cannot be read or folded at all, and keeps its rows. */
export function parkedBy({ generation, stream, events, parked }: StreamTask, error: unknown): FoldedStream {
  const last = events.at(-1);
  const parking: ParkedStream =
    last === undefined
      ? { kind: 'whole', stream, ...atEvent(last), cause: String(error), stack: null }
      : parkingOf(last, error, 'whole');
  return nothingFolded({ ...nothingOf(generation, stream, parked), parking }, null);
}

/** Marks a stream to be folded again outside the batches; until then it keeps its rows. */
function waiting({ generation, stream, events, parked }: StreamTask): FoldedStream {
  const last = events.at(-1);
  const cause = 'The stream is being folded again from its first event.';
  return nothingFolded(
    {
      ...nothingOf(generation, stream, parked),
      parking: { kind: 'waiting', stream, ...atEvent(last), cause, stack: null },
    },
    null,
  );
}
