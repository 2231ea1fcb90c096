import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accounts } from '../../derivations/journal/accounts.js';
import { balanceBook } from '../../derivations/journal/balance-book.js';
import { entry, posting, Unbalanced } from '../../derivations/journal/entry.js';
import { itemBook } from '../../derivations/journal/item-book.js';
import { payoutBook, settlement } from '../../derivations/journal/stripe-books.js';
import { portion, split } from '../../derivations/rounding.js';
import { defaultPolicy, policyHash } from '../../derivations/policy.js';
import { at, balances, cause, InvoiceLife, movement, postingsOf, second } from './invoice-life.js';

const QUARTER = { from: '2026-01-01', to: '2026-04-01' };
/** 90.00 plus 10 % tax over the 90 days of the first quarter, of which 31 have passed on Feb 1. */
const base = (): InvoiceLife => new InvoiceLife().finalized('2026-01-01', [{ amount: 9000, tax: 900, ...QUARTER }]);
const paid = (): InvoiceLife => base().paid('2026-01-01', 9900);
const { deferred, receivable, tax, unapplied, clearing, customerBalance, refunds, creditNotes, recoveries } = accounts;

describe('an entry', () => {
  const of = { kind: 'charge', object: 'ch_1', effectiveAt: second('2026-01-01'), cause: cause('evt_1') };

  it('is refused when it does not add up to zero in each of its currencies', () => {
    const postings = [posting(clearing, 'usd', 100), posting(unapplied, 'eur', -100)];
    expect(() => entry(of, postings)).toThrow(Unbalanced);
    expect(() => entry(of, postings)).toThrow('charge:ch_1 does not balance: its postings in usd add up to 100');
  });

  it('leaves out postings of zero, and is none without others', () => {
    const made = entry(of, [posting(clearing, 'usd', 100), posting(unapplied, 'usd', -100), posting(tax, 'usd', 0)]);
    expect(made?.postings).toHaveLength(2);
    expect(entry(of, [posting(tax, 'usd', 0)])).toBeNull();
  });

  it('names the step that it is, where there are several', () => {
    expect(entry({ ...of, step: 2000 }, [posting(clearing, 'usd', 1), posting(unapplied, 'usd', -1)])?.id).toBe(
      'charge:ch_1#2000',
    );
  });
});

