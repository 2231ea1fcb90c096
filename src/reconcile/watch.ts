import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { indexPosition } from '../read-models/checkpoints.js';
import { DailyBudget } from '../stripe-api/budget.js';
import type { RequestReport } from '../stripe-api/stripe-api.js';
import { isNotYetMade } from '../read-models/database.js';
import { claim, readClaims } from './claims.js';
import { recover, type Recovered } from './coverage.js';
import { endOfRun } from './findings.js';
import { Reconcile, type Reconciled } from './reconcile.js';
import type { RecorderParts } from './recorder.js';
import { beginRun } from './run-log.js';
import { openSession, WrongKey, type Session } from './session.js';

/** What is told of what was asked and found. */
export type WatchNews = Readonly<{
  requested: (report: RequestReport) => void;
  budgetLeft: (requests: number) => void;
  recovered: (session: Session, recovered: Extract<Recovered, { kind: 'recovered' }>) => void;
  reconciled: (reconciled: Reconciled) => void;
  /** It cannot go on for now, and tries again later. */
  warned: (text: string) => void;
}>;

export type WatchOptions = Readonly<{
  key: string;
  /** Label of the key. */
  label: string;
  livemode: boolean;
  url: string;
  apiVersion: string | null;
  perSecond: number;
  /** Requests in any 24 hours, those of processes before this one included. */
  perDay: number | 'auto';
  /** Whether it appends what no event tells. */
  repair: boolean;
  /** Milliseconds from pass to pass; while something is missing; and from one comparison of open objects to the next. */
  everyMs?: number;
  hurryMs?: number;
  compareEveryMs?: number;
  /** How long what differs is left alone until its second look. */
  lookAgainMs?: number;
}>;

const EVERY_MS = 600_000;
const HURRY_MS = 60_000;
/** Until the stores are looked for again. */
const AWAY_MS = 5_000;
const COMPARE_EVERY_MS = 86_400_000;
const LOOK_AGAIN_MS = 60_000;
/** Of an account with few events: Stripe allows every account 10,000 reads a month. */
const PER_DAY = 300;
/** What one pass asks at most; the next goes on. */
const RESERVED = 50;

const TAKEN = { kind: 'taken' } as const;
const OVER = { kind: 'spent', until: null } as const;

/**
 * Asks Stripe by itself, for one key: every ten minutes for events that were not delivered, once a day whether what can still change
 * money or access is as the rows say. One process of many does it, by claims in the log; its requests of 24 hours are bounded.
 */
export class Watch {
  readonly #by = randomUUID();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #session: Session | null = null;
  #budget: DailyBudget | null = null;
  #allowed = PER_DAY;
  #spentUnderClaim = 0;
  /** What the claim in hand allows; null before the first, when a session needs some requests to begin. */
  #reserved: number | null = null;
  #comparedAt: number | null = null;
  #trouble: string | null = null;

  constructor(
    private readonly parts: RecorderParts,
    private readonly options: WatchOptions,
    private readonly news: WatchNews,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Lets the pass under way end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#release().catch((error: unknown) => this.#warn(String(error)));
    this.#session?.api.close();
  }

