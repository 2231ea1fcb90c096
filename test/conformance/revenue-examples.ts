import { expect } from '@jest/globals';
import type { Waterfalls } from '../../packages/client/src/openapi.js';
import { byMonth, moves, type Example } from './example.js';
import type { LineTold, Told } from './told.js';

const QUARTER = { from: '2026-01-01', to: '2026-04-01' };
const JAN_15 = { from: '2026-01-15', to: '2026-02-15' };

/** 90.00 over the 90 days of the first quarter. */
const quarter = (told: Told, amount = 9000): Told => told.finalized('2026-01-01', [{ amount, ...QUARTER }]);
const paidQuarter = (told: Told): Told => quarter(told).paid('2026-01-01', 9000);
const lostQuarter = (told: Told): Told => quarter(told).uncollectible('2026-02-01');
const monthly = (told: Told, starting = 0): Told =>
  told.finalized('2026-01-15', [{ amount: 3100, ...JAN_15 }], { balance: [starting, 0] });

/** 90.00 a month from April 1, and another price from April 21, whose items wait for May's invoice. */
const switched =
  (items: readonly [number, number], next: number) =>
  (told: Told): Told => {
    const rest = { from: '2026-04-21', to: '2026-05-01' };
    const lines = items.map((amount, place): LineTold => ({
      id: `il_item_${place}`,
      amount,
      ...rest,
      item: `ii_${place}`,
    }));
    told.finalized('2026-04-01', [{ amount: 9000, from: '2026-04-01', to: '2026-05-01' }]);
    items.forEach((amount, place) => told.item(`ii_${place}`, '2026-04-21', amount, rest.from, rest.to));
    const month = { id: 'il_next', amount: next, from: '2026-05-01', to: '2026-06-01' };
    return told.finalized('2026-05-01', [...lines, month], { inv: 'in_2' });
  };

