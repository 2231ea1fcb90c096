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

  it('are found by id, with the credit notes that mention them', async () => {
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
      body: { code: 'not_found', title: 'Not found' },
    });
  });

  it('are filtered by payment, customer, status and time, page after page', async () => {
    expect(await ids(`/refunds?paymentIntent=${pi}`)).toEqual([other, one]);
    expect(await ids(`/refunds?charge=${ch}&status=pending`)).toEqual([one]);
    expect(await ids(`/refunds?customer=${cus}`)).toEqual([one]);
    expect(await ids(`/refunds?charge=${ch}&createdSince=${iso(60)}`)).toEqual([other]);
    expect(await ids(`/refunds?charge=${ch}&createdUntil=${iso(59)}`)).toEqual([one]);
    const first = await page(`/refunds?charge=${ch}&limit=1`);
    expect(first.data).toMatchObject([{ id: other, creditNotes: [cn] }]);
    expect(await page(`/refunds?charge=${ch}&limit=1&cursor=${first.nextCursor}`)).toMatchObject({
      data: [{ id: one }],
      nextCursor: null,
    });
  });

  it('are those of the customer of their payment too, whom they do not name', async () => {
    const [re, ch, pi, cus] = [randomId('re'), randomId('ch'), randomId('pi'), randomId('cus')];
    await send(
      stripeEvent('refund.created', refund(re, { charge: ch, payment_intent: pi }), { apiVersion: OLD }),
      stripeEvent('payment_intent.succeeded', paymentIntent(pi, OLD, { customer: cus }), { apiVersion: OLD }),
    );
    expect(await page(`/refunds?customer=${cus}`)).toMatchObject({ data: [{ id: re, customer: cus }] });
    expect((await read(ledger.url, `/refunds/${re}`)).body).toMatchObject({ customer: cus });
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
      data: [
        { id: re, status: 'succeeded', customer: 'cus_1', creditNotes: [], changedBy: { type: 'charge.refunded' } },
      ],
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
        { id: other, movements: [] },
        { id: one, movements: [{ id: 'txn_withdrawn', netMinor: -3400 }] },
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
      body: { title: 'Not found' },
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
    expect(await ids(`/payments?subscription=${sub}`)).toEqual([now.pi, old.pi]);
    expect(await ids(`/payments?subscription=${sub}&limit=1`)).toEqual([now.pi]);
    expect(await ids(`/payments?invoice=${now.inv}`)).toEqual([now.pi]);
    expect(await ids(`/payments?invoice=${now.inv}&subscription=${sub}`)).toEqual([now.pi]);
    expect(await ids(`/payments?invoice=${now.inv}&subscription=sub_other`)).toEqual([]);
  });
});

