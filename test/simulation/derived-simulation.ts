import assert from 'node:assert/strict';
import { setImmediate as afterMicrotasks } from 'node:timers/promises';
import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import { policyHash } from '../../derivations/policy.js';
import { differences } from '../../src/deriving/rollups.js';
import type { Deriver } from '../../src/deriving/deriver.js';
import { isOwn, readNoted, type OwnDerived } from '../../src/deriving/derived.js';
import { isSilentRow } from '../../src/deriving/concerned-keys.js';
import { rowToAsk } from '../../src/deriving/rows.js';
import { release } from '../../src/read-models/checkpoints.js';
import type { Database, Queryable } from '../../src/read-models/database.js';
import { ensureSchema, tableOf, viewOf } from '../../src/read-models/schema.js';
import type { AnyProjection, ReadModel, Row } from '../../projections/projection.js';
import { seededRandom, type Random } from '../../simulator/random.js';
import { DerivedProcess, type DerivedWorld, type SqlBreakage } from './derived-process.js';
import { SimulatedLog } from './log.js';
import { truthOf } from './oracle.js';
import { planOf, type Action, type Plan } from './plan.js';
import { Life, Scheduler } from './scheduler.js';
import { Tally } from './tally.js';
import { factsByKey, isMute, POLICIES, testDerivations } from './test-derivations.js';
import { notes, tallies } from './test-projections.js';

const STEPS_MAX = 60_000;
const REPLAYS = 2;
const EVENTS_MAX = 40;
/** The share of commits that are checked, since each check reads all rows. */
const LOOKS = 0.15;
/** Makes no row rejected: Postgres accepts all of them. */
const NOTHING_REJECTED = 'no row has this text';
/** Not exactly representable as a JavaScript number. */
const DAMAGED = 9_007_199_254_740_993n;

type Options = Readonly<{ breakage?: SqlBreakage; stepsMax?: number; trace?: (text: string) => void }>;
/** Actions on the deriving processes, in addition to those on the log. */
type DerivedAction = 'press' | 'relax' | 'rebuild' | 'rollback' | 'policy' | 'damage rows';

/**
 * A seeded run of the engine and its derivations on a log in memory and a real Postgres. The seed determines everything
 * that happens.
 */
export class DerivedSimulation {
  readonly tally = new Tally();
  readonly plan: Plan;
  readonly log = new SimulatedLog();
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #outside = new Life();
  readonly #broken = new Set<string>();
  readonly #processes = new Map<Life, DerivedProcess>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #world: DerivedWorld;
  /** The highest live position of each projection. */
  readonly #places = new Map<string, bigint>();
  #commits = 0;
  #births = 0;
  #policy: Policy;
  #isPressed = false;
  #isEnding = false;
  #isLooking = false;
  /** Whether all parked keys have been derived again since the last action. */
  #isReplayed = false;
  /** The number of commits at which nothing was left to do. */
  #restedAt = -1;
  #failure: Readonly<{ error: unknown }> | null = null;

  /** Runs on a database prepared by `cleared`. */
  constructor(
    seed: number | string,
    private readonly database: Database,
    private readonly options: Options = {},
  ) {
    this.plan = planOf(seededRandom(seed, 'plan'), { lives: false });
    this.#random = seededRandom(seed, 'derived');
    this.#policy = this.#random.pick(POLICIES);
    this.#scheduler = new Scheduler(this.#random, async () => {
      do {
        await Promise.all(this.#underWay);
        await afterMicrotasks();
      } while (this.#underWay.size > 0);
    });
    this.#world = {
      random: this.#random,
      scheduler: this.#scheduler,
      log: this.log,
      tally: this.tally,
      database,
      underWay: this.#underWay,
      commits: () => this.#commits,
      committed: () => this.#committed(),
      released: async (owner) => {
        await this.#during(release(database, owner));
        this.#commits += 1;
      },
      isPressed: () => this.#isPressed,
      isEnding: () => this.#isEnding,
      failed: (error) => {
        this.#failure ??= { error };
      },
      broken: this.#broken,
      breakage: options.breakage ?? null,
      rates: () => (this.#isEnding ? null : { ...this.plan.rates, rejected: 0 }),
      crash: (life) => {
        this.#crash(life);
      },
      trace: (tell) => this.options.trace?.(tell()),
    };
  }