/** Stripe's examples by their numbers: docs.stripe.com/revenue-recognition/examples and related pages. */
export const revenueExamples: readonly Example[] = [
  byMonth('R1', 'a month from the 15th on', {
    tell: (told) => monthly(told),
    expected: { Revenue: [1700, 1400], Deferred: [1400, -1400] },
  }),
  byMonth('R2', 'a year', {
    tell: (told) => told.finalized('2026-01-01', [{ amount: 36500, from: '2026-01-01', to: '2027-01-01' }]),
    expected: { Revenue: [3100, 2800, 3100], Deferred: [33400] },
  }),
  byMonth('R3', 'an upgrade whose items wait for the next invoice', {
    first: '2026-04',
    tell: switched([-3000, 4000], 12000),
    expected: { Revenue: [10000, 12000], AR: [9000, 13000], Unbilled: [1000, -1000] },
  }),
  byMonth('R4', 'a downgrade', {
    first: '2026-04',
    tell: switched([-3000, 1000], 3000),
    expected: { Revenue: [7000, 3000], AR: [9000, 1000], Unbilled: [-2000, 2000] },
  }),
  byMonth('R5', 'a cancellation without a refund', {
    tell: (told) =>
      quarter(told)
        .subscribed('2026-01-01', 'created', { items: [{ amount: 9000, count: 3 }] })
        .subscribed('2026-01-31', 'deleted', {
          items: [{ amount: 9000, count: 3 }],
          ...{ status: 'canceled', ended_at: Date.parse('2026-01-31T00:00:00Z') / 1000 },
        }),
    expected: { Revenue: [3100, 2800, 3100] },
  }),
  byMonth('R6', 'a line without a period beside one with', {
    tell: (told) => told.finalized('2026-01-15', [{ amount: 3100, ...JAN_15 }, { amount: 500 }]),
    expected: { Revenue: [2200], Deferred: [1400] },
  }),
  byMonth('R7', 'a part paid from the balance', {
    tell: (told) => monthly(told, -1100).paid('2026-02-09', 2000),
    expected: { AR: [2000, -2000], Cash: [0, 2000], CustomerBalance: [-1100], Revenue: [1700, 1400] },
  }),
  byMonth('R8', 'a negative invoice', {
    tell: (told) => told.finalized('2026-01-15', [{ amount: -3100, ...JAN_15 }], { balance: [0, -3100] }),
    expected: { CustomerBalance: [3100], Revenue: [-1700, -1400], AR: [0, 0] },
  }),
  byMonth('R9', 'a refund of all', {
    tell: (told) => paidQuarter(told).refunded('re_1', '2026-02-01', 9000),
    expected: { Revenue: [3100, 0, 0], Deferred: [5900, -5900], Refunds: [0, 3100], Cash: [9000, -9000] },
  }),
  byMonth('R10', 'a refund of a tenth', {
    tell: (told) => paidQuarter(told).refunded('re_1', '2026-02-01', 900),
    expected: { Revenue: [3100, 2520, 2790], Refunds: [0, 310], Deferred: [5900, -3110, -2790] },
  }),
  byMonth('R11', 'a refund of what was earned at once', {
    tell: (told) =>
      told
        .finalized('2026-01-01', [{ amount: 9000 }])
        .paid('2026-01-01', 9000)
        .refunded('re_1', '2026-02-01', 9000),
    expected: { Revenue: [9000, 0], Refunds: [0, 9000] },
  }),
  byMonth('R12', 'void', {
    tell: (told) => quarter(told).voided('2026-02-01'),
    expected: { AR: [9000, -9000], Voids: [0, 3100], Deferred: [5900, -5900], Revenue: [3100, 0, 0] },
  }),
  byMonth('R13', 'uncollectible', {
    tell: lostQuarter,
    expected: { AR: [9000, -9000], BadDebt: [0, 3100], Deferred: [5900, -5900] },
  }),
  byMonth('R14', 'uncollectible, then paid', {
    tell: (told) => lostQuarter(told).paid('2026-04-10', 9000),
    expected: { BadDebt: [0, 3100, 0, -3100], Cash: [0, 0, 0, 9000], Recoverables: [0, 0, 0, 5900] },
  }),
  byMonth('R15', 'uncollectible, then void', {
    tell: (told) => lostQuarter(told).voided('2026-04-10'),
    expected: { BadDebt: [0, 3100, 0, -3100], Voids: [0, 0, 0, 3100] },
  }),
  byMonth('R16', 'uncollectible, then paid, then disputed', {
    tell: (told) =>
      lostQuarter(told)
        .paid('2026-04-10', 9000)
        .disputed('funds_withdrawn', 9000, [{ id: 'txn_1', at: '2026-05-10', amount: -9000, fee: 1500 }]),
    expected: {
      ...{ Disputes: [0, 0, 0, 0, 3100], Recoverables: [0, 0, 0, 5900, -5900] },
      Cash: [0, 0, 0, 9000, -9000],
    },
  }),
  byMonth('R17', 'uncollectible after a part was paid from the balance', {
    tell: (told) => monthly(told, -1100).uncollectible('2026-02-01'),
    expected: { BadDebt: [0, 1097], Recoverables: [0, 497], AR: [2000, -2000] },
  }),
  byMonth('R18', 'uncollectible with what the customer owed', {
    tell: (told) => monthly(told, 1000).uncollectible('2026-02-01'),
    expected: { AR: [4100, -4100], BadDebt: [0, 1700], Recoverables: [0, -1000], CustomerBalance: [1000] },
  }),
  byMonth('R19', 'disputed', {
    tell: (told) =>
      paidQuarter(told).disputed('funds_withdrawn', 9000, [
        { id: 'txn_2', at: '2026-02-01', amount: -9000, fee: 1500 },
      ]),
    expected: { Disputes: [0, 3100], Cash: [9000, -9000], Deferred: [5900, -5900] },
  }),
  {
    id: 'R20',
    about: 'disputed, and won: a gain, or by another policy revenue again',
    stages: [
      {
        tell: (told) => {
          const lost = { id: 'txn_2', at: '2026-02-01', amount: -9000, fee: 1500 };
          const won = { id: 'txn_3', at: '2026-04-01', amount: 9000, fee: -1500 };
          return paidQuarter(told)
            .disputed('funds_withdrawn', 9000, [lost])
            .disputed('funds_reinstated', 9000, [lost, won]);
        },
        check: moves('2026-01', {
          Recoverables: [0, 0, 0, 9000],
          Cash: [9000, -9000, 0, 9000],
          Revenue: [3100, 0, 0, 0],
        }),
      },
    ],
    other: moves('2026-01', { Revenue: [3100, 0, 0, 5900], Disputes: [0, 3100, 0, -3100], Recoverables: [0, 0, 0, 0] }),
  },
  byMonth('R21', 'more taken back than was billed', {
    tell: (told) =>
      told
        .finalized('2026-01-01', [{ amount: 10000 }])
        .paid('2026-01-01', 10000)
        .refunded('re_1', '2026-02-01', 8000)
        .disputed('funds_withdrawn', 8000, [{ id: 'txn_2', at: '2026-03-01', amount: -8000 }]),
    expected: { Refunds: [0, 8000], Disputes: [0, 0, 2000], OtherLoss: [0, 0, 6000] },
  }),
  byMonth('R22', 'a credit note before payment, at the start', {
    tell: (told) => quarter(told, 12000).credited('2026-01-01', { before: 3000 }),
    expected: { AR: [9000], Revenue: [3100, 2800, 3100] },
  }),
  byMonth('R23', 'a credit note before payment, after a month', {
    tell: (told) => quarter(told).credited('2026-02-01', { before: 4500 }),
    expected: {
      ...{ AR: [9000, -4500], Revenue: [3100, 1400, 1550], Deferred: [5900, -4350, -1550] },
      CreditNotes: [0, 1550],
    },
  }),
  byMonth('R24', 'a credit note after payment, to a refund, the balance and outside', {
    tell: (told) =>
      paidQuarter(told)
        .credited('2026-02-01', {
          ...{ after: 4500, out_of_band_amount: 2000, customer_balance_transaction: 'cbtxn_1' },
          refunds: [{ refund: told.id('re_1'), amount_refunded: 1500 }],
        })
        .refunded('re_1', '2026-02-01', 1500),
    expected: {
      ...{ Refunds: [0, 517], CreditNotes: [0, 1033], CustomerBalance: [0, 1000] },
      ...{ ExternalCustomerBalance: [0, 2000], Cash: [9000, -1500] },
    },
  }),
  byMonth('R25', 'a credit note that is voided', {
    tell: (told) =>
      told
        .finalized('2026-01-01', [{ amount: 18100, from: '2026-01-01', to: '2026-07-01' }])
        .credited('2026-02-01', { before: 9050 })
        .noteVoided('2026-05-03', '2026-02-01', { before: 9050 }),
    expected: { Revenue: [3100, 1400, 1550, 1500, 7550, 3000], CreditNotes: [0, 1550, 0, 0, -1550] },
  }),
  byMonth('R26', 'tax beside the amount', {
    tell: (told) => told.finalized('2026-01-15', [{ amount: 3100, tax: 310, ...JAN_15 }]).paid('2026-01-15', 3410),
    expected: { Revenue: [1700, 1400], Tax: [310], Cash: [3410] },
  }),
  byMonth('R27', 'tax in the amount', {
    tell: (told) =>
      told.finalized('2026-01-15', [{ amount: 3410, inclusive: 310, ...JAN_15 }]).paid('2026-01-15', 3410),
    expected: { Revenue: [1700, 1400], Tax: [310], Cash: [3410] },
  }),
  byMonth('R28', 'paid outside Stripe', {
    tell: (told) =>
      monthly(told).changed(
        'invoice.paid',
        '2026-02-01',
        {
          ...{ status: 'paid', amount_paid: 3100, amount_remaining: 0, amount_paid_off_stripe: 3100 },
          status_transitions: {
            ...{
              finalized_at: Date.parse('2026-01-15T00:00:00Z') / 1000,
              voided_at: null,
              marked_uncollectible_at: null,
            },
            paid_at: Date.parse('2026-02-01T00:00:00Z') / 1000,
          },
        },
        { version: '2026-05-27.dahlia' },
      ),
    expected: { ExternalAsset: [0, 3100], AR: [3100, -3100] },
  }),
  byMonth('R29', 'a fee', {
    tell: (told) =>
      told
        .charged('2026-01-01', 9000)
        .transaction('txn_1', 'charge', '2026-01-01', { amount: 9000, fee: 2, source: 'ch_1' }),
    expected: { CashLessFees: [8998], Fees: [2] },
  }),
  byMonth('R32', 'four granularities; the other three are asked of `money compare`', {
    first: '2026-06',
    tell: (told) =>
      told.finalized('2026-06-15 12:00', [{ amount: 12000, from: '2026-06-15 12:00', to: '2026-10-13 12:00' }]),
    expected: { Revenue: [1550, 3100, 3100, 3000, 1250] },
  }),
  {
    id: 'R33',
    about: 'billed after a month of the service has passed, caught up or not',
    stages: [
      {
        tell: (told) => told.finalized('2026-11-01', [{ amount: 9200, from: '2026-10-01', to: '2027-01-01' }]),
        check: moves('2026-10', { Revenue: [0, 6100, 3100], Unbilled: [0, 0, 0], Deferred: [0, 3100, -3100] }),
      },
    ],
    other: moves('2026-10', { Revenue: [3100, 3000, 3100], Unbilled: [3100, -3100, 0], Deferred: [0, 3100, -3100] }),
  },
  {
    id: 'R34',
    about: 'a payment of its own, laid to an invoice, and taken off it',
    stages: [
      {
        tell: (told) =>
          monthly(told.charged('2026-01-10', 2000))
            .applied('2026-02-01', 2000)
            .detached('2026-03-05', 2000, { paidAt: '2026-02-01' }),
        check: moves('2026-01', { Revenue: [1700, 1400, 0], AR: [3100, -2000, 2000] }),
      },
    ],
    // From the payment 20.00, -20.00, 20.00; from the invoice 17.00, 14.00.
    other: moves('2026-01', { Revenue: [2000 + 1700, -2000 + 1400, 2000], AR: [3100, -2000, 2000] }),
  },
  {
    id: 'R35',
    about: 'a fee of a direct charge, given back',
    stages: [
      {
        tell: (told) => told.fee('2026-01-01', 200).fee('2026-02-01', 200, { refunded: 200, created: '2026-01-01' }),
        check: moves('2026-01', { PlatformFees: [200, 0], Refunds: [0, 200], Cash: [200, -200] }),
      },
    ],
  },
  {
    id: 'R36',
    about: 'a destination charge with a fee, refunded without a reversal',
    stages: [
      {
        tell: (told) =>
          told
            .charged('2026-01-01', 1000, { transfer: told.id('tr_1') })
            .transfer('2026-01-01', 1000, { ch: 'ch_1' })
            .fee('2026-01-01', 200)
            .refunded('re_1', '2026-02-01', 1000),
      },
    ],
    other: moves('2026-01', {
      ...{ Revenue: [0, 0], PlatformFees: [200, 0], Cash: [200, -1000], ConnectTransferLoss: [0, 1000] },
    }),
  },
  {
    id: 'R37',
    about: 'a destination charge of which a part is carried away, refunded and reversed in parts',
    stages: [
      {
        tell: (told) =>
          told
            .charged('2026-01-01', 1000, { transfer: told.id('tr_1') })
            .transfer('2026-01-01', 800, { ch: 'ch_1' })
            .refunded('re_1', '2026-02-01', 400)
            .transfer('2026-02-02', 800, { ch: 'ch_1', created: '2026-01-01', reversed: 320 })
            .refunded('re_2', '2026-03-01', 600)
            .transfer('2026-03-02', 800, { ch: 'ch_1', created: '2026-01-01', reversed: 800 }),
      },
    ],
    other: moves('2026-01', {
      ...{ Revenue: [200, 0, 0], Refunds: [0, 80, 120], Cash: [200, -80, -120], ConnectTransferLoss: [0, 0, 0] },
    }),
  },
  {
    id: 'R38',
    about: 'a charge and a transfer of their own, given back',
    stages: [
      {
        tell: (told) =>
          told
            .charged('2026-01-01', 1500)
            .transfer('2026-01-02', 1000)
            .refunded('re_1', '2026-02-01', 1500)
            .transfer('2026-02-02', 1000, { created: '2026-01-02', reversed: 1000 }),
      },
    ],
    other: moves('2026-01', {
      ...{ Revenue: [1500, 0], Refunds: [0, 1500], Transfer: [1000, -1000], Cash: [500, -500] },
    }),
  },
  {
    id: 'R39',
    about: 'the waterfall, with a void in its own month',
    stages: [
      {
        tell: (told) =>
          told.finalized('2026-07-21', [{ amount: 3100, from: '2026-07-21', to: '2026-08-21' }]).voided('2026-09-10'),
        check: async (asked) => {
          const path = `/revenue/waterfall?from=2026-07&to=2026-07&account=${asked.told.whose.account}`;
          const { data } = await asked.get<Waterfalls>(path);
          expect(data[0]?.booked).toMatchObject([
            {
              bookedMonth: '2026-07',
              months: [
                { month: '2026-07', amountMinor: 1100 },
                { month: '2026-08', amountMinor: 2000 },
                { month: '2026-09', amountMinor: -3100 },
              ],
            },
          ]);
        },
      },
    ],
  },
  byMonth('R40', 'metered: usage is not in webhooks, and is earned when it is billed', {
    tell: (told) =>
      told.finalized('2026-02-28 23:59', [
        { amount: 1500, from: '2026-01-01', to: '2026-02-01' },
        { amount: 1700, from: '2026-02-01', to: '2026-02-28 23:59' },
      ]),
    expected: { Revenue: [0, 3200] },
  }),
];
