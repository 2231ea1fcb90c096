import { describe, expect, it } from '@jest/globals';
import { accounts } from '../../derivations/journal/accounts.js';
import { applicationFeeBook, settlement, transferBook } from '../../derivations/journal/stripe-books.js';
import { itemBook } from '../../derivations/journal/item-book.js';
import { defaultPolicy } from '../../derivations/policy.js';
import { monthName } from '../../derivations/revenue/calendar.js';
import { waterfall } from '../../derivations/revenue/months.js';
import { at, balances, byMonth, cause, InvoiceLife, movement, postingsOf } from './invoice-life.js';

const QUARTER = { from: '2026-01-01', to: '2026-04-01' };
const JAN_15 = { from: '2026-01-15', to: '2026-02-15' };
/** 90.00 over the 90 days of the first quarter. */
const quarter = (amount = 9000): InvoiceLife => new InvoiceLife().finalized('2026-01-01', [{ amount, ...QUARTER }]);
const monthly = (balance = 0): InvoiceLife =>
  new InvoiceLife().finalized('2026-01-15', [{ amount: 3100, ...JAN_15 }], { balance });

const { revenue, deferred, receivable, refunds, badDebt, recoveries, voids, disputes, creditNotes, unbilled } =
  accounts;

/**
 * Stripe's own examples, by the numbers of docs/money.md: docs.stripe.com/revenue-recognition/examples and the pages beside it. Debit is
 * plus here, so what Stripe shows as revenue is negative.
 */
