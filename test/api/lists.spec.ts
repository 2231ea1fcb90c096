import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import {
  BASIL,
  charge,
  creditNote,
  customer,
  dispute,
  invoice,
  invoicePayment,
  OLD,
  paymentIntent,
  refund,
  stripeEvent,
  withdrawal,
} from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';

type Page = { data: ({ id: string } & Record<string, unknown>)[]; nextCursor: string | null };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const iso = (after: number): string => new Date((START + after) * 1000).toISOString();
let position = '0';
const send = async (...events: unknown[]): Promise<void> => {
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
};
const page = async (path: string): Promise<Page> => {
  const { status, body } = await read<Page>(
    ledger.url,
    `${path}${path.includes('?') ? '&' : '?'}minPosition=${position}&waitMs=20000`,
  );
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
};
const ids = async (path: string): Promise<string[]> => (await page(path)).data.map(({ id }) => id);

describe('refunds', () => {
  const [one, other, pi, ch, cn, cus] = [
    randomId('re_a'),
    randomId('re_b'),
    randomId('pi'),
    randomId('ch'),
    randomId('cn'),
    randomId('cus'),
  ];
  beforeAll(() =>
    send(
      stripeEvent('refund.created', refund(one, { charge: ch, payment_intent: pi, customer: cus, status: 'pending' })),
      stripeEvent('refund.updated', refund(other, { charge: ch, payment_intent: pi, created: START + 60 })),
      stripeEvent('credit_note.created', creditNote(cn, { refunds: [{ refund: other, amount_refunded: 500 }] })),
    ),
  );

  it('are found by id, with the credit notes that tell of them', async () => {
    expect((await read(ledger.url, `/refunds/${other}?minPosition=${position}&waitMs=20000`)).body).toMatchObject({
      id: other,
      status: 'succeeded',
      amountMinor: 500,
      currency: 'eur',
      charge: ch,
      creditNotes: [cn],
      changedBy: { type: 'refund.updated' },
    });
    expect(await read(ledger.url, '/refunds/re_unknown')).toMatchObject({
      status: 404,
      body: { code: 'not_found', title: 'No such refund' },
    });
  });

  it('are filtered by payment, customer, status and time, page after page', async () => {
    expect(await ids(`/refunds?paymentIntent=${pi}`)).toEqual([one, other]);
    expect(await ids(`/refunds?charge=${ch}&status=pending`)).toEqual([one]);
    expect(await ids(`/refunds?customer=${cus}`)).toEqual([one]);
    expect(await ids(`/refunds?charge=${ch}&createdSince=${iso(60)}`)).toEqual([other]);
    expect(await ids(`/refunds?charge=${ch}&createdUntil=${iso(59)}`)).toEqual([one]);
    const first = await page(`/refunds?charge=${ch}&limit=1`);
    expect(first.data.map(({ id }) => id)).toEqual([one]);
    expect(await page(`/refunds?charge=${ch}&limit=1&cursor=${first.nextCursor}`)).toMatchObject({
      data: [{ id: other, creditNotes: [cn] }],
      nextCursor: null,
    });
  });

  it('have those that only an old charge lists, once', async () => {
    const [re, old] = [randomId('re'), randomId('ch')];
    await send(
      stripeEvent(
        'charge.refunded',
        charge(old, OLD, { amount_refunded: 500, refunds: { object: 'list', data: [refund(re, { charge: old })] } }),
        { apiVersion: OLD },
      ),
    );
    expect(await page(`/refunds?charge=${old}`)).toMatchObject({
      data: [{ id: re, status: 'succeeded', customer: null, creditNotes: [], changedBy: { type: 'charge.refunded' } }],
    });
    await send(stripeEvent('refund.failed', refund(re, { charge: old, status: 'failed' }), { after: 60 }));
    expect(await page(`/refunds?charge=${old}`)).toMatchObject({ data: [{ id: re, status: 'failed' }] });
    expect((await read(ledger.url, `/refunds/${re}`)).body).toMatchObject({ status: 'failed' });
  });
});

describe('disputes', () => {
  it('are found by id and filtered by payment, status and time, with the money that they moved', async () => {
    const [one, other, pi, ch] = [randomId('dp_a'), randomId('dp_b'), randomId('pi'), randomId('ch')];
    await send(
      stripeEvent(
        'charge.dispute.created',
        dispute(one, { charge: ch, payment_intent: pi, balance_transactions: [withdrawal] }),
      ),
      stripeEvent('charge.dispute.closed', dispute(other, { charge: ch, status: 'won', created: START + 60 })),
    );
    expect(await page(`/disputes?charge=${ch}`)).toMatchObject({
      data: [
        { id: one, movements: [{ id: 'txn_withdrawn', netMinor: -3400 }] },
        { id: other, movements: [] },
      ],
      nextCursor: null,
    });
    expect(await ids(`/disputes?paymentIntent=${pi}`)).toEqual([one]);
    expect(await ids(`/disputes?charge=${ch}&status=won`)).toEqual([other]);
    expect(await ids(`/disputes?charge=${ch}&createdUntil=${iso(59)}`)).toEqual([one]);
    expect((await read(ledger.url, `/disputes/${one}`)).body).toMatchObject({
      id: one,
      status: 'needs_response',
      movements: [{ id: 'txn_withdrawn' }],
    });
    expect(await read(ledger.url, '/disputes/dp_unknown')).toMatchObject({
      status: 404,
      body: { title: 'No such dispute' },
    });
  });
});

