import { setTimeout as pause } from 'node:timers/promises';
import type { Item, Page } from '../stripe-api/answers.js';
import { isPassing, isRefusal, type Refusal } from '../stripe-api/refusals.js';
import { isIn, resourceOf, RESOURCES, type Resource } from '../stripe-api/resources.js';
import type { Reply, StripeApi } from '../stripe-api/stripe-api.js';
import { closureOf } from './closure.js';
import { compareEvents, type EventsFound } from './events-pass.js';
import { absenceOf, lookOf, testClockOf, type Look, type Whose } from './look.js';
import { estimateOf, restOf, wholeOf, withoutCursor, type OpenRange } from './ranges.js';
import { noPageOf, pageOf, payoutsToAsk, transactionsOf } from './payouts-pass.js';
import { LISTED, NEWS, NOTHING, Recorder, type Recorded, type RecorderParts } from './recorder.js';
import type { RunAtWork } from './run-at-work.js';

/** An object to retrieve again, by id. */
type Later = Readonly<{ object: string; id: string }>;

/**
 * The progress of a backfill, as plain JSON. An open range may have been read in part; reading it again appends nothing
 * twice.
 */
export type BackfillState = Readonly<{
  phase: 'clocks' | 'events' | 'objects' | 'closure' | 'payouts' | 'later' | 'events_again' | 'done';
  /** Events are compared up to this second. */
  eventsTo: number | null;
  open: readonly OpenRange[];
  later: readonly Later[];
  /** By test clock: its frozen time, or null while it advances. */
  clocks: Readonly<Record<string, number | null>>;
  /** By object name: how many objects were listed, and the count of each verdict. */
  counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  events: Readonly<{ listed: number; appended: number }>;
  /** Resources that could not be read, and why. */
  skipped: Readonly<Record<string, string>>;
  requests: number;
}>;

export type BackfillParts = RecorderParts &
  Readonly<{
    api: StripeApi;
    /** The account and mode that the API serves. */
    whose: Whose;
    signal: AbortSignal;
    /** The delay before objects that were changing are read again, in ms (default: 60 s). */
    laterMs?: number;
  }>;

/** Progress callbacks of a backfill. */
export type BackfillNews = Readonly<{
  /** After each checkpoint. */
  progress: (state: BackfillState, estimates: Readonly<Record<string, number>>) => void;
  /** Stripe is unavailable; the run waits. */
  waiting: (why: string) => void;
}>;

/** `stopped`: the run can be resumed, and `why` gives the cause. */
export type BackfillEnd = Readonly<{
  run: RunAtWork;
  state: BackfillState;
  kind: 'finished' | 'stopped';
  why: string | null;
}>;

const WORKERS = 8;
const CHECKPOINT_MS = 5_000;
const CHECKPOINT_OBJECTS = 2_000;
/** Stripe keeps events for 30 days; one hour more is requested, to be safe at the edge. */
const EVENTS_KEPT_S = 30 * 86_400 + 3_600;
const SETTLED_S = 60;
const LATER_ROUNDS = 5;
const LATER_MS = 60_000;
const WAIT_MIN_MS = 2_000;
const WAIT_MAX_MS = 300_000;

const BEGINNING: BackfillState = {
  phase: 'clocks',
  eventsTo: null,
  open: [],
  later: [],
  clocks: {},
  counts: {},
  events: { listed: 0, appended: 0 },
  skipped: {},
  requests: 0,
};

/** Refusals that apply to every request, whatever it asks for. */
const CONCERNS_ALL: ReadonlySet<Refusal['kind']> = new Set(['stopped', 'over_budget', 'bad_key', 'not_connected']);

/** The run must stop: interrupted, or refused in a way that waiting does not resolve. */
class Stopped extends Error {}

/**
 * Reads everything that Stripe has for one account, and records what the log lacks. It may be killed at any moment and
 * resumes from its last checkpoint: the work since is repeated and appends nothing twice.
 */
