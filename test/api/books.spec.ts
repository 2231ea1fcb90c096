import type {
  AccountPostings,
  ChartOfAccounts,
  CommittedMrr,
  CustomerMrr,
  DeferredRevenue,
  Incomes,
  InvoiceBook,
  JournalEntries,
  JournalEntryWithBooks,
  MrrCohorts,
  MrrCustomers,
  MrrMovements,
  MrrOverTime,
  MrrPeriod,
  MrrTrialsEnded,
  PayoutPage,
  Posting,
  Retentions,
  SubscriptionMrr,
  TrialBalances,
  Waterfalls,
} from '../../packages/client/src/openapi.js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bill, eventOf, paymentOf, secondOf, subscribed, type Whose } from '../support/books-events.js';
import { deliver, read } from '../support/delivery.js';
import { accountNames } from '../../derivations/journal/accounts.js';
import { onDays } from '../../src/api/books/query.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { charge, creditNote, OLD, refund, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START } from '../support/subscription-events.js';

let ledger: TestLedger;
let position = '0';
beforeAll(async () => {
  ledger = await startLedger();
}, 60_000);
afterAll(() => ledger.stop());

const send = async (...events: unknown[]): Promise<void> => {
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
};
const get = async <T = Record<string, unknown>>(path: string): Promise<T> => {
  const { status, body } = await read<T>(
    ledger.url,
    `/v1${path}${path.includes('?') ? '&' : '?'}minPosition=${position}&waitMs=20000`,
  );
  expect({ path, status, body }).toMatchObject({ status: 200 });
  return body;
};
const newWhose = (): Whose => ({ account: randomId('acct'), livemode: true });
const postings = (entry: Readonly<{ postings: readonly Posting[] }> | undefined) =>
  Object.fromEntries((entry?.postings ?? []).map(({ name, amountMinor }) => [name, amountMinor]));
const balances = async (of: Whose, when: string): Promise<Record<string, number>> => {
  const { data } = await get<TrialBalances>(`/trial-balance?account=${of.account}&${when}`);
  expect(data.map(({ sumMinor }) => sumMinor)).toEqual(data.map(() => 0));
  return Object.fromEntries(
    data.flatMap(({ accounts }) =>
      accounts.filter(({ endMinor }) => endMinor !== 0).map(({ name, endMinor }) => [name, endMinor]),
    ),
  );
};

