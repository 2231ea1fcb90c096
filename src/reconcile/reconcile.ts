import { isDeepStrictEqual } from 'node:util';
import { invoices } from '../../projections/invoices.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { field } from '../events/json.js';
import { readStreamBack } from '../eventstore/read.js';
import { sampleStreams } from '../read-models/event-index.js';
import { viewOf } from '../read-models/schema.js';
import type { Page } from '../stripe-api/answers.js';
import type { Refusal } from '../stripe-api/refusals.js';
import { resourceOf, RESOURCES, isIn, type Resource } from '../stripe-api/resources.js';
import { recover, type Recovered } from './coverage.js';
import type { RowChange } from './judge.js';
import { absenceOf, lookOf, type Look, type Purpose, type Whose } from './look.js';
import { NOTHING, Recorder, REPAIRS, type Recorded, type RecorderParts } from './recorder.js';
import { whoseOf, type Session } from './session.js';
import { lookByClock, retrieveByClock, timeIn } from './test-clocks.js';

/**
 * An object that the ledger and Stripe show differently. A second look confirmed it, unless too many objects differed.
 */
export type Finding = Readonly<{
  /** `unknown`: the log has nothing about it. `busy`: it was still changing at the last look. */
  verdict: 'unknown' | 'drift' | 'gone' | 'contradicts' | 'unreadable' | 'busy';
  object: string;
  id: string;
  stream: string | null;
  rows: readonly RowChange[];
  /** Something happened between these seconds that no recorded event reports. */
  since: Readonly<{ after: number; before: number }> | null;
  cause: string | null;
  /** Stripe's ids of the requests that showed the difference. */
  looks: readonly (string | null)[];
  /** The observation that was appended; null: none was. */
  repaired: Readonly<{ revision: bigint; position: bigint }> | null;
}>;

export type Reconciled = Readonly<{
  kind: 'reconciled' | 'stopped';
  /** Why it stopped; null: it did not. */
  why: string | null;
  recovered: Extract<Recovered, { kind: 'recovered' }> | null;
  findings: readonly Finding[];
  /** The number of first looks, by verdict. */
  counts: Readonly<Record<string, number>>;
  /** How many objects differed at the first look and were not looked at again; nothing is concluded about them. */
  unconfirmed: number;
  /** Resources that could not be read, and why; nothing is concluded about them either. */
  skipped: Readonly<Record<string, string>>;
}>;

export type ReconcileOptions = Readonly<{
  /** Compare everything that Stripe lists, not only what can still change money or access. */
  all: boolean;
  only: readonly string[];
  repair: boolean;
  /** The maximum number of repairs. */
  max: number;
  /** Compares this many objects, sampled at random from the log, instead of Stripe's lists. */
  sample?: number;
  /** Waits this many seconds by Stripe's clock. */
  wait: (seconds: number) => Promise<void>;
  report: (text: string) => void;
  /** The run that repairs are attributed to. */
  run: string | null;
  /** Stops the comparison at its next request. */
  signal?: AbortSignal;
}>;

type Parts = RecorderParts & Readonly<{ session: Session }>;
type Suspect = Readonly<{ recorded: Recorded; rows: readonly RowChange[] }>;
type Listing = Readonly<{ resource: Resource; params: Readonly<Record<string, string>> }>;

/** The time between two looks, by Stripe's clock; events in flight at the first look have arrived by the second. */
const LOOKS_APART_S = 60;
const LOOKS_MAX = 5;
/** When more than this share differs, the key, the mode or the ledger is wrong, and nothing may be repaired. */
const DRIFTED_SHARE_MAX = 0.05;
const COMPARED_MIN = 100;
/** Open rows per query. */
const OPEN_PAGE = 1_000;
/** Objects that wait for their second look are held in memory. */
const SUSPECTS_MAX = 5_000;
const OPEN: Readonly<Record<string, readonly string[]>> = {
  subscription: ['trialing', 'active', 'past_due', 'unpaid', 'paused', 'incomplete'],
  invoice: ['draft', 'open', 'uncollectible'],
};
const LISTED_BY_CLOCK = new Set(['customer', 'subscription']);