describe('payments', () => {
  it('are filtered by the invoice or the subscription that they pay, in old and in new versions', async () => {
    const [sub, old, now, unrelated] = [
      randomId('sub'),
      { inv: randomId('in'), pi: randomId('pi_a'), ch: randomId('ch') },
      { inv: randomId('in'), pi: randomId('pi_b') },
      randomId('pi'),
    ];
    await send(
      stripeEvent('charge.succeeded', charge(old.ch, OLD, { invoice: old.inv, payment_intent: old.pi }), {
        apiVersion: OLD,
      }),
      stripeEvent('payment_intent.succeeded', paymentIntent(now.pi, BASIL, { status: 'succeeded' })),
      stripeEvent('payment_intent.succeeded', paymentIntent(unrelated, BASIL, { status: 'succeeded' })),
      stripeEvent(
        'invoice_payment.paid',
        invoicePayment(randomId('inpay'), {
          invoice: now.inv,
          payment: { type: 'payment_intent', payment_intent: now.pi },
        }),
      ),
      stripeEvent('invoice.paid', invoice(now.inv, BASIL, { subscription: sub })),
      stripeEvent('invoice.paid', invoice(old.inv, OLD, { subscription: sub }), { apiVersion: OLD }),
    );
    expect(await ids(`/payments?subscription=${sub}`)).toEqual([old.pi, now.pi]);
    expect(await ids(`/payments?subscription=${sub}&limit=1`)).toEqual([old.pi]);
    expect(await ids(`/payments?invoice=${now.inv}`)).toEqual([now.pi]);
    expect(await ids(`/payments?invoice=${now.inv}&subscription=${sub}`)).toEqual([now.pi]);
    expect(await ids(`/payments?invoice=${now.inv}&subscription=sub_other`)).toEqual([]);
  });
});

describe('other lists', () => {
  it('of subscriptions are filtered by product and price', async () => {
    const [one, other, cus, product] = [randomId('sub_a'), randomId('sub_b'), randomId('cus'), randomId('prod')];
    const [item] = subscriptionObject(other).items.data;
    const items = {
      object: 'list',
      has_more: false,
      data: [item, { ...item, id: randomId('si'), price: { ...item?.price, id: 'price_extra', product } }],
    };
    await send(
      subscriptionEvent(one, { object: { customer: cus } }),
      subscriptionEvent(other, { object: { customer: cus, items } }),
    );
    expect(await ids(`/subscriptions?customer=${cus}&product=prod_one`)).toEqual([one, other]);
    expect(await ids(`/subscriptions?product=${product}`)).toEqual([other]);
    expect(await ids(`/subscriptions?product=${product}&price=price_monthly`)).toEqual([]);
    expect(await ids(`/subscriptions?customer=${cus}&price=price_extra`)).toEqual([other]);
  });

  it('of invoices are filtered by time', async () => {
    const [one, other, cus] = [randomId('in_a'), randomId('in_b'), randomId('cus')];
    await send(
      ...[one, other].map((id, at) =>
        stripeEvent(
          'invoice.created',
          invoice(id, BASIL, { customer: cus, subscription: null, created: START + at * 60 }),
        ),
      ),
    );
    expect(await ids(`/invoices?customer=${cus}&createdSince=${iso(0)}&createdUntil=${iso(59)}`)).toEqual([one]);
    expect(await ids(`/invoices?customer=${cus}&createdSince=${iso(1)}`)).toEqual([other]);
  });

  it('of customers are filtered by email', async () => {
    const [one, other] = [randomId('cus_a'), randomId('cus_b')];
    const email = `${one}@example.com`;
    await send(
      ...[one, other].map((id) => stripeEvent('customer.created', customer(id, { email }))),
      stripeEvent('customer.created', customer(randomId('cus'))),
    );
    expect(await ids(`/customers?email=${email}`)).toEqual([one, other]);
  });

  it.each([
    '/refunds?statuss=failed',
    '/disputes?createdSince=today',
    '/payments?refund=re_1',
    '/customers?mail=a',
    '/invoices?created=1',
  ])('refuse %s', async (path) => {
    expect(await read(ledger.url, path)).toMatchObject({ status: 400, body: { code: 'bad_query' } });
  });

  it.each(['/refunds', '/refunds/re_1', '/disputes', '/disputes/dp_1', '/customers'])(
    'want a token: %s',
    async (path) => {
      expect(await read(ledger.url, path, 'wrong')).toMatchObject({ status: 401 });
    },
  );
});