export class Backfill {
  readonly #recorder: Recorder;
  #state: BackfillState;
  /** Ranges that a worker is reading; each stays open until its page is recorded. */
  readonly #taken = new Set<OpenRange>();
  #checkpointAt = performance.now();
  #objectsSince = 0;
  /** When an object was last found changing; after a restart, the time of the restart. */
  #laterSince = performance.now();
  #checkpointing: Promise<void> | null = null;

  constructor(
    private readonly parts: BackfillParts,
    private readonly run: RunAtWork,
    private readonly news: BackfillNews,
  ) {
    this.#recorder = new Recorder(parts);
    this.#state = { ...BEGINNING, ...(run.standing.state as Partial<BackfillState>) };
  }

  /** Works until everything is read or the run is stopped. @throws RunTaken when another process works on the run */
  async work(): Promise<BackfillEnd> {
    try {
      for (const phase of this.#phases()) {
        if (this.#state.phase === phase.name) {
          this.#assertWanted();
          await phase.work();
          this.#state = { ...this.#state, phase: phase.next };
          await this.#checkpoint('checkpoint');
        }
      }
      await this.#checkpoint('finished');
      return { run: this.run, state: this.#state, kind: 'finished', why: null };
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      await this.#checkpointing?.catch(() => undefined);
      await this.#checkpoint('stopped', error.message);
      return { run: this.run, state: this.#state, kind: 'stopped', why: error.message };
    }
  }

  #phases() {
    const { at, livemode } = this.run.started;
    const phase = (
      name: BackfillState['phase'],
      next: BackfillState['phase'],
      work: () => Promise<void> | void,
    ): { name: BackfillState['phase']; next: BackfillState['phase']; work: () => Promise<void> | void } => ({
      name,
      next,
      work,
    });
    return [
      phase('clocks', 'events', () => (livemode ? undefined : this.#clocks())),
      phase('events', 'objects', () => this.#events(at - EVENTS_KEPT_S, at)),
      phase('objects', 'closure', () => this.#objects()),
      phase('closure', 'payouts', () => this.#closure()),
      phase('payouts', 'later', () => this.#payouts()),
      phase('later', 'events_again', () => this.#laterAgain()),
      phase('events_again', 'done', () => this.#eventsAgain(at - 3_600)),
    ];
  }

  get #whose(): Whose {
    return this.parts.whose;
  }

  get #purpose() {
    return { run: this.run.id, reason: 'backfill', causedBy: null } as const;
  }

  /** The requested resources that exist in this API version. */
  #resources(): readonly Resource[] {
    const { options, apiVersion, livemode } = this.run.started;
    const { only = [], with: more = [] } = options as { only?: readonly string[]; with?: readonly string[] };
    return RESOURCES.filter(
      (resource) =>
        isIn(resource, apiVersion) &&
        (only.length > 0
          ? only.includes(resource.object)
          : resource.when === 'default' ||
            more.includes(resource.object) ||
            (resource.when === 'sandbox' && !livemode)),
    );
  }

  async #clocks(): Promise<void> {
    const clocks = resourceOf('test_helpers.test_clock');
    if (clocks === null) return;
    for (let after: string | null = null, isLast = false; !isLast;) {
      const asked: string | null = after;
      const page = await this.#patient((): Promise<Page | Refusal> => this.parts.api.page(clocks, { after: asked }));
      if (page.kind === 'cursor_gone' && after !== null) {
        after = null;
        continue;
      }
      if (page.kind !== 'page') return this.#skip(clocks.object, page);
      [after, isLast] = [page.cursor, !page.hasMore];
      for (const { id, value } of page.items) {
        const { status, frozen_time: time } = value as { status?: unknown; frozen_time?: unknown };
        const stands = status === 'ready' && typeof time === 'number' ? time : null;
        this.#state = { ...this.#state, clocks: { ...this.#state.clocks, [id]: stands } };
      }
    }
  }

  async #events(from: number, to: number): Promise<void> {
    if (this.#options.only !== undefined) return;
    const found = await this.#patient(() => this.#compareEvents(from, to));
    if (isRefusal(found)) this.#skip('event', found);
    else this.#state = { ...this.#state, requests: this.#state.requests + found.requests };
  }

  /** Compares events, resuming after the last window compared. */
  #compareEvents(from: number, to: number): Promise<EventsFound | Refusal> {
    const before = this.#state.events;
    return compareEvents(this.parts, {
      from: this.#state.eventsTo === null ? from : this.#state.eventsTo + 1,
      to,
      whose: this.#whose,
      purpose: this.#purpose,
      onWindow: async (eventsTo, { listed, missing }) => {
        const events = { listed: before.listed + listed, appended: before.appended + missing.length };
        this.#state = { ...this.#state, eventsTo, events };
        await this.#checkpointIfDue();
      },
    });
  }

  /** Compares the events that occurred while objects were read; where the two overlap, events decide. */
  async #eventsAgain(from: number): Promise<void> {
    const now = await this.#patient(() => this.parts.api.account());
    if (now.kind !== 'account') throw new Stopped(now.message);
    this.#state = { ...this.#state, eventsTo: null };
    await this.#events(from, now.answered);
  }

  get #options() {
    return this.run.started.options as { only?: readonly string[]; since?: number; dryRun?: boolean };
  }

  async #objects(): Promise<void> {
    if (this.#state.open.length === 0) {
      const { at, options } = this.run.started;
      const { since = 0, opened = 0 } = options as { since?: number; opened?: number };
      // Objects on a test clock may have been created years ahead.
      const clocks = Object.values(this.#state.clocks).map((time) => time ?? 0);
      const span = { from: Math.max(since, opened), to: Math.max(at - SETTLED_S - 1, ...clocks) };
      const open = this.#resources().flatMap((resource) => [
        ...resource.listings.map((params) => wholeOf(resource, params, span)),
        ...this.#ofClocks(resource, span),
      ]);
      this.#state = { ...this.#state, open };
    }
    await this.#together((failing) => this.#readRanges(failing));
  }

