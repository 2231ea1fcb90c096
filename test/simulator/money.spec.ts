import { describe, expect, it } from '@jest/globals';
import { simulatedAccount } from '../../simulator/account.js';
import { priceMinor } from '../../simulator/amounts.js';
import type { JsonObject } from '../../simulator/json.js';
import { simulate } from '../../simulator/simulator.js';

describe('Money', () => {
  const { events } = simulate({ seed: 11, subscriptions: 300, apiVersion: '2020-08-27' });
  const latest = new Map(events.map(({ stripeEvent }) => [stripeEvent.data.object.id, stripeEvent.data.object]));
  const all = (object: string): JsonObject[] => [...latest.values()].filter((of) => of.object === object);
  const sum = (of: readonly JsonObject[], key: string): number =>
    of.reduce((total, each) => total + Number(each[key]), 0);

  it('is due as the total less the credit, and credit is used up once', () => {
    for (const invoice of all('invoice').filter(({ ending_balance }) => ending_balance !== null)) {
      const [total = NaN, start = NaN, end = NaN, due = NaN, credited = NaN] = [
        'total',
        'starting_balance',
        'ending_balance',
        'amount_due',
        'pre_payment_credit_notes_amount',
      ].map((key) => Number(invoice[key]));
      expect(start + total).toBe(due + credited + end);
      expect(due === 0 || end === 0).toBe(true);
    }
    expect(all('invoice').some(({ total }) => Number(total) < 0)).toBe(true);
  });

  it("is the sum of an invoice's lines less its discounts, tiers, usage, prorations and currencies without or with three decimals included", () => {
    for (const invoice of all('invoice')) {
      expect(sum((invoice['lines'] as unknown as { data: JsonObject[] }).data, 'amount')).toBe(invoice['subtotal']);
      expect(
        Number(invoice['subtotal']) - sum(invoice['total_discount_amounts'] as readonly JsonObject[], 'amount'),
      ).toBe(invoice['total']);
    }
    expect(new Set(all('invoice').map(({ currency }) => currency))).toEqual(new Set(['usd', 'eur', 'jpy', 'kwd']));
  });

  it('that a coupon takes off once is on one invoice, and for an amount no more than that', () => {
    const discounts = new Map(
      events
        .filter(({ stripeEvent: { type } }) => type === 'customer.discount.created')
        .map(
          ({
            stripeEvent: {
              data: { object },
            },
          }) => [object.id, object['coupon'] as JsonObject],
        ),
    );
    expect(new Set([...discounts.values()].map(({ duration }) => duration))).toEqual(
      new Set(['once', 'repeating', 'forever']),
    );
    const full = [...discounts]
      .filter(([, coupon]) => coupon['duration'] === 'once')
      .map(([id, coupon]) => {
        const taken = all('invoice')
          .flatMap((invoice) => invoice['total_discount_amounts'] as readonly JsonObject[])
          .filter(({ discount, amount }) => discount === id && Number(amount) > 0);
        expect(taken.length).toBeLessThanOrEqual(1);
        expect(sum(taken, 'amount')).toBeLessThanOrEqual(Number(coupon['amount_off']));
        return sum(taken, 'amount') === coupon['amount_off'];
      });
    expect(full).toContain(true);
  });

  it('that a coupon takes off for some months is on no invoice of a later one', () => {
    const repeating = events
      .filter(({ stripeEvent: { type } }) => type === 'customer.discount.created')
      .map(
        ({
          stripeEvent: {
            data: { object },
          },
        }) => object,
      )
      .filter(({ end }) => end !== null);
    const after = repeating.flatMap(({ id, subscription, end }) =>
      all('invoice')
        .filter((invoice) => invoice['subscription'] === subscription && Number(invoice['created']) >= Number(end))
        .map((invoice) => ({ id, taken: invoice['total_discount_amounts'] as readonly JsonObject[] })),
    );
    expect(after.length).toBeGreaterThan(0);
    for (const { id, taken } of after) expect(taken.filter(({ discount }) => discount === id)).toEqual([]);
  });

  it('for a quantity in a further tier has that tier’s flat fee once; by volume all units cost what the last does', () => {
    const tiers = [
      { upTo: 5, unitAmountMinor: 100, flatAmountMinor: 0 },
      { upTo: null, unitAmountMinor: 80, flatAmountMinor: 70 },
    ];
    const price = {
      ...simulatedAccount({ seed: 1, livemode: false, openedAt: 0 }).prices[0]!,
      unitAmountMinor: null,
      tiers,
    };
    expect([0, 5, 6, 7].map((quantity) => priceMinor({ ...price, tiersMode: 'graduated' }, quantity))).toEqual([
      0, 500, 650, 730,
    ]);
    expect([0, 5, 6, 7].map((quantity) => priceMinor({ ...price, tiersMode: 'volume' }, quantity))).toEqual([
      0, 500, 550, 630,
    ]);
  });

  it('that was charged is what paid invoices asked for', () => {
    const paid = all('invoice').filter(({ status, charge }) => status === 'paid' && charge !== null);
    for (const invoice of paid) expect(latest.get(String(invoice['charge']))?.['amount']).toBe(invoice['amount_paid']);
    expect(sum(paid, 'amount_paid')).toBe(
      sum(
        all('charge').filter((charge) => charge['paid'] === true),
        'amount',
      ),
    );
  });

  it('that credit notes give back is what their invoices say, and no more than was paid', () => {
    const issued = all('credit_note').filter(({ status }) => status === 'issued');
    for (const type of ['pre_payment', 'post_payment']) {
      expect(issued.some((note) => note['type'] === type)).toBe(true);
      for (const invoice of all('invoice')) {
        expect({
          invoice: invoice['id'],
          credited: sum(
            issued.filter((note) => note['invoice'] === invoice['id'] && note['type'] === type),
            'amount',
          ),
        }).toEqual({ invoice: invoice['id'], credited: invoice[`${type}_credit_notes_amount`] });
        expect(Number(invoice['post_payment_credit_notes_amount'])).toBeLessThanOrEqual(Number(invoice['amount_paid']));
      }
    }
  });

  it('that a credit note on an open invoice of a subscription takes off is not asked for by the next attempt', () => {
    const credited = all('invoice').filter(
      (invoice) => invoice['subscription'] !== null && Number(invoice['pre_payment_credit_notes_amount']) > 0,
    );
    expect(credited.some(({ status }) => status === 'paid')).toBe(true);
    for (const { id, status, amount_due, total } of credited) {
      expect(Number(amount_due)).toBeLessThan(Number(total));
      const paid = all('charge')
        .filter((charge) => charge['invoice'] === id && charge['paid'] === true)
        .map(({ amount }) => amount);
      expect(paid).toEqual(status === 'paid' ? [amount_due] : []);
    }
  });

  it('never goes back beyond what came, over several refunds of one charge too', () => {
    const refunds = all('refund');
    const charges = all('charge').filter(({ amount_refunded }) => Number(amount_refunded) > 0);
    expect(charges.some(({ id }) => refunds.filter(({ charge }) => charge === id).length > 1)).toBe(true);
    for (const charge of charges)
      expect(Number(charge['amount_refunded'])).toBeLessThanOrEqual(Number(charge['amount']));
  });

  it('that a dispute took comes back only when it is won', () => {
    for (const dispute of all('dispute')) {
      // In another currency it is returned at another day's rate.
      const signs = (dispute['balance_transactions'] as readonly JsonObject[]).map(({ amount }) =>
        Math.sign(Number(amount)),
      );
      const moved = signs.reduce((total, sign) => total + sign, 0);
      expect([dispute['status'], moved === 0]).toEqual([
        dispute['status'],
        dispute['status'] !== 'lost' && dispute['status'] !== 'needs_response',
      ]);
    }
  });

  it('goes back by a refund when a dispute is prevented, which only clover and later know', () => {
    expect(all('dispute').map(({ status }) => status)).not.toContain('prevented');
    const { events: dahlia } = simulate({ seed: 11, subscriptions: 300, apiVersion: '2026-03-25.dahlia' });
    const prevented = dahlia
      .map(({ stripeEvent: { data } }) => data.object)
      .filter(({ object, status }) => object === 'dispute' && status === 'prevented');
    expect(prevented.length).toBeGreaterThan(0);
    for (const { charge, amount } of prevented)
      expect(dahlia.map(({ stripeEvent: { data } }) => data.object)).toContainEqual(
        expect.objectContaining({ object: 'refund', charge, amount }),
      );
  });
});