describe("Stripe's examples of revenue recognition", () => {
  it('R1: a month from the 15th on', () => {
    const book = monthly().book();
    expect(movement(book, revenue, 2)).toEqual([-1700, -1400]);
    expect(movement(book, deferred, 2)).toEqual([-1400, 1400]);
  });

  it('R2: a year', () => {
    const book = new InvoiceLife()
      .finalized('2026-01-01', [{ amount: 36500, from: '2026-01-01', to: '2027-01-01' }])
      .book();
    expect(movement(book, revenue, 3)).toEqual([-3100, -2800, -3100]);
    expect(movement(book, deferred, 1)).toEqual([-33400]);
  });

  const switched = (amount: number, next: number) => {
    const april = new InvoiceLife('in_1')
      .finalized('2026-04-01', [{ amount: 9000, from: '2026-04-01', to: '2026-05-01' }])
      .book();
    const may = new InvoiceLife('in_2')
      .item('ii_1', '2026-04-21', -3000, '2026-04-21', '2026-05-01')
      .item('ii_2', '2026-04-21', amount, '2026-04-21', '2026-05-01')
      .finalized('2026-05-01', [
        { id: 'il_a', amount: -3000, from: '2026-04-21', to: '2026-05-01', item: 'ii_1' },
        { id: 'il_b', amount, from: '2026-04-21', to: '2026-05-01', item: 'ii_2' },
        { id: 'il_c', amount: next, from: '2026-05-01', to: '2026-06-01' },
      ])
      .book();
    return (account: (typeof accounts)[keyof typeof accounts]) =>
      movement(april, account, 2, '2026-04').map(
        (sum, place) => sum + (movement(may, account, 2, '2026-04')[place] ?? 0),
      );
  };

  it('R3: an upgrade whose items wait for the next invoice', () => {
    const of = switched(4000, 12000);
    expect(of(revenue)).toEqual([-10000, -12000]);
    expect(of(receivable)).toEqual([9000, 13000]);
    expect(of(unbilled)).toEqual([1000, -1000]);
  });

  it('R4: a downgrade', () => {
    const of = switched(1000, 3000);
    expect(of(revenue)).toEqual([-7000, -3000]);
    expect(of(receivable)).toEqual([9000, 1000]);
    expect(of(unbilled)).toEqual([-2000, 2000]);
  });

  it('R5: a cancellation changes nothing', () => {
    expect(movement(quarter().book(), revenue, 3)).toEqual([-3100, -2800, -3100]);
  });

  it('R6: a line without a period beside one with', () => {
    const book = new InvoiceLife().finalized('2026-01-15', [{ amount: 3100, ...JAN_15 }, { amount: 500 }]).book();
    expect(movement(book, revenue, 1)).toEqual([-2200]);
    expect(movement(book, deferred, 1)).toEqual([-1400]);
  });

  it('R7: a part paid from the balance', () => {
    const life = monthly(1100).paid('2026-02-09', 2000);
    expect(movement(life.book(), receivable, 2)).toEqual([2000, -2000]);
    expect(movement(life.book(), accounts.customerBalance, 1)).toEqual([1100]);
    expect(movement(life.book(), revenue, 2)).toEqual([-1700, -1400]);
    expect(balances(life.charges())[accounts.clearing]).toBe(2000);
  });

  it('R8: a negative invoice', () => {
    const book = new InvoiceLife().finalized('2026-01-15', [{ amount: -3100, ...JAN_15 }], { balance: -3100 }).book();
    expect(movement(book, accounts.customerBalance, 1)).toEqual([-3100]);
    expect(movement(book, revenue, 2)).toEqual([1700, 1400]);
    expect(movement(book, receivable, 1)).toEqual([0]);
  });

  it('R9: a refund of all', () => {
    const book = quarter().paid('2026-01-01', 9000).refunded('re_1', '2026-02-01', 9000).book();
    expect(movement(book, revenue, 3)).toEqual([-3100, 0, 0]);
    expect(movement(book, deferred, 3)).toEqual([-5900, 5900, 0]);
    expect(movement(book, refunds, 3)).toEqual([0, 3100, 0]);
  });

  it('R10: a refund of a tenth', () => {
    const book = quarter().paid('2026-01-01', 9000).refunded('re_1', '2026-02-01', 900).book();
    expect(movement(book, revenue, 3)).toEqual([-3100, -2520, -2790]);
    expect(movement(book, refunds, 3)).toEqual([0, 310, 0]);
    expect(movement(book, deferred, 3)).toEqual([-5900, 3110, 2790]);
  });

  it('R11: a refund of what was earned at once', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 9000 }]).paid('2026-01-01', 9000);
    const book = life.refunded('re_1', '2026-02-01', 9000).book();
    expect(movement(book, revenue, 2)).toEqual([-9000, 0]);
    expect(movement(book, refunds, 2)).toEqual([0, 9000]);
  });

  it('R12: void', () => {
    const book = quarter().stage('void', '2026-02-01').book();
    expect(movement(book, receivable, 2)).toEqual([9000, -9000]);
    expect(movement(book, voids, 2)).toEqual([0, 3100]);
    expect(movement(book, deferred, 3)).toEqual([-5900, 5900, 0]);
  });

  it('R13 to R16: uncollectible, then paid, or void, or paid and disputed', () => {
    const lost = () => quarter().stage('uncollectible', '2026-02-01');
    expect(movement(lost().book(), badDebt, 2)).toEqual([0, 3100]);
    const paid = lost().paid('2026-04-10', 9000).book();
    expect(movement(paid, badDebt, 4)).toEqual([0, 3100, 0, -3100]);
    expect(movement(paid, recoveries, 4)).toEqual([0, 0, 0, -5900]);
    const isVoid = lost().stage('void', '2026-04-10').book();
    expect(movement(isVoid, badDebt, 4)).toEqual([0, 3100, 0, -3100]);
    expect(movement(isVoid, voids, 4)).toEqual([0, 0, 0, 3100]);
    const disputed = lost().paid('2026-04-10', 9000).disputed('txn_1', '2026-05-10', -9000).book();
    expect(movement(disputed, disputes, 5)).toEqual([0, 0, 0, 0, 3100]);
    expect(movement(disputed, recoveries, 5)).toEqual([0, 0, 0, -5900, 5900]);
  });

  it('R17 and R18: uncollectible after a part was paid from the balance, or with what the customer owed', () => {
    const part = monthly(1100).stage('uncollectible', '2026-02-01').book();
    expect(movement(part, badDebt, 2)).toEqual([0, 1097]);
    expect(movement(part, recoveries, 2)).toEqual([0, -497]);
    expect(movement(part, receivable, 2)).toEqual([2000, -2000]);
    const more = monthly(-1000).stage('uncollectible', '2026-02-01').book();
    expect(movement(more, receivable, 2)).toEqual([4100, -4100]);
    expect(movement(more, badDebt, 2)).toEqual([0, 1700]);
    expect(movement(more, recoveries, 2)).toEqual([0, 1000]);
  });

  it('R19 and R20: disputed, and won', () => {
    const life = quarter().paid('2026-01-01', 9000).disputed('txn_2', '2026-02-01', -9000);
    expect(movement(life.book(), disputes, 2)).toEqual([0, 3100]);
    expect(movement(life.book(), deferred, 2)).toEqual([-5900, 5900]);
    const won = life.disputed('txn_3', '2026-04-01', 9000);
    expect(movement(won.book(), recoveries, 4)).toEqual([0, 0, 0, -9000]);
    expect(movement(won.book({ recovery: 'reinstate' }), disputes, 4)).toEqual([0, 3100, 0, -3100]);
    expect(movement(won.book({ recovery: 'reinstate' }), revenue, 4)).toEqual([-3100, 0, 0, -5900]);
  });

  it('R21: more taken back than was billed', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 10000 }]).paid('2026-01-01', 10000);
    const book = life.refunded('re_1', '2026-02-01', 8000).disputed('txn_2', '2026-03-01', -8000).book();
    expect(movement(book, refunds, 3)).toEqual([0, 8000, 0]);
    expect(movement(book, disputes, 3)).toEqual([0, 0, 2000]);
    expect(movement(book, accounts.lossesOther, 3)).toEqual([0, 0, 6000]);
  });

  it('R22 and R23: a credit note before payment', () => {
    const first = quarter(12000).credited('cn_1', '2026-01-01', { before: 3000 }).book();
    expect(movement(first, receivable, 1)).toEqual([9000]);
    expect(movement(first, revenue, 3)).toEqual([-3100, -2800, -3100]);
    const later = quarter().credited('cn_1', '2026-02-01', { before: 4500 }).book();
    expect(movement(later, receivable, 2)).toEqual([9000, -4500]);
    expect(movement(later, revenue, 3)).toEqual([-3100, -1400, -1550]);
    expect(movement(later, deferred, 3)).toEqual([-5900, 4350, 1550]);
    expect(movement(later, creditNotes, 2)).toEqual([0, 1550]);
  });

  it('R24: a credit note after payment, to a refund, the balance and outside', () => {
    const parts = { after: 4500, refunds: [{ refund: 're_1', amountMinor: 1500 }], outside: 2000, balance: true };
    const book = quarter()
      .paid('2026-01-01', 9000)
      .credited('cn_1', '2026-02-01', parts)
      .refunded('re_1', '2026-02-01', 1500)
      .book();
    expect(postingsOf(book.entries, 'credit-note:cn_1')).toEqual({
      [refunds]: 517,
      [creditNotes]: 1033,
      [deferred]: 2950,
      [accounts.refundsPayable]: -1500,
      [accounts.customerBalance]: -1000,
      [accounts.externalCredit]: -2000,
    });
    expect(balances(book.entries)[accounts.refundsPayable]).toBeUndefined();
  });

  it('R25: a credit note that is voided', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 18100, from: '2026-01-01', to: '2026-07-01' }]);
    const book = life.credited('cn_1', '2026-02-01', { before: 9050 }).noteVoided('cn_1', '2026-05-03').book();
    expect(movement(book, revenue, 6)).toEqual([-3100, -1400, -1550, -1500, -7550, -3000]);
    expect(movement(book, creditNotes, 6)).toEqual([0, 1550, 0, 0, -1550, 0]);
    expect(movement(book, receivable, 6)).toEqual([18100, -9050, 0, 0, 9050, 0]);
  });

  it('R26 and R27: tax beside the amount, and in it', () => {
    const beside = new InvoiceLife().finalized('2026-01-15', [{ amount: 3100, tax: 310, ...JAN_15 }]).book();
    const within = new InvoiceLife().finalized('2026-01-15', [{ amount: 3410, inclusive: 310, ...JAN_15 }]).book();
    for (const book of [beside, within]) {
      expect(movement(book, revenue, 2)).toEqual([-1700, -1400]);
      expect(movement(book, accounts.tax, 1)).toEqual([-310]);
      expect(movement(book, receivable, 1)).toEqual([3410]);
    }
  });

  it('R28: paid outside Stripe', () => {
    const book = monthly().stage('external', '2026-02-01', 3100).stage('paid', '2026-02-01', 3100).book();
    expect(movement(book, receivable, 2)).toEqual([3100, -3100]);
    expect(movement(book, accounts.external, 2)).toEqual([0, 3100]);
  });

  const transaction = {
    ...{
      id: 'txn_1',
      reporting_category: 'charge',
      amount_minor: 9000,
      fee_minor: 2,
      net_minor: 8998,
      currency: 'usd',
    },
    ...{
      fee_details: [],
      source_amount_minor: 9000,
      source_currency: 'usd',
      at: at('2026-01-01'),
      ...cause('evt_txn'),
    },
  };

  it('R29: a fee', () => {
    expect(balances(settlement(transaction))).toEqual({
      [accounts.balance]: 8998,
      [accounts.feesStripe]: 2,
      [accounts.clearing]: -9000,
    });
  });

  it('R32: four granularities', () => {
    const of = (recognition: 'second' | 'day' | 'month' | 'month_prorated') => {
      const life = new InvoiceLife().finalized('2026-06-15 12:00', [
        { amount: 12000, from: '2026-06-15 12:00', to: '2026-10-13 12:00' },
      ]);
      return movement(life.book({ recognition }), revenue, 5, '2026-06').map((amount) => (amount === 0 ? 0 : -amount));
    };
    expect(of('second')).toEqual([1550, 3100, 3100, 3000, 1250]);
    expect(of('day')).toEqual([1600, 3100, 3100, 3000, 1200]);
    expect(of('month')).toEqual([3000, 3000, 3000, 3000, 0]);
    // Stripe cuts off the middle months, 3066, and lets the last take the rest; here each is rounded.
    expect(of('month_prorated')).toEqual([1550, 3067, 3066, 3067, 1250]);
  });

  it('R33: billed after a month of the service has passed, caught up or not', () => {
    const life = new InvoiceLife().finalized('2026-11-01', [{ amount: 9200, from: '2026-10-01', to: '2027-01-01' }]);
    expect(movement(life.book(), revenue, 3, '2026-10')).toEqual([0, -6100, -3100]);
    const own = life.book({ catchUp: 'no' });
    expect(movement(own, revenue, 3, '2026-10')).toEqual([-3100, -3000, -3100]);
    expect(movement(own, unbilled, 3, '2026-10')).toEqual([3100, -3100, 0]);
    expect(movement(own, deferred, 3, '2026-10')).toEqual([0, -3100, 3100]);
  });

  it('R34: a payment of its own, laid to an invoice, and taken off it', () => {
    const life = new InvoiceLife()
      .charged('ch_1', '2026-01-10', 2000)
      .finalized('2026-01-15', [{ amount: 3100, ...JAN_15 }]);
    life.applied('inpay_1', 'ch_1', '2026-02-01', 2000).unapplied('inpay_1', 'ch_1', '2026-03-05', 2000);
    expect(movement(life.book(), receivable, 3)).toEqual([3100, -2000, 2000]);
    const own = { entries: life.charges({ standalone: 'revenue' }), lines: [] };
    expect(movement(own, revenue, 3)).toEqual([-2000, 2000, -2000]);
    expect(balances([...life.book().entries, ...own.entries])[accounts.unapplied]).toBeUndefined();
  });

  it('R35: a fee of a direct charge, given back', () => {
    const life = new InvoiceLife();
    const fee = (stage: string, time: string) => life.milestone('application_fee', 'fee_1', stage, time, 200);
    const book = {
      entries: applicationFeeBook([fee('created', '2026-01-01'), fee('refunded', '2026-02-01')]),
      lines: [],
    };
    expect(movement(book, accounts.platformFees, 2)).toEqual([-200, 0]);
    expect(movement(book, refunds, 2)).toEqual([0, 200]);
    expect(movement(book, accounts.clearing, 2)).toEqual([200, -200]);
  });

  /** A charge of 10.00 of which a transfer carries a part to a connected account. */
  const destination = (carried: number, refundsOfIt: readonly number[], reversed: readonly number[]) => {
    const life = new InvoiceLife().charged('ch_1', '2026-01-01', 1000);
    refundsOfIt.forEach((amount, place) => life.refunded(`re_${place}`, `2026-0${place + 2}-01`, amount));
    const created = life.milestone('transfer', 'tr_1', 'created', '2026-01-01', carried, { payment: 'ch_1' });
    const reversals = reversed.map((amount, place) =>
      life.milestone('transfer', 'tr_1', 'reversed', `2026-0${place + 2}-02`, amount),
    );
    const entries = life.charges({ standalone: 'revenue' }, [created]);
    return { entries: [...entries, ...transferBook([created, ...reversals], true, defaultPolicy)], lines: [] };
  };

  it('R36: a destination charge with a fee, refunded without reversal', () => {
    const fee = applicationFeeBook([
      new InvoiceLife().milestone('application_fee', 'fee_1', 'created', '2026-01-01', 200),
    ]);
    const book = destination(1000, [1000], []);
    expect(balances([...book.entries, ...fee])).toEqual({
      [accounts.platformFees]: -200,
      [accounts.clearing]: -800,
      [accounts.lossesConnect]: 1000,
    });
  });

  it('R37: a destination charge with a transfer, refunded in parts', () => {
    const book = destination(800, [400, 600], [320, 480]);
    expect(movement(book, revenue, 3)).toEqual([-200, 0, 0]);
    expect(movement(book, refunds, 3)).toEqual([0, 80, 120]);
    expect(movement(book, accounts.clearing, 3)).toEqual([200, -80, -120]);
  });

  it('R38: a charge and a transfer of its own', () => {
    const life = new InvoiceLife().charged('ch_1', '2026-01-01', 1500).refunded('re_1', '2026-02-01', 1500);
    const transfer = (stage: string, time: string) => life.milestone('transfer', 'tr_1', stage, time, 1000);
    const rows = [transfer('created', '2026-01-02'), transfer('reversed', '2026-02-02')];
    const book = {
      entries: [...life.charges({ standalone: 'revenue' }), ...transferBook(rows, false, defaultPolicy)],
      lines: [],
    };
    expect(movement(book, revenue, 2)).toEqual([-1500, 0]);
    expect(movement(book, refunds, 2)).toEqual([0, 1500]);
    expect(movement(book, accounts.transfers, 2)).toEqual([1000, -1000]);
    expect(movement(book, accounts.clearing, 2)).toEqual([500, -500]);
  });

  it('R39: the waterfall, with a void in its own month', () => {
    const life = new InvoiceLife().finalized('2026-07-21', [{ amount: 3100, from: '2026-07-21', to: '2026-08-21' }]);
    const { lines } = life.stage('void', '2026-09-10').book();
    const cells = waterfall(
      lines.map(({ schedule }) => schedule),
      'UTC',
    );
    expect(cells.map(({ booked, month, amountMinor }) => [monthName(booked), monthName(month), amountMinor])).toEqual([
      ['2026-07', '2026-07', 1100],
      ['2026-07', '2026-08', 2000],
      ['2026-07', '2026-09', -3100],
    ]);
  });

  it('R40: usage is not in webhooks, so that metered lines are earned when they are billed: Stripe shows 1500 in January', () => {
    const life = new InvoiceLife().finalized('2026-02-28 23:59', [
      { amount: 1500, from: '2026-01-01', to: '2026-02-01' },
      { amount: 1700, from: '2026-02-01', to: '2026-02-28 23:59' },
    ]);
    expect(movement(life.book(), revenue, 2)).toEqual([0, -3200]);
  });

  it('takes a deleted item back in the proportion that was earned', () => {
    const item = {
      ...{
        id: 'ii_2',
        amount_minor: 4000,
        currency: 'usd',
        customer: 'cus_1',
        invoice: null,
        created_at: at('2026-04-01'),
      },
      ...{ period_start: at('2026-04-01'), period_end: at('2026-05-01'), ...cause('evt_1') },
      deleted: { at: at('2026-04-11'), ...cause('evt_2') },
    };
    const { entries } = itemBook(item, defaultPolicy);
    expect(postingsOf(entries, 'item-deleted:ii_2')).toEqual({
      [accounts.unbilledVoids]: 1333,
      [deferred]: 2667,
      [unbilled]: -4000,
    });
  });

  it('balances every month of every book', () => {
    const sums = Object.values(
      byMonth(quarter().paid('2026-01-01', 9000).refunded('re_1', '2026-02-01', 900).book()),
    ).map((sum) => Object.values(sum).reduce((all, amount) => all + amount, 0));
    expect(new Set(sums)).toEqual(new Set([0]));
  });
});
