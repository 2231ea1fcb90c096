import assert from 'node:assert/strict';
import type { AnyProjection } from '../../projections/projection.js';
import { concerns, type ReadEvent } from '../../src/folding/facts.js';
import type { BatchWrite } from '../../src/projector/ports.js';
import { factsByObject } from '../../src/folding/stream-fold.js';
import { EVENT_INDEX_GENERATION, nameOfGeneration } from '../../src/read-models/schema.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { EngineProcess, type Breakage } from './engine-process.js';
import { SimulatedLog } from './log.js';
import { truthOf } from './oracle.js';
import { planOf, type Action, type Plan } from './plan.js';
import type { World } from './ports.js';
import { ReadModelsInMemory, type RowInMemory } from './read-models.js';
import { Life, Scheduler } from './scheduler.js';
import { Tally } from './tally.js';

const STEPS_MAX = 200_000;
/** Streams parked because of each other need as many replays as there are of them. */
const REPLAYS = 3;

export type SimulationOptions = Readonly<{ breakage?: Breakage; trace?: (text: string) => void }>;

/** A seeded run of the engine on a log and read models in memory. The seed determines everything that happens. */
export class Simulation {
  readonly tally = new Tally();
  readonly plan: Plan;
  readonly log = new SimulatedLog();
  readonly models: ReadModelsInMemory;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #outside = new Life();
  readonly #broken = new Set<string>();
  readonly #processes = new Map<Life, number>();
  #births = 0;
  #isEnding = false;
  #failure: Readonly<{ error: unknown }> | null = null;

