import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { indexPosition } from '../read-models/checkpoints.js';
import { DailyBudget, type Taken } from '../stripe-api/budget.js';
import type { RequestReport } from '../stripe-api/stripe-api.js';
import { isNotYetMade } from '../read-models/database.js';
import { Rates } from '../stripe-api/rates.js';
import { claim, readClaims } from './claims.js';
import { inTurn, listConnected, turnOf, type ConnectedAccounts, type Turn } from './connected-accounts.js';
import { isFault, recover, SETTLE_S, sweepLate, type MissedEvent, type Recovered } from './coverage.js';
import { endWith, shownEvent, shownUnknown } from './findings.js';
import { follow, type FollowNews } from './following.js';
import type { MoneyCompared } from './money.js';
import type { Reconciled } from './reconcile.js';
import type { RecorderParts } from './recorder.js';
import { workAt, type RunAtWork } from './run-at-work.js';
import { endOfRecovery, hasAllTransactions, runComparison, runMoney, startedBy, type Comparing } from './run-kinds.js';
import { beginRun, latestRuns } from './run-log.js';
import {
  connectedSession,
  openSession,
  WrongKey,
  type KeyOptions,
  type Session,
  type SessionOptions,
} from './session.js';

/** Callbacks for requests and results. */
export type WatchNews = Readonly<{
  requested: (report: RequestReport) => void;
  budgetLeft: (requests: number) => void;
  recovered: (session: Session, recovered: Extract<Recovered, { kind: 'recovered' }>) => void;
  reconciled: (session: Session, reconciled: Reconciled) => void;
  /** Thin events that were fetched, and webhooks that Stripe does not know. */
  followed: (news: FollowNews) => void;
  listedLate: (events: readonly MissedEvent[]) => void;
  money: (session: Session, compared: MoneyCompared) => void;
  /** The watch cannot continue for now, and retries later. */
  warned: (text: string) => void;
}>;

export type WatchOptions = KeyOptions &
  Readonly<{
    /** Label of the key. */
    label: string;
    /** The maximum number of requests in any 24 hours, including those of earlier processes. */
    perDay: number | 'auto';
    /** Whether to append observations for changes that no event reports. */
    repair: boolean;
    /** Connected accounts to watch as well, with half of the budget (default: none). */
    connected?: ConnectedAccounts;
    /**
     * Milliseconds between passes; between passes while events are missing; and between comparisons of open objects.
     */
    everyMs?: number;
    hurryMs?: number;
    compareEveryMs?: number;
    /** The delay before a second look at an object that differs, in ms. */
    lookAgainMs?: number;
  }>;

const EVERY_MS = 600_000;
const HURRY_MS = 60_000;
/** The delay before an unavailable store is retried. */
const AWAY_MS = 5_000;
const COMPARE_EVERY_MS = 86_400_000;
const LOOK_AGAIN_MS = 60_000;
/** The budget of an account with few events; Stripe allows every account 10,000 reads a month. */
const PER_DAY = 300;
/** How many runs to read; an earlier comparison is not from today. */
const LOOK_BACK = 50;
/** The requests that one claim reserves, or 1 % of the budget if that is more. Longer work claims again. */
const RESERVED = 50;

const CLAIMS_MAX = 5;
/** The number of listed event ids kept from the last passes. */
const LISTED_MAX = 50_000;

type Passed = 'elsewhere' | 'complete' | 'missing' | 'refused';

const DAY_MS = 86_400_000;
const TAKEN: Taken = { kind: 'taken' };
const OVER: Taken = { kind: 'spent', until: null };

/**
 * Polls Stripe with one key: every ten minutes for events that were not delivered, and once a day to compare what can
 * still change money or access with the rows. Claims in the log elect one of many processes, and bound its requests in
 * 24 hours.
 */
