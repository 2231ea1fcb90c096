import { randomUUID } from 'node:crypto';
import { customers as customersProjection } from '../../projections/customers.js';
import { entitlements } from '../../projections/entitlements.js';
import type { AnyProjection } from '../../projections/projection.js';
import { subscriptions } from '../../projections/subscriptions.js';
import type { AccessAnswer } from '../access/answer.js';
import type { EventStore } from '../eventstore/event-store.js';
import { nameOfLog } from '../eventstore/log-name.js';
import { isDatabaseAway, isNotYetMade, isStorable, type Database, type Queryable } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import { groupBy } from '../folding/group-by.js';
import { customersOfStreams } from './affected.js';
import {
  accessOf,
  isSameAccess,
  isSameConclusion,
  isTooMany,
  type Because,
  type Brake,
  type Decision,
} from './change.js';
import { begin, hasBegun, readDecisions, readVerdicts, record, type RecordedAs } from './change-log.js';
import { SeenEvents } from './seen-events.js';
import {
  countGranted,
  dueCustomers,
  ensureStates,
  heldSummary,
  learn,
  listHeld,
  leaseDecider,
  note,
  postpone,
  releaseDecider,
  rowsNow,
  saveProgress,
  statesOf,
  type Due,
  type Note,
  type Progress,
  type State,
} from './states.js';

/** A customer's current answer, and when it next changes without an event. */
type Judgement = Readonly<{ answer: AccessAnswer; reference: string | null; nextAt: Date | null }>;
/** Judges customers. @throws the error of one of them */
export type Judge = (
  connection: Queryable,
  customers: readonly string[],
  at: Date,
) => Promise<ReadonlyMap<string, Judgement>>;

export type DeciderOptions = Readonly<{
  store: EventStore;
  database: Database;
  projections: readonly AnyProjection[];
  judge: Judge;
  /** Identifies the policy. */
  policy: string;
  brake: Brake;
  now: () => Date;
  decided: (because: Because['kind']) => void;
  held: (customers: number) => void;
  warned: (text: string) => void;
}>;

/** A customer whose facts may have changed: first and last time, the position before, and why. */
type Dirty = { firstMs: number; lastMs: number; from: bigint; because: Because };
/** A decision to be recorded or held. */
type Change = Readonly<{ customer: string; state: State; nextAt: Date | null; decision: Decision }>;

/** A burst of events about a customer is one change, decided after this silence, or after the second limit in all. */
const QUIET_MS = 2_000;
const LASTS_MS_MAX = 5_000;
const PAGE = 50;
const STREAMS_MAX = 500;
const SWEEP_PAGE = 200;
/** The window in which changes count together for the brake. */
const ONE_TIME_MS = 60_000;
const DECISIONS_READ = 500;
/** A customer who cannot be judged (too many rows, for example) is retried at the next event, or after this time. */
const LEFT_OUT_MS = 3_600_000;
/** For how many customers the reason is remembered, so that it is logged only once. */
const LEFT_OUT_MAX = 1_000;
const NAME_WITHIN_MS = 5_000;

/** Decides who has access, records changes, and holds back mass changes. One process does so at a time. */
export class Decider {
  readonly #owner = randomUUID();
  readonly #seen: SeenEvents;
  readonly #dirty = new Map<string, Dirty>();
  /** Decisions that this process recorded and has not read back yet. Another process may have been faster. */
  readonly #recorded = new Map<string, string>();
  /** Recent counts of recorded changes, without approved ones. */
  #recent: { atMs: number; changes: number }[] = [];
  #progress: Progress | null = null;
  /** The progress in Postgres. */
  #saved: Progress | null = null;
  #hasBegun = false;
  #hasTables = false;
  /** The reasons why customers could not be judged or recorded. */
  readonly #leftOut = new Map<string, string>();

  constructor(private readonly options: DeciderOptions) {
    this.#seen = new SeenEvents(options.store, options.now);
  }

