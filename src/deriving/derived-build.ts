import type { AnyDerivation } from '../../derivations/derivation.js';
import type { ReadModel } from '../../projections/projection.js';
import { checkpointsOf, lockCheckpoints, readCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import { isLockConflict, type Database, type Queryable } from '../read-models/database.js';
import { beginRebuild, show, type Target } from '../read-models/generations.js';
import { letGo, lockSchema, nameOfGeneration } from '../read-models/schema.js';
import { isOwn, readNoted, type Derived, type OwnDerived } from './derived.js';
import { rootsOf, type Deriver } from './deriver.js';

/** Limits how long a change of views waits for its locks, and others behind it. */
const LOCK_TIMEOUT = `set local lock_timeout = '2s'`;
/** How often `used_at` is renewed, so that a generation being filled is not dropped and changes are noted for it. */
const USED_EVERY_MS = 10_000;

/**
 * Fills generations of derivations from tables, without the log: replacements for the shown ones, and shown ones that
 * have never been complete. All keys are noted and then derived, while writers of rows note their changes. The
 * generations are complete when nothing is noted at a moment when no row can change.
 */
export class DerivedBuild {
  #usedAt = -Infinity;

  /**
   * `beside`: the projections rebuilt in the same run. The derivations follow from these, and otherwise from the shown
   * generations.
   */
  constructor(
    private readonly database: Database,
    private readonly deriver: Deriver,
    readonly targets: readonly Target[],
    private readonly beside: readonly Target[] = [],
  ) {}

  get names(): string[] {
    return this.targets.map(({ name }) => name);
  }

  /**
   * Starts the targets unless they have started. False when a generation that they follow from is not complete (and not
   * filled by the caller), or another process has completed one of them.
   */
  async begin(): Promise<boolean> {
    return this.database.transaction(async (connection) => {
      const checkpoints = await readCheckpoints(connection);
      const sources = this.targets.map(({ generation: { projection } }) => this.#sourcesOf(projection, checkpoints));
      if (sources.includes(null)) return false;
      const known = new Map((await this.deriver.read(connection)).map((one) => [one.name, one]));
      for (const [at, { name }] of this.targets.entries()) {
        const standsOn = (sources[at] ?? []).map((one) => one.name).sort();
        const one = known.get(name);
        if (one?.state !== 'building') return false;
        if (followsFrom(one, standsOn) && one.policy === this.deriver.policyHash) continue;
        // Waits for batches that started without knowing of this generation.
        const locked = await lockCheckpoints(connection, [name, ...standsOn]);
        // It has been completed meanwhile, and must not be cleared.
        if (locked.find((checkpoint) => checkpoint.name === name)?.state !== 'building') return false;
        await letGo(connection, [name]);
        // A parked key that no longer exists would get no note, and stay parked.
        await connection.query('delete from ledger.parked_streams where generation = $1', [name]);
        await connection.query('update ledger.derived_generations set stands_on = $2, policy = $3 where name = $1', [
          name,
          standsOn,
          this.deriver.policyHash,
        ]);
      }
      return true;
    });
  }

  /**
   * Returns the generation of each model that it reads: the one filled in the same run, or the shown one. Null when one
   * of them is missing or not complete.
   */
  #sourcesOf({ reads = [] }: ReadModel, checkpoints: readonly Checkpoint[]): Checkpoint[] | null {
    const filled = new Map(
      [...this.beside, ...this.targets].map(({ name, generation }) => [generation.projection.name, name]),
    );
    const sources = reads.flatMap((read) => {
      const name = filled.get(read);
      const found = checkpoints.find((one) =>
        name === undefined ? one.shown && one.state === 'live' && this.#isOfThisBuild(one, read) : one.name === name,
      );
      return found === undefined ? [] : [found];
    });
    return sources.length < reads.length ? null : sources;
  }

  /** Whether a checkpoint is of this model, in the version of this build. */
  #isOfThisBuild(checkpoint: Checkpoint, read: string): boolean {
    return checkpoint.projection === read && checkpointsOf([checkpoint], this.deriver.models).length > 0;
  }

  /**
   * Works until nothing is left to do for the targets and `others`, which are complete. `stopped` also when another
   * process has restarted the targets.
   */
  async work(
    signal: AbortSignal,
    { others = [], rests = () => false }: Readonly<{ others?: readonly string[]; rests?: () => boolean }> = {},
  ): Promise<'quiet' | 'stopped'> {
    const names = [...this.names, ...others];
    for (const one of await this.#own(names)) if (!one.isNoted) await this.deriver.noteAll(this.database, one, signal);
    for (;;) {
      await this.#use();
      let isQuiet = true;
      for (const name of names) {
        if (signal.aborted) return 'stopped';
        if ((await this.deriver.workOff(this.database, name)) === 'none') continue;
        isQuiet = false;
        if (rests()) return 'stopped';
      }
      if (isQuiet) return (await this.#areOurs()) ? 'quiet' : 'stopped';
    }
  }

  /** Whether the targets still exist and follow this policy, so were neither dropped nor restarted. */
  async #areOurs(): Promise<boolean> {
    const policies = new Map((await this.#own(this.names)).map(({ name, policy }) => [name, policy]));
    return this.names.every((name) => policies.get(name) === this.deriver.policyHash);
  }

  async #own(names: readonly string[]): Promise<OwnDerived[]> {
    return (await this.deriver.read(this.database)).filter(isOwn).filter(({ name }) => names.includes(name));
  }

  async #use(): Promise<void> {
    if (performance.now() - this.#usedAt < USED_EVERY_MS) return;
    this.#usedAt = performance.now();
    // A locked checkpoint is in use by the process that is moving the views.
    await this.database.query(
      `update ledger.checkpoints set used_at = clock_timestamp() where name in (select name from ledger.checkpoints where name = any($1) for update skip locked)`,
      [this.names],
    );
  }

  /**
   * Returns the checkpoints to lock while the views change: the shown generations, and the projections that the targets
   * follow from, except those in `beside`.
   */
  async held(): Promise<string[]> {
    const all = await this.deriver.read(this.database);
    const own = all.filter(({ name }) => this.names.includes(name));
    const shown = this.targets.flatMap(({ against }) => (against === null ? [] : [nameOfGeneration(against)]));
    const beside = this.beside.map(({ name }) => name);
    return [...new Set([...own.flatMap((one) => rootsOf(one, all)), ...shown])].filter(
      (name) => !beside.includes(name),
    );
  }

  /**
   * Whether all targets are still building. Once complete, their notes are worked off by the followers of the
   * projections they read.
   */
  async areBuilding(connection: Queryable): Promise<boolean> {
    const all = new Map((await this.deriver.read(connection)).map((one) => [one.name, one]));
    return this.names.every((name) => all.get(name)?.state === 'building');
  }

  /**
   * Whether the targets are complete, in a transaction that has locked the checkpoints in `held`; locks the targets
   * too.
   */
  async isComplete(connection: Queryable): Promise<boolean> {
    await lockCheckpoints(connection, this.names);
    const all = new Map((await this.deriver.read(connection)).map((one) => [one.name, one]));
    const noted = await readNoted(connection);
    return this.names.every((name) => {
      const one = all.get(name);
      return one !== undefined && isDone(one) && !noted.has(name) && one.policy === this.deriver.policyHash;
    });
  }

  /**
   * Shows the targets if they are complete; for builds in which no projection is shown with them. False when something
   * is left to do, or a lock timed out.
   */
  async finish(): Promise<boolean> {
    const held = await this.held();
    return this.database
      .transaction(async (connection) => {
        await connection.query(LOCK_TIMEOUT);
        await lockSchema(connection);
        await lockCheckpoints(connection, [...held, ...this.names]);
        if (!(await this.isComplete(connection))) return false;
        for (const target of this.targets) {
          if (target.replaces) await show(connection, target);
          else await connection.query(`update ledger.checkpoints set state = 'live' where name = $1`, [target.name]);
        }
        return true;
      })
      .catch((error: unknown) => {
        if (isLockConflict(error)) return false;
        throw error;
      });
  }
}

const isDone = ({ standsOn, isNoted }: Derived): boolean => standsOn.length > 0 && isNoted;

const followsFrom = ({ standsOn }: Derived, names: readonly string[]): boolean =>
  standsOn.length === names.length && names.every((name) => standsOn.includes(name));

/**
 * Brings this build's derivations up to date with their rows. A derivation that does not follow from the shown
 * generations, or follows another policy, is rebuilt with those that read it: in place if it has never been complete,
 * otherwise beside the shown one. `rests`: whether to stop for now, asked after each transaction. Returns whether
 * nothing is left to do.
 */
export async function bringUp(
  database: Database,
  deriver: Deriver,
  { signal, rests }: Readonly<{ signal: AbortSignal; rests: () => boolean }>,
): Promise<boolean> {
  const { due, behind } = await lookAt(database, deriver);
  if (due.length === 0 && behind.length === 0) return true;
  const targets: Target[] = [];
  for (const derivation of due) targets.push(await beginRebuild(database, derivation, { fresh: false }));
  const build = new DerivedBuild(database, deriver, targets);
  const hasBegun = await build.begin();
  const working = hasBegun ? build : new DerivedBuild(database, deriver, []);
  const isQuiet = (await working.work(signal, { others: behind, rests })) === 'quiet';
  if (hasBegun && targets.length > 0 && isQuiet) await build.finish();
  return isQuiet;
}

/** Returns the derivations to rebuild, and the names of generations with work left. */
async function lookAt(
  database: Database,
  deriver: Deriver,
): Promise<{ due: readonly AnyDerivation[]; behind: readonly string[] }> {
  const shown = checkpointsOf(await readCheckpoints(database), deriver.models).filter((one) => one.shown);
  const all = await deriver.read(database);
  const noted = await readNoted(database);
  const due: AnyDerivation[] = [];
  const behind: string[] = [];
  for (const derivation of deriver.derivations) {
    const own = shown.find(({ projection }) => projection === derivation.name);
    const derived = all.find(({ name }) => name === own?.name);
    const sources = shown.filter(({ projection }) => derivation.reads.includes(projection));
    if (derived === undefined || sources.length < derivation.reads.length) continue;
    const isDue =
      derived.state === 'building' ||
      derived.policy !== deriver.policyHash ||
      !followsFrom(
        derived,
        sources.map(({ name }) => name),
      ) ||
      due.some(({ name }) => derivation.reads.includes(name));
    if (isDue) due.push(derivation);
    else if (noted.has(derived.name) || !derived.isNoted) behind.push(derived.name);
  }
  return { due, behind };
}