describe('the books of an invoice of three months, partly refunded', () => {
  const whose = newWhose();
  const [customer, inv, ch, inpay, re, line] = ['cus', 'in', 'ch', 'inpay', 're', 'il'].map(randomId) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const event = eventOf(whose);
  const finalised = event(
    'invoice.finalized',
    bill(inv, {
      customer,
      day: '2026-01-01',
      lines: [{ id: line, amount: 9000, tax: 900, from: '2026-01-01', to: '2026-04-01' }],
    }),
    '2026-01-01',
  );
  beforeAll(async () => {
    const paid = paymentOf({ ch, inpay, invoice: inv, customer }, { day: '2026-01-01', amount: 9900 });
    // Another customer's event, which stands behind no posting of these books.
    const other = bill(randomId('in'), {
      customer: randomId('cus'),
      day: '2026-01-01',
      lines: [{ id: randomId('il'), amount: 100, tax: 0, from: '2026-01-01', to: '2026-02-01' }],
    });
    await send(
      finalised,
      eventOf(newWhose())('invoice.finalized', other, '2026-01-01'),
      ...paid.map(([type, object]) => event(type, object, '2026-01-01')),
      event(
        'refund.created',
        refund(re, { amount: 990, currency: 'usd', charge: ch, created: secondOf('2026-02-01') }),
        '2026-02-01',
      ),
    );
  });

  it('are listed with the balances after each entry, and the months', async () => {
    const book = await get<InvoiceBook>(`/invoices/${inv}/journal`);
    expect(book.isComplete).toBe(true);
    const entries = book.data;
    expect(entries.map(({ id }) => id).sort()).toEqual(
      [`application:${inpay}`, `invoice:${inv}`, `refund-applied:${re}`].sort(),
    );
    expect(postings(entries.find(({ kind }) => kind === 'invoice'))).toEqual({
      'Assets:Receivable': 9900,
      'Liabilities:Deferred': -9000,
      'Liabilities:Tax': -900,
    });
    expect(postings(entries.find(({ kind }) => kind === 'refund-applied'))).toEqual({
      'Income:Contra:Refunds': 310,
      'Liabilities:Deferred': 590,
      'Liabilities:Tax': 90,
      'Liabilities:Unapplied': -990,
    });
    expect(entries.at(-1)?.balances).toContainEqual({
      name: 'Liabilities:Tax',
      currency: 'usd',
      balanceMinor: -810,
    });
    expect(book.months.map((row) => [row.month, row.revenueMinor, row.contraMinor])).toEqual([
      ['2026-01', 3100, 0],
      ['2026-02', 2520, 310],
      ['2026-03', 2790, 0],
    ]);
  });

  it('are entries that every one of their objects finds, with the event that caused them', async () => {
    const ids = async (query: string) => (await get<JournalEntries>(`/journal?${query}`)).data.map(({ id }) => id);
    expect(await ids(`stripeEvent=${finalised.id}`)).toEqual([`invoice:${inv}`]);
    expect(await ids(`object=${re}&order=effective`)).toEqual([`refund-applied:${re}`, `refund:${re}`]);
    expect(await ids(`invoice=${inv}&name=Liabilities:Tax&kind=refund-applied`)).toEqual([`refund-applied:${re}`]);
    expect(await ids(`customer=${customer}&until=2026-01-31T00:00:00Z`)).toHaveLength(3);
    expect(await ids(`account=${whose.account}&inferred=true`)).toEqual([]);
    const one = await get<JournalEntryWithBooks>(`/journal/${encodeURIComponent(`refund:${re}`)}`);
    expect(one).toMatchObject({
      object: re,
      book: ch,
      isInferred: false,
      changedBy: { type: 'refund.created' },
      effectiveAt: '2026-02-01T00:00:00.000Z',
    });
    const first = await get<JournalEntries>(`/journal?account=${whose.account}&limit=2`);
    const second = await get<JournalEntries>(`/journal?account=${whose.account}&limit=200&cursor=${first.nextCursor}`);
    expect(first.data.length + second.data.length).toBe(5);
  });

  it('balance at the end of each month, and at a second', async () => {
    expect(await balances(whose, 'month=2026-01')).toEqual({
      'Assets:Stripe:Clearing': 9900,
      'Income:Revenue': -3100,
      'Liabilities:Deferred': -5900,
      'Liabilities:Tax': -900,
    });
    const end = await balances(whose, 'month=2026-06');
    expect(end).toEqual({
      'Assets:Stripe:Clearing': 8910,
      'Income:Contra:Refunds': 310,
      'Income:Revenue': -8410,
      'Liabilities:Tax': -810,
    });
    expect(await balances(whose, 'asOf=2026-01-31T23:59:59Z')).toEqual(await balances(whose, 'month=2026-01'));
    // 15 of the 31 days of January; then half of February, of which a tenth was refunded.
    expect((await balances(whose, 'asOf=2026-01-15T23:59:59Z'))['Income:Revenue']).toBe(-1500);
    expect((await balances(whose, 'asOf=2026-02-14T23:59:59Z'))['Liabilities:Deferred']).toBe(-5900 + 590 + 1260);
  });

  it('are income by month, and what is deferred at the end of each', async () => {
    const { data } = await get<Incomes>(`/revenue?from=2026-01&to=2026-03&account=${whose.account}`);
    expect(data).toHaveLength(1);
    expect(
      data[0]?.months.map((month) => [month.revenueMinor, month.contraMinor, month.netMinor, month.deferredMinor]),
    ).toEqual([
      [3100, 0, 3100, 5900],
      [2520, 310, 2210, 2790],
      [2790, 0, 2790, 0],
    ]);
    expect(await get(`/revenue/recognised?from=2026-01&to=2026-12&by=product&invoice=${inv}`)).toMatchObject({
      data: [{ key: 'prod_1', revenueMinor: 8410, contraMinor: 310, amountMinor: 8100 }],
      nextCursor: null,
    });
    expect(
      (await get<Waterfalls>(`/revenue/waterfall?from=2026-01&to=2026-01&account=${whose.account}`)).data,
    ).toMatchObject([
      {
        booked: [
          { bookedMonth: '2026-01', months: [{ amountMinor: 3100 }, { amountMinor: 2210 }, { amountMinor: 2790 }] },
        ],
      },
    ]);
  });

  it('are what each account consists of, page by page, and add up to its trial balance', async () => {
    const scopes = (await get<TrialBalances>(`/trial-balance?account=${whose.account}&month=2026-02&view=restated`))
      .data;
    const accounts = scopes.flatMap((scope) => scope.accounts);
    expect(accounts.length).toBeGreaterThan(3);
    for (const { name, startMinor, debitMinor, creditMinor, endMinor } of accounts) {
      const all: AccountPostings['data'][number][] = [];
      for (let cursor = ''; ;) {
        const page = await get<AccountPostings>(
          `/accounts/${name}/postings?account=${whose.account}&currency=usd&from=2026-02&to=2026-02&limit=1${cursor}`,
        );
        expect(page).toMatchObject({ name, startMinor, endMinor });
        all.push(...page.data);
        if (page.nextCursor === null) break;
        cursor = `&cursor=${page.nextCursor}`;
      }
      expect(all.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(debitMinor - creditMinor);
      expect(all.at(-1)?.balanceMinor ?? startMinor).toBe(endMinor);
      expect(all.every(({ stripeEvent }) => stripeEvent !== null)).toBe(true);
    }
    const { data } = await get<AccountPostings>(
      `/accounts/Income%3ARevenue/postings?account=${whose.account}&currency=usd&from=2026-02&to=2026-03`,
    );
    expect(data).toMatchObject([
      { entry: `recognition:${line}:2026-02`, amountMinor: -2520, balanceMinor: -5620, invoice: inv, customer },
      {
        entry: `recognition:${line}:2026-03`,
        amountMinor: -2790,
        balanceMinor: -8410,
        effectiveAt: '2026-03-31T23:59:59.000Z',
      },
    ]);
    const { status } = await read(ledger.url, '/v1/accounts/Assets:Nothing/postings?currency=usd');
    expect(status).toBe(404);
  });

  it('are the chart of accounts, each with its balance at the requested moment', async () => {
    const chart = async (when: string) => {
      const { data } = await get<ChartOfAccounts>(`/accounts?account=${whose.account}&${when}`);
      expect(data.map(({ name }) => name)).toEqual(accountNames);
      return Object.fromEntries(
        data.flatMap(({ name, balances: own }) =>
          own.filter(({ balanceMinor }) => balanceMinor !== 0).map(({ balanceMinor }) => [name, balanceMinor]),
        ),
      );
    };
    for (const when of ['month=2026-02', 'asOf=2026-02-14T12:00:00Z', ''])
      expect(await chart(when)).toEqual(await balances(whose, when));
    const { data } = await get<ChartOfAccounts>('/accounts');
    const sides = Object.fromEntries(data.map(({ name, side }) => [name, side]));
    expect(sides).toMatchObject({
      'Income:Revenue': 'credit',
      'Income:Contra:Refunds': 'debit',
      'Assets:Bank': 'debit',
    });
  });

  it('explain why so much was deferred at the end of a month, as it was then', async () => {
    const deferred = async (query: string) =>
      (await get<DeferredRevenue>(`/revenue/deferred?account=${whose.account}&${query}`)).data;
    expect(await deferred('month=2026-01&by=line')).toEqual([
      {
        ...whose,
        currency: 'usd',
        deferredMinor: 5900,
        currentMinor: 5900,
        longTermMinor: 0,
        by: [{ key: line, deferredMinor: 5900 }],
      },
    ]);
    expect(await deferred('month=2026-01')).toMatchObject([
      {
        by: [
          { key: '2026-02', deferredMinor: 2800 },
          { key: '2026-03', deferredMinor: 3100 },
        ],
      },
    ]);
    expect(await deferred('month=2026-02&by=customer')).toMatchObject([
      { by: [{ key: customer, deferredMinor: 2790 }] },
    ]);
    expect(await deferred('month=2026-03')).toEqual([]);
  });
});

describe('MRR', () => {
  const whose = newWhose();
  const [customer, sub] = [randomId('cus'), randomId('sub')];
  const event = eventOf(whose);
  const at = (day: string) => ({ created: secondOf(day), start_date: secondOf(day) });
  const began = event(
    'customer.subscription.created',
    subscribed(sub, { customer, amount: 1000, quantity: 2, ...at('2026-01-10') }),
    '2026-01-10',
  );
  beforeAll(async () => {
    await send(
      began,
      event(
        'customer.subscription.updated',
        subscribed(sub, { customer, amount: 1000, quantity: 3, ...at('2026-01-10') }),
        '2026-02-05',
      ),
      event(
        'customer.subscription.deleted',
        subscribed(sub, {
          ...{ customer, amount: 1000, quantity: 3, ...at('2026-01-10') },
          ...{ status: 'canceled', canceled_at: secondOf('2026-03-03'), ended_at: secondOf('2026-04-01') },
        }),
        '2026-04-01',
      ),
    );
  });

  it('is a series by month, in which balances and movements add up', async () => {
    const { data, isComplete } = await get<MrrOverTime>(`/mrr?from=2026-01-01&to=2026-04-30&account=${whose.account}`);
    expect(isComplete).toBe(true);
    expect(data).toMatchObject([{ ...whose, currency: 'usd', unknownItems: 0 }]);
    const of = (period: MrrPeriod) => [
      period.start,
      period.mrrMinor,
      period.annualMinor,
      period.customers,
      period.newMinor,
      period.expansionMinor,
      period.churnMinor,
    ];
    expect(data[0]?.periods.map(of)).toEqual([
      ['2026-01-01', 2000, 24_000, 1, 2000, 0, 0],
      ['2026-02-01', 3000, 36_000, 1, 0, 1000, 0],
      ['2026-03-01', 3000, 36_000, 1, 0, 0, 0],
      ['2026-04-01', 0, 0, 0, 0, 0, 3000],
    ]);
    const weekly = await get<MrrOverTime>(`/mrr?from=2026-02-04&to=2026-02-10&interval=week&account=${whose.account}`);
    expect(weekly.data[0]?.periods.map(({ start, end, mrrMinor }) => [start, end, mrrMinor])).toEqual([
      ['2026-02-04', '2026-02-08', 3000],
      ['2026-02-09', '2026-02-10', 3000],
    ]);
  });

  it('has movements, each with its parts and the event that caused it', async () => {
    const { data } = await get<MrrMovements>(`/mrr/movements?customer=${customer}`);
    expect(data.map(({ kind, at: when, amountMinor }) => [kind, when.slice(0, 10), amountMinor])).toEqual([
      ['churn', '2026-04-01', -3000],
      ['expansion', '2026-02-05', 1000],
      ['new', '2026-01-10', 2000],
    ]);
    expect(data[1]?.parts).toMatchObject([{ subscription: sub, cause: 'quantity', amountMinor: 1000 }]);
    expect(data[2]?.changedBy).toMatchObject({ stripeEventId: began.id });
    expect((await get<MrrMovements>(`/mrr/movements?stripeEvent=${began.id}`)).data).toHaveLength(1);
    expect(await get(`/mrr/movements/${encodeURIComponent(String(data[0]?.id))}`)).toMatchObject({ kind: 'churn' });
  });

  it('of a customer and of a subscription shows what each item is worth, and why', async () => {
    const ofCustomer = await get<CustomerMrr>(`/customers/${customer}/mrr`);
    expect(ofCustomer.steps.map(({ mrrMinor }) => mrrMinor)).toEqual([2000, 3000, 0]);
    expect(ofCustomer.items.at(-1)).toMatchObject({ status: 'canceled', mrrMinor: 0 });
    const ofSubscription = await get<SubscriptionMrr>(`/subscriptions/${sub}/mrr`);
    expect(ofSubscription.changes.map(({ cause, mrrMinor }) => [cause, mrrMinor])).toEqual([
      ['subscription_started', 2000],
      ['quantity', 1000],
      ['subscription_ended', -3000],
    ]);
    expect((await read(ledger.url, `/v1/customers/${randomId('cus')}/mrr`)).status).toBe(404);
  });

  it('is kept, lost and won back as in M4', async () => {
    const own = newWhose();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => randomId(`cus_${name}`)) as [
      string,
      string,
      string,
      string,
    ];
    const of = (of: string, type: string, amount: number, day: string, fields: object = {}) =>
      eventOf(own)(
        `customer.subscription.${type}`,
        subscribed(`sub_of_${of}`, { customer: of, amount, ...at('2026-01-05'), ...fields }),
        day,
      );
    await send(
      ...[a, b, c].map((name) => of(name, 'created', 100, '2026-01-05')),
      of(a, 'updated', 150, '2026-02-03'),
      of(b, 'deleted', 100, '2026-02-04', { status: 'canceled', ended_at: secondOf('2026-02-04') }),
      of(c, 'updated', 80, '2026-02-05'),
      of(d, 'created', 50, '2026-02-06', at('2026-02-06')),
    );
    const { data } = await get<Retentions>(`/mrr/retention?from=2026-02-01&to=2026-02-28&account=${own.account}`);
    expect(data).toMatchObject([
      {
        ...{ startMinor: 300, endMinor: 280, newMinor: 50, expansionMinor: 50, contractionMinor: 20, churnMinor: 100 },
        ...{ startCustomers: 3, endCustomers: 3, arpaMinor: 93 },
        nrr: { part: 230, whole: 300, percent: '76.67' },
        grr: { part: 180, whole: 300, percent: '60.00' },
        logoChurn: { part: 1, whole: 3, percent: '33.33' },
        netChurn: { part: 70, whole: 300, percent: '23.33' },
      },
    ]);
    const cohorts = await get<MrrCohorts>(`/mrr/cohorts?from=2026-01&to=2026-02&account=${own.account}`);
    expect(cohorts.data[0]?.cohorts).toMatchObject([
      {
        ...{ month: '2026-01', size: 3, startMinor: 300 },
        months: expect.arrayContaining([
          { month: '2026-01', customers: 3, mrrMinor: 300 },
          { month: '2026-02', customers: 2, mrrMinor: 230 },
        ]),
      },
      { month: '2026-02', size: 1, startMinor: 50 },
    ]);
    // Each of these amounts can be broken down by customer.
    const whose = async (query: string) => {
      const { data } = await get<MrrCustomers>(`/mrr/customers?account=${own.account}&${query}`);
      return data.map(({ customer, startMinor, mrrMinor, change }) => [customer, startMinor, mrrMinor, change]);
    };
    const moved = [
      [a, 100, 150, 'grew'],
      [b, 100, 0, 'left'],
      [c, 100, 80, 'shrank'],
      [d, 0, 50, 'came'],
    ];
    const bySize = (rows: unknown[][]) =>
      rows.sort(
        ([x, ...xs], [y, ...ys]) =>
          Math.max(...(ys as number[]).slice(0, 2)) - Math.max(...(xs as number[]).slice(0, 2)) ||
          (String(x) < String(y) ? -1 : 1),
      );
    expect(await whose('on=2026-02-28&since=2026-02-01')).toEqual(bySize(moved));
    expect(await whose('on=2026-02-28&since=2026-02-01&change=left')).toEqual([moved[1]]);
    expect(await whose('on=2026-02-28&cohort=2026-01')).toEqual(bySize(moved.slice(0, 3)));
    expect((await whose('on=2026-02-28')).reduce((sum, [, , mrr]) => sum + Number(mrr), 0)).toBe(280);
    const first = await get<MrrCustomers>(`/mrr/customers?account=${own.account}&on=2026-02-28&limit=2`);
    const rest = await get<MrrCustomers>(
      `/mrr/customers?account=${own.account}&on=2026-02-28&limit=2&cursor=${first.nextCursor}`,
    );
    expect([...first.data, ...rest.data].map(({ customer }) => customer)).toEqual([a, c, d]);
    expect(rest.nextCursor).toBeNull();
    expect(
      (await get<MrrMovements>(`/mrr/movements?account=${own.account}&from=2026-02-04&to=2026-02-05`)).data,
    ).toMatchObject([
      { customer: c, kind: 'contraction' },
      { customer: b, kind: 'churn' },
    ]);
  });

  it('counts trials that ended, and those that converted', async () => {
    const own = newWhose();
    const trial = (name: string, type: string, day: string, fields: object) =>
      eventOf(own)(
        `customer.subscription.${type}`,
        subscribed(name, { customer: `cus_${name}`, amount: 1000, ...at('2026-01-01'), ...fields }),
        day,
      );
    const times = { trial_start: secondOf('2026-01-01'), trial_end: secondOf('2026-01-15') };
    const [won, lost] = [randomId('sub'), randomId('sub')];
    await send(
      ...[won, lost].map((name) => trial(name, 'created', '2026-01-01', { status: 'trialing', ...times })),
      trial(won, 'updated', '2026-01-15', { status: 'active', ...times }),
      trial(lost, 'deleted', '2026-01-15', { status: 'canceled', ...times, ended_at: secondOf('2026-01-15') }),
    );
    const { data } = await get(`/mrr/trials?from=2026-01-01&to=2026-01-31&account=${own.account}`);
    expect(data).toMatchObject([{ currency: 'usd', ended: 2, converted: 1, conversion: { percent: '50.00' } }]);
    const ended = async (query: string) =>
      (
        await get<MrrTrialsEnded>(`/mrr/trials/ended?from=2026-01-01&to=2026-01-31&account=${own.account}${query}`)
      ).data.map(({ subscription }) => subscription);
    expect((await ended('')).sort()).toEqual([won, lost].sort());
    expect([await ended('&converted=true'), await ended('&converted=false')]).toEqual([[won], [lost]]);
  });

  it('is committed less what is known to end, by what has been requested', async () => {
    const own = newWhose();
    const soon = Math.floor(Date.now() / 1000) + 10 * 86_400;
    const created = (amount: number, fields: object = {}) => {
      const name = randomId('sub');
      return eventOf(own)(
        'customer.subscription.created',
        subscribed(name, { customer: `cus_${name}`, amount, ...at('2026-01-05'), ...fields }),
        '2026-01-05',
      );
    };
    await send(
      created(1000),
      created(300, { cancel_at: soon }),
      created(50, { cancel_at: soon + 90 * 86_400 }),
      created(7, { status: 'paused' }),
    );
    const of = async (days: number) =>
      (await get<CommittedMrr>(`/mrr/committed?withinDays=${days}&account=${own.account}`)).data;
    const whole = { ...own, currency: 'usd', mrrMinor: 1350, changesMinor: 0, scheduledSubscriptions: 0 };
    expect(await of(9)).toEqual([{ ...whole, endingMinor: 0, endingSubscriptions: 0, committedMinor: 1350 }]);
    expect(await of(30)).toEqual([{ ...whole, endingMinor: 300, endingSubscriptions: 1, committedMinor: 1050 }]);
    expect(await of(365)).toEqual([{ ...whole, endingMinor: 350, endingSubscriptions: 2, committedMinor: 1000 }]);
  });

  it('does not report the unknown as nothing', async () => {
    const own = newWhose();
    const [id, name] = [randomId('sub'), randomId('cus')];
    const object = subscribed(id, { customer: name, amount: 1000, quantity: 8, ...at('2026-01-10') });
    const tiered = {
      ...object,
      items: {
        ...object.items,
        data: object.items.data.map((item) => ({
          ...item,
          price: {
            ...item.price,
            ...{ id: randomId('price'), billing_scheme: 'tiered', tiers_mode: 'graduated', unit_amount: null },
            unit_amount_decimal: null,
          },
        })),
      },
    };
    await send(eventOf(own)('customer.subscription.created', tiered, '2026-01-10'));
    expect(await get(`/mrr?from=2026-01-01&to=2026-01-31&account=${own.account}`)).toMatchObject({
      isComplete: false,
      data: [{ unknownItems: 1 }],
    });
    expect(await get(`/customers/${name}/mrr`)).toMatchObject({
      isComplete: false,
      items: [{ isUnknown: true, why: 'tiers_not_known', amountMinor: null }],
    });
  });
});

