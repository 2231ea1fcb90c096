import { expect } from '@jest/globals';
import type { Reconciliation } from '../../packages/client/src/openapi.js';
import { charge, DAHLIA, OLD, refund } from '../support/stripe-objects.js';
import type { Asked } from './asked.js';
import { moves, type Example } from './example.js';
import { second, type Told } from './told.js';

const QUARTER = { from: '2026-01-01', to: '2026-04-01' };

/** Checks the balances that an example's entries leave; revenue earned over time has no entries. */
const leaves =
  (expected: Readonly<Record<string, number>>) =>
  async (asked: Asked): Promise<void> =>
    expect(await asked.left()).toEqual(expected);

/** Checks the sums of some entries by name. */
const posts =
  (expected: Readonly<Record<string, Readonly<Record<string, number>>>>) =>
  async (asked: Asked): Promise<void> =>
    expect(await asked.sums()).toMatchObject(expected);

const reconciliation = ({ told }: Asked): string =>
  `/reconciliation?since=2026-01-01T00:00:00Z&account=${told.whose.account}`;

/** The state of a charge in a later event. */
const chargeOf = (told: Told, version: string, fields: Record<string, unknown>) =>
  charge(told.id('ch_1'), version, {
    ...{ amount: 10000, amount_captured: 10000, currency: 'usd', customer: told.id('cus_1') },
    ...{ created: second('2026-01-01'), balance_transaction: null, ...fields },
  });

/** A balance at Stripe as in the event `balance.available`. */
const balanceOf = (available: number, pending: number) => {
  const of = (amount: number) => [{ amount, currency: 'usd', source_types: { card: amount } }];
  return { object: 'balance', livemode: true, available: of(available), pending: of(pending) };
};