describe('the book of an invoice', () => {
  it('is empty when everything is zero: a trial', () => {
    const { entries } = new InvoiceLife().finalized('2026-01-01', [{ amount: 0, ...QUARTER }]).book();
    expect(entries).toEqual([]);
  });

  it('keeps lines apart that add up to zero', () => {
    const { entries } = new InvoiceLife()
      .finalized('2026-01-01', [
        { amount: 4000, ...QUARTER },
        { amount: -4000, ...QUARTER },
      ])
      .book();
    expect(entries[0]?.postings.map(({ name, amountMinor, line }) => [name, amountMinor, line])).toEqual([
      [deferred, -4000, 'il_1'],
      [deferred, 4000, 'il_2'],
    ]);
  });

  it('has tax on top of the amount or included', () => {
    const posted = { [receivable]: 9900, [deferred]: -9000, [tax]: -900 };
    expect(postingsOf(base().book().entries, 'invoice:in_1')).toEqual(posted);
    const within = new InvoiceLife().finalized('2026-01-01', [{ amount: 9900, inclusive: 900, ...QUARTER }]);
    expect(postingsOf(within.book().entries, 'invoice:in_1')).toEqual(posted);
  });

  it('lowers revenue by discounts, or lets them run beside it', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 10000, discount: 1000, tax: 900, ...QUARTER }]);
    expect(movement(life.book(), accounts.revenue, 1)).toEqual([-3100]);
    const beside = life.book({ discounts: 'contra' });
    expect(postingsOf(beside.entries, 'invoice:in_1')).toEqual({ [receivable]: 9900, [deferred]: -9000, [tax]: -900 });
    expect(movement(beside, accounts.revenue, 1)).toEqual([-3444]);
    expect(movement(beside, accounts.discounts, 1)).toEqual([344]);
  });

  it('applies the balance of the customer, whatever its sign', () => {
    const of = (balance: number, amount = 9000) => {
      const life = new InvoiceLife().finalized('2026-01-01', [{ amount, ...QUARTER }], { balance });
      return balances(life.book().entries);
    };
    expect(of(1100)).toEqual({ [receivable]: 7900, [customerBalance]: 1100, [deferred]: -9000 });
    expect(of(-300)).toEqual({ [receivable]: 9300, [customerBalance]: -300, [deferred]: -9000 });
    expect(of(-3100, -3100)).toEqual({ [customerBalance]: -3100, [deferred]: 3100 });
    expect(of(30, 30)).toEqual({ [customerBalance]: 30, [deferred]: -30 });
  });

  it('applies a balance that comes later without an event', () => {
    const { entries } = base().stage('balance', '2026-01-05', 400).book();
    expect(postingsOf(entries, 'balance-applied:in_1#400')).toEqual({ [customerBalance]: 400, [receivable]: -400 });
  });

  it('voids what is owed, and returns the applied balance', () => {
    expect(postingsOf(base().stage('void', '2026-02-01').book().entries, 'void:in_1')).toEqual({
      [accounts.voids]: 3100,
      [deferred]: 5900,
      [tax]: 900,
      [receivable]: -9900,
    });
    const monthly = [{ amount: 3100, from: '2026-01-15', to: '2026-02-15' }];
    const life = new InvoiceLife().finalized('2026-01-15', monthly, { balance: 1100 }).stage('void', '2026-02-01');
    expect(postingsOf(life.book().entries, 'void:in_1')).toEqual({
      [accounts.voids]: 1700,
      [deferred]: 1400,
      [receivable]: -2000,
      [customerBalance]: -1100,
    });
  });

  it('writes off with the tax, gets it back, voids it, and loses it again', () => {
    const lost = () => base().stage('uncollectible', '2026-02-01');
    expect(postingsOf(lost().book().entries, 'uncollectible:in_1')).toEqual({
      [accounts.badDebt]: 4000,
      [deferred]: 5900,
      [receivable]: -9900,
    });
    const back = lost().paid('2026-04-10', 9900);
    expect(postingsOf(back.book().entries, 'recovered:inpay_1')).toEqual({
      [receivable]: 9900,
      [accounts.badDebt]: -4000,
      [recoveries]: -5900,
    });
    expect(postingsOf(lost().stage('void', '2026-04-10').book().entries, 'void:in_1')).toEqual({
      [accounts.voids]: 3100,
      [tax]: 900,
      [accounts.badDebt]: -4000,
    });
    expect(postingsOf(back.disputed('txn_1', '2026-05-01', -9900).book().entries, 'dispute-applied:txn_1')).toEqual({
      [accounts.disputes]: 4000,
      [recoveries]: 5900,
      [unapplied]: -9900,
    });
  });

  it('J11: gets half of it back, and the other half', () => {
    const life = base()
      .stage('uncollectible', '2026-02-01')
      .paid('2026-04-10', 4950)
      .paid('2026-05-10', 4950, 'ch_2', 'inpay_2');
    for (const inpay of ['inpay_1', 'inpay_2'])
      expect(postingsOf(life.book().entries, `recovered:${inpay}`)).toEqual({
        [receivable]: 4950,
        [accounts.badDebt]: -2000,
        [recoveries]: -2950,
      });
  });

  it('lets written-off lines earn again where that is the policy', () => {
    const life = base()
      .stage('uncollectible', '2026-02-01')
      .paid('2026-04-10', 4950)
      .paid('2026-05-10', 4950, 'ch_2', 'inpay_2');
    const book = life.book({ recovery: 'reinstate' });
    expect(movement(book, accounts.revenue, 5)).toEqual([-3100, 0, 0, -2950, -2950]);
    expect(movement(book, accounts.badDebt, 5)).toEqual([0, 4000, 0, -2000, -2000]);
    expect(movement(book, deferred, 5)).toEqual([-5900, 5900, 0, 0, 0]);
  });

  it('deducts a credit note before payment from what is owed', () => {
    expect(
      postingsOf(base().credited('cn_1', '2026-02-01', { before: 4950 }).book().entries, 'credit-note:cn_1'),
    ).toEqual({
      [creditNotes]: 1550,
      [deferred]: 2950,
      [tax]: 450,
      [receivable]: -4950,
    });
  });

  it('lays a credit note after payment to where it goes, and its refund to what it promised', () => {
    const parts = { after: 4950, refunds: [{ refund: 're_1', amountMinor: 1500 }], outside: 2450, balance: true };
    const life = paid().credited('cn_1', '2026-02-01', parts).refunded('re_1', '2026-02-01', 1500);
    const { entries } = life.book();
    expect(postingsOf(entries, 'credit-note:cn_1')).toEqual({
      [refunds]: 470,
      [creditNotes]: 1080,
      [deferred]: 2950,
      [tax]: 450,
      [accounts.refundsPayable]: -1500,
      [customerBalance]: -1000,
      [accounts.externalCredit]: -2450,
    });
    expect(postingsOf(entries, 'refund-applied:re_1')).toEqual({ [accounts.refundsPayable]: 1500, [unapplied]: -1500 });
    expect(postingsOf(life.charges(), 'refund:re_1')).toEqual({ [unapplied]: 1500, [clearing]: -1500 });
    const failed = life.refundFailed('re_1', '2026-02-10', 1500).book({ recovery: 'reinstate' }).entries;
    expect(postingsOf(failed, 'refund-unapplied:re_1')).toEqual({
      [unapplied]: 1500,
      [accounts.refundsPayable]: -1500,
    });
  });

  it('restores what a voided credit note deducted', () => {
    const { entries } = base().credited('cn_1', '2026-02-01', { before: 4950 }).noteVoided('cn_1', '2026-03-01').book();
    expect(postingsOf(entries, 'credit-note-voided:cn_1')).toEqual({
      [creditNotes]: -1550,
      [deferred]: -2950,
      [tax]: -450,
      [receivable]: 4950,
    });
  });

  it('takes refunds, and by the policy gains or gives back what fails', () => {
    const life = paid().refunded('re_1', '2026-02-01', 990);
    expect(postingsOf(life.book().entries, 'refund-applied:re_1')).toEqual({
      [refunds]: 310,
      [deferred]: 590,
      [tax]: 90,
      [unapplied]: -990,
    });
    const failed = life.refundFailed('re_1', '2026-02-05', 990);
    expect(postingsOf(failed.book().entries, 'refund-unapplied:re_1')).toEqual({
      [unapplied]: 990,
      [recoveries]: -990,
    });
    expect(postingsOf(failed.book({ recovery: 'reinstate' }).entries, 'refund-unapplied:re_1')).toEqual({
      [unapplied]: 990,
      [refunds]: -310,
      [deferred]: -590,
      [tax]: -90,
    });
    expect(postingsOf(failed.charges(), 'refund-failed:re_1')).toEqual({ [clearing]: 990, [unapplied]: -990 });
  });

  it('leaves all balances as they were when it gives back at once what it took', () => {
    const life = paid().refunded('re_1', '2026-02-01', 990).refundFailed('re_1', '2026-02-01', 990);
    const book = life.book({ recovery: 'reinstate' });
    expect(movement(book, accounts.revenue, 3)).toEqual([-3100, -2800, -3100]);
    expect(balances([...book.entries, ...life.charges()])).toEqual(
      balances([...paid().book().entries, ...paid().charges()]),
    );
  });

  it('J5: is open again when its payment is detached, and paid by another', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 2000, ...QUARTER }]).paid('2026-01-02', 2000);
    life.unapplied('inpay_1', 'ch_1', '2026-02-02', 2000).paid('2026-03-02', 2000, 'ch_2', 'inpay_2');
    expect(movement(life.book(), receivable, 3)).toEqual([0, 2000, -2000]);
    expect(balances(life.entries())[unapplied]).toBe(-2000);
  });

  it('J5: believes an invoice that alone reports that it is open again', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 2000, ...QUARTER }]).paid('2026-01-02', 2000);
    const { entries } = life.stage('paid', '2026-01-02', 2000).stage('reopened', '2026-02-02', 2000).book();
    expect(postingsOf(entries, 'unapplied:inpay_1')).toEqual({ [receivable]: 2000, [unapplied]: -2000 });
    expect(entries.at(-1)?.inference).toBe('the invoice alone says that it is open again');
  });

  it('believes an invoice that alone reports its payment, until an invoice payment does', () => {
    const life = () =>
      base().charged('ch_1', '2026-01-01', 9900).stage('paid', '2026-01-01', 9900, { payment: 'ch_1', other: 'ch_1' });
    const ids = (of: InvoiceLife) => of.book().entries.map(({ id }) => id);
    expect(ids(life())).toEqual(['invoice:in_1', 'application:in_1:ch_1']);
    expect(ids(life().applied('inpay_1', 'ch_1', '2026-01-01', 9900))).toEqual(['invoice:in_1', 'application:inpay_1']);
    const unseen = base().stage('paid', '2026-01-01', 9900).book().entries;
    expect(postingsOf(unseen, 'application:in_1:unknown')).toEqual({ [unapplied]: 9900, [receivable]: -9900 });
  });

  it('believes a payment that alone reports paying the invoice, once, until others report it or it fails', () => {
    const life = () => base().charged('ch_1', '2026-01-02', 9900, 'usd', 'in_1');
    const ids = (of: InvoiceLife) => of.book().entries.map(({ id }) => id);
    const { entries } = life().book();
    expect(postingsOf(entries, 'application:in_1:ch_1')).toEqual({ [unapplied]: 9900, [receivable]: -9900 });
    expect(entries.at(-1)?.inference).toBe('the payment alone says that it pays it');
    expect(balances(life().entries())).not.toHaveProperty(unapplied);
    const told = life().stage('paid', '2026-01-02', 9900, { payment: 'ch_1', other: 'ch_1' });
    expect(ids(told)).toEqual(['invoice:in_1', 'application:in_1:ch_1']);
    expect(ids(life().stage('paid', '2026-01-02', 9900))).toEqual(['invoice:in_1', 'application:in_1:unknown']);
    expect(ids(life().applied('inpay_1', 'ch_1', '2026-01-02', 9900))).toEqual(['invoice:in_1', 'application:inpay_1']);
    const failed = life().chargeFailed('ch_1', '2026-01-09', 9900);
    expect(balances(failed.entries())).toMatchObject({ [receivable]: 9900 });
    expect(balances(failed.entries())).not.toHaveProperty(unapplied);
  });

  it('J6: credits an overpayment to the balance', () => {
    const life = base()
      .paid('2026-01-02', 4000)
      .paid('2026-01-03', 8000, 'ch_2', 'inpay_2')
      .stage('overpaid', '2026-01-03', 2100);
    expect(postingsOf(life.book().entries, 'overpaid:in_1#2100')).toEqual({
      [receivable]: 2100,
      [customerBalance]: -2100,
    });
    expect(balances(life.entries())[receivable]).toBeUndefined();
    const due = base()
      .paid('2026-01-02', 4000)
      .charged('ch_2', '2026-01-03', 8000)
      .applied('inpay_2', 'ch_2', '2026-01-03', 5900);
    const { entries } = due.stage('overpaid', '2026-01-03', 2100).book();
    expect(postingsOf(entries, 'overpaid:in_1#2100')).toEqual({ [unapplied]: 2100, [customerBalance]: -2100 });
  });

  it('J8: counts currencies without decimals unscaled', () => {
    const life = new InvoiceLife('in_1', 'jpy').finalized('2026-01-15', [
      { amount: 1000, from: '2026-01-15', to: '2026-02-15' },
    ]);
    const book = life.paid('2026-01-15', 1000).refunded('re_1', '2026-01-25', 333).book();
    expect(movement(book, accounts.revenue, 2)).toEqual([-474, -301]);
    expect(movement(book, refunds, 1)).toEqual([108]);
    const dinars = new InvoiceLife('in_1', 'kwd').finalized('2026-01-15', [
      { amount: 10000, from: '2026-01-15', to: '2026-02-15' },
    ]);
    expect(movement(dinars.book(), accounts.revenue, 2)).toEqual([-5484, -4516]);
  });

  it('J9: spreads refunds over equal lines to the unit, by what is left of each', () => {
    const life = new InvoiceLife()
      .finalized('2026-01-01', [{ amount: 500 }, { amount: 500 }, { amount: 500 }])
      .paid('2026-01-01', 1500);
    const of = (id: string) =>
      book.entries
        .find((one) => one.id === id)
        ?.postings.filter(({ name }) => name === refunds)
        .map(({ amountMinor }) => amountMinor);
    const book = life
      .refunded('re_1', '2026-01-02', 100)
      .refunded('re_2', '2026-01-03', 100)
      .refunded('re_3', '2026-01-04', 100)
      .book();
    expect(['re_1', 're_2', 're_3'].map((re) => of(`refund-applied:${re}`))).toEqual([
      [34, 33, 33],
      [33, 34, 33],
      [33, 33, 34],
    ]);
  });

  it('J12: takes a credit note from the line that it names', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [
      { amount: 6000, ...QUARTER },
      { amount: 3000, ...QUARTER },
    ]);
    const line = { invoice_line: 'il_2', gross_minor: 3000, tax_minor: 0 };
    const book = life.credited('cn_1', '2026-02-01', { before: 3000 }, [line]).book();
    expect(postingsOf(book.entries, 'credit-note:cn_1')).toEqual({
      [creditNotes]: 1033,
      [deferred]: 1967,
      [receivable]: -3000,
    });
    expect(movement(book, accounts.revenue, 3)).toEqual([-3100, -1866, -2067]);
  });

  it('J13: has lines that no event shows as one, until it knows them', () => {
    const more = { total_minor: 9000, has_all_lines: false };
    const book = new InvoiceLife().finalized('2026-01-01', [{ amount: 6000, ...QUARTER }], more).book();
    expect(book.lines.map(({ id, grossMinor, inference }) => [id, grossMinor, inference])).toEqual([
      ['il_1', 6000, null],
      ['in_1:unseen', 3000, 'lines that no event shows'],
    ]);
    expect(movement(book, accounts.revenue, 3)).toEqual([-3100, -2800, -3100]);
    expect(book.entries[0]?.inference).toBe('lines that no event shows');
  });

  it('splits the refund of a payment of two invoices by what it paid of each', () => {
    const life = base().charged('ch_1', '2026-01-01', 14850).applied('inpay_1', 'ch_1', '2026-01-01', 9900);
    const other = life.milestone('invoice_payment', 'inpay_2', 'paid', '2026-01-01', 4950, {
      payment: 'ch_1',
      invoice: 'in_2',
    });
    life.refunded('re_1', '2026-02-01', 1485);
    const shared = life.book({}, [other]);
    expect(postingsOf(shared.entries, 'refund-applied:re_1:in_1')).toEqual({
      [refunds]: 310,
      [deferred]: 590,
      [tax]: 90,
      [unapplied]: -990,
    });
  });
});

