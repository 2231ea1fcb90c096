import { balanceTransactions } from '../../projections/balance-transactions.js';
import { payments } from '../../projections/payments.js';
import { payouts } from '../../projections/payouts.js';
import { refunds } from '../../projections/refunds.js';
import { field, isJsonObject, type Json } from '../events/json.js';
import type { Database } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import { resourceOf } from '../stripe-api/resources.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { caughtUp } from './closure.js';
import { lookOf, type Purpose, type Whose } from './look.js';
import { noPageOf, pageOf, payoutsToAsk, transactionsOf } from './payouts-pass.js';
import { LISTED, Recorder, type RecorderParts } from './recorder.js';

const TRANSACTIONS = viewOf(balanceTransactions, 'balance_transactions');
const PAYOUTS = viewOf(payouts, 'payouts');
const MEMBERS = viewOf(payouts, 'payout_transactions');
const PAYMENTS = viewOf(payments, 'payments');
const REFUNDS = viewOf(refunds, 'refunds');

/**
 * What does not add up:
 * - `fees_differ`: a transaction's net is not its amount minus its fee, or its fee is not the sum of its parts;
 * - `source_unknown`: a charge or refund moved money, and the ledger does not have it;
 * - `amount_differs`: the ledger has it, with another amount;
 * - `no_transaction`: a charge succeeded in the ledger, and no transaction of Stripe's belongs to it;
 * - `payout_differs`: the transactions of a payout do not add up to it;
 * - `payout_not_asked`: the transactions of a payout are not known;
 * - `balance_differs`: the transactions of a currency do not add up to the balance.
 */
export type MoneyCause =
  | 'fees_differ'
  | 'source_unknown'
  | 'amount_differs'
  | 'no_transaction'
  | 'payout_differs'
  | 'payout_not_asked'
  | 'balance_differs';

/** Minor units; null: that side has no amount. */
export type MoneyFinding = Readonly<{
  cause: MoneyCause;
  object: string;
  id: string;
  currency: string;
  ledgerMinor: bigint | null;
  stripeMinor: bigint | null;
}>;

export type MoneyCompared = Readonly<{
  kind: 'compared' | 'stopped';
  why: string | null;
  findings: readonly MoneyFinding[];
  /** The number of transactions listed, and of those that the log lacked. */
  listed: number;
  appended: number;
  /** By currency: Stripe's balance minus the sum of the transactions. */
  unexplained: ReadonlyMap<string, bigint>;
  /** The second from which transactions were listed; null: from the first. */
  since: number | null;
}>;

export type MoneyOptions = Readonly<{
  whose: Whose;
  /** Whether the log has all earlier transactions; if not, all are listed. */
  hasHistory: boolean;
  run: string | null;
  signal: AbortSignal;
  report: (text: string) => void;
}>;

type Parts = RecorderParts & Readonly<{ api: StripeApi }>;

/** How far before the last transaction to list again, in seconds: one may be listed late. */
const OVERLAP_S = 86_400;
const ROUNDS_MAX = 5;
const FINDINGS_MAX = 1_000;
/** How long a charge may take to have its transaction. */
const SETTLED = '10 minutes';

class Stopped extends Error {}

/**
 * Records the balance transactions and payouts that the log lacks, and compares them with charges, refunds, payouts and
 * the balance, to the minor unit.
 */
export async function compareMoney(parts: Parts, options: MoneyOptions): Promise<MoneyCompared> {
  const since = options.hasHistory ? await lastCreated(parts.database, options.whose) : null;
  const counts = { listed: 0, appended: 0 };
  try {
    const balance = await readBalance(parts, { ...options, since, counts });
    await askPayouts(parts, options);
    if (!(await caughtUp(parts.database, parts.store, options.signal)))
      throw new Stopped('The read models are behind the log, so nothing can be compared.');
    const findings = await differences(parts.database, options.whose);
    const unexplained = await unexplainedOf(parts.database, balance, options.whose);
    const open = [...unexplained].filter(([, { ledger, stripe }]) => ledger !== stripe);
    return {
      ...{ kind: 'compared', why: null, since, ...counts },
      findings: [
        ...findings,
        ...open.map(([currency, { ledger, stripe }]) => ({
          ...({ cause: 'balance_differs', object: 'balance', id: currency, currency } as const),
          ...{ ledgerMinor: ledger, stripeMinor: stripe },
        })),
      ],
      unexplained: new Map([...unexplained].map(([currency, { ledger, stripe }]) => [currency, stripe - ledger])),
    };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { ...counts, since, unexplained: new Map(), findings: [], kind: 'stopped', why: error.message };
  }
}

