import { describe, expect, it } from '@jest/globals';
import { churnRisk } from '../../projections/churn-risk.js';
import { foldObjects } from '../../src/folding/fold-objects.js';
import { factFrom, rowsAfter } from '../support/facts.js';
import { BASIL, invoice, paidInvoice, stripeEvent } from '../support/stripe-objects.js';
import { subscriptionEvent } from '../support/subscription-events.js';

const pastDue = subscriptionEvent('sub_1', {
  eventId: 'evt_past_due',
  object: { status: 'past_due' },
  previous: { status: 'active' },
});
const told = (id: string, after: number, fields: Parameters<typeof invoice>[2]) =>
  stripeEvent('invoice.updated', invoice(id, BASIL, fields), { id: `evt_${id}_${after}`, after, apiVersion: BASIL });
const failed = { status: 'open', attempt_count: 1 };
/** An invoice whose collection failed before it was paid. */
const lifeOf = (number: number) => [
  told(`in_${number}`, 10 * number, failed),
  told(`in_${number}`, 10 * number + 5, paidInvoice),
];
const livesOf = (count: number) => [pastDue, ...Array.from({ length: count }, (_, number) => lifeOf(number)).flat()];

describe('the state of a subscription at risk', () => {
  it('does not grow with the invoices that it ever had', () => {
    const size = (count: number): number => {
      const folded = foldObjects(churnRisk, livesOf(count).map(factFrom));
      return JSON.stringify([...folded.values()].map(({ current }) => current)).length;
    };
    expect(size(300)).toBeLessThan(size(110) + 1_000);
  });

  it('knows of the invoices that ended last, so that a stale snapshot opens none of them again', () => {
    const overdueAfter = (stale: string): unknown =>
      rowsAfter(churnRisk, [...livesOf(300), told(stale, 20_000, failed)])[0]?.['overdue_invoices'];
    expect(['in_299', 'in_200', 'in_199', 'in_5'].map(overdueAfter)).toEqual([0, 0, 1, 1]);
  });

  it('has every open invoice, however many there are', () => {
    const open = Array.from({ length: 300 }, (_, at) => told(`in_open_${at}`, at, { ...failed, amount_remaining: 2 }));
    const rows = rowsAfter(churnRisk, [...livesOf(200), ...open]);
    expect(rows).toEqual([expect.objectContaining({ overdue_invoices: 300, amount_minor: 600 })]);
  });
});