describe('the book of an invoice item', () => {
  it('takes a deleted one back in the proportion that was earned', () => {
    const item = {
      ...{ id: 'ii_2', amount_minor: 4000, currency: 'usd', customer: 'cus_1', invoice: null },
      ...{
        created_at: at('2026-04-01'),
        period_start: at('2026-04-01'),
        period_end: at('2026-05-01'),
        ...cause('evt_1'),
      },
      deleted: { at: at('2026-04-11'), ...cause('evt_2') },
    };
    expect(postingsOf(itemBook(item, defaultPolicy).entries, 'item-deleted:ii_2')).toEqual({
      [accounts.unbilledVoids]: 1333,
      [deferred]: 2667,
      [accounts.unbilled]: -4000,
    });
  });
});

describe('the book of a payment', () => {
  it('J4: counts a refund once, however it is reported, and unreported ones by the charge’s total', () => {
    const life = paid().refundedInAll('ch_1', '2026-02-01', 2000);
    expect(postingsOf(life.charges(), 'refund:ch_1#2000')).toEqual({ [unapplied]: 2000, [clearing]: -2000 });
    life.refunded('re_1', '2026-02-01', 1500);
    expect(postingsOf(life.charges(), 'refund:ch_1#2000')).toEqual({ [unapplied]: 500, [clearing]: -500 });
    life.refunded('re_2', '2026-02-01', 500);
    expect(life.charges().map(({ id }) => id)).toEqual(['charge:ch_1', 'refund:re_1', 'refund:re_2']);
  });

  it('books pending payments where that is the policy', () => {
    const rows = (life: InvoiceLife) => [
      life.milestone('charge', 'ch_1', 'pending', '2026-01-01', 9900, { payment: 'ch_1' }),
      life.milestone('charge', 'ch_1', 'captured', '2026-01-05', 9900, { payment: 'ch_1' }),
    ];
    const life = new InvoiceLife();
    life.knownPayments(rows(life));
    expect(
      life
        .charges({ pending: 'book' })
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['charge:ch_1', 'pending-ended:ch_1', 'pending:ch_1']);
    expect(balances(life.charges({ pending: 'book' }))).toEqual({ [clearing]: 9900, [unapplied]: -9900 });
  });

  it('J7: converts a dispute in two balanced halves', () => {
    const life = new InvoiceLife('in_1', 'eur').charged('ch_1', '2026-01-01', 9000);
    life.disputed('txn_2', '2026-02-01', -9900, { currency: 'usd', dispute_amount_minor: 9000 });
    expect(postingsOf(life.charges(), 'dispute:txn_2')).toEqual({
      [`${unapplied} eur`]: 9000,
      [`${clearing} eur`]: -9000,
    });
    const [settled] = settlement({
      ...{
        id: 'txn_2',
        reporting_category: 'dispute',
        amount_minor: -9900,
        fee_minor: 1500,
        net_minor: -11400,
        currency: 'usd',
      },
      ...{
        fee_details: [],
        source_amount_minor: -9000,
        source_currency: 'eur',
        at: at('2026-02-01'),
        ...cause('evt_1'),
      },
    });
    expect(settled && balances([settled])).toEqual({
      [accounts.balance]: -11400,
      [accounts.feesDispute]: 1500,
      [accounts.conversion]: 9900,
      [`${accounts.conversion} eur`]: -9000,
      [`${clearing} eur`]: 9000,
    });
  });
});

