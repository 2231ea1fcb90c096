import { describe, expect, it } from '@jest/globals';
import { balanceAt, bankOf } from '../../simulator/bank/bank.js';
import { settledIn } from '../../simulator/bank/exchange.js';
import { Ledger } from '../../simulator/bank/ledger.js';
import { netMinor } from '../../simulator/bank/transactions.js';
import { DAY } from '../../simulator/calendar.js';
import { lives } from '../../simulator/simulator.js';

describe('The bank of an account', () => {
  const movements = [...lives({ seed: 7, subscriptions: 60, apiVersion: 'mixed', bank: true })].flatMap(
    ({ ledger }) => ledger.movements,
  );
  const bank = bankOf('acct_1', movements);
  const { transactions, payouts } = bank;
  const byId = new Map(transactions.map((one) => [one.id, one]));
  const sumOf = (ids: Iterable<string>): number =>
    [...ids].reduce((sum, id) => sum + netMinor(byId.get(id) as (typeof transactions)[number]), 0);

  it('moves each movement once, and pays out each transaction once, to the unit', () => {
    expect(byId.size).toBe(transactions.length);
    expect(movements.every(({ transaction }) => byId.has(transaction))).toBe(true);
    expect(payouts.length).toBeGreaterThan(20);
    for (const { of, amountMinor } of payouts) expect(sumOf(of)).toBe(amountMinor);
    const out = payouts.flatMap(({ of }) => [...of]);
    expect(new Set(out).size).toBe(out.length);
  });

  it('takes a failed payout back, and pays it out again', () => {
    const failed = payouts.flatMap((payout) => (payout.failed === null ? [] : [{ ...payout, failed: payout.failed }]));
    expect(failed.length).toBeGreaterThan(0);
    for (const { amountMinor, failed: back } of failed) {
      expect(sumOf([back.transaction])).toBe(amountMinor);
      expect(payouts.filter(({ of }) => of.has(back.transaction))).toHaveLength(1);
    }
  });

  it('has in the balance what its books say, available or pending', () => {
    const at = (transactions[Math.floor(transactions.length / 2)]?.createdAt ?? 0) + DAY;
    const { available, pending } = balanceAt(transactions, at);
    for (const [currency, sum] of available) {
      const kept = bank.settled.postings.filter(
        (one) => one.account === 'balance' && one.currency === currency && one.at <= at,
      );
      expect(sum + (pending.get(currency) ?? 0)).toBe(kept.reduce((total, one) => total + one.amountMinor, 0));
    }
  });

  it('exchanges what it does not settle, at the rate of the day', () => {
    expect(settledIn(1_000, 'eur', 0)).toEqual({ amountMinor: 1_000, currency: 'eur', exchangeRate: null });
    const [today, tomorrow] = [settledIn(-100_000, 'jpy', 0), settledIn(-100_000, 'jpy', DAY)];
    expect(today.currency).toBe('usd');
    expect(today.amountMinor).toBe(-Math.round(100_000 * Number(today.exchangeRate) * 100));
    expect(tomorrow.exchangeRate).not.toBe(today.exchangeRate);
    // Three decimals become two.
    expect(Math.abs(settledIn(1_000, 'kwd', 0).amountMinor / 325 - 1)).toBeLessThan(0.05);
  });

  it('keeps books that balance, and refuses others', () => {
    expect(() => new Ledger().post(0, 'usd', ['balance', 'txn_1', 5], ['fees', 'txn_1', -4])).toThrow(/add up to 1/);
  });
});