async function lastCreated(database: Database, { livemode, account }: Whose): Promise<number | null> {
  const { rows } = await database.query<{ last: Date | null }>(
    `select max(created_at) as last from ${TRANSACTIONS} where livemode = $1 and account is not distinct from $2`,
    [livemode, account],
  );
  const last = rows[0]?.last ?? null;
  return last === null ? null : Math.floor(last.getTime() / 1_000) - OVERLAP_S;
}

type Sums = ReadonlyMap<string, bigint>;
type Asked = MoneyOptions & { since: number | null; counts: { listed: number; appended: number } };

/**
 * The balance by currency, read between two readings of the transactions that found no new one; all earlier ones are
 * recorded.
 */
async function readBalance(parts: Parts, asked: Asked): Promise<Sums> {
  let newest = await recordTransactions(parts, asked);
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const balance = await balanceNow(parts.api);
    const again = await recordTransactions(parts, {
      ...asked,
      since: newest?.created ?? asked.since,
      counts: { listed: 0, appended: 0 },
    });
    if (again?.id === newest?.id || again === null) return balance;
    newest = again;
  }
  throw new Stopped('The balance kept changing while it was read. Try again when fewer transactions happen.');
}

type Newest = Readonly<{ id: string; created: number | null }> | null;

/** Records the transactions since a second that the log lacks; returns the newest. */
async function recordTransactions(parts: Parts, { whose, run, signal, since, counts }: Asked): Promise<Newest> {
  const resource = resourceOf('balance_transaction');
  if (resource === null) return null;
  const recorder = new Recorder(parts);
  const purpose: Purpose = { run, reason: 'recovery', causedBy: null };
  let newest: Newest = null;
  for await (const page of parts.api.pages(resource, since === null ? {} : { created: { gte: since } })) {
    if (page.kind !== 'page') throw new Stopped(page.message);
    if (signal.aborted) throw new Stopped('Interrupted.');
    newest ??= page.items[0] ?? null;
    const looks = page.items.map((item) => lookOf(item, page, whose));
    const recorded = await recorder.recordAll(looks, { worth: LISTED, purpose });
    counts.listed += looks.length;
    counts.appended += recorded.filter(({ appended }) => appended !== null).length;
  }
  return newest;
}

async function balanceNow(api: StripeApi): Promise<Sums> {
  const reply = await api.ask({ resource: 'balance', operation: 'retrieve', path: '/v1/balance' });
  if (reply.kind !== 'answered') throw new Stopped(reply.message);
  const sums = new Map<string, bigint>();
  const { value } = reply as { value: Json };
  for (const part of ['available', 'pending', 'connect_reserved']) {
    const amounts = isJsonObject(value) ? field(value, part) : null;
    for (const amount of Array.isArray(amounts) ? (amounts as Json[]) : []) {
      if (!isJsonObject(amount)) continue;
      const [currency, minor] = [field(amount, 'currency'), field(amount, 'amount')];
      if (typeof currency !== 'string' || typeof minor !== 'number') continue;
      sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(minor));
    }
  }
  return sums;
}

/** Records what payouts consist of, for those not yet read. */
async function askPayouts(parts: Parts, { whose, run, signal, report }: MoneyOptions): Promise<void> {
  const wanted = await payoutsToAsk(parts.database, { ...parts, signal, whose });
  if (wanted === null) throw new Stopped('The read models are behind the log, so nothing can be compared.');
  const recorder = new Recorder(parts);
  const purpose: Purpose = { run, reason: 'recovery', causedBy: null };
  for (const payout of wanted) {
    report(`reads the contents of payout ${payout}`);
    for (let after: string | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
      const reply: Awaited<ReturnType<StripeApi['ask']>> = await parts.api.ask(transactionsOf(payout, after));
      if (reply.kind !== 'answered') throw new Stopped(reply.message);
      const page = pageOf(payout, after, reply, whose);
      if (page === null) throw new Stopped(noPageOf(payout));
      const { look, next } = page;
      await recorder.recordAll([look], { worth: LISTED, purpose, streamOf: () => `payout-${payout}` });
      after = next;
    }
  }
}

