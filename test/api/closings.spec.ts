import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gunzipSync } from 'node:zlib';
import type {
  AccountPostings,
  ClosedMonths,
  Closings as ClosingsPage,
  Corrections,
  ClosingWithBalances,
  DeferredRevenue,
  Incomes,
  InvoiceBook,
  JournalEntries,
  PostedCorrections,
  RecognisedRevenue,
  Waterfalls,
  Reconciliation,
  Reopening,
  TrialBalances,
} from '../../packages/client/src/openapi.js';
import { bill, eventOf, paymentOf, secondOf, type Whose } from '../support/books-events.js';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { checkAnswer } from '../support/openapi.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { refund } from '../support/stripe-objects.js';
import { verifyBooks, type ClosingFinding } from '../../src/cli/verify-closings.js';
import { Closings, type ClosedMonth } from '../../src/closings/closing-log.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { readOfTypes } from '../../src/eventstore/own-streams.js';
import { readStream } from '../../src/eventstore/read.js';
import { Database } from '../../src/read-models/database.js';
import { faultOf, sealed } from '../../src/closings/closing.js';
import { runCommand } from '../support/command.js';
import { randomId } from '../support/subscription-events.js';

let eventStore: TestServer;
let databases: TestServer[];
let ledger: TestLedger;
let position = '0';
beforeAll(async () => {
  [eventStore, ...databases] = await Promise.all([testEventStore(), testDatabase(), testDatabase()]);
  ledger = await startLedger({ eventStore, database: databases[0] as TestServer });
}, 60_000);
afterAll(async () => {
  await ledger.stop();
  await Promise.all([eventStore, ...databases].map((server) => server.stop()));
});