describe('a credit note before payment, by Stripe’s own numbers (R23)', () => {
  it('splits into the recognised and the unrecognised part', async () => {
    const whose = newWhose();
    const [customer, inv] = [randomId('cus'), randomId('in')];
    const event = eventOf(whose);
    const lines = [{ id: randomId('il'), amount: 9000, from: '2026-01-01', to: '2026-04-01' }];
    await send(
      event('invoice.finalized', bill(inv, { customer, day: '2026-01-01', lines }), '2026-01-01'),
      event(
        'credit_note.created',
        creditNote(randomId('cn'), {
          ...{ invoice: inv, customer, currency: 'usd', amount: 4500, subtotal: 4500, total: 4500 },
          ...{ type: 'pre_payment', pre_payment_amount: 4500, post_payment_amount: 0, created: secondOf('2026-02-01') },
        }),
        '2026-02-01',
      ),
    );
    const { data } = await get<Incomes>(`/revenue?from=2026-01&to=2026-03&account=${whose.account}`);
    expect(data[0]?.months.map((month) => [month.revenueMinor, month.contraMinor, month.deferredMinor])).toEqual([
      [3100, 0, 5900],
      [1400, 1550, 1550],
      [1550, 0, 0],
    ]);
    expect((await balances(whose, 'month=2026-03'))['Assets:Receivable']).toBe(4500);
  });
});

