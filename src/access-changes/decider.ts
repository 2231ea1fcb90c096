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

/** What holds for a customer now, and when it next changes without an event. */
type Judgement = Readonly<{ answer: AccessAnswer; reference: string | null; nextAt: Date | null }>;
/** @throws what keeps one of these customers from being judged */
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
  /** Tells one set of rules from another. */
  policy: string;
  brake: Brake;
  now: () => Date;
  decided: (because: Because['kind']) => void;
  held: (customers: number) => void;
  warned: (text: string) => void;
}>;

/** A customer whose facts may have changed: since when, until when, after which position, why. */
type Dirty = { firstMs: number; lastMs: number; from: bigint; because: Because };
/** A decision that is to be recorded, or held. */
type Change = Readonly<{ customer: string; state: State; nextAt: Date | null; decision: Decision }>;

/** A burst of events about a customer is one change: decided after this long without an event, or after this long in all. */
const QUIET_MS = 2_000;
const LASTS_MS_MAX = 5_000;
const PAGE = 50;
const STREAMS_MAX = 500;
const SWEEP_PAGE = 200;
/** Changes within this time count together, in however many rounds they are decided. */
const ONE_TIME_MS = 60_000;
const DECISIONS_READ = 500;
/** Who cannot be judged, as with more rows than an answer takes, is judged at the next event, and else so seldom. */
const LEFT_OUT_MS = 3_600_000;
/** Of how many customers it is remembered why they were left out, so that it is not told again. */
const LEFT_OUT_MAX = 1_000;
const NAME_WITHIN_MS = 5_000;

/** Decides who has access, records what has changed, and holds back what is too much at one time. One process does so at a time. */
export class Decider {
  readonly #owner = randomUUID();
  readonly #seen: SeenEvents;
  readonly #dirty = new Map<string, Dirty>();
  /** What this process recorded and has not read back yet: another may have been there first. */
  readonly #recorded = new Map<string, string>();
  /** How many changes were recorded when, but for those that somebody approved. */
  #recent: { atMs: number; changes: number }[] = [];
  #progress: Progress | null = null;
  /** As Postgres has it. */
  #saved: Progress | null = null;
  #hasBegun = false;
  #hasTables = false;
  /** Why customers could not be judged, or their decisions not recorded. */
  readonly #leftOut = new Map<string, string>();

  constructor(private readonly options: DeciderOptions) {
    this.#seen = new SeenEvents(options.store, options.now);
  }

  /** One round; whether this process decides. @throws what store or Postgres fail with: the next round goes on */
  async tick(): Promise<boolean> {
    const { store, database, projections } = this.options;
    if (!this.#hasTables) await ensureStates(database);
    this.#hasTables = true;
    const progress = await leaseDecider(database, this.#owner).catch((error: unknown) => {
      // Somebody has dropped them: they are made again.
      this.#hasTables = !isNotYetMade(error);
      throw error;
    });
    if (progress === null) {
      await this.#forget();
      return false;
    }
    // Postgres was emptied, or restored: what this process knows is of rows that are gone.
    if (this.#saved !== null && !isSameProgress(progress, this.#saved)) await this.#forget();
    const rows = await rowsNow(database, projections);
    if (rows === null) return true;
    const logName = await nameOfLog(store, NAME_WITHIN_MS);
    this.#progress ??= progress.logName === logName ? progress : { ...EMPTY, logName };
    await this.#learn();
    await this.#sweepIfNeeded(rows);
    this.#seen.follow(this.#progress.lookedTo);
    await this.#mapStreams(rows.position).catch((error: unknown) => {
      // What was taken is looked for again.
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

  /** Takes over what the log says was decided, by whomever. */
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

  /** Everything is judged at the first start, when the rules are others, when other rows are shown, and when Postgres was lost. */
  async #sweepIfNeeded({ shown, position }: { shown: string; position: bigint }): Promise<void> {
    const { store, database, policy } = this.options;
    const progress = this.#progress;
    if (progress === null) return;
    this.#hasBegun ||= await hasBegun(store);
    const isBaseline = !this.#hasBegun;
    if (!isBaseline && progress.lookedTo !== null && progress.policy === policy && progress.shown === shown) return;
    // What comes from here on is seen as it comes; a sweep sees the rows with all that was before.
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
      `Access of ${customers} customers would change at once, so that nothing is recorded. "access changes" lists them, "access approve" lets them go.`,
    );
    return randomUUID();
  }