const send = async (...events: unknown[]): Promise<void> => {
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
};
const get = async <T = Record<string, unknown>>(path: string): Promise<T> => {
  const { status, body } = await read<T>(
    ledger.url,
    `/v1${path}${path.includes('?') ? '&' : '?'}minPosition=${position}&waitMs=30000`,
  );
  expect({ path, status, body }).toMatchObject({ status: 200 });
  return body;
};
/** The closings according to the log, regardless of the rows. */
const closings = async <T = ClosingsPage>(path = ''): Promise<T> => {
  const { status, body } = await read<T>(ledger.url, `/v1/closings${path}`);
  expect({ path, status, body }).toMatchObject({ status: 200 });
  return body;
};
const post = async <T = ClosedMonths>(path: string, asked: object, token = ADMIN_TOKEN) => {
  const response = await fetch(`${ledger.url}/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  const [{ status, headers }, body] = [response, (await response.json()) as T & { code?: string; detail?: string }];
  checkAnswer({ method: 'POST', url: `/v1${path}`, status, type: headers.get('content-type') ?? '', body });
  return { status, body };
};

const newWhose = (): Whose => ({ account: randomId('acct'), livemode: true });
const monthOf = async ({ account }: Whose, month: string, view: string): Promise<TrialBalances> => {
  const balance = await get<TrialBalances>(`/trial-balance?account=${account}&month=${month}&view=${view}`);
  expect(balance.data.map(({ sumMinor }) => sumMinor)).toEqual(balance.data.map(() => 0));
  return balance;
};
/** The amounts moved on each account and the final balances; debit is positive. */
const movesOf = async (whose: Whose, month: string, view: string) =>
  Object.fromEntries(
    (await monthOf(whose, month, view)).data.flatMap(({ accounts }) =>
      accounts.map(({ name, debitMinor, creditMinor }) => [name, debitMinor - creditMinor]),
    ),
  );
const incomeOf = async ({ account }: Whose, from: string, to: string, view: string) =>
  (await get<Incomes>(`/revenue?account=${account}&from=${from}&to=${to}&view=${view}`)).data.flatMap(({ months }) =>
    months.map((one) => [one.revenueMinor, one.contraMinor, one.netMinor, one.deferredMinor]),
  );

/** An invoice for three months that is paid at once. */
function paidInvoice(whose: Whose) {
  const [customer, inv, ch, inpay, line] = ['cus', 'in', 'ch', 'inpay', 'il'].map(randomId) as [
    ...[string, string, string, string, string],
  ];
  const lines = [{ id: line, amount: 9000, from: '2026-01-01', to: '2026-04-01' }];
  return {
    ...{ ch, inv },
    events: [
      ['invoice.finalized', bill(inv, { customer, day: '2026-01-01', lines })] as const,
      ...paymentOf({ ch, inpay, invoice: inv, customer }, { day: '2026-01-01', amount: 9000 }),
    ].map(([type, object]) => eventOf(whose)(type, object, '2026-01-01')),
  };
}
/** All pages of corrections to a closed month. */
async function correctionsOf(
  { account, livemode }: Whose,
  month: string,
): Promise<Pick<Corrections, 'accounts' | 'data'>> {
  const data: Corrections['data'][number][] = [];
  for (let cursor = ''; ;) {
    const path = `/closings/${month}/corrections?account=${account}&livemode=${livemode}&limit=2${cursor}`;
    const page = await get<Corrections>(path);
    data.push(...page.data);
    if (page.nextCursor === null) return { accounts: page.accounts, data };
    cursor = `&cursor=${page.nextCursor}`;
  }
}
const postedIn = ({ account, livemode }: Whose, month: string): Promise<PostedCorrections> =>
  get(`/closings/${month}/posted-corrections?account=${account}&livemode=${livemode}&limit=200`);

const sumsOf = (data: Corrections['data']): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { name, currency, amountMinor } of data.flatMap(({ postings }) => postings))
    sums[`${name} ${currency}`] = (sums[`${name} ${currency}`] ?? 0) + amountMinor;
  return nonzero(Object.entries(sums));
};
const changesOf = (accounts: Corrections['accounts']): Record<string, number> =>
  nonzero(accounts.map(({ name, currency, changeMinor }) => [`${name} ${currency}`, changeMinor]));

const refundOf = (whose: Whose, ch: string, amount: number, madeOn: string, toldOn = madeOn) =>
  eventOf(whose)(
    'refund.created',
    refund(randomId('re'), { amount, currency: 'usd', charge: ch, created: secondOf(madeOn) }),
    toldOn,
  );

describe('a month that is closed', () => {
  const whose = newWhose();
  const { ch, inv, events } = paidInvoice(whose);

  it('stays as it was when something becomes known of it later, which is posted in the open month', async () => {
    await send(...events);
    await get(`/journal?account=${whose.account}`);
    const { status, body } = await post('/closings', { month: '2026-01', ...whose });
    expect({ status, body }).toMatchObject({ status: 200, body: { data: [{ month: '2026-01', previous: null }] } });
    await send(refundOf(whose, ch, 9000, '2026-01-20', '2026-02-10'));

    const [revenue, refunds, deferred, clearing] = [
      ...['Income:Revenue', 'Income:Contra:Refunds', 'Liabilities:Deferred', 'Assets:Stripe:Clearing'],
    ];
    const table = async (month: string, view: string) => {
      const moves = await movesOf(whose, month, view);
      return [revenue, refunds, deferred, clearing].map((name) => moves[String(name)] ?? 0);
    };
    expect(await table('2026-01', 'frozen')).toEqual([-3100, 0, -5900, 9000]);
    expect(await table('2026-02', 'frozen')).toEqual([1200, 1900, 5900, -9000]);
    expect(await table('2026-01', 'restated')).toEqual([-1900, 1900, 0, 0]);
    expect(await table('2026-02', 'restated')).toEqual([0, 0, 0, 0]);
    expect(await incomeOf(whose, '2026-01', '2026-03', 'frozen')).toEqual([
      [3100, 0, 3100, 5900],
      [-1200, 1900, -3100, 0],
      [0, 0, 0, 0],
    ]);
    expect(await incomeOf(whose, '2025-12', '2026-02', 'restated')).toEqual([
      [0, 0, 0, 0],
      [1900, 1900, 0, 0],
      [0, 0, 0, 0],
    ]);
  }, 90_000);

  it('shows who closed it and what is a correction, unless the present knowledge is requested', async () => {
    const [closed] = (await monthOf(whose, '2026-01', 'frozen')).data;
    expect(closed?.closing).toMatchObject({ by: expect.stringMatching(/^token-/) as unknown });
    const [open] = (await monthOf(whose, '2026-02', 'frozen')).data;
    expect(open?.closing).toBeNull();
    expect(open?.accounts.find(({ name }) => name === 'Income:Contra:Refunds')).toEqual({
      ...{ name: 'Income:Contra:Refunds', startMinor: 0, debitMinor: 1900, creditMinor: 0, endMinor: 1900 },
      correctionMinor: 1900,
    });
    const { body } = await read(ledger.url, `/v1/trial-balance?view=frozen`);
    expect(body).toMatchObject({ code: 'bad_query', detail: expect.stringContaining('view') as unknown });
  });

  it('shows every figure as it was closed, with corrections in the open month', async () => {
    const { account } = whose;
    const earned = async (by: string, month: string, more = '') =>
      (
        await get<RecognisedRevenue>(`/revenue/recognised?account=${account}&by=${by}&from=${month}&to=${month}${more}`)
      ).data.map(({ key, revenueMinor, contraMinor }) => [key, revenueMinor, contraMinor]);
    expect(await earned('month', '2026-01')).toEqual([['2026-01', 3100, 0]]);
    expect(await earned('month', '2026-02')).toEqual([['2026-02', -1200, 1900]]);
    expect(await earned('invoice', '2026-01')).toEqual([[inv, 3100, 0]]);
    expect(await earned('invoice', '2026-01', `&invoice=${inv}`)).toEqual([[inv, 3100, 0]]);
    expect(await earned('invoice', '2026-02')).toEqual([['corrections', -1200, 1900]]);
    expect(await earned('month', '2026-01', '&view=restated')).toEqual([['2026-01', 1900, 1900]]);
    const billed = async (view: string) =>
      (
        await get<Waterfalls>(`/revenue/waterfall?account=${account}&from=2026-01&to=2026-03&view=${view}`)
      ).data.flatMap(({ booked }) => booked.flatMap(({ months }) => months.map((one) => [one.month, one.amountMinor])));
    expect(await billed('frozen')).toEqual([
      ['2026-01', 3100],
      ['2026-02', -3100],
    ]);
    expect(await billed('restated')).toEqual([['2026-01', 0]]);
    const deferred = async (query: string) =>
      (await get<DeferredRevenue>(`/revenue/deferred?account=${account}&${query}`)).data.flatMap(({ by }) =>
        by.map(({ key, deferredMinor }) => [key, deferredMinor]),
      );
    for (const when of ['month=2026-01', 'asOf=2026-01-31T23:59:59Z'])
      expect(await deferred(when)).toEqual([
        ['2026-02', 2800],
        ['2026-03', 3100],
      ]);
    expect(await deferred('month=2026-01&view=restated')).toEqual([]);
    expect(await deferred('month=2026-02')).toEqual([]);

    const listed = async (query: string) =>
      (await get<JournalEntries>(`/journal?account=${account}&${query}`)).data.map(({ kind }) => kind);
    expect(await listed('from=2026-01-01&to=2026-01-31&order=effective')).toEqual(['application', 'charge', 'invoice']);
    expect(await listed('from=2026-02-01&to=2026-02-28')).toEqual(['correction']);
    expect(await listed('name=Income:Contra:Refunds')).toEqual(['correction']);
    expect(await listed('customer=nobody')).toEqual([]);
    expect(await listed('from=2026-01-01&to=2026-01-31&view=restated')).toHaveLength(5);
    const paged: string[] = [];
    for (let cursor = ''; ;) {
      const page = await get<JournalEntries>(`/journal?account=${account}&limit=1${cursor}`);
      paged.push(...page.data.map(({ kind }) => kind));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(paged).toEqual(['correction', 'invoice', 'charge', 'application']);
    for (const [view, value] of [['frozen', 4] as const, ['restated', 5] as const])
      expect(await get(`/journal?account=${account}&limit=1&count=true&view=${view}`)).toMatchObject({
        ...{ count: { value, isAtLeast: false }, view, shownRestated: [] },
      });

    for (const month of ['2026-01', '2026-02'])
      for (const one of (await monthOf(whose, month, 'frozen')).data.flatMap(({ accounts }) => accounts)) {
        const postings: AccountPostings['data'][number][] = [];
        for (let cursor = ''; ;) {
          const page = await get<AccountPostings>(
            `/accounts/${one.name}/postings?account=${account}&currency=usd&from=${month}&to=${month}&limit=1${cursor}`,
          );
          expect(page).toMatchObject({ startMinor: one.startMinor, endMinor: one.endMinor });
          postings.push(...page.data);
          if (page.nextCursor === null) break;
          cursor = `&cursor=${page.nextCursor}`;
        }
        const sumMinor = postings.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
        expect({ month, name: one.name, sumMinor }).toEqual({
          ...{ month, name: one.name, sumMinor: one.debitMinor - one.creditMinor },
        });
        expect(postings.at(-1)?.balanceMinor ?? one.startMinor).toBe(one.endMinor);
      }
    const balances = await get<TrialBalances>(`/trial-balance?account=${account}&asOf=2026-01-31T23:59:59Z`);
    expect(balances.data).toEqual((await monthOf(whose, '2026-01', 'frozen')).data);
  }, 60_000);

  it('lists what became known about it since, entry by entry, with the event and its place in the log', async () => {
    const { accounts, data } = await correctionsOf(whose, '2026-01');
    expect(data.map(({ kind, change, position: at }) => [kind, change, at])).toEqual([
      ['recognition', 'changed', expect.any(String)],
      ['refund', 'added', position],
      ['refund-applied', 'added', position],
    ]);
    expect(sumsOf(data)).toEqual(changesOf(accounts));
    expect((await postedIn(whose, '2026-02')).data).toEqual(data);
    expect(await postedIn(whose, '2026-01')).toMatchObject({ data: [], isKept: true });
    expect(accounts).toEqual([
      ...[
        ['Assets:Stripe:Clearing', 9000, 0],
        ['Income:Contra:Refunds', 0, 1900],
        ['Income:Revenue', -3100, -1900],
        ['Liabilities:Deferred', -5900, 0],
      ].map(([name, closedMinor, nowMinor]) => ({
        ...{ currency: 'usd', name, closedMinor, nowMinor, changeMinor: Number(nowMinor) - Number(closedMinor) },
      })),
    ]);
  });

  it('leads to the book of an invoice as it was known when it was closed', async () => {
    const [closing] = (await closings(`?account=${whose.account}`)).data;
    const then = await get<InvoiceBook>(`/invoices/${inv}/journal?knownAt=${closing?.position}`);
    expect(then.data.map(({ kind }) => kind)).toEqual(['application', 'invoice']);
    expect(then.months.map(({ month, revenueMinor }) => [month, revenueMinor])).toEqual([
      ['2026-01', 3100],
      ['2026-02', 2800],
      ['2026-03', 3100],
    ]);
    const now = await get<InvoiceBook>(`/invoices/${inv}/journal`);
    const { asOf, books, ...known } = await get<InvoiceBook>(`/invoices/${inv}/journal?knownAt=${position}`);
    expect(now.months).toMatchObject([{ month: '2026-01', revenueMinor: 1900, contraMinor: 1900 }]);
    expect({ ...known, books: { ...books, position: now.books.position } }).toEqual(now);
    expect(asOf?.knownAt).toBe(position);
    const true15 = await get<InvoiceBook>(`/invoices/${inv}/journal?trueAt=2026-02-09T00:00:00Z`);
    expect(true15.data).toEqual(then.data);
    const { status, body } = await read(ledger.url, `/v1/invoices/${inv}/journal?knownAt=0`);
    expect({ status, body }).toMatchObject({ status: 404, body: { code: 'not_known_then' } });
  });

  it('is exported as it was closed, with corrections in the open month', async () => {
    type Entry = { id: string; postings: { name: string; amountMinor: number }[] };
    const exported = async (query: string): Promise<{ ids: string[]; sums: Record<string, number> }> => {
      const response = await fetch(`${ledger.url}/v1/journal/export?format=jsonl&account=${whose.account}&${query}`, {
        headers: { authorization: `Bearer ${READ_TOKEN}` },
      });
      const lines = (await response.text()).split('\n').filter((line) => line !== '');
      const entries = lines.map((line) => JSON.parse(line) as Entry);
      const sums: Record<string, number> = {};
      for (const { name, amountMinor } of entries.flatMap(({ postings }) => postings))
        sums[name] = (sums[name] ?? 0) + amountMinor;
      return { ids: entries.map(({ id }) => id), sums: nonzero(Object.entries(sums)) };
    };
    const endOf = async (month: string, view: string) =>
      nonzero((await monthOf(whose, month, view)).data[0]?.accounts.map(({ name, endMinor }) => [name, endMinor]));
    for (const query of ['to=2026-01', 'to=2026-02', 'from=2026-02&to=2026-02']) {
      const { ids, sums } = await exported(query);
      expect(sums).toEqual(await endOf(query.slice(-7), 'frozen'));
      expect(ids.filter((one) => one.startsWith('correction:'))).toEqual(
        query === 'to=2026-01' ? [] : ['correction:2026-02'],
      );
    }
    const { ids, sums } = await exported('to=2026-01&view=restated');
    expect(sums).toEqual(await endOf('2026-01', 'restated'));
    expect(ids.filter((one) => one.startsWith('correction:'))).toEqual([]);
  });

  it('is closed once, however often it is requested, and by admins alone', async () => {
    const { body: known } = await post('/closings', { month: '2026-01', ...whose });
    const again = await Promise.all([1, 2, 3, 4].map(() => post('/closings', { month: '2026-02', ...whose })));
    expect(new Set(again.map(({ body }) => body.data[0]?.hash)).size).toBe(1);
    const { data } = await closings(`?account=${whose.account}`);
    expect(data.map(({ month, previous }) => [month, previous])).toEqual([
      ['2026-02', known.data[0]?.hash],
      ['2026-01', null],
    ]);
    expect((await closings(`?account=${whose.account}&limit=1`)).nextCursor).not.toBeNull();
    const named = new Set((await closings(`?account=${whose.account}`)).data.map(({ rows }) => rows?.name ?? ''));
    const store = connectEventStore(ledger.eventstoreUrl);
    for (const { stream, data: chunk } of await readOfTypes(store, {
      types: '^ledger.closed_rows$',
      after: null,
      max: 1_000,
    })) {
      const text = String(gunzipSync(Buffer.from((chunk as { rows: string }).rows, 'base64')));
      if (!text.includes(whose.account) || [...named].some((name) => stream.includes(name))) continue;
      for await (const event of readStream(store, stream)) expect(event).toBe('gone: no closing names it');
    }
    await store.close();
    const one = await closings<ClosingWithBalances>(`/2026-02?account=${whose.account}`);
    expect(one.balances[0]?.accounts.map(({ name, endMinor }) => [name, endMinor])).toEqual([
      ['Assets:Stripe:Clearing', 0],
      ['Income:Contra:Refunds', 1900],
      ['Income:Revenue', -1900],
      ['Liabilities:Deferred', 0],
    ]);
    expect(await post('/closings', { month: '2026-03', ...whose }, READ_TOKEN)).toMatchObject({ status: 403 });
  });

  it('is reopened from the last one on, and closed again with what is known by then', async () => {
    expect(await post('/closings/2026-01/reopen', { ...whose })).toMatchObject({
      status: 409,
      body: { code: 'closing_refused', detail: expect.stringContaining('2026-02') as unknown },
    });
    const { body } = await post<Reopening>('/closings/2026-02/reopen', { ...whose, reason: 'the refund' });
    expect(body).toMatchObject({ month: '2026-02', reason: 'the refund' });
    await send(refundOf(whose, ch, 0, '2026-02-20'));
    expect((await closings(`?account=${whose.account}`)).data).toHaveLength(1);
    const { body: closed } = await post('/closings', { month: '2026-03', ...whose });
    expect(closed.data.map(({ month }) => month)).toEqual(['2026-02', '2026-03']);
  });
});

describe('a month cannot be closed', () => {
  it('before it is over, or without being one', async () => {
    const month = new Date().toISOString().slice(0, 7);
    expect(await post('/closings', { month })).toMatchObject({ status: 409, body: { code: 'closing_refused' } });
    expect(await post('/closings', { month: '2026-13' })).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    expect((await read(ledger.url, '/v1/closings/2020-01?account=nobody')).status).toBe(404);
  });

  it('while there is unexplained money, unless that is accepted and noted', async () => {
    const whose = newWhose();
    const txn = randomId('txn');
    await send(
      eventOf(whose)(
        'balance_transaction.created',
        {
          ...{ id: txn, object: 'balance_transaction', amount: -500, fee: 0, net: -500, currency: 'usd' },
          ...{ type: 'adjustment', reporting_category: 'new_thing', created: secondOf('2026-01-10') },
          ...{ available_on: secondOf('2026-01-12'), status: 'available', source: null, fee_details: [] },
        },
        '2026-01-10',
      ),
    );
    expect(await movesOf(whose, '2026-01', 'frozen')).toEqual({
      'Assets:Stripe:Balance': -500,
      'Equity:Unexplained': 500,
    });
    expect(
      await get<Reconciliation>(`/reconciliation?account=${whose.account}&since=2026-01-01T00:00:00Z`),
    ).toMatchObject({
      open: [{ cause: 'unknown_category', object: txn, amountMinor: 500 }],
    });
    expect(await post('/closings', { month: '2026-01', ...whose })).toMatchObject({
      status: 409,
      body: { code: 'closing_refused', detail: expect.stringContaining('Equity:Unexplained') as unknown },
    });
    expect(await post('/closings', { month: '2026-01', ...whose, accept: true })).toMatchObject({
      status: 200,
      body: { data: [{ accepted: ['unexplained'] }] },
    });
  });
});

const SEED = Number(process.env['SEED'] ?? 1);
const RUNS = Number(process.env['RUNS'] ?? 1);
/** Possible steps: an invoice or a refund of any age becomes known, or months are closed up to one. */
const MONTHS = ['2026-01', '2026-02', '2026-03', '2026-04'];

describe(`closed months (seed ${SEED})`, () => {
  it('never change, whatever becomes known later; everything else is true, and each begins where another ends', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('refund' as const),
        of: fc.nat(2),
        amount: fc.integer({ min: 1, max: 3000 }),
        day: fc.integer({ min: 1, max: 119 }),
      }),
      fc.record({ kind: fc.constant('invoice' as const) }),
      fc.record({ kind: fc.constant('close' as const), month: fc.constantFrom(...MONTHS) }),
    );
    for (const steps of fc.sample(fc.array(step, { minLength: 8, maxLength: 8 }), { seed: SEED, numRuns: RUNS })) {
      const whose = newWhose();
      const charges: string[] = [];
      const closed = new Map<string, unknown>();
      for (const one of [{ kind: 'invoice' as const }, ...steps]) {
        if (one.kind === 'invoice') {
          const { ch, events } = paidInvoice(whose);
          charges.push(ch);
          await send(...events);
        } else if (one.kind === 'refund') {
          const at = new Date((secondOf('2026-01-01') + one.day * 86_400) * 1000).toISOString().slice(0, 10);
          await send(refundOf(whose, charges[one.of % charges.length] as string, one.amount, at));
        } else {
          await get(`/journal?account=${whose.account}&limit=1`);
          expect(await post('/closings', { month: one.month, ...whose })).toMatchObject({ status: 200 });
        }
        const balances = new Map<string, TrialBalances['data']>();
        for (const month of MONTHS) balances.set(month, (await monthOf(whose, month, 'frozen')).data);
        let isOpen = false;
        for (const [place, month] of MONTHS.entries()) {
          const [own] = balances.get(month) ?? [];
          const [next] = balances.get(MONTHS[place + 1] ?? '') ?? [];
          const known = closed.get(month);
          if (known !== undefined) expect({ steps, month, own }).toEqual({ steps, month, own: known });
          if (own?.closing != null) closed.set(month, own);
          const ends = (of: typeof own) => nonzero(of?.accounts.map(({ name, endMinor }) => [name, endMinor]));
          if (next !== undefined)
            expect(nonzero(next.accounts.map(({ name, startMinor }) => [name, startMinor]))).toEqual(ends(own));
          if (own?.closing == null) isOpen = true;
          if (isOpen) expect(ends((await monthOf(whose, month, 'restated')).data[0])).toEqual(ends(own));
        }
        for (const by of ['month', 'line'])
          for (const month of MONTHS) {
            const { data } = await get<RecognisedRevenue>(
              `/revenue/recognised?account=${whose.account}&by=${by}&from=${month}&to=${month}`,
            );
            const revenueMinor = data.reduce((sum, one) => sum + one.revenueMinor, 0);
            const moved = balances.get(month)?.[0]?.accounts.find(({ name }) => name === 'Income:Revenue');
            const expected = (moved?.creditMinor ?? 0) - (moved?.debitMinor ?? 0);
            expect({ steps, month, by, revenueMinor }).toEqual({ steps, month, by, revenueMinor: expected });
          }
        for (const month of MONTHS) {
          const { data } = await get<DeferredRevenue>(`/revenue/deferred?account=${whose.account}&month=${month}`);
          const deferredMinor = 0 - standingOn(balances.get(month), 'Liabilities:Deferred');
          expect({ steps, month, deferredMinor: data[0]?.deferredMinor ?? 0 }).toEqual({ steps, month, deferredMinor });
        }
        const deferred = (await incomeOf(whose, '2026-01', '2026-04', 'frozen')).map((months) => months[3] ?? 0);
        expect(deferred).toEqual(MONTHS.map((month) => 0 - standingOn(balances.get(month), 'Liabilities:Deferred')));
      }
      for (const month of MONTHS) {
        const [own] = (await monthOf(whose, month, 'frozen')).data;
        const correcting = nonzero(own?.accounts.map((one) => [`${one.name} usd`, one.correctionMinor]));
        expect({ steps, month, posted: sumsOf((await postedIn(whose, month)).data) }).toEqual({
          ...{ steps, month, posted: correcting },
        });
        if (own?.closing == null) continue;
        const { accounts, data } = await correctionsOf(whose, month);
        expect({ steps, month, sums: sumsOf(data) }).toEqual({ steps, month, sums: changesOf(accounts) });
      }
    }
  }, 60_000);
});

const nonzero = (rows: readonly (readonly [string, number])[] | undefined) =>
  Object.fromEntries((rows ?? []).filter(([, amount]) => amount !== 0));
const standingOn = (scopes: TrialBalances['data'] | undefined, account: string): number =>
  scopes?.flatMap(({ accounts }) => accounts).find(({ name }) => name === account)?.endMinor ?? 0;

/** The JSON output of a command. */
const output = async (args: readonly string[], environment: Record<string, string>): Promise<unknown> => {
  const stores = { EVENTSTORE_URL: ledger.eventstoreUrl, DATABASE_URL: ledger.databaseUrl };
  const command = runCommand('src/cli/main.js', args, { ...stores, ...environment });
  const lines: string[] = [];
  for (let line = await command.line(); line !== undefined; line = await command.line()) lines.push(line);
  const { code, errors } = await command.ended;
  expect({ code, errors }).toMatchObject({ code: 0 });
  return JSON.parse(lines.join('\n')) as unknown;
};

describe('closings', () => {
  it('report when they are not as they were written, or one is missing', () => {
    const first = sealed({
      ...{ livemode: true, account: null, month: '2026-01', zone: 'UTC', position: '7', policy: 'p', build: '1' },
      ...{ by: 'somebody', closedAt: '2026-02-01T00:00:00.000Z', accepted: [], balances: [], previous: null },
    });
    const { hash, ...content } = { ...first, month: '2026-02', previous: first.hash };
    const second = sealed(content);
    expect([faultOf(first, null), faultOf(second, first)]).toEqual([null, null]);
    expect(faultOf({ ...second, by: 'somebody else' }, first)).toContain('recorded hash');
    expect(faultOf({ ...second, hash }, first)).toContain('recorded hash');
    expect(faultOf(second, null)).toContain('does not follow');
    expect(faultOf(sealed({ ...content, month: '2025-12' }), first)).toContain('not later');
  });

  it('are derived again at their position under their policy, and a differing one is reported', async () => {
    const whose = newWhose();
    const { ch, events } = paidInvoice(whose);
    await send(...events);
    await get(`/journal?account=${whose.account}`);
    await post('/closings', { month: '2026-02', ...whose });
    await send(refundOf(whose, ch, 9000, '2026-01-20', '2026-03-10'));
    await get(`/journal?account=${whose.account}`);
    const store = connectEventStore(ledger.eventstoreUrl);
    const database = new Database(ledger.databaseUrl, { connectionsMax: 2, onIdleError: () => undefined });
    const said = async () => {
      const kept = new Closings(store);
      await kept.refresh();
      const found: ClosingFinding[] = [];
      const { signal } = new AbortController();
      for await (const one of verifyBooks({ store, database, signal }, kept, whose)) found.push(one);
      return { found, kept };
    };
    try {
      const { found, kept } = await said();
      expect(found).toEqual([]);
      const february = await kept.read(kept.of(whose).at(-1) as ClosedMonth);
      const { hash: previous, ...written } = february;
      const [usd] = february.balances;
      const accounts = (usd?.accounts ?? []).map((one) =>
        one.name === 'Income:Revenue' ? { ...one, endMinor: one.endMinor + 1 } : one,
      );
      const data = sealed({ ...written, month: '2026-03', previous, balances: [{ currency: 'usd', accounts }] });
      // Other specs close their months in the same stream.
      const append = async (event: Parameters<Closings['append']>[0][number]): Promise<void> => {
        while ((await kept.append([event], await kept.refresh())) === 'moved');
      };
      await append({ kind: 'closed', data });
      const { found: faults } = await said();
      const reopenedAt = new Date().toISOString();
      await append({ kind: 'reopened', data: { ...whose, month: '2026-03', by: 'test', reopenedAt, reason: null } });
      expect(faults).toMatchObject([
        { isFault: true, text: expect.stringContaining('usd Income:Revenue -9000') as unknown },
      ]);
      expect(faults[0]?.text).toContain('The closing of 2026-03');
    } finally {
      await Promise.all([store.close(), database.close()]);
    }
  }, 60_000);

  it('survive the loss of Postgres, and another policy', async () => {
    const whose = newWhose();
    const { events } = paidInvoice(whose);
    await send(...events);
    await get(`/journal?account=${whose.account}`);
    await post('/closings', { month: '2026-02', ...whose });
    const figures = async () => [
      (await monthOf(whose, '2026-01', 'frozen')).data,
      (await monthOf(whose, '2026-02', 'frozen')).data,
      ...(await Promise.all(
        [
          '/revenue/recognised?by=line&from=2026-01&to=2026-02',
          '/revenue/deferred?by=month&month=2026-02',
          '/journal?to=2026-02-28',
        ].map(async (path) => (await get<{ data: unknown }>(`${path}&account=${whose.account}`)).data),
      )),
    ];
    const before = await figures();
    const listed = await closings(`?account=${whose.account}`);

    // Before the change, a comparison of policies and a dry run both name the closed months that would be restated.
    const named = { account: whose.account, month: '2026-01', name: 'Income:Revenue', before: '-3100', after: '-3000' };
    expect(
      await output(['money', 'compare', 'revenue', '--set', 'recognition=month,mrrPastDueDays=', '--json'], {
        MRR_PAST_DUE_DAYS: '30',
      }),
    ).toMatchObject({
      policy: [{ field: 'recognition' }, { field: 'mrrPastDueDays', before: 30, after: null }],
      closedMonths: expect.arrayContaining([expect.objectContaining(named)]) as unknown,
    });
    expect(
      await output(['rebuild', 'journal', '--dry-run', '--examples', '0', '--json'], { MONEY_RECOGNITION: 'month' }),
    ).toMatchObject([
      { projection: 'journal', closedMonths: expect.arrayContaining([expect.objectContaining(named)]) as unknown },
    ]);

    await ledger.stop();
    ledger = await startLedger({
      ...{ eventStore, database: databases[1] as TestServer },
      environment: { MONEY_RECOGNITION: 'month' },
    });
    expect(await closings(`?account=${whose.account}`)).toEqual(listed);
    expect(await figures()).toEqual(before);
    expect((await movesOf(whose, '2026-01', 'restated'))['Income:Revenue']).toBe(-3000);
    // March gets the last third, and a reversal of the excess that the first two months were closed with.
    expect((await movesOf(whose, '2026-03', 'frozen'))['Income:Revenue']).toBe(-3100);
  }, 60_000);
});