/** The project's own scenarios. */
export const journalExamples: readonly Example[] = [
  {
    id: 'J1',
    about: 'a whole life, from the invoice to the bank',
    isShuffled: true,
    stages: [
      {
        tell: (told) => {
          told
            .finalized('2026-01-01', [{ amount: 9000, tax: 900, ...QUARTER }], { balance: [-1100, 0], version: OLD })
            .charged('2026-01-01', 8800, {
              version: OLD,
              invoice: told.id('in_1'),
              balance_transaction: told.id('txn_1'),
            });
          const paid = { amount_paid: 8800, amount_remaining: 0, status: 'paid', paid: true, charge: told.id('ch_1') };
          const times = { finalized_at: second('2026-01-01'), paid_at: second('2026-01-01'), voided_at: null };
          told
            .changed(
              'invoice.paid',
              '2026-01-01',
              { ...paid, status_transitions: { ...times, marked_uncollectible_at: null } },
              { version: OLD },
            )
            .transaction('txn_1', 'charge', '2026-01-01', { amount: 8800, fee: 285, source: 'ch_1' })
            .payout('2026-01-02', 8515)
            .transaction('txn_2', 'payout', '2026-01-02', { amount: -8515, source: 'po_1' })
            .payout('2026-01-04', 8515, { status: 'paid', type: 'paid', created: '2026-01-02' });
        },
        check: leaves({
          ...{ 'Liabilities:Deferred': -9000, 'Liabilities:Tax': -900, 'Liabilities:CustomerBalance': 1100 },
          ...{ 'Expenses:Fees:Stripe': 285, 'Assets:Bank': 8515 },
        }),
      },
    ],
  },
  {
    id: 'J2',
    about: 'a payout of three',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .charged('2026-01-01', 10000)
            .charged('2026-01-01', 5000, { ch: 'ch_2' })
            .refunded('re_1', '2026-01-02', 2000)
            .payout('2026-01-03', 12505)
            .transaction('txn_1', 'charge', '2026-01-01', { amount: 10000, fee: 320, source: 'ch_1' })
            .transaction('txn_2', 'charge', '2026-01-01', { amount: 5000, fee: 175, source: 'ch_2' })
            .transaction('txn_3', 'refund', '2026-01-02', { amount: -2000, source: 're_1' })
            .transaction('txn_4', 'payout', '2026-01-03', { amount: -12505, source: 'po_1' }),
        check: async (asked) => {
          await leaves({
            'Expenses:Fees:Stripe': 495,
            'Assets:Stripe:InTransit': 12505,
            'Liabilities:Unapplied': -13000,
          })(asked);
          // It is at no bank yet, and the payments belong to no invoice; everything else is settled.
          const { open } = await asked.get<Reconciliation>(reconciliation(asked));
          expect(open.map(({ cause, amountMinor }) => [cause, amountMinor]).sort()).toEqual([
            ['not_applied', -5000],
            ['not_applied', -8000],
            ['on_its_way', 12505],
          ]);
        },
      },
    ],
  },
  {
    id: 'J3',
    about: 'the fee comes later',
    isShuffled: true,
    stages: [
      {
        tell: (told) => told.event('charge.succeeded', chargeOf(told, DAHLIA, {}), '2026-01-01', { version: DAHLIA }),
        check: posts({ 'charge:ch_1': { 'Assets:Stripe:Clearing': 10000, 'Liabilities:Unapplied': -10000 } }),
      },
      {
        tell: (told) =>
          told
            .event('charge.updated', chargeOf(told, DAHLIA, { balance_transaction: told.id('txn_1') }), '2026-01-02', {
              ...{ version: DAHLIA, previous: { balance_transaction: null } },
            })
            .transaction('txn_1', 'charge', '2026-01-01', { amount: 10000, fee: 320, source: 'ch_1' }),
        check: async (asked) => {
          expect(await asked.sums()).toEqual({
            'charge:ch_1': { 'Assets:Stripe:Clearing': 10000, 'Liabilities:Unapplied': -10000 },
            'settlement:txn_1': {
              ...{ 'Assets:Stripe:Balance': 9680, 'Expenses:Fees:Stripe': 320, 'Assets:Stripe:Clearing': -10000 },
            },
          });
        },
      },
    ],
  },
  {
    id: 'J4',
    about: 'one refund, four tellers',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .finalized('2026-01-01', [{ amount: 10000, ...QUARTER }])
            .paid('2026-01-01', 10000)
            .event('charge.refunded', chargeOf(told, DAHLIA, { amount_refunded: 2000 }), '2026-02-01', {
              ...{ version: DAHLIA, previous: { amount_refunded: 0 } },
            }),
        check: async (asked) => {
          const entries = await asked.entries();
          expect(
            entries.filter(({ id }) => id.startsWith('refund')).map(({ id, isInferred }) => [id, isInferred]),
          ).toEqual([
            ['refund-applied:ch_1#2000', true],
            ['refund:ch_1#2000', true],
          ]);
          expect((await asked.balances('2026-02'))['Assets:Stripe:Clearing']).toBe(8000);
        },
      },
      {
        tell: (told) => {
          told.refunded('re_1', '2026-02-01', 2000);
          const shown = refund(told.id('re_1'), {
            ...{ amount: 2000, currency: 'usd', charge: told.id('ch_1'), created: second('2026-02-01') },
            balance_transaction: told.id('txn_1'),
          });
          // One change under two event ids.
          for (const name of ['evt_a', 'evt_b'])
            told.event('refund.updated', shown, '2026-02-02', {
              previous: { balance_transaction: null },
              id: told.id(name),
            });
          return told.credited('2026-02-01', {
            ...{ after: 2000, refunds: [{ refund: told.id('re_1'), amount_refunded: 2000 }] },
          });
        },
        check: async (asked) => {
          const entries = await asked.entries();
          expect(
            entries.filter(({ id }) => id.startsWith('refund')).map(({ id, isInferred }) => [id, isInferred]),
          ).toEqual([
            ['refund-applied:re_1', false],
            ['refund:re_1', false],
          ]);
          expect((await asked.balances('2026-02'))['Assets:Stripe:Clearing']).toBe(8000);
          expect((await asked.balances('2026-02'))['Liabilities:RefundsPayable']).toBeUndefined();
        },
      },
    ],
  },
  {
    id: 'J5',
    about: 'an invoice that is open again, and paid by another payment; a stale event changes nothing',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .finalized('2026-01-01', [{ amount: 2000, ...QUARTER }])
            .paid('2026-01-02', 2000)
            .detached('2026-02-02', 2000, { paidAt: '2026-01-02' })
            .paid('2026-03-02', 2000, { ch: 'ch_2', inpay: 'inpay_2' }),
        check: moves('2026-01', { AR: [0, 2000, -2000], Cash: [2000, 0, 2000] }),
      },
      {
        tell: (told) => {
          const paid = told.sent.find((one) => one.kind === 'event' && one.body.type === 'invoice.paid');
          if (paid?.kind === 'event') told.event('invoice.paid', paid.body.data.object, '2026-01-02');
        },
        check: async (asked) => {
          await moves('2026-01', { AR: [0, 2000, -2000] })(asked);
          expect((await asked.left())['Liabilities:Unapplied']).toBe(-2000);
        },
      },
    ],
    other: posts({ 'standalone-restored:inpay_1': { 'Liabilities:Unapplied': 2000, 'Income:Revenue': -2000 } }),
  },
  {
    id: 'J6',
    about: 'paid too much: what is over is the customer’s',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .customer('2026-01-01', 0)
            .finalized('2026-01-01', [{ amount: 9900, ...QUARTER }])
            .paid('2026-01-02', 4000)
            .paid('2026-01-03', 8000, { ch: 'ch_2', inpay: 'inpay_2' })
            .customer('2026-01-03', -2100, 0),
        check: async (asked) => {
          const sums = await asked.sums();
          expect(sums['overpaid:in_1#2100']).toEqual({
            'Assets:Receivable': 2100,
            'Liabilities:CustomerBalance': -2100,
          });
          expect(Object.keys(sums).filter((id) => id.startsWith('balance:'))).toEqual([]);
          expect((await asked.left())['Assets:Receivable']).toBeUndefined();
        },
      },
    ],
  },
  {
    id: 'J7',
    about: 'a dispute in another currency',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .charged('2026-01-01', 9000, { currency: 'eur' })
            .disputed('funds_withdrawn', 9000, [{ id: 'txn_2', at: '2026-02-01', amount: -9900, fee: 1500 }], {
              currency: 'eur',
            }),
        check: posts({
          'dispute:txn_2': { 'Liabilities:Unapplied eur': 9000, 'Assets:Stripe:Clearing eur': -9000 },
          'settlement:txn_2': {
            ...{ 'Assets:Stripe:Balance': -11400, 'Expenses:Fees:Dispute': 1500, 'Equity:Conversion': 9900 },
            ...{ 'Equity:Conversion eur': -9000, 'Assets:Stripe:Clearing eur': 9000 },
          },
        }),
      },
    ],
  },
  {
    id: 'J8',
    about: 'currencies without decimals, and with three',
    isShuffled: true,
    stages: [
      {
        tell: (told) => {
          const month = { from: '2026-01-15', to: '2026-02-15' };
          return told
            .finalized('2026-01-15', [{ amount: 1000, ...month }], { currency: 'jpy' })
            .charged('2026-01-15', 1000, { currency: 'jpy' })
            .applied('2026-01-15', 1000)
            .refunded('re_1', '2026-01-25', 333, { currency: 'jpy' })
            .finalized('2026-01-15', [{ id: 'il_kwd', amount: 10000, ...month }], { currency: 'kwd', inv: 'in_2' });
        },
        check: async (asked) => {
          const { account } = asked.told.whose;
          const months = async (currency: string) => {
            const path = `/revenue?from=2026-01&to=2026-02&account=${account}&currency=${currency}`;
            const { data } = await asked.get<{ data: { months: { revenueMinor: number; contraMinor: number }[] }[] }>(
              path,
            );
            return data[0]?.months.map(({ revenueMinor, contraMinor }) => [revenueMinor, contraMinor]);
          };
          expect(await months('jpy')).toEqual([
            [474, 108],
            [301, 0],
          ]);
          expect(await months('kwd')).toEqual([
            [5484, 0],
            [4516, 0],
          ]);
          expect((await asked.sums())['refund-applied:re_1']).toMatchObject({ 'Liabilities:Deferred jpy': 225 });
        },
      },
    ],
  },
  {
    id: 'J9',
    about: 'refunds over three equal lines, by what is left of each',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .finalized('2026-01-01', [{ amount: 500 }, { amount: 500 }, { amount: 500 }])
            .paid('2026-01-01', 1500)
            .refunded('re_1', '2026-01-02', 100)
            .refunded('re_2', '2026-01-03', 100)
            .refunded('re_3', '2026-01-04', 100),
        check: async (asked) => {
          const entries = await asked.entries();
          const of = (id: string) =>
            entries
              .find((one) => one.id === id)
              ?.postings.filter(({ name }) => name === 'Income:Contra:Refunds')
              .sort((a, b) => (String(a.line) < String(b.line) ? -1 : 1))
              .map(({ amountMinor }) => amountMinor);
          expect(['re_1', 're_2', 're_3'].map((re) => of(`refund-applied:${re}`))).toEqual([
            [34, 33, 33],
            [33, 34, 33],
            [33, 33, 34],
          ]);
        },
      },
    ],
  },
  {
    id: 'J11',
    about: 'uncollectible, half of it recovered, and the other half',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .finalized('2026-01-01', [{ amount: 9000, tax: 900, ...QUARTER }])
            .uncollectible('2026-02-01')
            .paid('2026-04-10', 4950)
            .paid('2026-05-10', 4950, { ch: 'ch_2', inpay: 'inpay_2' }),
        check: posts({
          'recovered:inpay_1': {
            'Assets:Receivable': 4950,
            'Income:Contra:BadDebt': -2000,
            'Income:Recoveries': -2950,
          },
          'recovered:inpay_2': {
            'Assets:Receivable': 4950,
            'Income:Contra:BadDebt': -2000,
            'Income:Recoveries': -2950,
          },
        }),
      },
    ],
  },
  {
    id: 'J12',
    about: 'a credit note for one line',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .finalized('2026-01-01', [
              { amount: 6000, ...QUARTER },
              { amount: 3000, ...QUARTER },
            ])
            .credited('2026-02-01', { before: 3000, lines: [{ line: 'il_2', amount: 3000 }] }),
        check: async (asked) => {
          expect(await asked.sums()).toMatchObject({
            'credit-note:cn_1': {
              ...{ 'Income:Contra:CreditNotes': 1033, 'Liabilities:Deferred': 1967, 'Assets:Receivable': -3000 },
            },
          });
          await moves('2026-01', { Revenue: [2067 + 1033, 1866, 2067] })(asked);
        },
      },
    ],
  },
  {
    id: 'J13',
    about: 'lines beyond the page',
    isShuffled: true,
    stages: [
      {
        tell: (told) => {
          const amounts = { total: 9000, subtotal: 9000, amount_due: 9000, amount_remaining: 9000 };
          return told.finalized('2026-01-01', [{ amount: 6000, ...QUARTER }], { ...amounts, hasMore: true });
        },
        check: async (asked) => {
          const [invoice] = await asked.entries();
          expect(invoice).toMatchObject({ id: 'invoice:in_1', isInferred: true });
          expect(invoice?.postings.map(({ name, amountMinor, line }) => [name, amountMinor, line])).toEqual([
            ['Assets:Receivable', 9000, null],
            ['Liabilities:Deferred', -6000, 'il_1'],
            ['Liabilities:Deferred', -3000, 'in_1:unseen'],
          ]);
          await moves('2026-01', { Revenue: [3100, 2800, 3100], AR: [9000] })(asked);
        },
      },
      {
        tell: (told) => {
          const { lines, ...invoice } = told.invoice();
          const { data } = lines as { data: readonly object[] };
          const all = [...data, { ...data[0], id: told.id('il_2'), amount: 3000 }];
          return told.observed({ ...invoice, lines: { object: 'list', has_more: false, data: all } });
        },
        check: async (asked) => {
          const [invoice] = await asked.entries();
          expect(invoice).toMatchObject({ id: 'invoice:in_1', isInferred: false });
          expect(invoice?.postings.map(({ line }) => line)).toEqual([null, 'il_1', 'il_2']);
          await moves('2026-01', { Revenue: [3100, 2800, 3100], AR: [9000] })(asked);
        },
      },
    ],
  },
  {
    id: 'J14',
    about: 'a balance transaction of a category that nobody knows',
    isShuffled: true,
    stages: [
      {
        tell: (told) => told.transaction('txn_1', 'new_thing', '2026-01-01', { amount: -500 }),
        check: async (asked) => {
          expect(await asked.sums()).toEqual({
            'settlement:txn_1': { 'Assets:Stripe:Balance': -500, 'Equity:Unexplained': 500 },
          });
          const { open } = await asked.get<Reconciliation>(reconciliation(asked));
          expect(open).toMatchObject([{ cause: 'unknown_category', object: asked.told.id('txn_1'), amountMinor: 500 }]);
        },
      },
    ],
  },
  {
    id: 'J15',
    about: 'a checkpoint: what Stripe says is in the balance',
    stages: [
      {
        tell: (told) =>
          told.charged('2026-01-01', 10000).event('balance.available', balanceOf(4000, 5680), '2026-01-05'),
        check: async (asked) => {
          const { data } = await asked.get<Reconciliation>(reconciliation(asked));
          expect(data[0]?.checkpoint).toMatchObject({
            stripeMinor: 9680,
            balanceMinor: 0,
            clearingMinor: 10000,
            unseenMinor: 320,
          });
        },
      },
      {
        tell: (told) => told.transaction('txn_1', 'charge', '2026-01-01', { amount: 10000, fee: 320, source: 'ch_1' }),
        check: async (asked) => {
          const { data } = await asked.get<Reconciliation>(reconciliation(asked));
          expect(data[0]?.checkpoint).toMatchObject({
            stripeMinor: 9680,
            balanceMinor: 9680,
            clearingMinor: 0,
            unseenMinor: 0,
          });
        },
      },
    ],
  },
  {
    id: 'J16',
    about: 'credit that was given by hand, and used by an invoice',
    isShuffled: true,
    stages: [
      {
        tell: (told) =>
          told
            .customer('2026-01-01', -1000, -1000)
            .customer('2026-01-02', -1500, -1000)
            .finalized('2026-01-03', [{ amount: 2000, ...QUARTER }], { balance: [-1500, 0] })
            .customer('2026-01-03', 0, -1500),
        check: async (asked) => {
          const entries = (await asked.entries()).filter(({ id }) => id.startsWith('balance:'));
          expect(
            entries.map(({ at, postings }) => [at, postings.map(({ name, amountMinor }) => [name, amountMinor])]),
          ).toEqual([
            [
              '2026-01-01',
              [
                ['Liabilities:CustomerBalance', -1000],
                ['Equity:Opening', 1000],
              ],
            ],
            [
              '2026-01-02',
              [
                ['Liabilities:CustomerBalance', -500],
                ['Expenses:BalanceAdjustments', 500],
              ],
            ],
          ]);
          expect((await asked.left())['Liabilities:CustomerBalance']).toBeUndefined();
        },
      },
    ],
  },
];