  /**
   * Judges all of them before anything is recorded, so that their number tells whether it is too much at one time. Those of whom nothing
   * was decided have nothing to lose, and are never held.
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

  /** Events whose rows are there are events of customers now. */
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

  /** Those that are quiet, and those whose time has come. */
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
   * What has changed of these customers. Notes when the others change by time; what is held and the same again is let go, and so is what
   * was rejected and is another answer now.
   */
  async #judge(customers: ReadonlyMap<string, Because>): Promise<Change[]> {
    const { database } = this.options;
    const now = this.#now;
    const judged = await this.#judgeEach([...customers.keys()]);
    const changes: Change[] = [];
    const notes: Note[] = [];
    for (const { customer, state, answer, reference, nextAt } of judged) {
      const { considered: _, ...told } = answer;
      const rejected = state.rejected !== null && isSameConclusion(told, state.rejected) ? state.rejected : null;
      if (rejected !== null || isSameAccess(answer, state.access)) {
        this.#leftOut.delete(customer);
        // Somebody who never had access and is not to be asked again leaves no trace.
        if (state.revision >= 0n || nextAt !== null || state.held !== null)
          notes.push({ customer, nextAt, held: null, rejected });
        continue;
      }
      const decision: Decision = {
        customer,
        reference,
        revision: Number(state.revision) + 1,
        before: state.access,
        now: told,
        because: customers.get(customer) ?? { kind: 'repair' },
        decidedAt: now.toISOString(),
      };
      changes.push({ customer, state, nextAt, decision });
      // Else it is noted when the decision is in the log: until then it is due.
      if (state.held !== null) notes.push({ customer, nextAt, held: { id: state.held, decision }, rejected: null });
    }
    await note(database, notes);
    return changes;
  }

  /** Judges customers by the rows of now. What is thrown concerns one of them: they are judged in halves, and that one is left out. */
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
        `Access of ${customer} is not decided: ${cause} It is judged again at its next event, and else after an hour.`,
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

  /** False when the store never takes it. */
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
        await this.#leaveOut(customer, `The store refuses the decision: ${written.kind}.`);
        return false;
      case 'unavailable':
        throw new Error(`A decision about ${customer} was not written: ${written.kind}.`);
    }
  }

  /** Another process was faster: its decision is learnt first. */
  #again(customer: string, because: Because): void {
    this.#soil(customer, { from: this.#progress?.lookedTo ?? -1n, atMs: 0, because });
  }

  /** Keeps decisions for an approval. */
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
      // Each is held until its decision is in the log: a process that ends here goes on with the rest.
      const verdictOf = ({ state }: Change): RecordedAs | undefined => verdicts.get(state.held ?? '');
      await this.#recordAll(
        changes.filter((change) => verdictOf(change) !== undefined),
        (change) => verdictOf(change) ?? 'change',
      );
      after = last.decision.customer;
    }
  }

  /** Up to where all that was seen is decided: a process that takes over begins there. */
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

/** Those that are not held already: they stay so until they are approved. */
const unheld = (changes: readonly Change[]): Change[] => changes.filter(({ state }) => state.held === null);

const isSameProgress = (a: Progress, b: Progress): boolean =>
  a.logName === b.logName && a.decidedTo === b.decidedTo && a.lookedTo === b.lookedTo;

const EMPTY = { decidedTo: null, lookedTo: null, policy: null, shown: null } as const;