  /**
   * Runs until all actions are done and nothing is left to do. @throws the first violation found on the way or at the
   * end
   */
  async run(): Promise<Tally> {
    try {
      const { actions, before, processes } = this.plan;
      const all: (Action | DerivedAction)[] = actions.slice(0, EVENTS_MAX);
      for (let left = this.#random.integer(0, 5); left > 0; left -= 1)
        all.splice(
          this.#random.integer(0, all.length),
          0,
          this.#random.pick(['press', 'press', 'relax', 'rebuild', 'rollback', 'policy', 'damage rows'] as const),
        );
      if (this.#random.chance(0.4))
        for (let left = this.#random.integer(1, 3); left > 0; left -= 1) {
          const place = this.#random.integer(Math.max(before, Math.floor(all.length / 3)), all.length);
          all.splice(place, 0, this.#random.pick(['rebuild', 'rebuild', 'rollback'] as const));
        }
      for (const action of all.slice(0, before)) await this.#do(action);
      for (let slot = 0; slot < processes; slot += 1) this.#begin();
      void this.#happen(all.slice(before)).catch((error: unknown) => (this.#failure ??= { error }));
      await this.#reach('the end');
      for (let replay = 0; replay < REPLAYS; replay += 1) {
        await this.database.query('update ledger.parked_streams set replay_wanted_at = clock_timestamp()');
        this.#commits += 1;
        this.#isReplayed = true;
        await this.#reach('rest after a replay');
      }
      this.tally.count('runs');
      return this.tally;
    } finally {
      for (const life of [...this.#processes.keys(), this.#outside]) this.#scheduler.kill(life);
      await Promise.all(this.#underWay);
    }
  }

  async #reach(what: string): Promise<void> {
    const isDone = (): boolean => this.#failure !== null || (this.#isEnding && this.#restedAt === this.#commits);
    const ended = await this.#scheduler.run(isDone, this.options.stepsMax ?? STEPS_MAX);
    if (this.#failure !== null) throw this.#failure.error;
    if (ended === 'stuck') assert.fail(`The engine is stuck before ${what}: ${await this.#standing()}`);
  }

  async #standing(): Promise<string> {
    const { rows } = await this.database.query(
      `select json_build_object('checkpoints', (select json_agg(format('%s %s %s at %s of %s%s', name, state, shown, position, owner, case when lease_until < clock_timestamp() then ', free' end)) from ledger.checkpoints),
         'derived', (select json_agg(d) from ledger.derived_generations d), 'notes', (select count(*) from ledger.derivation_notes), 'changes', (select count(*) from ledger.derivation_changes),
         'parked', (select json_agg(format('%s %s %s %s', generation, stream, kind, replay_wanted_at)) from ledger.parked_streams)) as standing`,
    );
    return `the log ends at ${this.log.end}; ${JSON.stringify(rows)}`;
  }

  async #happen(actions: readonly (Action | DerivedAction)[]): Promise<void> {
    for (const action of actions) {
      for (let turns = this.#random.pick([0, 1, 1, 3, 10]); turns > 0; turns -= 1)
        await this.#scheduler.turn(this.#outside);
      await this.#do(action);
    }
    await this.#scheduler.turn(this.#outside);
    this.#broken.clear();
    this.#isPressed = false;
    this.#isEnding = true;
    // Stops older builds, and processes with another policy.
    for (const life of [...this.#processes.keys()]) this.#crash(life);
    if (this.#processes.size === 0) this.#begin();
    await this.#sql(`update ledger.checkpoints set lease_until = '-infinity'`);
  }

  async #do(action: Action | DerivedAction): Promise<void> {
    const does = typeof action === 'string' ? action : action.does;
    this.#world.trace(() => `${does} ${typeof action === 'object' && 'stream' in action ? action.stream : ''}`);
    if (typeof action === 'string') return await this.#doBeside(action);
    if (action.does !== 'append') this.tally.count(does);
    switch (action.does) {
      case 'append':
        this.log.append(action.stream, action.event);
        this.#commits += 1;
        return;
      case 'delete':
        this.log.delete(action.stream);
        return;
      case 'tombstone':
        this.log.tombstone(action.stream);
        return;
      case 'truncate':
        this.log.truncate(
          action.stream,
          BigInt(Math.floor(action.share * this.log.everyEventOf(action.stream).length)),
        );
        return;
      case 'replay':
        return this.#sql('update ledger.parked_streams set replay_wanted_at = clock_timestamp() where stream = $1', [
          action.stream,
        ]);
      case 'break':
        this.#broken.add(action.stream);
        return;
      case 'heal':
        this.#broken.delete(action.stream);
        return;
      case 'expire':
        return this.#sql(`update ledger.checkpoints set lease_until = '-infinity'`);
      case 'crash':
        if (this.#processes.size > 0) this.#crash(this.#random.pick([...this.#processes.keys()]));
        return;
      // Covered by the simulation in memory.
      case 'scavenge':
      case 'damage':
    }
  }

  async #doBeside(action: DerivedAction): Promise<void> {
    this.tally.count(action);
    switch (action) {
      case 'press':
        this.#isPressed = true;
        return;
      case 'relax':
        this.#isPressed = false;
        return;
      case 'policy':
        this.#policy = this.#random.pick(POLICIES);
        for (const life of [...this.#processes.keys()]) this.#crash(life);
        return;
      case 'damage rows':
        // Not exactly representable as a JavaScript number; no event or note reports the change.
        return this.#damageRows();
      case 'rebuild':
      case 'rollback': {
        const command = this.#newProcess(testDerivations, 'command');
        const which = this.#random.pick(MODELS);
        void command.rebuild(which, action, this.#random.chance(0.3)).catch((error: unknown) => {
          this.#failure ??= { error };
        });
      }
    }
  }

  #damageRows(): Promise<void> {
    const [model, column] = this.#random.pick(DAMAGEABLE);
    const view = viewOf(model, model.name);
    return this.#sql(
      `update ${view} set ${column} = ${DAMAGED} where id in (select id from ${view} order by md5(id || $1) limit 2)`,
      [String(this.#random.next())],
    );
  }

  /** Runs a statement from outside of the engine, after what is in progress in Postgres. */
  async #sql(text: string, values: unknown[] = []): Promise<void> {
    await this.#during(this.database.query(text, values));
    this.#commits += 1;
  }

  async #during(asked: Promise<unknown>): Promise<void> {
    const ended = asked.catch(() => undefined);
    this.#underWay.add(ended);
    await asked.finally(() => this.#underWay.delete(ended));
  }

  #begin(): void {
    const isOld = !this.#isEnding && this.#random.chance(0.15);
    if (isOld) this.tally.count('older builds');
    const process = this.#newProcess(isOld ? [] : testDerivations, isOld ? 'older build' : 'process');
    this.#processes.set(process.life, process);
    process.start();
  }

  #newProcess(derivations: readonly AnyDerivation[], what: string): DerivedProcess {
    this.#births += 1;
    const taken = new Map<string, boolean>();
    return new DerivedProcess(this.#world, {
      plan: this.plan,
      owner: `${what} ${this.#births}`,
      who: what === 'command' ? what : 'process',
      policy: this.#policy,
      derivations,
      wants: (name) => {
        const wants = taken.get(name) ?? (!this.plan.isDivided || this.#random.chance(0.6));
        taken.set(name, wants);
        return wants;
      },
      isQuiet: (deriver, commits) => this.#during(this.#looksForRest(deriver, commits)),
      failed: (error) => {
        this.#failure ??= { error };
      },
    });
  }

  #crash(life: Life): void {
    this.#scheduler.kill(life);
    // A command is not restarted.
    if (!this.#processes.delete(life)) return;
    this.tally.count('crashes');
    this.#commits += 1;
    this.#begin();
  }

  async #committed(): Promise<void> {
    this.#commits += 1;
    await this.#checkPlaces();
    if (this.#isLooking || !this.#random.chance(LOOKS)) return;
    await this.#look(false);
  }

  /** Checks that the live position never goes back, whichever generation is live. */
  async #checkPlaces(): Promise<void> {
    const { rows } = await this.database.query<{ projection: string; position: bigint | null }>(
      `select projection, position from ledger.checkpoints where shown and name not in (select name from ledger.derived_generations)`,
    );
    for (const { projection, position } of rows) {
      const before = this.#places.get(projection) ?? -1n;
      assert((position ?? -1n) >= before, `${projection} is shown as of ${position}, and was as of ${before}.`);
      this.#places.set(projection, position ?? -1n);
    }
  }

  /** Checks at rest that the source rows equal a plain fold of the log, except where they were damaged. */
  async #checkFolded(): Promise<void> {
    for (const projection of [notes, tallies] as readonly AnyProjection[]) {
      const { rows, unsure } = truthOf(projection, this.log, { upTo: this.log.end, rejectedMark: NOTHING_REJECTED });
      for (const [table, expected] of rows) {
        const stored = await allOf(this.database, `select * from ${viewOf(projection, table)}`);
        const damaged = new Set(stored.filter(isDamaged).map(idOf));
        const isSure = (row: Row): boolean => !unsure.has(String(row['stream'])) && !damaged.has(idOf(row));
        const folded = [...expected.values()].map(({ text }) => JSON.parse(text) as Row);
        assert.deepEqual(
          byId(stored.filter(isSure)),
          byId(folded.filter(isSure)),
          `The rows of ${table} are not what the log says.`,
        );
        this.tally.count('folds compared');
      }
    }
  }

  /** Whether the read models are at the end of the log and nothing is waiting. */
  async #looksForRest(deriver: Deriver, commits: number): Promise<void> {
    if (!this.#isEnding) return;
    const { rows } = await this.database.query<{ position: bigint | null; waiting: boolean }>(
      `select (select min(position) from ledger.checkpoints where name not in (select name from ledger.derived_generations) and state <> 'kept' and shown) as position,
         exists (select from ledger.parked_streams parked join ledger.checkpoints on name = parked.generation
           where shown and (kind = 'waiting' or replay_wanted_at is not null)) as waiting`,
    );
    const [standing] = rows;
    if ((standing?.position ?? -1n) < this.log.end || standing?.waiting !== false) return;
    const derived = (await deriver.read(this.database)).filter(({ shown }) => shown);
    const noted = await readNoted(this.database);
    const isDone = derived.every(
      (one) => one.state === 'live' && one.isNoted && !noted.has(one.name) && one.policy === policyHash(this.#policy),
    );
    if (!isDone || derived.length < testDerivations.length || this.#commits !== commits) return;
    try {
      await this.#look(true);
      if (this.#isReplayed) await this.#checkFolded();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#restedAt = commits;
  }

  /**
   * Checks that in every live and complete derivation, each key without a note has the rows that follow from its
   * sources.
   */
  async #look(isAtRest: boolean): Promise<void> {
    this.#isLooking = true;
    try {
      await this.database.snapshot(async (connection) => {
        const deriver = [...this.#processes.values()]
          .map((one) => one.deriver)
          .find(({ derivations }) => derivations.length > 0);
        if (deriver === undefined) return;
        for (const one of await deriver.read(connection))
          if (isOwn(one) && one.shown && one.state === 'live' && one.isNoted)
            await this.#checkDerived(connection, one, isAtRest);
      });
    } finally {
      this.#isLooking = false;
    }
  }

  async #checkDerived(connection: Queryable, derived: OwnDerived, isAtRest: boolean): Promise<void> {
    const { generation, name, standsOn } = derived;
    const { projection } = generation;
    const open = await allOf(connection, 'select key from ledger.derivation_notes where generation = $1', [name]);
    const changes = await allOf(connection, 'select 1 from ledger.derivation_changes where generation = $1', [name]);
    // The keys of these changes have not been looked up yet.
    if (changes.length > 0) return;
    const noted = new Set(open.map(({ key }) => String(key)));
    const parked = new Set(
      (await allOf(connection, 'select stream from ledger.parked_streams where generation = $1', [name])).map(
        ({ stream }) => String(stream),
      ),
    );
    const hasSilent = [...parked].some(isSilentRow);
    // Which keys these concern, or concerned before, is unknown until all are noted again.
    if (hasSilent) this.tally.count('silent rows');
    if (hasSilent && !this.#isReplayed) return;
    const stale = new Set(
      (
        await allOf(
          connection,
          `select stream from ledger.parked_streams where generation = any($1) and kind not in ('waiting', 'passed')`,
          [standsOn],
        )
      ).map(({ stream }) => String(stream)),
    );
    const sources: Record<string, Row[]> = {};
    for (const [table, source] of derived.tables)
      sources[table] = byId(await allOf(connection, `select * from ${source}`));
    const facts = factsByKey(projection.name, sources);
    const policy = POLICIES.find((one) => policyHash(one) === derived.policy);
    assert(policy !== undefined, `${name} follows no policy that there is.`);
    const rows = new Map<string, Row[]>();
    for (const table of Object.keys(projection.tables))
      rows.set(table, await allOf(connection, `select * from ${tableOf(generation, table)}`));
    const keys = new Set([...facts.keys(), ...[...rows.values()].flat().map(({ key }) => String(key))]);
    for (const key of keys) {
      if (noted.has(key)) continue;
      const own = facts.get(key) ?? { notes: [], noted: [], tallies: [], sums: [] };
      const all = [...Object.values(own).flat(), ...[...rows.values()].flat().filter((row) => row['key'] === key)];
      if (all.some(isDamaged)) {
        this.tally.count(parked.has(key) ? 'damaged keys' : 'damaged keys that nobody has derived since');
        continue;
      }
      if (all.some(isMute)) continue;
      let expected: Readonly<Record<string, readonly Row[] | undefined>>;
      try {
        expected = projection.derive(key, own, policy);
      } catch {
        assert(parked.has(key), `${key} of ${name} cannot be derived, and is not parked.`);
        this.tally.count('parked keys');
        continue;
      }
      assert(!parked.has(key), `${key} of ${name} is parked, and can be derived.`);
      const isIncomplete = Object.values(own)
        .flat()
        .some(({ stream, is_incomplete }) => is_incomplete === true || stale.has(String(stream)));
      if (isIncomplete) this.tally.count('incomplete');
      for (const [table, stored] of rows)
        assert.deepEqual(
          byId(stored.filter((row) => row['key'] === key)),
          byId((expected[table] ?? []).map((row) => ({ ...row, key, is_incomplete: isIncomplete }))),
          `The rows of ${key} in ${table} of ${name} are not what follows from the rows that there are.`,
        );
    }
    for (const key of [...parked].filter((one) => !isSilentRow(one)))
      assert(isAtRest === false || keys.has(key), `${key} of ${name} is parked, and there is nothing of it.`);
    for (const [table, rollup] of Object.entries(projection.rollups ?? {})) {
      const sums = [...differences(rollup, { gone: [], came: rows.get(rollup.of) ?? [] }).values()];
      assert.deepEqual(
        byId(await allOf(connection, `select * from ${tableOf(generation, table)}`)),
        byId(
          sums.map(({ key, sums: own, rows: count }) => ({
            ...key,
            ...Object.fromEntries([...own].map(([column, sum]) => [column, Number(sum)])),
            row_count: Number(count),
          })),
        ),
        `${table} of ${name} is not the sum of its rows.`,
      );
    }
    this.tally.count('looks');
  }
}

const isDamaged = (row: Row): boolean =>
  [row['count'], row['events']].some((one) => Number(one) > Number.MAX_SAFE_INTEGER);

const byId = (rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row })).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
const idOf = (row: Row): string => String(row['id'] ?? row['note']);

async function allOf(connection: Queryable, sql: string, values: unknown[] = []): Promise<Row[]> {
  return (await connection.query<Record<string, unknown>>(sql, values)).rows.map(rowToAsk);
}

const MODELS: readonly ReadModel[] = [notes, tallies, ...testDerivations];
const DAMAGEABLE = MODELS.map((model) => [model, model.reads === undefined ? 'count' : 'events'] as const);

/** Resets a database to its state before the first event. */
export async function cleared(database: Database): Promise<void> {
  const { rows } = await database
    .query<{ tables: string | null; isNew: boolean }>(
      `select (select string_agg(format('delete from %I.%I', schemaname, tablename), '; ') from pg_tables where schemaname = 'ledger' and tablename not in ('checkpoints', 'derived_generations', 'identity')) as tables,
       not coalesce((select bool_and(generation = 1) from ${`ledger.checkpoints`}), false) as "isNew"`,
    )
    .catch(() => ({ rows: [{ tables: null, isNew: true }] }));
  const [found] = rows;
  if (found?.tables == null || found.isNew) {
    await database.query('drop schema if exists ledger cascade');
    await ensureSchema(database, MODELS);
    return;
  }
  await database.query(
    `${found.tables}; update ledger.derived_generations set stands_on = '{}', policy = '', is_noted = false;
     update ledger.checkpoints set state = 'building', shown = true, log_name = null, position = null, event_id = null, owner = null,
       owner_epoch = 0, owner_follows = '{}', lease_until = '-infinity'`,
  );
}