/** Refusals that concern a single resource. */
const OF_ONE_NAME: ReadonlySet<Refusal['kind']> = new Set(['denied', 'not_available', 'refused']);
/** Restarting a list is safe: looking at an object twice changes nothing. */
const RESTARTS_MAX = 5;

/** Stops the comparison: it was interrupted, a request was refused, or too much differs to repair anything. */
class Stopped extends Error {}

/**
 * Whether an invoice item was billed. Its invoice's line then reports what became of it and no event of its own does,
 * so a difference is no drift.
 */
const isBilledItem = ({ name, object }: Look): boolean =>
  name === 'invoiceitem' && typeof field(object, 'invoice') === 'string';

/**
 * Compares the ledger with Stripe, object by object. It first recovers missing events, then looks again, later, at
 * every object that still differs. Only an object that differs in the same way twice is a finding; a repair, where
 * enabled, appends what the second look showed.
 */
export class Reconcile {
  readonly #recorder: Recorder;
  readonly #whose: Whose;
  readonly #counts: Record<string, number> = {};
  readonly #seen = new Set<string>();
  /** By test clock: its frozen time, or null while it advances. */
  readonly #clocks = new Map<string, number | null>();
  /** Objects that differed at their last look and await the next one. */
  #open: Suspect[] = [];
  readonly #findings: Finding[] = [];
  readonly #skipped: Record<string, string> = {};
  #compared = 0;
  #repairs = 0;

  constructor(
    private readonly parts: Parts,
    private readonly options: ReconcileOptions,
  ) {
    this.#recorder = new Recorder(parts);
    this.#whose = whoseOf(parts.session);
  }