  /**
   * Runs the work on all workers until every one has ended. When one fails, the others finish only their current item.
   */
  async #together(work: (failing: AbortSignal) => Promise<void>): Promise<void> {
    const failing = new AbortController();
    const ended = await Promise.allSettled(
      Array.from({ length: WORKERS }, () =>
        work(failing.signal).catch((error: unknown) => {
          failing.abort();
          throw error;
        }),
      ),
    );
    const errors = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    // Prefer a failure to a `Stopped`, which says less.
    if (errors.length > 0) throw errors.find((error) => !(error instanceof Stopped)) ?? errors[0];
  }

  /** Works on all items concurrently, in no particular order. */
  #each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
    const left = [...all];
    return this.#together(async (failing) => {
      for (let one = left.shift(); one !== undefined && !failing.aborted; one = left.shift()) await work(one);
    });
  }

  /** Stripe's lists omit objects of a test clock unless the request names that clock. */
  #ofClocks(resource: Resource, span: { from: number; to: number }): OpenRange[] {
    if (!['customer', 'subscription', 'quote'].includes(resource.object)) return [];
    return Object.keys(this.#state.clocks).map((clock) => ({
      ...wholeOf(resource, { ...resource.listings[0], test_clock: clock }, span),
      // Their `created` may lie years ahead.
      gte: null,
      lte: null,
    }));
  }

  async #readRanges(failing: AbortSignal): Promise<void> {
    for (;;) {
      const range = this.#state.open.find((one) => !this.#taken.has(one));
      if (failing.aborted) return;
      if (range === undefined) {
        // Other workers may still split the ranges that they are reading.
        if (this.#taken.size === 0) return;
        await pause(20);
        continue;
      }
      this.#taken.add(range);
      try {
        const left = await this.#readPage(range);
        this.#state = { ...this.#state, open: this.#state.open.flatMap((one) => (one === range ? left : [one])) };
      } finally {
        this.#taken.delete(range);
      }
      await this.#checkpointIfDue();
    }
  }

  /** Reads and records the next page of a range, and returns what is left of the range. */
  async #readPage(range: OpenRange): Promise<readonly OpenRange[]> {
    const resource = resourceOf(range.object);
    if (resource === null || Object.hasOwn(this.#state.skipped, range.object)) return [];
    const { gte, lte, params, after } = range;
    const created = { ...(gte === null ? {} : { gte }), ...(lte === null ? {} : { lte }) };
    const page = await this.#patient(() => this.parts.api.page(resource, { params, created, after }));
    if (page.kind === 'cursor_gone' && after !== null) return [withoutCursor(range)];
    if (page.kind !== 'page') {
      this.#skip(range.object, page);
      return [];
    }
    this.#state = { ...this.#state, requests: this.#state.requests + 1 };
    await this.#record(page.items, page);
    return restOf(range, page, WORKERS - this.#taken.size);
  }

  async #record(items: readonly Item[], answer: Pick<Page, 'asked' | 'answered' | 'requestId' | 'apiVersion'>) {
    const looks: Look[] = [];
    const later: Later[] = [];
    for (const item of items) {
      const clock = testClockOf({ name: item.object, object: item.value as Look['object'] });
      const time = clock === null ? null : (this.#state.clocks[clock] ?? null);
      if (clock !== null && time === null) later.push({ object: item.object, id: item.id });
      else looks.push(lookOf(item, answer, this.#whose, time));
    }
    this.#take(await this.#judged(looks), later);
  }

  #judged(looks: readonly Look[]): Promise<readonly Recorded[]> {
    const worth = this.#options.dryRun === true ? NOTHING : NEWS;
    return this.#recorder.recordAll(looks, { worth, purpose: this.#purpose });
  }

  #take(recorded: readonly Recorded[], later: readonly Later[] = []): void {
    const counts: Record<string, Record<string, number>> = {};
    for (const [name, own] of Object.entries(this.#state.counts)) counts[name] = { ...own };
    const again = [...later];
    for (const { look, verdict, appended } of recorded) {
      const own = (counts[look.name] ??= {});
      const isLater = verdict.kind === 'in_flight' || verdict.kind === 'busy';
      if (isLater) again.push({ object: look.name, id: look.id });
      // An unknown object that was not appended, as in a dry run, counts as `wanted`.
      const kind = isLater ? 'later' : appended === null && verdict.kind === 'unknown' ? 'wanted' : verdict.kind;
      own[kind] = (own[kind] ?? 0) + 1;
      own['listed'] = (own['listed'] ?? 0) + 1;
      if (appended !== null) own['appended'] = (own['appended'] ?? 0) + 1;
    }
    this.#objectsSince += recorded.length;
    if (again.length > 0) this.#laterSince = performance.now();
    this.#state = { ...this.#state, counts, later: [...this.#state.later, ...again] };
  }

  /** Retrieves objects that others refer to and that no list contains: deleted customers, inline prices. */
  async #closure(): Promise<void> {
    if (this.#options.only !== undefined || this.#options.dryRun === true) return;
    const named = await closureOf(this.parts.database, this.parts);
    if (named === null) {
      const why = 'the read models are behind the log, so objects named only by other objects were not read';
      return this.#leaveOut('closure', why);
    }
    await this.#each(named, (one) => this.#lookAgain(one));
  }

  /** Records what each payout consists of; balance transactions do not name their payout. */
  async #payouts(): Promise<void> {
    const { only } = this.#options;
    if ((only !== undefined && !only.includes('payout')) || this.#options.dryRun === true) return;
    const wanted = await payoutsToAsk(this.parts.database, this.parts);
    if (wanted === null) {
      const why = 'the read models are behind the log, so the contents of payouts were not read';
      return this.#leaveOut('payout_transactions', why);
    }
    await this.#each(wanted, (payout) => this.#transactionsOf(payout));
  }

  async #transactionsOf(payout: string): Promise<void> {
    for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
      const request = transactionsOf(payout, after);
      const reply: Reply | Refusal = await this.#patient(() => this.parts.api.ask(request));
      if (reply.kind !== 'answered') return this.#skip('payout_transactions', reply);
      this.#state = { ...this.#state, requests: this.#state.requests + 1 };
      const page = pageOf(payout, after, reply, this.#whose);
      if (page === null) return this.#leaveOut('payout_transactions', noPageOf(payout));
      const { look, next } = page;
      const streamOf = () => `payout-${payout}`;
      this.#take(await this.#recorder.recordAll([look], { worth: LISTED, purpose: this.#purpose, streamOf }));
      after = next;
      await this.#checkpointIfDue();
    }
  }

  async #laterAgain(): Promise<void> {
    for (let round = 1; round <= LATER_ROUNDS && this.#state.later.length > 0; round += 1) {
      const waitMs = this.#laterSince + (this.parts.laterMs ?? LATER_MS) - performance.now();
      if (waitMs > 0) await pause(waitMs, undefined, { signal: this.parts.signal }).catch(() => undefined);
      const unique = new Map(this.#state.later.map((one) => [`${one.object} ${one.id}`, one]));
      const wanted = [...unique.values()];
      this.#state = { ...this.#state, later: wanted };
      await this.#each(wanted, async (one) => {
        await this.#lookAgain(one);
        // Until then every checkpoint contains it, so a restart retrieves it again.
        this.#state = { ...this.#state, later: this.#state.later.filter((other) => other !== one) };
      });
    }
  }

  async #lookAgain({ object, id }: Later): Promise<void> {
    const resource = resourceOf(object);
    if (resource === null) return;
    const found = await this.#patient(() => this.parts.api.retrieve(resource, id));
    this.#state = { ...this.#state, requests: this.#state.requests + 1 };
    if (found.kind === 'found') await this.#record([found.item], found);
    else if (found.kind === 'gone') {
      const now = await this.#patient(() => this.parts.api.account());
      if (now.kind === 'account')
        this.#take(await this.#judged([absenceOf({ name: object, id, bytes: found.body }, now, this.#whose)]));
    } else this.#skip(object, found);
    await this.#checkpointIfDue();
  }

  /** Skips a resource that Stripe refuses. @throws Stopped for a refusal that applies to every request */
  #skip(object: string, refusal: Refusal): void {
    if (CONCERNS_ALL.has(refusal.kind)) throw new Stopped(refusal.message);
    this.#leaveOut(object, refusal.message);
  }

  #leaveOut(object: string, why: string): void {
    this.#state = { ...this.#state, skipped: { ...this.#state.skipped, [object]: why } };
  }

  /**
   * Retries with backoff until Stripe answers, without limit. @throws Stopped for a refusal that applies to every
   * request
   */
  async #patient<T extends object>(ask: () => Promise<T>): Promise<T> {
    for (let waitMs = WAIT_MIN_MS; ; waitMs = Math.min(waitMs * 2, WAIT_MAX_MS)) {
      const answer = await ask();
      if (!isRefusal(answer)) return answer;
      if (CONCERNS_ALL.has(answer.kind)) throw new Stopped(answer.message);
      if (!isPassing(answer)) return answer;
      this.news.waiting(answer.message);
      await pause(waitMs, undefined, { signal: this.parts.signal }).catch(() => undefined);
    }
  }

  /** @throws Stopped when the run is interrupted */
  #assertWanted(): void {
    if (this.parts.signal.aborted) throw new Stopped('interrupted');
  }

  async #checkpointIfDue(): Promise<void> {
    this.#assertWanted();
    const isDue = this.#objectsSince >= CHECKPOINT_OBJECTS || performance.now() - this.#checkpointAt >= CHECKPOINT_MS;
    if (!isDue) return;
    this.#checkpointing ??= this.#checkpoint('checkpoint').finally(() => {
      this.#checkpointing = null;
    });
    await this.#checkpointing;
  }

  async #checkpoint(step: 'checkpoint' | 'finished' | 'stopped', why: string | null = null): Promise<void> {
    this.#checkpointAt = performance.now();
    this.#objectsSince = 0;
    const state = this.#state;
    await this.run.say({ step, state: { ...state, why } });
    this.news.progress(state, this.#estimates(state));
  }

  #estimates({ open, counts }: BackfillState): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#resources().map(({ object }) => [
        object,
        estimateOf(
          open.filter((range) => range.object === object),
          counts[object]?.['listed'] ?? 0,
        ),
      ]),
    );
  }
}