describe('every list', () => {
  const cus = randomId('cus');
  const made = [3, 1, 2, 2].map((second, at) => ({ id: `in_${at}${randomId('x')}`, second }));
  const newestFirst = [0, 3, 2, 1].map((at) => made[at]?.id);
  beforeAll(() =>
    send(
      ...made.map(({ id, second }, at) =>
        stripeEvent(
          'invoice.created',
          invoice(id, BASIL, {
            customer: cus,
            subscription: null,
            created: START + second,
            status: ['draft', 'open', 'paid', 'paid'][at],
          }),
        ),
      ),
    ),
  );
  const paged = async (path: string): Promise<string[]> => {
    const all: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { data, nextCursor }: Page = await page(`${path}&limit=1${next === '' ? '' : `&cursor=${next}`}`);
      all.push(...data.map(({ id }) => id));
      next = nextCursor;
    }
    return all;
  };

  it('goes from the newest to the oldest, or back, now and in the past', async () => {
    expect(await paged(`/invoices?customer=${cus}`)).toEqual(newestFirst);
    expect(await paged(`/invoices?customer=${cus}&order=created`)).toEqual([...newestFirst].reverse());
    expect(await paged(`/invoices?customer=${cus}&knownAt=${position}`)).toEqual(newestFirst);
    expect(await paged(`/invoices?customer=${cus}&knownAt=${position}&order=created`)).toEqual(
      [...newestFirst].reverse(),
    );
  });

  it('accepts several values of a filter, repeated or separated by commas', async () => {
    const wanted = [newestFirst[0], newestFirst[3]];
    expect(await paged(`/invoices?customer=${cus}&status=draft&status=open`)).toEqual(wanted);
    expect(await paged(`/invoices?customer=${cus}&status=draft,open`)).toEqual(wanted);
    expect(await paged(`/invoices?customer=${cus}&status=draft,open&knownAt=${position}`)).toEqual(wanted);
    expect(await ids(`/invoices?customer=${cus},cus_other&status=paid,void&livemode=false`)).toEqual([
      newestFirst[1],
      newestFirst[2],
    ]);
  });

  it('refuses a cursor that it did not make', async () => {
    const { nextCursor } = await page(`/invoices?customer=${cus}&limit=1`);
    const cursor = String(nextCursor);
    for (const path of [
      '/invoices?cursor=zzz',
      '/invoices?cursor=',
      `/invoices?cursor=${cursor.slice(0, -3)}`,
      `/invoices?cursor=${cursor}&order=created`,
      `/subscriptions?cursor=${cursor}`,
      `/payments?cursor=${cursor}`,
      `/customers/${cus}/subscriptions?cursor=${cursor}`,
    ])
      expect(await read(ledger.url, path)).toMatchObject({ status: 400, body: { code: 'bad_query' } });
    expect(await ids(`/customers/${cus}/invoices?limit=1&cursor=${cursor}`)).toEqual([newestFirst[1]]);
  });

  it('refuses a status that Stripe is not known to use, unless a row has it', async () => {
    const refused = await read<{ detail: string }>(ledger.url, '/invoices?status=banana');
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_query' } });
    expect(refused.body.detail).toBe(
      'status: no row has "banana"; values known from Stripe: draft, open, uncollectible, paid, void',
    );
    const sub = randomId('sub');
    await send(subscriptionEvent(sub, { object: { status: 'hibernating' } }));
    expect(await ids('/subscriptions?status=hibernating')).toEqual([sub]);
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
    expect(await ids(`/subscriptions?customer=${cus}&product=prod_one`)).toEqual([other, one]);
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

  it('of invoices have those that only a line ties to a subscription', async () => {
    const [one, other, sub] = [randomId('in_a'), randomId('in_b'), randomId('sub')];
    const { lines } = invoice(other, BASIL, { subscription: sub }) as unknown as { lines: unknown };
    await send(
      stripeEvent('invoice.created', invoice(one, BASIL, { subscription: sub })),
      stripeEvent('invoice.created', invoice(other, BASIL, { subscription: null, lines, created: START + 1 })),
    );
    expect(await ids(`/invoices?subscription=${sub}`)).toEqual([other, one]);
    expect(await ids(`/invoices?subscription=${sub}&knownAt=${position}`)).toEqual([other, one]);
  });

  it('of invoices have no deleted ones, unless those are asked for', async () => {
    const [one, cus] = [randomId('in'), randomId('cus')];
    const draft = invoice(one, BASIL, { customer: cus, subscription: null });
    await send(stripeEvent('invoice.created', draft), stripeEvent('invoice.deleted', draft, { after: 5 }));
    expect(await ids(`/invoices?customer=${cus}&status=draft`)).toEqual([]);
    expect(await ids(`/invoices?customer=${cus}&deleted=true`)).toEqual([one]);
  });

  it('of subscriptions have those that are set to end, at a time or with their period', async () => {
    const [at, withPeriod, other, cus] = [randomId('sub'), randomId('sub'), randomId('sub'), randomId('cus')];
    await send(
      subscriptionEvent(at, { object: { customer: cus, cancel_at: START + 999 } }),
      subscriptionEvent(withPeriod, { object: { customer: cus, cancel_at_period_end: true, created: START + 1 } }),
      subscriptionEvent(other, { object: { customer: cus } }),
    );
    expect(await ids(`/subscriptions?customer=${cus}&canceling=true`)).toEqual([withPeriod, at]);
    expect(await ids(`/customers/${cus}/subscriptions?canceling=true&knownAt=${position}`)).toEqual([withPeriod, at]);
    expect(await ids(`/subscriptions?customer=${cus}&canceling=false`)).toEqual([other]);
  });

  it('of customers are filtered by email', async () => {
    const [one, other] = [randomId('cus_a'), randomId('cus_b')];
    const email = `${one}@example.com`;
    await send(
      ...[one, other].map((id) => stripeEvent('customer.created', customer(id, { email }))),
      stripeEvent('customer.created', customer(randomId('cus'))),
    );
    expect(await ids(`/customers?email=${email}`)).toEqual([other, one]);
    expect(await ids(`/customers?email=${email.toUpperCase()}`)).toEqual([other, one]);
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

describe('count=true', () => {
  it('counts a list over all its pages, by its filters, and only for the present', async () => {
    const cus = randomId('cus');
    const told = ['open', 'open', 'paid'].map((status, n) =>
      stripeEvent('invoice.updated', invoice(randomId('in'), BASIL, { status, customer: cus, created: START + n })),
    );
    await send(...told);
    const count = async (query: string) =>
      (await page(`/invoices?customer=${cus}&limit=1&count=true${query}`)) as object;
    expect(await count('')).toMatchObject({ count: { value: 3, isAtLeast: false }, data: [{}] });
    expect(await count('&status=open')).toMatchObject({ count: { value: 2, isAtLeast: false } });
    expect(await page(`/customers?email=${cus}@example.com&count=true`)).toMatchObject({
      count: { value: 0, isAtLeast: false },
    });
    expect(await page(`/invoices?customer=${cus}`)).not.toHaveProperty('count');
    const then = await read(ledger.url, `/invoices?customer=${cus}&count=true&knownAt=${position}`);
    expect(then).toMatchObject({ status: 400, body: { code: 'bad_query' } });
    const risks = await read(ledger.url, '/churn-risk?currency=eur&minAmountMinor=1&count=true');
    expect(risks).toMatchObject({ status: 400, body: { code: 'bad_query' } });
  });
});