describe('the books of payments through Stripe', () => {
  const transaction = (id: string, category: string, amount: number, fee = 0) =>
    settlement({
      ...{
        id,
        reporting_category: category,
        amount_minor: amount,
        fee_minor: fee,
        net_minor: amount - fee,
        currency: 'usd',
      },
      ...{
        fee_details: [{ type: 'stripe_fee', amountMinor: fee, currency: 'usd' }],
        source_amount_minor: amount,
        source_currency: 'usd',
      },
      ...{ at: at('2026-01-03'), ...cause(`evt_${id}`) },
    });
  const payout = (stage: string, time: string, amount: number) =>
    new InvoiceLife().milestone('payout', 'po_1', stage, time, amount);

  it('J1: follows an invoice to the bank', () => {
    const life = new InvoiceLife().finalized('2026-01-01', [{ amount: 9000, tax: 900, ...QUARTER }], { balance: 1100 });
    life.paid('2026-01-01', 8800);
    const entries = [
      ...life.entries(),
      ...transaction('txn_1', 'charge', 8800, 285),
      ...payoutBook([payout('created', '2026-01-02', 8515), payout('paid', '2026-01-04', 8515)]),
      ...transaction('txn_2', 'payout', -8515),
    ];
    expect(balances(entries)).toEqual({
      [deferred]: -9000,
      [tax]: -900,
      [customerBalance]: 1100,
      [accounts.feesStripe]: 285,
      [accounts.bank]: 8515,
    });
  });

  it('J2: settles a payout of three', () => {
    const entries = [
      ...[transaction('txn_1', 'charge', 10000, 320), transaction('txn_2', 'charge', 5000, 175)].flat(),
      ...[transaction('txn_3', 'refund', -2000), transaction('txn_4', 'payout', -12505)].flat(),
    ];
    expect(balances(entries)).toEqual({ [accounts.feesStripe]: 495, [clearing]: -495 });
  });

  it('takes a failed payout back from where it was', () => {
    const rows = [payout('created', '2026-01-02', 500), payout('failed', '2026-01-05', 500)];
    expect(balances(payoutBook(rows))).toEqual({});
    expect(balances(payoutBook([...rows, payout('paid', '2026-01-03', 500)]))).toEqual({});
  });

  it('J14: leaves unknown categories unexplained', () => {
    expect(balances(transaction('txn_1', 'new_thing', -500))).toEqual({
      [accounts.balance]: -500,
      [accounts.unexplained]: 500,
    });
  });
});