  /**
   * Runs a round; returns whether this process decides. @throws errors of the store or Postgres; the next round retries
   */
  async tick(): Promise<boolean> {
    const { store, database, projections } = this.options;
    if (!this.#hasTables) await ensureStates(database);
    this.#hasTables = true;
    const progress = await leaseDecider(database, this.#owner).catch((error: unknown) => {
      // The tables were dropped; they are created again.
      this.#hasTables = !isNotYetMade(error);
      throw error;
    });
    if (progress === null) {
      await this.#forget();
      return false;
    }
    // Postgres was emptied or restored, so this process's knowledge is about lost rows.
    if (this.#saved !== null && !isSameProgress(progress, this.#saved)) await this.#forget();
    const rows = await rowsNow(database, projections);
    if (rows === null) return true;
    const logName = await nameOfLog(store, NAME_WITHIN_MS);
    this.#progress ??= progress.logName === logName ? progress : { ...EMPTY, logName };
    await this.#learn();
    await this.#sweepIfNeeded(rows);
    this.#seen.follow(this.#progress.lookedTo);
    await this.#mapStreams(rows.position).catch((error: unknown) => {
      // Events that were taken are read again.
      this.#seen.stop();
      throw error;
    });
    await this.#decideReady();
    await this.#applyVerdicts();
    await this.#save();
    return true;
  }

  async stop(): Promise<void> {
    await this.#forget();
    await releaseDecider(this.options.database, this.#owner).catch(() => undefined);
  }

  async #forget(): Promise<void> {
    this.#progress = null;
    this.#saved = null;
    this.#dirty.clear();
    this.#recorded.clear();
    this.#seen.stop();
  }

  get #now(): Date {
    return this.options.now();
  }

  /** Learns the decisions of all processes from the log. */
  async #learn(): Promise<void> {
    const { store, database } = this.options;
    for (;;) {
      const { decisions, scannedTo } = await readDecisions(store, {
        after: this.#progress?.decidedTo ?? null,
        max: DECISIONS_READ,
      });
      await learn(database, decisions);
      for (const { customer, decision } of decisions) {
        const own = this.#recorded.get(customer);
        if (own !== undefined && own !== JSON.stringify(accessOf(decision.now)))
          this.#again(customer, decision.because);
        this.#recorded.delete(customer);
      }
      if (this.#progress !== null) this.#progress = { ...this.#progress, decidedTo: scannedTo };
      if (decisions.length < DECISIONS_READ) return;
    }
  }

  /**
   * Judges all customers at the first start, after a change of policy, when other rows are displayed, and after a loss
   * of Postgres.
   */
  async #sweepIfNeeded({ shown, position }: { shown: string; position: bigint }): Promise<void> {
    const { store, database, policy } = this.options;
    const progress = this.#progress;
    if (progress === null) return;
    this.#hasBegun ||= await hasBegun(store);
    const isBaseline = !this.#hasBegun;
    if (!isBaseline && progress.lookedTo !== null && progress.policy === policy && progress.shown === shown) return;
    // Events from here on are followed; the sweep sees rows with all earlier events.
    const lookedTo = progress.lookedTo ?? position;
    const isPolicy = progress.policy !== null && progress.policy !== policy;
    const because: Because = { kind: isPolicy ? 'policy' : 'repair' };
    if (isBaseline)
      for await (const page of this.#allCustomers(because)) {
        await leaseDecider(database, this.#owner);
        await this.#recordAll(await this.#judge(page), () => 'baseline');
      }
    else await this.#decide(this.#allCustomers(because));
    if (isBaseline) await begin(store, this.#now);
    this.#hasBegun = true;
    await this.#learn();
    this.#progress = { ...(this.#progress ?? progress), lookedTo, policy, shown };
    await this.#save();
  }

  #newHold(customers: number): string {
    this.options.warned(
      `Access of ${customers} customers would change at once, so the changes are held. "access changes" lists them, "access approve" records them.`,
    );
    return randomUUID();
  }

  /**
   * Judges all customers before recording anything, so that the number of changes can trigger the brake. Customers
   * without a decision have nothing to lose, and are never held.
   */
  async #decide(pages: AsyncIterable<ReadonlyMap<string, Because>>): Promise<void> {
    const changed: Readonly<{ customer: string; because: Because; isNew: boolean }>[] = [];
    for await (const page of pages) {
      await leaseDecider(this.options.database, this.#owner);
      for (const { customer, state, decision } of unheld(await this.#judge(page)))
        changed.push({ customer, because: decision.because, isNew: state.revision < 0n });
    }
    const known = changed.filter(({ isNew }) => !isNew).length;
    const hold = (await this.#isTooMany(known)) ? this.#newHold(known) : null;
    for (let at = 0; at < changed.length; at += PAGE) {
      await leaseDecider(this.options.database, this.#owner);
      const page = changed.slice(at, at + PAGE).map(({ customer, because }) => [customer, because] as const);
      const changes = unheld(await this.#judge(new Map(page)));
      const isKept = ({ state }: Change): boolean => hold !== null && state.revision >= 0n;
      await this.#recordAll(
        changes.filter((change) => !isKept(change)),
        () => 'change',
      );
      if (hold !== null) await this.#hold(changes.filter(isKept), hold);
    }
    if (hold === null && known > 0) this.#recent.push({ atMs: this.#now.getTime(), changes: known });
  }

  async #isTooMany(changes: number): Promise<boolean> {
    if (changes === 0) return false;
    const { brake, database } = this.options;
    const since = this.#now.getTime() - ONE_TIME_MS;
    this.#recent = this.#recent.filter(({ atMs }) => atMs > since);
    const all = this.#recent.reduce((sum, recorded) => sum + recorded.changes, changes);
    return all > brake.customers && isTooMany(all, await countGranted(database), brake);
  }

  async *#allCustomers(because: Because): AsyncGenerator<ReadonlyMap<string, Because>> {
    const sources = [
      ['id', viewOf(customersProjection, 'customers')],
      ['customer', viewOf(subscriptions, 'subscriptions')],
      ['customer', viewOf(entitlements, 'entitlement_summaries')],
      ['customer', 'ledger.access_customers'],
    ].map(
      ([column, view]) =>
        `(select distinct ${column} as customer from ${view} where ${column} > $1 order by 1 limit ${SWEEP_PAGE})`,
    );
    for (let after = ''; ;) {
      const { rows } = await this.options.database.query<{ customer: string }>(
        `select customer from (${sources.join(' union ')}) found order by customer limit ${SWEEP_PAGE}`,
        [after],
      );
      const page = rows.map(({ customer }) => customer);
      const last = page.at(-1);
      if (last === undefined) return;
      for (let at = 0; at < page.length; at += PAGE)
        yield new Map(page.slice(at, at + PAGE).map((customer) => [customer, because]));
      after = last;
    }
  }

  /** Maps events whose rows are written to customers. */
  async #mapStreams(position: bigint): Promise<void> {
    const { events, isShortened } = await this.#seen.take(position);
    if (isShortened && this.#progress !== null) this.#progress = { ...this.#progress, shown: null };
    for (let at = 0; at < events.length; at += STREAMS_MAX) {
      const some = events.slice(at, at + STREAMS_MAX);
      const streams = [...new Set(some.map(({ stream }) => stream))].filter(isStorable);
      const found = await this.options.database.snapshot((connection) => customersOfStreams(connection, streams));
      const customersOf = groupBy(
        [...found].flatMap(([customer, origins]) => [...origins].map((origin) => ({ origin, customer }))),
        ({ origin }) => origin,
      );
      for (const { stream, from, atMs, stripeEventId, position: place } of some)
        for (const { customer } of customersOf.get(stream) ?? [])
          this.#soil(customer, { from, atMs, because: { kind: 'event', stripeEventId, position: String(place) } });
    }
  }

  #soil(customer: string, { from, atMs, because }: { from: bigint; atMs: number; because: Because }): void {
    const known = this.#dirty.get(customer);
    if (known === undefined) this.#dirty.set(customer, { firstMs: atMs, lastMs: atMs, from, because });
    else {
      known.lastMs = Math.max(known.lastMs, atMs);
      if (from < known.from) known.from = from;
      known.because = because;
    }
  }

  /** Decides customers that are quiet, and those whose time has come. */
  async #decideReady(): Promise<void> {
    const nowMs = this.#now.getTime();
    const ready = [...this.#dirty].filter(
      ([, { firstMs, lastMs }]) => nowMs - lastMs >= QUIET_MS || nowMs - firstMs >= LASTS_MS_MAX,
    );
    for (const [customer] of ready) this.#dirty.delete(customer);
    try {
      await this.#decide(this.#ready(new Map(ready.map(([customer, { because }]) => [customer, because]))));
    } catch (error) {
      for (const [customer, { firstMs, from, because }] of ready)
        this.#soil(customer, { atMs: firstMs, from, because });
      throw error;
    }
  }

  async *#ready(quiet: ReadonlyMap<string, Because>): AsyncGenerator<ReadonlyMap<string, Because>> {
    const all = [...quiet];
    for (let at = 0; at < all.length; at += PAGE) yield new Map(all.slice(at, at + PAGE));
    const now = this.#now;
    for (let after: Due | null = null; ;) {
      const due: Due[] = await dueCustomers(this.options.database, { now, after, max: PAGE });
      const page = due.filter(({ customer }) => !quiet.has(customer) && !this.#dirty.has(customer));
      if (page.length > 0) yield new Map(page.map(({ customer }) => [customer, { kind: 'time' }]));
      after = due.at(-1) ?? null;
      if (due.length < PAGE || after === null) return;
    }
  }

  /**
   * Returns the changes of these customers, and notes when the others change by time. Drops a held decision whose
   * answer is unchanged again, and a rejection whose answer is different now.
   */
  async #judge(customers: ReadonlyMap<string, Because>): Promise<Change[]> {
    const { database } = this.options;
    const now = this.#now;
    const judged = await this.#judgeEach([...customers.keys()]);
    const changes: Change[] = [];
    const notes: Note[] = [];
    for (const { customer, state, answer, reference, nextAt } of judged) {
      const { considered: _, ...decided } = answer;
      const rejected = state.rejected !== null && isSameConclusion(decided, state.rejected) ? state.rejected : null;
      if (rejected !== null || isSameAccess(answer, state.access)) {
        this.#leftOut.delete(customer);
        // A customer who never had access and has no next change leaves no trace.
        if (state.revision >= 0n || nextAt !== null || state.held !== null)
          notes.push({ customer, nextAt, held: null, rejected });
        continue;
      }
      const decision: Decision = {
        customer,
        reference,
        revision: Number(state.revision) + 1,
        before: state.access,
        now: decided,
        because: customers.get(customer) ?? { kind: 'repair' },
        decidedAt: now.toISOString(),
      };
      changes.push({ customer, state, nextAt, decision });
      // Otherwise noted once the decision is in the log; until then the customer stays due.
      if (state.held !== null) notes.push({ customer, nextAt, held: { id: state.held, decision }, rejected: null });
    }
    await note(database, notes);
    return changes;
  }

  /**
   * Judges customers by the current rows. An error belongs to one of them: halving finds that one, which is left out.
   */
  async #judgeEach(ids: readonly string[]): Promise<(Judgement & Readonly<{ customer: string; state: State }>)[]> {
    const { database, judge } = this.options;
    const judged: (Judgement & Readonly<{ customer: string; state: State }>)[] = [];
    const open = [ids];
    for (let some = open.pop(); some !== undefined; some = open.pop()) {
      const asked = some;
      try {
        const { judgements, stateOf } = await database.snapshot(async (connection) => ({
          judgements: await judge(connection, asked, this.#now),
          stateOf: await statesOf(connection, asked),
        }));
        for (const [customer, one] of judgements) judged.push({ ...one, customer, state: stateOf(customer) });
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        const half = Math.ceil(asked.length / 2);
        if (asked.length > 1) open.push(asked.slice(half), asked.slice(0, half));
        else for (const customer of asked) await this.#leaveOut(customer, String(error));
      }
    }
    return judged;
  }

  async #leaveOut(customer: string, cause: string): Promise<void> {
    if (this.#leftOut.get(customer) !== cause)
      this.options.warned(
        `Access of ${customer} is not decided: ${cause} It is retried at the next event, or after an hour.`,
      );
    if (this.#leftOut.size >= LEFT_OUT_MAX) this.#leftOut.clear();
    this.#leftOut.set(customer, cause);
    const now = this.#now;
    await postpone(this.options.database, customer, { now, to: new Date(now.getTime() + LEFT_OUT_MS) });
  }

  async #recordAll(changes: readonly Change[], as: (change: Change) => RecordedAs): Promise<void> {
    for (let at = 0; at < changes.length; at += PAGE) {
      const page = changes.slice(at, at + PAGE);
      const recorded = await Promise.all(page.map((change) => this.#record(change, as(change))));
      await note(
        this.options.database,
        page.flatMap((change, place) =>
          recorded[place] !== true
            ? []
            : {
                ...{ customer: change.customer, nextAt: change.nextAt, held: null },
                rejected: typeof as(change) === 'string' ? null : change.decision.now,
              },
        ),
      );
    }
    if (changes.length > 0) await this.#learn();
  }

  /** Records a decision; false when the store will never accept it. */
  async #record({ customer, decision }: Change, as: RecordedAs): Promise<boolean> {
    const written = await record(this.options.store, decision, as);
    switch (written.kind) {
      case 'written':
        this.#leftOut.delete(customer);
        this.#recorded.set(customer, JSON.stringify(accessOf(decision.now)));
        if (as === 'change') this.options.decided(decision.because.kind);
        return true;
      case 'wrong_expected_revision':
        this.#again(customer, decision.because);
        return true;
      case 'too_large':
      case 'stream_deleted':
        await this.#leaveOut(customer, `The event store refused the decision: ${written.kind}.`);
        return false;
      case 'unavailable':
        throw new Error(`A decision about ${customer} was not written: ${written.kind}.`);
    }
  }

  /** Marks a customer again, after another process was faster: its decision is learned first. */
  #again(customer: string, because: Because): void {
    this.#soil(customer, { from: this.#progress?.lookedTo ?? -1n, atMs: 0, because });
  }

  /** Holds decisions for approval. */
  async #hold(changes: readonly Change[], id: string): Promise<void> {
    await note(
      this.options.database,
      changes.map(({ customer, nextAt, decision }) => ({ customer, nextAt, held: { id, decision }, rejected: null })),
    );
  }

  async #applyVerdicts(): Promise<void> {
    const { store, database } = this.options;
    const { count, holds } = await heldSummary(database);
    this.options.held(count);
    if (count === 0) return;
    const verdicts = await readVerdicts(store);
    const free = holds.filter((hold) => verdicts.has(hold));
    for (let after = ''; free.length > 0;) {
      const page = await listHeld(database, { after, max: PAGE, holds: free });
      const last = page.at(-1);
      if (last === undefined) return;
      await leaseDecider(database, this.#owner);
      const changes = await this.#judge(
        new Map(page.map(({ decision: { customer, because } }) => [customer, because])),
      );
      // Each stays held until its decision is in the log, so the next process continues with the rest.
      const verdictOf = ({ state }: Change): RecordedAs | undefined => verdicts.get(state.held ?? '');
      await this.#recordAll(
        changes.filter((change) => verdictOf(change) !== undefined),
        (change) => verdictOf(change) ?? 'change',
      );
      after = last.decision.customer;
    }
  }

  /** Saves the position up to which everything is decided, from which another process takes over. */
  async #save(): Promise<void> {
    const progress = this.#progress;
    if (progress === null) return;
    const open = [...this.#dirty.values()].map(({ from }) => from);
    const reached = this.#seen.reached ?? progress.lookedTo;
    this.#progress = {
      ...progress,
      lookedTo: reached === null ? null : open.reduce((lowest, one) => (one < lowest ? one : lowest), reached),
    };
    if (await saveProgress(this.options.database, this.#owner, this.#progress)) this.#saved = this.#progress;
    else await this.#forget();
  }
}

/** Returns the changes that are not held already; those stay held until they are approved. */
const unheld = (changes: readonly Change[]): Change[] => changes.filter(({ state }) => state.held === null);

const isSameProgress = (a: Progress, b: Progress): boolean =>
  a.logName === b.logName && a.decidedTo === b.decidedTo && a.lookedTo === b.lookedTo;

const EMPTY = { decidedTo: null, lookedTo: null, policy: null, shown: null } as const;