/** What does not add up by the rows, oldest first. */
async function differences(database: Database, { livemode, account }: Whose): Promise<MoneyFinding[]> {
  const own = (table: string): string => `${table}.livemode = $1 and ${table}.account is not distinct from $2`;
  const { rows } = await database.query<{
    cause: MoneyCause;
    object: string;
    id: string;
    currency: string;
    ledger: string | null;
    stripe: string | null;
  }>(
    `with t as (select * from ${TRANSACTIONS} t where ${own('t')}),
     found as (
       select 'fees_differ' as cause, 'balance_transaction' as object, id, currency, (amount_minor - parts)::text as ledger, net_minor::text as stripe, created_at
         from (select t.*, (select coalesce(sum((fee->>'amountMinor')::bigint), 0) from jsonb_array_elements(fee_details) as fee) as parts from t) as t
         where net_minor <> amount_minor - fee_minor or fee_minor <> parts
       union all
       select case when p.id is null then 'source_unknown' else 'amount_differs' end, 'charge', t.source, t.currency,
         p.amount_received_minor::text, t.amount_minor::text, t.created_at
         from t left join ${PAYMENTS} p on p.id = t.source
         where t.reporting_category = 'charge' and t.source is not null
           and (p.id is null or (p.currency = t.currency and p.amount_received_minor <> t.amount_minor))
       union all
       select case when r.id is null then 'source_unknown' else 'amount_differs' end, 'refund', t.source, t.currency,
         r.amount_minor::text, (-t.amount_minor)::text, t.created_at
         from t left join ${REFUNDS} r on r.id = t.source
         where t.reporting_category = 'refund' and t.source like 're\\_%' and (r.id is null or (r.currency = t.currency and r.amount_minor <> -t.amount_minor))
       union all
       select 'no_transaction', 'charge', p.id, p.currency, p.amount_received_minor::text, null, p.created_at
         from ${PAYMENTS} p where ${own('p')} and p.object = 'charge' and p.status = 'succeeded'
           and p.amount_received_minor > 0 and p.created_at >= (select min(created_at) from t)
           and p.created_at < (select max(created_at) from t) - interval '${SETTLED}' and not exists (select from t where t.source = p.id)
       union all
       select case when count(m.id) = 0 then 'payout_not_asked' else 'payout_differs' end, 'payout', o.id, o.currency,
         case when count(m.id) > 0 then coalesce(sum(member.net_minor), 0)::text end, o.amount_minor::text, o.created_at
         from ${PAYOUTS} o left join ${MEMBERS} m on m.payout = o.id and m.id is distinct from o.balance_transaction
         left join t member on member.id = m.id
         where ${own('o')} and o.is_automatic and o.reconciliation_status = 'completed'
         group by o.id, o.currency, o.amount_minor, o.created_at having count(m.id) = 0 or o.amount_minor <> coalesce(sum(member.net_minor), 0))
     select cause, object, id, currency, ledger, stripe from found order by created_at, object, id limit ${FINDINGS_MAX}`,
    [livemode, account],
  );
  const minor = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
  return rows.map(({ ledger, stripe, ...row }) => ({ ...row, ledgerMinor: minor(ledger), stripeMinor: minor(stripe) }));
}

/** By currency: the sum of the transactions, and Stripe's balance. */
async function unexplainedOf(
  database: Database,
  balance: Sums,
  { livemode, account }: Whose,
): Promise<ReadonlyMap<string, Readonly<{ ledger: bigint; stripe: bigint }>>> {
  const { rows } = await database.query<{ currency: string; sum: string }>(
    `select currency, sum(net_minor)::text as sum from ${TRANSACTIONS} where livemode = $1 and account is not distinct from $2 group by currency`,
    [livemode, account],
  );
  const ledger = new Map(rows.map(({ currency, sum }) => [currency, BigInt(sum)]));
  return new Map(
    [...new Set([...ledger.keys(), ...balance.keys()])].map((currency) => [
      currency,
      { ledger: ledger.get(currency) ?? 0n, stripe: balance.get(currency) ?? 0n },
    ]),
  );
}