describe('the book of a customer', () => {
  const life = new InvoiceLife();
  const change = (time: string, before: number, after: number, event: string) => ({
    ...life.milestone('customer', 'cus_1', 'balance', time, after - before, { cumulative_minor: after }),
    stripe_event_id: event,
  });
  const of = (
    changes: ReturnType<typeof change>[],
    explained: { id: string; at: string; amount_minor: number }[] = [],
  ) => balanceBook({ customer: 'cus_1', currency: 'usd', changes, explained });

  it('J16: books credit that was given by hand', () => {
    const entries = of([change('2026-01-01', 0, -1000, 'evt_1'), change('2026-01-02', -1000, -1500, 'evt_2')]);
    expect(postingsOf(entries, 'balance:cus_1:evt_2')).toEqual({
      [accounts.balanceAdjustments]: 500,
      [customerBalance]: -500,
    });
  });

  it('gives the same result in any order of its rows', () => {
    const shown = change('2026-01-01', -300, -1000, 'evt_1');
    const changes = [
      { ...shown, stage: 'opening', amount_minor: -300, cumulative_minor: -300 },
      shown,
      { ...change('2026-01-02', -1000, 200, 'evt_2'), ordinal: 2 },
      { ...change('2026-01-03', 200, 800, 'evt_3'), ordinal: 3 },
    ];
    const explained = [
      { id: 'in_1:balance:1', at: at('2026-01-02'), amount_minor: 1200 },
      { id: 'in_1:overpaid:1', at: at('2026-01-03'), amount_minor: -250 },
      { id: 'in_1:overpaid:2', at: at('2026-01-03'), amount_minor: -50 },
      { id: 'in_2:balance:1', at: at('2026-01-03'), amount_minor: 900 },
    ];
    const inOrder = of(changes, explained);
    expect(inOrder.map(({ id }) => id)).toEqual(['balance:cus_1:evt_1:opening', 'balance:cus_1:evt_1']);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(changes, { minLength: changes.length }),
        fc.shuffledSubarray(explained, { minLength: explained.length }),
        (some, causes) => expect(of(some, causes)).toEqual(inOrder),
      ),
    );
  });

  it('J16: leaves out what an invoice explains, whichever of the two has the earlier time', () => {
    const given = change('2026-01-01', 0, -1500, 'evt_1');
    const used = change('2026-02-01 00:00', -1500, 0, 'evt_2');
    for (const time of ['2026-01-31 23:59', '2026-02-01 00:00', '2026-02-01 00:01'])
      expect(of([given, used], [{ id: 'in_1', at: at(time), amount_minor: 1500 }]).map(({ id }) => id)).toEqual([
        'balance:cus_1:evt_1',
      ]);
  });

  it('distinguishes what existed before the ledger began from manual transactions', () => {
    const opening = { ...change('2026-01-01', 0, -700, 'evt_1'), stage: 'opening' };
    expect(postingsOf(of([opening]), 'balance:cus_1:evt_1:opening')).toEqual({
      [accounts.opening]: 700,
      [customerBalance]: -700,
    });
  });
});