export class Watch {
  readonly #by = randomUUID();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #session: Session | null = null;
  #budget: DailyBudget | null = null;
  #allowed = PER_DAY;
  #spentUnderClaim = 0;
  /** The requests that the current claim allows; null before the first claim, since opening a session takes some. */
  #reserved: number | null = null;
  #claiming: Promise<boolean> | null = null;
  /** All requests so far, and those that may still go to connected accounts. */
  #asked = 0;
  #connectedMay = 0;
  readonly #connected = {
    listed: null as Readonly<{ accounts: readonly string[]; at: number }> | null,
    sessions: new Map<string, Session>(),
  };
  readonly #rates: Rates;
  /** When each account was last compared. */
  readonly #comparedAt = new Map<string, number>();
  #trouble: string | null = null;
  /** The ids of the latest events that Stripe listed. */
  readonly #listed = new Set<string>();

  constructor(
    private readonly parts: RecorderParts,
    private readonly options: WatchOptions,
    private readonly news: WatchNews,
  ) {
    this.#rates = options.rates ?? new Rates({ perSecond: options.perSecond });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Stops after the current pass. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#release().catch((error: unknown) => this.#warn(String(error)));
    for (const session of [this.#session, ...this.#connected.sessions.values()]) session?.api.close();
  }

  /** Ends the claim, so that another process can take over at once, and records how many requests this one made. */
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

  /** Warns once per problem; it may last for hours. */
  #warn(text: string): void {
    if (this.#trouble !== text) this.news.warned(text);
    this.#trouble = text;
  }

  /**
   * Makes one pass; `elsewhere`: another process holds the claim. @throws an error of the store or Postgres, or
   * WrongKey
   */
  async pass(): Promise<Passed> {
    // Without Postgres, missing events cannot be determined, so do not spend requests on Stripe.
    await indexPosition(this.parts.database);
    const session = (this.#session ??= await this.#open());
    if (!(await this.#claimed(session))) return 'elsewhere';
    const own = await this.#passOf(session);
    if (own !== 'elsewhere') await this.#passConnected(session);
    return own;
  }

  async #passOf(session: Session): Promise<Passed> {
    const { api } = session;
    const onListed = (ids: readonly string[]): void => this.#noteListed(ids);
    const recovered = await recover({ ...this.parts, api }, { session, run: null, isDryRun: false, onListed });
    this.#tellBudget();
    if (recovered.kind === 'overtaken') return 'elsewhere';
    if (recovered.kind === 'refused') {
      // A connection that its owner ended is no fault of the ledger.
      if (recovered.because !== 'not_connected' && recovered.because !== 'over_budget') this.#warn(recovered.message);
      return 'refused';
    }
    this.news.recovered(session, recovered);
    const isNews = recovered.gap !== null || recovered.missed.some(({ cause }) => cause !== 'in_retry');
    if (isNews) await this.#tellMissing(session, recovered);
    if (recovered.covered !== null && session.connected === null) await this.#follow(session, recovered.covered.to);
    await this.#compareIfDue(session);
    return recovered.missed.some(isFault) ? 'missing' : 'complete';
  }

  /** Passes over connected accounts in turn, with the share of half the daily budget that one interval earns. */
  async #passConnected(platform: Session): Promise<void> {
    const { everyMs = EVERY_MS, connected } = this.options;
    if (connected === undefined) return;
    const half = this.#allowed / 2;
    this.#connectedMay = Math.min(half, this.#connectedMay + (half * everyMs) / DAY_MS);
    for (const account of await this.#turns(platform)) {
      if (this.#connectedMay <= 0 || this.#stopping.signal.aborted) return;
      const before = this.#asked;
      await this.#passOf(this.#connectedSession(platform, account));
      this.#connectedMay -= this.#asked - before;
    }
  }

  async #turns(platform: Session): Promise<readonly string[]> {
    const { livemode } = platform;
    const accounts = await this.#connectedAccounts(platform);
    const turns: Turn[] = [];
    for (const account of accounts) turns.push(await turnOf(this.parts.store, { account, livemode }));
    return inTurn(turns, Math.floor(Date.now() / 1_000));
  }

  /** The configured accounts, or all that Stripe lists, refreshed once a day. */
  async #connectedAccounts(platform: Session): Promise<readonly string[]> {
    const { connected = [] } = this.options;
    if (connected !== 'all') return connected.filter((account) => account !== platform.account);
    const { listed } = this.#connected;
    if (listed !== null && performance.now() - listed.at < DAY_MS) return listed.accounts;
    const accounts = await listConnected(platform.api);
    if ('kind' in accounts) {
      this.#warn(accounts.message);
      return listed?.accounts ?? [];
    }
    this.#connected.listed = { accounts, at: performance.now() };
    return accounts;
  }

  #connectedSession(platform: Session, account: string): Session {
    const { sessions } = this.#connected;
    const known = sessions.get(account);
    if (known !== undefined) return known;
    const session = connectedSession(platform, this.#asking(), account);
    sessions.set(account, session);
    return session;
  }

  /** Remembers the latest listed ids, which the next pass may need. */
  #noteListed(ids: readonly string[]): void {
    for (const id of ids) this.#listed.add(id);
    for (const id of this.#listed) {
      if (this.#listed.size <= LISTED_MAX) break;
      this.#listed.delete(id);
    }
  }

  async #follow(session: Session, coveredTo: number): Promise<void> {
    const now = coveredTo + SETTLE_S;
    const connected = (account: string): Session | null => this.#connected.sessions.get(account) ?? null;
    const news = await follow({ ...this.parts, session, listed: this.#listed, connected }, { coveredTo, now });
    if (news.trouble !== null) this.#warn(news.trouble);
    this.news.followed(news);
    if (news.unknown.length > 0) await this.#tell(session, (run) => endWith(run, news.unknown.map(shownUnknown)));
  }

  async #open(): Promise<Session> {
    const { perDay } = this.options;
    this.#allowed = perDay === 'auto' ? PER_DAY : perDay;
    return openSession(this.parts.store, this.#asking());
  }

  #asking(): SessionOptions & Readonly<{ rates: Rates }> {
    const { perDay: _, connected: __, ...key } = this.options;
    return {
      ...key,
      rates: this.#rates,
      budget: { take: () => this.#take(), left: () => this.#budget?.left() ?? 0 },
      signal: this.#stopping.signal,
      onRequest: (report) => this.news.requested(report),
    };
  }

  /** Takes one request from the current claim, or from a new one if this process still holds the claim. */
  async #take(): Promise<Taken> {
    const [session, budget] = [this.#session, this.#budget];
    while (session !== null && this.#reserved !== null && this.#spentUnderClaim >= this.#reserved) {
      if (budget === null || budget.left() < 1) break;
      this.#claiming ??= this.#claimed(session).finally(() => {
        this.#claiming = null;
      });
      if (!(await this.#claiming)) return OVER;
    }
    const taken = this.#budget?.take() ?? TAKEN;
    if (taken.kind === 'taken') {
      this.#spentUnderClaim += 1;
      this.#asked += 1;
    }
    return taken;
  }

  /** Whether this process holds the claim. Its budget then counts the requests of earlier holders. */
  async #claimed(session: Session): Promise<boolean> {
    for (let tries = 1; tries <= CLAIMS_MAX; tries += 1) {
      const claimed = await this.#claim(session);
      if (claimed !== 'again') return claimed === 'mine';
    }
    return false;
  }

  /** `again`: another event was appended to the account's stream at the same moment. */
  async #claim(session: Session): Promise<'mine' | 'elsewhere' | 'again'> {
    const now = Date.now();
    const { everyMs = EVERY_MS, perDay } = this.options;
    const { last, revision, spent } = await readClaims(this.parts.store, session, now);
    if (last !== null && last.by !== this.#by && last.until > now) return 'elsewhere';
    if (perDay === 'auto') this.#allowed = PER_DAY + Math.ceil(spent.listed / 100);
    if (this.#budget === null || last?.by !== this.#by) {
      this.#budget = new DailyBudget(() => this.#allowed, spent.requests);
      // Own requests that no claim has recorded yet count against the new budget.
      for (let asked = 0; asked < this.#spentUnderClaim; asked += 1) this.#budget.take();
    }
    // The first claim also covers the requests that opened the session.
    const isFirst = this.#reserved === null;
    const spentBefore = isFirst ? 0 : this.#spentUnderClaim;
    const wanted = Math.max(RESERVED, Math.ceil(this.#allowed / 100));
    const reserved = Math.min(wanted, this.#budget.left()) + (isFirst ? this.#spentUnderClaim : 0);
    const by = { kind: 'claim', by: this.#by, at: now, until: now + everyMs * 2 } as const;
    if (!(await claim(this.parts.store, session, { ...by, reserved, spent: spentBefore }, revision))) return 'again';
    this.#spentUnderClaim -= spentBefore;
    this.#reserved = reserved;
    return 'mine';
  }

  async #compareIfDue(session: Session): Promise<void> {
    const { compareEveryMs = COMPARE_EVERY_MS, lookAgainMs = LOOK_AGAIN_MS, repair, label } = this.options;
    const now = performance.now();
    const comparedAt = this.#comparedAt.get(session.account);
    if (comparedAt !== undefined && now - comparedAt < compareEveryMs) return;
    const { store } = this.parts;
    const comparedMs = comparedAt === undefined ? await this.#sinceCompared(session) : Infinity;
    this.#comparedAt.set(session.account, comparedMs < compareEveryMs ? now - comparedMs : now);
    if (comparedMs < compareEveryMs) return;
    const options = { all: false, only: [], repair, max: 100 };
    const run = await beginRun(store, startedBy(session, { kind: 'reconcile', key: label, options }));
    const ending = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, ending.signal]);
    const reconciled = await workAt(store, { run, onStop: () => ending.abort() }, (atWork) =>
      runComparison({ ...this.parts, session, signal }, atWork, {
        wait: () => pause(lookAgainMs, undefined, { signal }).catch(() => undefined),
        report: () => undefined,
      }),
    );
    this.#tellBudget();
    if (reconciled.why !== null) this.#warn(reconciled.why);
    this.news.reconciled(session, reconciled);
    await this.#compareMoney(session, signal);
    await this.#sweepLate(session);
    this.#tellBudget();
  }

  /** Compares money, but only once the log has all earlier transactions; a person starts the first full read. */
  async #compareMoney(session: Session, signal: AbortSignal): Promise<void> {
    const { store } = this.parts;
    if (!(await hasAllTransactions(store, session))) return;
    const run = await beginRun(store, startedBy(session, { kind: 'money', key: this.options.label, options: {} }));
    const { compared } = await workAt(store, { run }, (atWork) =>
      runMoney({ ...this.parts, session, signal }, atWork, () => undefined),
    );
    if (compared.why !== null) this.#warn(compared.why);
    this.news.money(session, compared);
  }

  async #sweepLate(session: Session): Promise<void> {
    const late = await sweepLate({ api: session.api, ...this.parts }, session);
    if (late === null || late.length === 0) return;
    this.news.listedLate(late);
    await this.#tell(session, (run) => endWith(run, late.map(shownEvent)));
  }

  /** Milliseconds since the last finished comparison of open objects, so that a restart does not begin another. */
  async #sinceCompared({ account, livemode }: Session): Promise<number> {
    const runs = await latestRuns(this.parts.store, { max: LOOK_BACK });
    const last = runs.find(
      ({ started, standing }) =>
        started?.kind === 'reconcile' &&
        started.account === account &&
        started.livemode === livemode &&
        (started.options as Partial<Comparing>).only?.length === 0 &&
        standing.step === 'finished',
    );
    return last === undefined ? Infinity : Math.max(0, Date.now() - last.saidAt.getTime());
  }

  /** Records missing events as a run of its own, so that people see it in the list of runs. */
  async #tellMissing(session: Session, recovered: Recovered): Promise<void> {
    await this.#tell(session, (run) => endOfRecovery(run, recovered));
  }

  async #tell(session: Session, end: (run: RunAtWork) => Promise<void>): Promise<void> {
    const { store } = this.parts;
    const run = await beginRun(store, startedBy(session, { kind: 'recover', key: this.options.label, options: {} }));
    await workAt(store, { run }, end);
  }

  #tellBudget(): void {
    this.news.budgetLeft(this.#budget?.left() ?? 0);
  }
}