describe('a question about money', () => {
  it.each([
    ['/trial-balance?month=2026-13', 'month: must be a month'],
    ['/trial-balance?month=2026-01&asOf=2026-01-31T00:00:00Z', 'asOf: gives a moment'],
    ['/revenue?from=2026-02&to=2026-01', 'to: must not be before from'],
    ['/mrr?from=2026-02-30', 'from: must be a day'],
    ['/mrr?from=2000-01-01&to=2026-01-01&interval=day', 'to: gives more than'],
    ['/mrr?currency=dollars', 'currency: must be a currency'],
    ['/revenue/recognised?cursor=none', 'cursor: must be'],
    ['/journal?order=when', 'order:'],
  ])('that cannot be answered explains what to do: %s', async (path, detail) => {
    const { status, body } = await read(ledger.url, `/v1${path}`);
    expect([status, body['code']]).toEqual([400, 'bad_query']);
    expect(body['detail']).toContain(detail);
  });

  it('waits for the books, and reports when they do not come', async () => {
    const { status, body } = await read(ledger.url, `/v1/mrr?minPosition=${BigInt(position) + 10_000_000n}&waitMs=50`);
    expect([status, body['code']]).toEqual([503, 'position_not_reached']);
    const answer = await read(ledger.url, `/v1/journal?limit=1&minPosition=${position}&waitMs=20000`);
    expect(BigInt(answer.headers.get('ledger-position') ?? -1)).toBeGreaterThanOrEqual(BigInt(position));
    expect(answer.headers.get('etag')).toMatch(/^W\//);
  });
});

it('reports that the books lack an unreadable event, though its stream continues', async () => {
  const before = (await get<TrialBalances>('/trial-balance')).books.parkedStreams;
  const event = eventOf(newWhose());
  const made = bill(randomId('in'), {
    customer: randomId('cus'),
    day: '2026-01-01',
    lines: [{ id: randomId('il'), amount: 1000 }],
  });
  await send(
    event('invoice.finalized', made, '2026-01-01'),
    event('invoice.updated', { ...made, customer: 7 }, '2026-01-02'),
  );
  const { books, isComplete } = await get<TrialBalances>('/trial-balance');
  expect(books.parkedStreams).toBeGreaterThan(before);
  expect(isComplete).toBe(false);
});

it('applies a payment to the invoice that it names, though no event of the invoice reports the payment', async () => {
  const whose = newWhose();
  const [customer, inv, ch] = ['cus', 'in', 'ch'].map(randomId) as [string, string, string];
  const lines = [{ id: randomId('il'), amount: 9000, from: '2026-01-01', to: '2026-04-01' }];
  const amounts = { amount: 9000, amount_captured: 9000, currency: 'usd', customer, created: secondOf('2026-01-02') };
  await send(
    stripeEvent('charge.succeeded', charge(ch, OLD, { ...amounts, invoice: inv }), {
      ...{ ...whose, apiVersion: OLD, after: secondOf('2026-01-02') - START },
    }),
    eventOf(whose)('invoice.finalized', bill(inv, { customer, day: '2026-01-01', lines }), '2026-01-01'),
  );
  expect(await balances(whose, 'month=2026-01')).toEqual({
    ...{ 'Assets:Stripe:Clearing': 9000, 'Income:Revenue': -3100, 'Liabilities:Deferred': -5900 },
  });
});

it('lists payouts by their state, currency and day', async () => {
  const whose = newWhose();
  const payout = (id: string, status: string, day: string, fields = {}) =>
    eventOf(whose)(
      `payout.${status}`,
      {
        ...{ id, object: 'payout', amount: 1000, currency: 'usd', status, automatic: true, created: secondOf(day) },
        ...{ arrival_date: secondOf(day) + 2 * 86_400, balance_transaction: `txn_${id}`, ...fields },
      },
      day,
    );
  const [first, second, third] = ['po', 'po', 'po'].map(randomId) as [string, string, string];
  await send(
    payout(first, 'paid', '2026-01-05'),
    payout(second, 'paid', '2026-01-12', { currency: 'eur' }),
    payout(third, 'failed', '2026-01-19', { automatic: false }),
  );
  const list = async (query: string) =>
    (await get<PayoutPage>(`/payouts?account=${whose.account}&${query}`)).data.map(({ id }) => id);
  expect(await list('')).toEqual([third, second, first]);
  expect(await list('status=paid&order=created')).toEqual([first, second]);
  expect(await list('currency=eur')).toEqual([second]);
  expect(await list('automatic=false')).toEqual([third]);
  expect(await list('createdSince=2026-01-12T00:00:00Z')).toEqual([third, second]);
  expect(await get(`/payouts/${second}`)).toMatchObject({
    id: second,
    amountMinor: 1000,
    currency: 'eur',
    status: 'paid',
  });
});

it('bounds a list by days of the zone of the policy, also where clocks change', () => {
  const listing = {
    filters: { kind: ['new'], since: ['2026-03-08T12:00:00.000Z'] },
    isNewestFirst: true,
    after: null,
    limit: 1,
  };
  const between = (zone: string, from: string, to: string) => {
    const { since, until, kind } = onDays(listing, { from, to }, zone).filters;
    return [kind, since, until];
  };
  expect(between('America/New_York', '2026-03-09', '2026-03-31')).toEqual([
    ['new'],
    ['2026-03-09T04:00:00.000Z'],
    ['2026-04-01T03:59:59.999Z'],
  ]);
  // The later of the two starts counts.
  expect(between('America/New_York', '2026-03-01', '2026-03-07')).toEqual([
    ['new'],
    ['2026-03-08T12:00:00.000Z'],
    ['2026-03-08T04:59:59.999Z'],
  ]);
  expect(onDays(listing, {}, 'UTC')).toEqual(listing);
});
