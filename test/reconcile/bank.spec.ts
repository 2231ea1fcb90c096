import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PayoutReconciliation, Reconciliation } from '../../packages/client/src/openapi.js';
import { balanceAt } from '../../simulator/bank/bank.js';
import { netMinor as netOf } from '../../simulator/bank/transactions.js';
import { DAY } from '../../simulator/calendar.js';
import { VIEWS } from '../../src/api/books/views.js';
import { read, SECRET } from '../support/delivery.js';
import { query } from '../support/read-models.js';
import { unexplainedIn } from '../support/reconciliation.js';
import { cameUp, command, START, startBoth, type Parts } from '../support/stripe.js';
import { until } from '../support/until.js';

/** Accounts of the bank's own books, all in real time, with the journal accounts that must equal them. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  moving: ['Assets:Stripe:Clearing'],
  balance: ['Assets:Stripe:Balance'],
  fees: ['Expenses:Fees:Stripe', 'Expenses:Fees:Dispute', 'Expenses:Fees:Tax'],
  exchange: ['Equity:Conversion'],
  onTheWay: ['Assets:Stripe:InTransit'],
  atBank: ['Assets:Bank'],
};

describe('the journal of an account whose money was read from Stripe’s API', () => {
  let parts: Parts;
  let before: Reconciliation;
  let unasked: PayoutReconciliation;
  beforeAll(async () => {
    parts = await startBoth({ bank: true, subscriptions: 8, now: START });
    const { ledger, stripe } = parts;
    const form = new URLSearchParams({
      url: `${ledger.url}/webhooks/stripe`,
      secret: SECRET,
      'enabled_events[0]': '*',
    });
    stripe.endpoints.create(form, stripe.clock.now());
    stripe.clock.advance(45 * DAY);
    await stripe.deliver();
    await derived();
    before = await reconciliation();
    const id = before.open.find(({ cause }) => cause === 'payout_not_asked')?.object ?? '';
    unasked = (await read<PayoutReconciliation>(ledger.url, `/v1/payouts/${id}/reconciliation`)).body;
    const { code, output, errors } = await command(parts, ['backfill', '--json', '--wait', '0']).ended;
    if (code !== 0) throw new Error(`backfill ended with ${String(code)}: ${errors}${output}`);
    await derived();
  }, 180_000);
  afterAll(() => parts.stop());

  const derived = async (): Promise<void> => {
    await cameUp(parts);
    await until(
      'all is derived',
      async () =>
        (await query(parts.ledger.databaseUrl, 'select 1 from ledger.derivation_notes limit 1').catch(() => [1]))
          .length === 0,
    );
  };
  const reconciliation = async (): Promise<Reconciliation> => {
    const { status, body } = await read<Reconciliation>(
      parts.ledger.url,
      '/v1/reconciliation?since=2026-01-01T00:00:00Z&limit=1000',
    );
    expect(status).toBe(200);
    return body;
  };
  const balanceOf = ({ data }: Reconciliation, currency: string, name: string): number =>
    data
      .filter((one) => one.currency === currency)
      .flatMap((one) => one.accounts)
      .find((one) => one.name === name)?.balanceMinor ?? 0;

  /** The journal's balances by account and currency. */
  const standing = async (): Promise<ReadonlyMap<string, number>> => {
    const rows = await query<{ name: string; currency: string; sum: string }>(
      parts.ledger.databaseUrl,
      `select name, currency, sum(amount_minor)::text as sum from ${VIEWS.postings} group by name, currency`,
    );
    return new Map(rows.map(({ name, currency, sum }) => [`${name} ${currency}`, Number(sum)]));
  };

  it('is to the unit what the bank’s own books are', async () => {
    const now = parts.stripe.clock.now();
    const found = await standing();
    const kept = new Map<string, number>();
    const { ledgers, bank } = parts.stripe.world;
    const isOpen = new Set(bank.transactions.filter(({ createdAt }) => createdAt > now).map(({ id }) => id));
    for (const { postings } of ledgers)
      for (const { at, account, of, currency, amountMinor } of postings)
        if (at <= now && !isOpen.has(of))
          kept.set(`${account} ${currency}`, (kept.get(`${account} ${currency}`) ?? 0) + amountMinor);
    const wrong = Object.entries(SAME).flatMap(([account, names]) =>
      ['usd', 'eur', 'jpy', 'kwd'].flatMap((currency) => {
        const expected = kept.get(`${account} ${currency}`) ?? 0;
        const sum = names.reduce((total, name) => total + (found.get(`${name} ${currency}`) ?? 0), 0);
        return sum === expected ? [] : [`${account} ${currency}: ${sum}, not ${expected}`];
      }),
    );
    expect(wrong).toEqual([]);
    expect([...found.keys()].filter((name) => name.startsWith('Equity:Unexplained'))).toEqual([]);
  });

  it('reports before that what moved and is not settled, and how much of it Stripe’s balance lacks', async () => {
    const { charged, after } = {
      charged: before.open.filter(
        ({ cause, object }) => cause === 'no_balance_transaction' && object.startsWith('ch_'),
      ),
      after: await reconciliation(),
    };
    expect(charged.length).toBeGreaterThan(5);
    expect(charged.every(({ amountMinor, ageDays }) => amountMinor > 0 && ageDays >= 0)).toBe(true);
    expect(before.open.some(({ cause }) => cause === 'payout_not_asked')).toBe(true);
    const unseen = before.data.flatMap(({ checkpoint }) => (checkpoint === null ? [] : [checkpoint.unseenMinor]));
    expect(unseen.some((minor) => minor !== 0)).toBe(true);
    // Payments of the last day may not be available, but were seen.
    expect(after).toMatchObject({ isComplete: true, isTruncated: false });
    const waiting = new Set(['not_billed', 'subscription_ended', 'not_applied', 'on_its_way']);
    expect(after.open.filter(({ cause }) => !waiting.has(cause))).toEqual([]);
    for (const said of [before, after]) expect(unexplainedIn(said)).toEqual([]);
    const told = after.data.filter(({ checkpoint }) => checkpoint !== null);
    expect(told.length).toBeGreaterThan(0);
    for (const { checkpoint } of told) expect(checkpoint).toMatchObject({ unseenMinor: 0, clearingMinor: 0 });
    for (const currency of ['usd', 'eur', 'jpy', 'kwd']) {
      expect(balanceOf(after, currency, 'Assets:Stripe:Clearing')).toBe(0);
      expect(balanceOf(after, currency, 'Equity:Unexplained')).toBe(0);
    }
  });

  it('has in the balance what Stripe reports as available or pending', async () => {
    const { available, pending } = balanceAt(parts.stripe.world.bank.transactions, parts.stripe.clock.now());
    const found = await standing();
    for (const [currency, sum] of available)
      expect(found.get(`Assets:Stripe:Balance ${currency}`) ?? 0).toBe(sum + (pending.get(currency) ?? 0));
  });

  it('knows of each automatic payout what it consists of, to the unit', async () => {
    const rows = await query<{ id: string; amount: string; sum: string | null }>(
      parts.ledger.databaseUrl,
      `select p.id, p.amount_minor::text as amount, sum(t.net_minor)::text as sum from ledger.payouts p
       left join ledger.payout_transactions o on o.payout = p.id and o.id <> p.balance_transaction
       left join ledger.balance_transactions t on t.id = o.id where p.reconciliation_status = 'completed' group by p.id, p.amount_minor`,
    );
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(({ amount, sum }) => amount !== sum)).toEqual([]);
    const { bank } = parts.stripe.world;
    for (const { id, amount } of rows) {
      const { body } = await read<PayoutReconciliation>(parts.ledger.url, `/v1/payouts/${id}/reconciliation?limit=200`);
      expect(body).toMatchObject({
        payout: { id, amountMinor: Number(amount), isAutomatic: true },
        ...{ sumMinor: Number(amount), differenceMinor: 0, isExact: true, cause: null, isComplete: true },
      });
      const own = new Map(bank.transactions.map((one) => [one.id, one]));
      expect(body.data.reduce((sum, one) => sum + (one.netMinor ?? 0), 0)).toBe(Number(amount));
      for (const { id: transaction, netMinor, source, category, payment, customer, entry } of body.data) {
        const known = own.get(transaction);
        expect(netMinor).toBe(known === undefined ? null : netOf(known));
        expect(entry).toBe(`settlement:${transaction}`);
        if (category !== 'charge') continue;
        expect([payment, customer]).not.toContain(null);
        expect(source).toMatch(/^(ch|py)_/);
      }
    }
  });

  it('knows before of no payout what it consists of', () => {
    expect(unasked).toMatchObject({ sumMinor: 0, isExact: false, cause: 'payout_not_asked', data: [] });
    expect(unasked.differenceMinor).toBe(unasked.payout.amountMinor);
  });

  it('is compared to the unit, and a charge that the ledger has not is named with its amount', async () => {
    const compared = async () => {
      const { code, output } = await command(parts, ['reconcile', '--money', '--json']).ended;
      const lines = output.trim().split('\n');
      return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
    };
    const whole = await compared();
    expect(whole).toMatchObject({ code: 0, lines: [{ kind: 'compared', appended: 0, findings: 0 }] });
    expect(new Set(Object.values(whole.lines[0]?.['unexplained'] as object))).toEqual(new Set(['0']));
    const { databaseUrl } = parts.ledger;
    const [charge] = await query<{ id: string; amount: string; currency: string }>(
      databaseUrl,
      `delete from ledger.payments where id in (select p.id from ledger.payments p join ledger.balance_transactions t
         on t.source = p.id and t.currency = p.currency limit 1) returning id, amount_received_minor::text as amount, currency`,
    );
    expect(await compared()).toMatchObject({
      code: 1,
      lines: [
        {
          ...{ verdict: 'money', cause: 'source_unknown', object: 'charge', id: charge?.id },
          rows: [{ field: charge?.currency, ledger: null, stripe: charge?.amount }],
        },
        { findings: 1 },
      ],
    });
  });
});