  constructor(
    seed: number | string,
    private readonly options: SimulationOptions = {},
  ) {
    this.plan = planOf(seededRandom(seed, 'plan'));
    this.#random = seededRandom(seed, 'run');
    this.#scheduler = new Scheduler(this.#random);
    this.models = new ReadModelsInMemory(this.plan.projections);
    this.models.committing = (write) =>
      this.#guard(() => {
        this.#checkCommit(write);
      });
  }

  /**
   * Runs until all actions are done and the engine is at rest. @throws the first violation found on the way or at the
   * end
   */
  async run(): Promise<Tally> {
    const { actions, before, processes } = this.plan;
    for (const action of actions.slice(0, before)) this.#do(action);
    for (let slot = 0; slot < processes; slot += 1) this.#begin(slot);
    void this.#happen(actions.slice(before));
    await this.#reach('the end', () => this.#isEnding && this.#isAtRest());
    for (let replay = 0; replay < REPLAYS; replay += 1) {
      this.models.wantReplay();
      await this.#reach('rest after a replay', () => this.#isAtRest());
    }
    this.#check();
    this.tally.count('runs');
    return this.tally;
  }

  async #reach(what: string, isDone: () => boolean): Promise<void> {
    const ended = await this.#scheduler.run(() => this.#failure !== null || isDone(), STEPS_MAX);
    if (this.#failure !== null) throw this.#failure.error;
    assert(ended === 'done', `The engine is stuck before ${what}: ${this.#standing()}`);
  }

  #standing(): string {
    const names = [...this.models.checkpoints.values()].map(
      ({ name, at, owner, isFree }) => `${name} at ${at?.position} of ${owner}${isFree ? ', free' : ''}`,
    );
    const parked = [...this.models.tables].flatMap(([line, own]) =>
      [...own.parked].map(
        ([stream, { kind, replayWantedAt }]) =>
          `${line} ${stream} ${kind}${replayWantedAt === null ? '' : ', replay wanted'}`,
      ),
    );
    return [`the log ends at ${this.log.events.at(-1)?.position}`, ...names, ...parked].join('; ');
  }

  #isAtRest(): boolean {
    const end = this.log.events.at(-1)?.position ?? -1n;
    return (
      [...this.models.checkpoints.values()].every(({ at }) => (at?.position ?? -1n) >= end) && !this.models.isWaiting()
    );
  }

  async #happen(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      for (let turns = this.#random.pick([0, 1, 1, 3, 10]); turns > 0; turns -= 1)
        await this.#scheduler.turn(this.#outside);
      this.#guard(() => {
        this.#do(action);
      });
    }
    this.#broken.clear();
    this.#isEnding = true;
  }

  #do(action: Action): void {
    if (action.does !== 'append') this.tally.count(action.does);
    this.#trace(() => `${action.does} ${'stream' in action ? action.stream : ''}`);
    switch (action.does) {
      case 'append':
        this.#append(action);
        break;
      case 'delete':
        this.log.delete(action.stream);
        break;
      case 'tombstone':
        this.log.tombstone(action.stream);
        break;
      case 'truncate':
        this.log.truncate(
          action.stream,
          BigInt(Math.floor(action.share * this.log.everyEventOf(action.stream).length)),
        );
        break;
      case 'scavenge':
        this.log.scavenge();
        break;
      case 'damage':
        for (const name of this.models.tables.keys())
          if (this.#random.chance(0.5)) this.models.damageStates(name, action.stream);
        break;
      case 'replay':
        this.models.wantReplay((stream) => stream === action.stream);
        break;
      case 'break':
        this.#broken.add(action.stream);
        break;
      case 'heal':
        this.#broken.delete(action.stream);
        break;
      case 'expire':
        this.models.expireLeases();
        break;
      case 'crash':
        if (this.#processes.size > 0) this.#crash(this.#random.pick([...this.#processes.keys()]));
        break;
    }
  }

  #append({ stream, event }: Extract<Action, { does: 'append' }>): void {
    if (!this.log.append(stream, event)) return;
    const { revision, position } = this.log.everyEventOf(stream).at(-1) as ReadEvent;
    this.#trace(() => {
      const { content } = event;
      const name = content.kind === 'fact' && content.fact.snapshot.kind === 'coupon' ? content.fact.snapshot.name : '';
      const object = content.kind === 'fact' ? `${content.fact.order.objectKey} ${content.fact.order.created}` : '';
      return `  ${stream}@${revision} at ${position}: ${event.eventId}, ${content.kind} ${object} ${name}`;
    });
  }

  #trace(tell: () => string): void {
    this.options.trace?.(tell());
  }

  #begin(slot: number): void {
    this.#births += 1;
    const { plan } = this;
    const all = [...this.models.checkpoints.keys()];
    const some = plan.isDivided ? all.filter(() => this.#random.chance(0.5)) : all;
    const wants = (): Iterable<string> => (this.#isEnding || some.length === 0 ? all : some);
    const process = new EngineProcess(this.#world, {
      plan,
      wants,
      owner: `process ${this.#births}`,
      isEnding: () => this.#isEnding,
      ...(this.options.breakage === undefined ? {} : { broken: this.options.breakage }),
      failed: (error) => {
        this.#failure ??= { error };
      },
    });
    this.#processes.set(process.life, slot);
    process.start();
  }

  /** Discards a process with all its memory. Another starts in its place once the leases have expired. */
  #crash(life: Life): void {
    const slot = this.#processes.get(life);
    if (slot === undefined) return;
    this.tally.count('crashes');
    this.#scheduler.kill(life);
    this.#processes.delete(life);
    this.models.expireLeases();
    this.#begin(slot);
  }

  get #world(): World {
    return {
      random: this.#random,
      scheduler: this.#scheduler,
      log: this.log,
      models: this.models,
      tally: this.tally,
      broken: this.#broken,
      rates: () => (this.#isEnding ? null : this.plan.rates),
      crash: (life) => {
        this.#crash(life);
      },
      trace: (tell) => {
        this.#trace(tell);
      },
    };
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  /** Checks before a checkpoint moves that every event up to the new position is folded, or its stream is parked. */
  #checkCommit({ checkpoints, move, streams }: BatchWrite): void {
    for (const { replaces, taken } of streams) {
      if (replaces) this.tally.count('whole');
      if (taken.length > 0) this.tally.count('claims won');
    }
    if (move === null) return;
    // Streams that are shortened later are read again at that time; until then they may hold more or less than before.
    const changing = new Set(
      this.log.after(move.to.position).flatMap(({ content }) => (content.kind === 'shortened' ? [content.stream] : [])),
    );
    for (const { name, at } of checkpoints) {
      const generation = this.models.generations.find((one) => nameOfGeneration(one) === name);
      for (const event of this.log.after(at?.position ?? -1n)) {
        if (event.position > move.to.position) break;
        if (event.metadata === null || this.log.firsts.get(event.eventId) !== event.position) continue;
        assert(
          this.models.index.get(event.eventId)?.position === event.position,
          `${event.stream}@${event.revision} is not in the index, and ${name} moves beyond it.`,
        );
        const parked = this.models.tables.get(name)?.parked.get(event.stream);
        if (
          generation === undefined ||
          changing.has(event.stream) ||
          !this.log.isThere(event) ||
          (parked !== undefined && (parked.kind !== 'passed' || event.content.kind === 'unreadable'))
        )
          continue;
        assert(
          event.content.kind !== 'unreadable' || !concerns(generation.projection, event),
          `${name} moves beyond ${event.stream}@${event.revision}, which cannot be read.`,
        );
        this.#checkFolded(generation.projection, name, event);
      }
    }
  }

  #checkFolded(projection: AnyProjection, name: string, event: ReturnType<SimulatedLog['eventsOf']>[number]): void {
    for (const object of factsByObject(projection, [event]).keys()) {
      const folded = this.models.tables.get(name)?.states.get(event.stream)?.get(object)?.revision ?? -1n;
      assert(
        folded >= event.revision,
        `${name} moves beyond ${event.stream}@${event.revision} (${object}), and is folded up to ${folded}.`,
      );
    }
  }

  /** Checks at rest that the read models match the log. */
  #check(): void {
    for (const generation of this.models.generations)
      this.#checkRows(generation.projection, nameOfGeneration(generation));
    const indexed = new Map([...this.models.index].map(([id, { position }]) => [id, position]));
    const counted = new Map(
      [...this.log.firsts].filter(([id]) =>
        this.log.events.some(({ eventId, metadata }) => eventId === id && metadata !== null),
      ),
    );
    for (const [id, position] of counted)
      assert.equal(indexed.get(id), position, `The index has ${id} at another position.`);
    for (const [id, position] of indexed)
      assert.equal(this.log.firsts.get(id), position, `The index has ${id}, which is not there.`);
    assert(this.models.checkpoints.has(EVENT_INDEX_GENERATION));
  }

  #checkRows(projection: AnyProjection, name: string): void {
    const { rejectedMark } = this.models;
    const { rows, parked, unsure } = truthOf(projection, this.log, { upTo: this.log.end, rejectedMark });
    const own = this.models.tables.get(name);
    assert(own !== undefined);
    for (const [stream, { kind, cause }] of own.parked) {
      assert(kind !== 'waiting', `${stream} waits in ${name}, and all is said.`);
      if (kind === 'passed') {
        this.tally.count('passed over');
        assert(this.log.everyEventOf(stream).some(({ content }) => content.kind === 'unreadable'));
        continue;
      }
      assert(unsure.has(stream) || parked.has(stream), `${stream} is parked in ${name}, and has no fault: ${cause}`);
    }
    for (const [stream, cause] of parked) {
      if (unsure.has(stream) && !cause.includes('cannot')) continue;
      this.tally.count('parked at the end');
      assert(
        own.parked.has(stream) && own.parked.get(stream)?.kind !== 'passed',
        `${stream} is not parked in ${name}: ${cause}`,
      );
    }
    for (const [table, expected] of rows) {
      const found: ReadonlyMap<string, RowInMemory> = own.rows.get(table) ?? new Map();
      for (const [key, { stream, text }] of expected) {
        if (unsure.has(stream)) continue;
        assert.deepEqual(found.get(key), { stream, text }, `The row ${key} of ${table}, which is that of ${stream}`);
      }
      for (const [key, { stream }] of found)
        assert(
          unsure.has(stream) || expected.get(key)?.stream === stream,
          `${stream} has the row ${key} of ${table}, which is not in the log.`,
        );
    }
  }
}