  /** @throws NotRecorded when the store does not accept a repair */
  async run(): Promise<Reconciled> {
    const { session, store, appender, database } = this.parts;
    const { run, repair } = this.options;
    const events = await recover({ api: session.api, store, appender, database }, { session, run, isDryRun: !repair });
    const recovered = events.kind === 'recovered' ? events : null;
    const ended = (kind: Reconciled['kind'], why: string | null): Reconciled => ({
      ...{ kind, why, recovered },
      ...{ findings: this.#findings, counts: this.#counts, unconfirmed: this.#open.length, skipped: this.#skipped },
    });
    if (events.kind === 'refused') return ended('stopped', events.message);
    // A difference that a missing event explains is no drift.
    const missedIds = new Set(recovered?.missed.map(({ objectId }) => objectId));
    try {
      await this.#askClocks();
      const { sample } = this.options;
      await (sample === undefined ? this.#sweep() : this.#sampled(sample));
      this.#open = this.#open.filter(({ recorded: { look } }) => !missedIds.has(look.id));
      this.#assertFew();
      await this.#confirm();
      return ended('reconciled', null);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      return ended('stopped', error.message);
    }
  }

  /** @throws Stopped when too much differs for it to be drift */
  #assertFew(): void {
    const of = (...kinds: readonly string[]): number =>
      this.#open.filter(({ recorded: { verdict } }) => kinds.includes(verdict.kind)).length;
    if (of('unknown') > Math.max(this.#compared, COMPARED_MIN))
      throw new Stopped('Most objects at Stripe are not recorded. Run "backfill" first.');
    const drifted = of('drift', 'gone', 'contradicts');
    if (this.#compared >= COMPARED_MIN && drifted > this.#compared * DRIFTED_SHARE_MAX) {
      // This many differences are not changes in progress, so report them without a second look.
      this.#findings.push(...this.#open.splice(0).map(findingOf));
      throw new Stopped(
        `${drifted} of ${this.#compared} objects differ, more than 5 %, which points to a configuration error. Check the key, the account and STRIPE_API_VERSION. Nothing was repaired.`,
      );
    }
    if (this.#open.length > SUSPECTS_MAX)
      throw new Stopped(`More than ${SUSPECTS_MAX} objects differ. Compare in parts, with --only.`);
  }

  /** Takes first looks at the objects that Stripe lists, and at those that are open in the rows and in no list. */
  async #sweep(): Promise<void> {
    for (const { resource, params } of this.#listings()) {
      for await (const page of this.#pages(resource, params)) {
        if (resource.object in OPEN) for (const { object, id } of page.items) this.#seen.add(`${object} ${id}`);
        const timeOf = (clock: string) => this.#clocks.get(clock) ?? null;
        const looks = page.items.flatMap((item) => lookByClock(item, page, this.#whose, timeOf) ?? []);
        this.#open.push(...(await this.#judged(looks)));
        if (this.#open.length > SUSPECTS_MAX) this.#assertFew();
      }
      // One line per test clock would bury the others.
      if (params['test_clock'] === undefined)
        this.options.report(
          `${[resource.object, ...Object.values(params)].join(' ')}: ${this.#compared} objects compared`,
        );
    }
    for await (const { object, id, stream } of this.#openRows()) {
      if (this.#seen.has(`${object} ${id}`) || object in this.#skipped) continue;
      const look = await this.#lookAt(object, id, undefined);
      if (look !== null) this.#open.push(...(await this.#judged([look], () => stream)));
    }
  }

  /**
   * Yields the pages of a list, and restarts the list when its cursor is gone. A resource that the key may not read is
   * skipped. @throws Stopped
   */
  async *#pages(resource: Resource, params: Listing['params']): AsyncGenerator<Page, void> {
    if (resource.object in this.#skipped) return;
    for (let restarts = 0, isWhole = false; !isWhole; restarts += 1) {
      isWhole = true;
      for await (const page of this.parts.session.api.pages(resource, { params })) {
        this.#assertWanted();
        if (page.kind === 'page') yield page;
        else if (page.kind === 'cursor_gone' && restarts < RESTARTS_MAX) isWhole = false;
        else this.#skip(resource.object, page);
      }
    }
  }

  /** @throws Stopped for a refusal that concerns more than this resource */
  #skip(object: string, { kind, message }: Refusal): void {
    if (!OF_ONE_NAME.has(kind)) throw new Stopped(message);
    if (object in this.#skipped) return;
    this.#skipped[object] = message;
    this.options.report(`left out: ${object}: ${message}`);
  }

  /** @throws Stopped when the signal is aborted */
  #assertWanted(): void {
    if (this.options.signal?.aborted === true) throw new Stopped('It was asked to stop.');
  }

  #listings(): readonly Listing[] {
    const { all, only } = this.options;
    const wanted = RESOURCES.filter(
      (resource) =>
        isIn(resource, this.parts.session.apiVersion) &&
        (only.length > 0
          ? only.includes(resource.object)
          : all
            ? resource.when === 'default'
            : resource.object in OPEN),
    );
    return wanted.flatMap((resource) => {
      const statuses = all ? undefined : OPEN[resource.object];
      const listings = statuses?.map((status) => ({ status })) ?? resource.listings;
      const each = listings.flatMap((params) => [params, ...this.#ofClocks(resource, params)]);
      return each.map((params) => ({ resource, params }));
    });
  }

  /** Stripe's lists omit objects of a test clock unless the request names that clock. */
  #ofClocks({ object }: Resource, params: Listing['params']): Listing['params'][] {
    if (!LISTED_BY_CLOCK.has(object)) return [];
    return [...this.#clocks].flatMap(([clock, time]) => (time === null ? [] : [{ ...params, test_clock: clock }]));
  }

  /**
   * Reads the times of test clocks, before the objects that are on them. With a key that may not read clocks, their
   * objects are skipped.
   */
  async #askClocks(): Promise<void> {
    const clocks = resourceOf('test_helpers.test_clock');
    if (this.#whose.livemode || clocks === null) return;
    for await (const page of this.parts.session.api.pages(clocks)) {
      if (page.kind !== 'page') return;
      for (const item of page.items) this.#clocks.set(item.id, timeIn(item));
    }
  }

  /** Takes first looks at objects sampled at random from the log. */
  async #sampled(count: number): Promise<void> {
    for (const stream of await sampleStreams(this.parts.database, count)) {
      const named = objectOfStream(stream);
      // Asked for an object of another account, Stripe would answer that there is none.
      const look =
        named === null || !(await this.#isOurs(stream)) ? null : await this.#lookAt(named.object, named.id, undefined);
      if (look !== null && !isBilledItem(look)) this.#open.push(...(await this.#judged([look], () => stream)));
    }
    this.options.report(`${this.#compared} objects compared`);
  }

  /** Whether a stream belongs to the session's account and mode. */
  async #isOurs(stream: string): Promise<boolean> {
    for await (const { metadata } of readStreamBack(this.parts.store, stream, { max: 1 }))
      return metadata?.account === this.#whose.account && metadata.livemode === this.#whose.livemode;
    return false;
  }

  /** Yields the objects that are open in the rows, page by page, however many there are. */
  async *#openRows(): AsyncGenerator<Readonly<{ object: string; id: string; stream: string }>> {
    const { only } = this.options;
    const views = [
      ['subscription', viewOf(subscriptions, 'subscriptions')],
      ['invoice', viewOf(invoices, 'invoices')],
    ] as const;
    for (const [object, view] of views) {
      if (only.length > 0 && !only.includes(object)) continue;
      for (let after = ''; ;) {
        const { rows }: { rows: { id: string; stream: string }[] } = await this.parts.database.query(
          `select id, stream from ${view} where status = any($2) and livemode = $1 and id > $3
           and account is not distinct from $4 order by id limit ${OPEN_PAGE}`,
          [this.#whose.livemode, OPEN[object], after, this.#whose.account],
        );
        for (const row of rows) yield { object, ...row };
        const last = rows.at(-1);
        if (last === undefined) break;
        after = last.id;
      }
    }
  }

  async #judged(looks: readonly Look[], streamOf?: (look: Look) => string): Promise<Suspect[]> {
    const recorded = await this.#recorder.recordAll(looks, {
      worth: NOTHING,
      purpose: this.#purpose,
      ...(streamOf === undefined ? {} : { streamOf }),
    });
    for (const { verdict } of recorded) {
      this.#counts[verdict.kind] = (this.#counts[verdict.kind] ?? 0) + 1;
      if (verdict.kind !== 'unknown') this.#compared += 1;
    }
    return recorded
      .filter(({ verdict }) => SUSPICIOUS.has(verdict.kind))
      .map((one) => ({ recorded: one, rows: rowsOf(one) }));
  }

  /**
   * A look at the object's current state; null while its test clock advances, or when it is of the other mode. @throws
   * Stopped
   */
  async #lookAt(object: string, id: string, apiVersion: string | undefined): Promise<Look | null> {
    this.#assertWanted();
    const resource = resourceOf(object);
    if (resource === null) return null;
    const { api } = this.parts.session;
    const found = await retrieveByClock(api, resource, { id, ...(apiVersion === undefined ? {} : { apiVersion }) });
    if (found.kind === 'found') return lookOf(found.item, found, this.#whose, found.time);
    if (found.kind === 'advancing' || found.kind === 'other_mode') return null;
    if (found.kind !== 'gone') {
      this.#skip(object, found);
      return null;
    }
    const now = await api.account();
    if (now.kind !== 'account') throw new Stopped(now.message);
    return absenceOf({ name: object, id, bytes: found.body }, now, this.#whose);
  }

  /**
   * Looks again a minute later, in rounds. What differs in the same way is a finding, and is repaired if enabled; what
   * differs in another way is still changing.
   */
  async #confirm(): Promise<void> {
    for (let look = 2; look <= LOOKS_MAX && this.#open.length > 0; look += 1) {
      await this.options.wait(LOOKS_APART_S);
      for (const suspect of [...this.#open]) {
        const now = await this.#lookAgain(suspect);
        // It leaves `#open` only after the look, so that the `unconfirmed` count of a stopped run is right.
        if (now !== null && isAlike(suspect, now)) this.#findings.push(await this.#found(suspect, now));
        this.#open.shift();
        if (now !== null && !isAlike(suspect, now)) this.#open.push(now);
      }
    }
    this.#findings.push(...this.#open.splice(0).map((one) => ({ ...findingOf(one), verdict: 'busy' as const })));
  }

  /**
   * The object if it still differs, else null. It is read in the API version of its last event, so that versions cannot
   * cause a difference.
   */
  async #lookAgain({ recorded: { look, stream, anchorVersion } }: Suspect): Promise<Suspect | null> {
    const next = await this.#lookAt(look.name, look.id, anchorVersion ?? undefined);
    if (next === null) return null;
    const [recorded] = await this.#recorder.recordAll([next], {
      worth: NOTHING,
      purpose: this.#purpose,
      streamOf: () => stream,
    });
    if (recorded === undefined) return null;
    const { kind } = recorded.verdict;
    return SUSPICIOUS.has(kind) || kind === 'in_flight' || kind === 'busy'
      ? { recorded, rows: rowsOf(recorded) }
      : null;
  }

  async #found(first: Suspect, second: Suspect): Promise<Finding> {
    const { look, stream, verdict } = second.recorded;
    const finding = { ...findingOf(second), looks: [first.recorded.look.requestId, look.requestId] };
    const { repair, max } = this.options;
    if (!repair || this.#repairs >= max || !REPAIRS.has(verdict.kind as never)) return finding;
    const [repaired] = await this.#recorder.recordAll([look], {
      worth: REPAIRS,
      purpose: this.#purpose,
      streamOf: () => stream,
    });
    this.#repairs += 1;
    return { ...finding, repaired: repaired?.appended ?? null };
  }

  get #purpose(): Purpose {
    return { run: this.options.run, reason: 'drift', causedBy: null };
  }
}

