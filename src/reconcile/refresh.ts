import { customers } from '../../projections/customers.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { viewOf } from '../read-models/schema.js';
import { REQUESTS_MAX, RunBudget } from '../stripe-api/budget.js';
import type { Refusal } from '../stripe-api/refusals.js';
import { resourceOf } from '../stripe-api/resources.js';
import type { RequestReport } from '../stripe-api/stripe-api.js';
import type { Found, Page } from '../stripe-api/answers.js';
import type { RowChange } from './judge.js';
import { absenceOf, type Look, type Whose } from './look.js';
import { withoutPersonal } from './reconcile.js';
import { Recorder, REPAIRS, type Recorded, type RecorderParts } from './recorder.js';
import { openSession, WrongKey, type KeyOptions, type Session } from './session.js';
import { lookByClock, retrieveByClock } from './test-clocks.js';

/** The result of reading one object from Stripe, and what was recorded. */
export type Refreshed = Readonly<{
  object: string;
  id: string;
  verdict: Recorded['verdict']['kind'];
  rows: readonly RowChange[];
  /** The second from which to look again, because events may be in flight; null: no need. */
  until: number | null;
  cause: string | null;
  appended: Readonly<{ stream: string; revision: bigint; position: bigint }> | null;
}>;

/**
 * `absent`: neither Stripe nor the ledger knows it. `refused`: `message` gives Stripe's reason. `away`: Stripe may
 * answer later.
 */
export type RefreshOutcome =
  | Readonly<{ kind: 'refreshed'; objects: readonly Refreshed[] }>
  | Readonly<{ kind: 'absent' | 'no_key' }>
  | Readonly<{ kind: 'away' | 'refused'; message: string }>;

export type Refreshable = 'subscription' | 'customer';

const VIEWS = {
  subscription: viewOf(subscriptions, 'subscriptions'),
  customer: viewOf(customers, 'customers'),
} as const;
/** Lists to refresh with a customer: what can still change money or access. */
const OF_CUSTOMER = [
  ['subscription', { status: 'all' }],
  ['invoice', { status: 'open' }],
] as const;

/** Stripe refused a request, so nothing is known. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

/** Reads single objects from Stripe on request, and appends what the ledger does not know. */
export class Refresher {
  readonly #recorder: Recorder;
  readonly #sessions = new Map<KeyOptions, Promise<Session>>();
  readonly #stopping = new AbortController();

  constructor(
    private readonly parts: RecorderParts,
    private readonly keys: readonly KeyOptions[],
    private readonly requested: (report: RequestReport) => void,
  ) {
    this.#recorder = new Recorder(parts);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const session of this.#sessions.values()) (await session.catch(() => null))?.api.close();
  }

  /** Refreshes an object; for a customer also its subscriptions and open invoices. @throws NotRecorded */
  async refresh(object: Refreshable, id: string): Promise<RefreshOutcome> {
    const known = await this.#scopeOf(object, id);
    const keys = this.keys.filter(({ livemode }) => known === null || known.livemode === livemode);
    if (keys.length === 0) return { kind: 'no_key' };
    try {
      for (const key of keys) {
        const session = await this.#sessionOf(key);
        const whose = known ?? { account: null, livemode: key.livemode };
        const looks = await this.#looksAt(session, { object, id, whose, isKnown: known !== null });
        if (looks === null) continue;
        const purpose = { run: null, reason: 'refresh', causedBy: null } as const;
        const recorded = await this.#recorder.recordAll(looks, { worth: REPAIRS, purpose });
        return { kind: 'refreshed', objects: recorded.map(shown) };
      }
      return { kind: 'absent' };
    } catch (error) {
      if (error instanceof WrongKey) return { kind: 'refused', message: error.message };
      if (!(error instanceof Refused)) throw error;
      const { kind, message } = error.refusal;
      const isAway = kind === 'away' || kind === 'rate_limited' || kind === 'stopped';
      return { kind: isAway ? 'away' : 'refused', message };
    }
  }

  /** The account and mode of an object by the rows; null when the rows do not have it. */
  async #scopeOf(object: Refreshable, id: string): Promise<Whose | null> {
    const { rows } = await this.parts.database.query<Whose>(
      `select account, livemode from ${VIEWS[object]} where id = $1 limit 1`,
      [id],
    );
    return rows[0] ?? null;
  }

  #sessionOf(key: KeyOptions): Promise<Session> {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const { signal } = this.#stopping;
    // A person waits for the answer.
    const patience = { triesMax: 2, timeoutMs: 8_000 };
    const budget = new RunBudget(REQUESTS_MAX);
    const { requested: onRequest } = this;
    const opening = openSession(this.parts.store, { ...key, ...patience, signal, budget, onRequest });
    this.#sessions.set(key, opening);
    // After a failure, the next request opens a new session.
    opening.catch(() => this.#sessions.delete(key));
    return opening;
  }

  /** The looks at an object; null when neither side knows it. @throws Refused */
  async #looksAt(
    { api }: Session,
    { object, id, whose, isKnown }: { object: Refreshable; id: string; whose: Whose; isKnown: boolean },
  ): Promise<Look[] | null> {
    const { account } = whose;
    const resource = resourceOf(object);
    if (resource === null) return null;
    const found = await retrieveByClock(api, resource, { id, account });
    if (found.kind === 'gone' && !isKnown) return null;
    if (found.kind === 'gone') {
      const now = await api.account();
      if (now.kind !== 'account') throw new Refused(now);
      return [absenceOf({ name: object, id, bytes: found.body }, now, whose)];
    }
    if (found.kind === 'advancing') throw new Refused(ADVANCING);
    if (found.kind !== 'found') throw new Refused(found);
    const { time } = found;
    const pages: Pick<Page, 'items' | 'asked' | 'answered' | 'requestId' | 'apiVersion'>[] = [pageOf(found)];
    if (object === 'customer' && !found.item.deleted)
      for (const [name, params] of OF_CUSTOMER) {
        const listed = resourceOf(name);
        if (listed === null) continue;
        const page = await api.page(listed, { params: { ...params, customer: id }, account });
        if (page.kind !== 'page') throw new Refused(page);
        pages.push(page);
      }
    return pages.flatMap((page) => page.items.flatMap((item) => lookByClock(item, page, whose, () => time) ?? []));
  }
}

const ADVANCING: Refusal = {
  kind: 'away',
  cause: 'status',
  message: 'The test clock of the object is advancing. Try again when it has stopped.',
  retryAfterMs: null,
};

const pageOf = ({ item, ...answer }: Found) => ({ ...answer, items: [item] });

const shown = ({ look, stream, verdict, appended }: Recorded): Refreshed => ({
  object: look.name,
  id: look.id,
  verdict: verdict.kind,
  rows: 'rows' in verdict ? verdict.rows.map(withoutPersonal) : [],
  until: verdict.kind === 'in_flight' ? verdict.until : null,
  cause: verdict.kind === 'unreadable' ? verdict.cause : null,
  appended: appended === null || stream === null ? null : { stream, ...appended },
});