describe('rounding', () => {
  it('mirrors negative amounts, and is exact beyond what a number holds', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        (amount, part, rest) => {
          const ratio = { part, whole: part + rest };
          expect(portion(-amount, ratio) + portion(amount, ratio)).toBe(0);
          const [n, d] = [BigInt(Math.abs(amount)) * BigInt(part), BigInt(ratio.whole)];
          expect(BigInt(Math.abs(portion(amount, ratio)))).toBe((2n * n + d) / (2n * d));
        },
      ),
    );
  });

  it('splits to the unit', () => {
    expect(split(100, [333, 333, 334])).toEqual([33, 33, 34]);
    expect(split(1500, [4000, -1000])).toEqual([2000, -500]);
    expect(split(-100, [500, 500, 500])).toEqual([-34, -33, -33]);
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1 }), (total, weights) => {
        fc.pre(weights.some((weight) => weight > 0));
        expect(split(total, weights).reduce((sum, part) => sum + part, 0)).toBe(total);
      }),
    );
  });
});

describe('a policy', () => {
  it('is named by its values, whatever their order', () => {
    const reversed = Object.fromEntries(Object.entries(defaultPolicy).reverse()) as typeof defaultPolicy;
    expect(policyHash(reversed)).toBe(policyHash(defaultPolicy));
    expect(policyHash({ ...defaultPolicy, recovery: 'reinstate' })).not.toBe(policyHash(defaultPolicy));
  });
});