/** The object that a stream is named after; null when it is no resource of the API. */
export function objectOfStream(stream: string): Readonly<{ object: string; id: string }> | null {
  const [, object = '', rest = ''] = /^([a-z_.]+)-(.+)$/.exec(stream) ?? [];
  if (resourceOf(object) === null) return null;
  const [, ofAccount] = /^(?:own|acct_\w+)-(?:live|test)-(.+)$/.exec(rest) ?? [];
  return { object, id: ofAccount ?? rest };
}

const isAlike = (first: Suspect, second: Suspect): boolean =>
  SUSPICIOUS.has(second.recorded.verdict.kind) &&
  first.recorded.verdict.kind === second.recorded.verdict.kind &&
  isDeepStrictEqual(first.rows, second.rows);

const SUSPICIOUS: ReadonlySet<string> = new Set(['unknown', 'drift', 'gone', 'contradicts', 'unreadable']);

const rowsOf = ({ verdict }: Recorded): readonly RowChange[] => ('rows' in verdict ? verdict.rows : []);

/** Personal fields: reports name them and omit their values. */
const PERSONAL = /^(name|email|phone|description|metadata|address|shipping|customer_\w+|billing\w*)$/;

/** The change with personal values redacted, as reports show it. */
export const withoutPersonal = (change: RowChange): RowChange =>
  PERSONAL.test(change.field) ? { ...change, ledger: '…', stripe: '…' } : change;

function findingOf({ recorded: { look, stream, verdict, appended }, rows }: Suspect): Finding {
  return {
    verdict: verdict.kind as Finding['verdict'],
    object: look.name,
    id: look.id,
    stream,
    rows: rows.map(withoutPersonal),
    since: 'since' in verdict ? verdict.since : null,
    cause: verdict.kind === 'unreadable' ? verdict.cause : null,
    looks: [look.requestId],
    repaired: appended,
  };
}
