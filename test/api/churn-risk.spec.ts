import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { BASIL, charge, invoice, OLD, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Page = { data: { id: string; amountMinor: number; lastFailure: unknown }[]; nextCursor: string | null };

let ledger: TestLedger;
let position = '';
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const send = async (...events: unknown[]): Promise<void> => {
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
};
const list = async (query: string): Promise<Page> => {
  const { status, body } = await read<Page>(ledger.url, `/churn-risk?${query}&minPosition=${position}&waitMs=20000`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
};

/** A subscription with an invoice whose collection failed `after` seconds from the start. */
async function fallsPastDue({
  customer,
  after,
  amount,
  apiVersion = BASIL,
  currency = 'eur',
}: {
  customer: string;
  after: number;
  amount: number;
  apiVersion?: string;
  currency?: string;
}) {
  const ids = { sub: randomId('sub'), inv: randomId('in'), ch: randomId('ch') };
  await send(
    subscriptionEvent(ids.sub, { created: START + after, object: { status: 'past_due', customer, currency } }),
    stripeEvent(
      'invoice.payment_failed',
      invoice(ids.inv, apiVersion, {
        subscription: ids.sub,
        customer,
        currency,
        status: 'open',
        amount_remaining: amount,
        attempt_count: 1,
        next_payment_attempt: START + after + 86_400,
        ...(apiVersion === OLD ? { charge: ids.ch } : {}),
      }),
      { after, apiVersion },
    ),
    stripeEvent(
      'charge.failed',
      charge(ids.ch, apiVersion, {
        invoice: ids.inv,
        customer,
        currency,
        status: 'failed',
        paid: false,
        failure_code: 'card_declined',
      }),
      { after, apiVersion },
    ),
  );
  return ids;
}

describe('GET /churn-risk', () => {
  it('shows how much is owed, since when, and why the last attempt failed', async () => {
    const customer = randomId('cus');
    const { sub, inv } = await fallsPastDue({ customer, after: 60, amount: 1900, apiVersion: OLD });
    expect(await list(`customer=${customer}`)).toEqual({
      data: [
        expect.objectContaining({
          id: sub,
          customer,
          status: 'past_due',
          currency: 'eur',
          amountMinor: 1900,
          overdueInvoices: 1,
          pastDueSince: '2026-01-01T00:01:00.000Z',
          lastFailure: {
            invoice: inv,
            at: '2026-01-01T00:01:00.000Z',
            attempt: 1,
            nextAttempt: '2026-01-02T00:01:00.000Z',
            code: 'card_declined',
          },
          changedBy: expect.objectContaining({ type: 'invoice.payment_failed' }),
        }),
      ],
      nextCursor: null,
    });
  });

  it('leaves the reason open where no event ties the payment to its invoice', async () => {
    const customer = randomId('cus');
    const { inv } = await fallsPastDue({ customer, after: 60, amount: 1900, apiVersion: BASIL });
    expect((await list(`customer=${customer}`)).data).toMatchObject([{ lastFailure: { invoice: inv, code: null } }]);
  });

  it('filters by currency and amount, and by when the subscription became past due, page after page', async () => {
    const customer = randomId('cus');
    const risks = [];
    for (const [after, amount] of [
      [10, 500],
      [20, 1_500],
      [30, 2_500],
    ] as const)
      risks.push((await fallsPastDue({ customer, after, amount })).sub);
    await fallsPastDue({ customer, after: 20, amount: 9_000, currency: 'jpy' });
    const found = async (query: string) => (await list(`customer=${customer}&${query}`)).data.map(({ id }) => id);
    expect(await found('currency=eur&minAmountMinor=1500')).toEqual([risks[2], risks[1]]);
    expect(await found('currency=eur&since=2026-01-01T00:00:20Z')).toEqual([risks[2], risks[1]]);
    expect(await found('currency=eur&until=2026-01-01T01:00:10%2B01:00')).toEqual([risks[0]]);
    const first = await list(`customer=${customer}&currency=eur&limit=2`);
    const second = await list(`customer=${customer}&currency=eur&limit=2&cursor=${first.nextCursor}`);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(risks.reverse());
    expect(second.nextCursor).toBeNull();
  });

  it.each(['minAmountMinor=5', 'since=yesterday'])('refuses %s and explains what it should be', async (query) => {
    expect(await read(ledger.url, `/churn-risk?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'bad_query', detail: expect.stringContaining(query.split('=')[0] ?? '') },
    });
  });
});