  /** Lets another process go on at once, and says how often this one asked. */
  async #release(): Promise<void> {
    if (this.#session === null || this.#reserved === null) return;
    const now = Date.now();
    const { last, revision } = await readClaims(this.parts.store, this.#session, now);
    if (last?.by !== this.#by) return;
    const data = {
      kind: 'claim',
      by: this.#by,
      at: now,
      until: now,
      reserved: 0,
      spent: this.#spentUnderClaim,
    } as const;
    await claim(this.parts.store, this.#session, data, revision);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { everyMs = EVERY_MS, hurryMs = HURRY_MS } = this.options;
    while (!signal.aborted) {
      const pauseMs = await this.pass().then(
        (found) => {
          if (found === 'complete' || found === 'missing') this.#trouble = null;
          return found === 'missing' ? hurryMs : everyMs;
        },
        (error: unknown) => {
          if (!isNotYetMade(error)) this.#warn(error instanceof WrongKey ? error.message : String(error));
          return error instanceof WrongKey ? everyMs : AWAY_MS;
        },
      );
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Once for each trouble: it lasts for hours. */
  #warn(text: string): void {
    if (this.#trouble !== text) this.news.warned(text);
    this.#trouble = text;
  }

  /** One pass; `elsewhere`: another process does it. @throws what the store, Postgres or a wrong key says */
  async pass(): Promise<'elsewhere' | 'complete' | 'missing' | 'refused'> {
    // Without Postgres nothing is known of what is missing: then Stripe is not asked either.
    await indexPosition(this.parts.database);
    const session = (this.#session ??= await this.#open());
    if (!(await this.#claimed(session, RESERVED))) return 'elsewhere';
    const { api } = session;
    const recovered = await recover({ api, ...this.parts }, { session, run: null, isDryRun: false });
    this.#tellBudget();
    if (recovered.kind === 'overtaken') return 'elsewhere';
    if (recovered.kind === 'refused') {
      this.#warn(recovered.message);
      return 'refused';
    }
    this.news.recovered(session, recovered);
    await this.#compareIfDue(session);
    return recovered.missed.some(({ cause }) => cause !== 'in_retry') ? 'missing' : 'complete';
  }

  async #open(): Promise<Session> {
    const { key, livemode, url, apiVersion, perSecond, perDay } = this.options;
    const budget = {
      take: () => {
        if (this.#reserved !== null && this.#spentUnderClaim >= this.#reserved) return OVER;
        const taken = this.#budget?.take() ?? TAKEN;
        if (taken.kind === 'taken') this.#spentUnderClaim += 1;
        return taken;
      },
      left: () => this.#budget?.left() ?? 0,
    };
    this.#allowed = perDay === 'auto' ? PER_DAY : perDay;
    return openSession(this.parts.store, {
      ...{ key, livemode, url, apiVersion, perSecond, budget },
      signal: this.#stopping.signal,
      onRequest: (report) => this.news.requested(report),
    });
  }

  /** Whether this process is the one that asks; then its budget counts what others asked before. */
  async #claimed(session: Session, wanted: number): Promise<boolean> {
    const now = Date.now();
    const { everyMs = EVERY_MS, perDay } = this.options;
    const { last, revision, spent } = await readClaims(this.parts.store, session, now);
    if (last !== null && last.by !== this.#by && last.until > now) return false;
    if (perDay === 'auto') this.#allowed = PER_DAY + Math.ceil(spent.listed / 100);
    if (this.#budget === null || last?.by !== this.#by) {
      this.#budget = new DailyBudget(() => this.#allowed, spent.requests);
      for (let asked = 0; asked < this.#spentUnderClaim; asked += 1) this.#budget.take();
    }
    // What the session needed to begin is of the first claim.
    const isFirst = this.#reserved === null;
    const spentBefore = isFirst ? 0 : this.#spentUnderClaim;
    const reserved = Math.min(wanted, this.#budget.left()) + (isFirst ? this.#spentUnderClaim : 0);
    const by = { kind: 'claim', by: this.#by, at: now, until: now + everyMs * 2 } as const;
    if (!(await claim(this.parts.store, session, { ...by, reserved, spent: spentBefore }, revision))) return false;
    this.#spentUnderClaim -= spentBefore;
    this.#reserved = reserved;
    return true;
  }

  async #compareIfDue(session: Session): Promise<void> {
    const { compareEveryMs = COMPARE_EVERY_MS, lookAgainMs = LOOK_AGAIN_MS, repair, label } = this.options;
    const now = performance.now();
    if (this.#comparedAt !== null && now - this.#comparedAt < compareEveryMs) return;
    if (!(await this.#claimed(session, Infinity))) return;
    this.#comparedAt = now;
    const { store } = this.parts;
    const { account, livemode, apiVersion, at } = session;
    const options = { all: false, only: [], repair, max: 100 };
    const run = await beginRun(store, { kind: 'reconcile', account, livemode, key: label, apiVersion, at, options });
    const { signal } = this.#stopping;
    const reconciled = await new Reconcile(
      { ...this.parts, session },
      {
        ...options,
        run: run.id,
        wait: () => pause(lookAgainMs, undefined, { signal }).catch(() => undefined),
        report: () => undefined,
      },
    ).run();
    await endOfRun(store, run, reconciled);
    this.#tellBudget();
    if (reconciled.why !== null) this.#warn(reconciled.why);
    this.news.reconciled(reconciled);
  }

  #tellBudget(): void {
    this.news.budgetLeft(this.#budget?.left() ?? 0);
  }
}
