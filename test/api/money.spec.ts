import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { newIds, paidAndGivenBack } from '../support/paid-and-given-back.js';
import {
  BASIL,
  charge,
  customer,
  invoice,
  invoicePayment,
  OLD,
  paidInvoice,
  paymentIntent,
  refund,
  stripeEvent,
} from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Body = Record<string, unknown>;
type Page = { data: { id: string }[]; nextCursor: string | null };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const send = async (events: readonly unknown[]): Promise<string> => {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  return position;
};
/** The API's answer after these events. */
const after = async <T = Body>(events: readonly unknown[], path: string): Promise<T> => {
  const position = await send(events);
  const { status, body } = await read<T>(
    ledger.url,
    `${path}${path.includes('?') ? '&' : '?'}minPosition=${position}&waitMs=20000`,
  );
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
};

describe('GET /payments/:id', () => {
  it.each(
    [OLD, BASIL].flatMap((apiVersion) =>
      ['as they happened', 'in reverse'].map((arrival) => [apiVersion, arrival] as const),
    ),
  )(
    'joins a payment of %s with its refunds, disputes, invoice and subscription, when the events come %s',
    async (apiVersion, arrival) => {
      const ids = newIds();
      const events = paidAndGivenBack(ids, apiVersion);
      const body = await after(arrival === 'in reverse' ? events.reverse() : events, `/payments/${ids.pi}`);
      expect(body).toMatchObject({
        id: ids.pi,
        status: 'succeeded',
        customer: ids.cus,
        currency: 'eur',
        amountMinor: 1900,
        amountReceivedMinor: 1900,
        amountRefundedMinor: 500,
        livemode: false,
        account: null,
        paymentIntent: { id: ids.pi, status: 'succeeded' },
        charges: [{ id: ids.ch, status: 'succeeded', isDisputed: true, changedBy: { type: 'charge.refunded' } }],
        refunds: [{ id: ids.re, status: 'succeeded', amountMinor: 500, creditNotes: [ids.cn] }],
        disputes: [
          {
            id: ids.dp,
            status: 'needs_response',
            movements: [{ id: 'txn_withdrawn', amountMinor: -1900, feeMinor: 1500, netMinor: -3400 }],
          },
        ],
        invoices: [
          {
            id: ids.inv,
            number: 'N-1',
            status: 'paid',
            subscription: ids.sub,
            invoicePayments: apiVersion === OLD ? [] : [{ id: ids.inpay, amountPaidMinor: 1900 }],
          },
        ],
      });
      expect(
        [body['charges'], body['refunds'], body['disputes'], body['invoices']].map(
          (list) => (list as unknown[]).length,
        ),
      ).toEqual([1, 1, 1, 1]);
      expect((await read(ledger.url, `/payments/${ids.ch}`)).body).toEqual(body);
    },
  );

  it('answers with the known parts while invoice and intent have not come', async () => {
    const { pi, ch, inv, inpay } = newIds();
    const body = await after(
      [
        stripeEvent('charge.succeeded', charge(ch, BASIL, { payment_intent: pi })),
        stripeEvent(
          'invoice_payment.paid',
          invoicePayment(inpay, { invoice: inv, payment: { type: 'payment_intent', payment_intent: pi } }),
        ),
      ],
      `/payments/${pi}`,
    );
    expect(body).toMatchObject({
      id: pi,
      status: 'succeeded',
      paymentIntent: null,
      charges: [{ id: ch }],
      invoices: [{ id: inv, subscription: null, status: null }],
      refunds: [],
      disputes: [],
    });
  });

  it('has the refunds that an old charge lists when none has events of its own', async () => {
    const { ch, re } = newIds();
    const listed = { object: 'list', data: [refund(re, { charge: ch })] };
    const body = await after(
      [stripeEvent('charge.refunded', charge(ch, OLD, { amount_refunded: 500, refunds: listed }), { apiVersion: OLD })],
      `/payments/${ch}`,
    );
    expect(body).toMatchObject({
      id: ch,
      paymentIntent: null,
      amountRefundedMinor: 500,
      refunds: [
        { id: re, status: 'succeeded', amountMinor: 500, creditNotes: [], changedBy: { type: 'charge.refunded' } },
      ],
    });
    const afterOwn = await after(
      [stripeEvent('refund.failed', refund(re, { charge: ch, status: 'failed' }), { after: 60 })],
      `/payments/${ch}`,
    );
    expect(afterOwn['refunds']).toEqual([expect.objectContaining({ id: re, status: 'failed' })]);
  });

  it('answers 404 for an id that is not a payment', async () => {
    expect(await read(ledger.url, '/payments/pi_unknown')).toMatchObject({
      status: 404,
      body: { code: 'not_found', title: 'Not found' },
    });
  });
});

describe('GET /invoices/:id', () => {
  it.each([OLD, BASIL])('has the amounts and lines of an invoice of %s, and its payments', async (apiVersion) => {
    const ids = newIds();
    const body = await after(paidAndGivenBack(ids, apiVersion), `/invoices/${ids.inv}`);
    expect(body).toMatchObject({
      id: ids.inv,
      number: 'N-1',
      status: 'paid',
      customer: ids.cus,
      subscription: ids.sub,
      currency: 'eur',
      totalMinor: 1900,
      subtotalMinor: 1597,
      taxMinor: 303,
      amountPaidMinor: 1900,
      amountRemainingMinor: 0,
      periodStart: '2026-01-01T00:00:00.000Z',
      paidAt: '2026-01-01T00:00:09.000Z',
      lines: [{ id: 'il_1', amountMinor: 1900, price: 'price_1' }],
      isDeleted: false,
      changedBy: { type: 'invoice.paid', apiVersion },
      payments: [{ id: ids.pi, charges: [{ id: ids.ch }], refunds: [{ id: ids.re }] }],
    });
    expect(body).not.toHaveProperty('stream');
  });

  it.each([
    [
      'the charge names the invoice',
      (inv: string, ch: string) => [invoice(inv, OLD), charge(ch, OLD, { invoice: inv })],
    ],
    ['the invoice names the charge', (inv: string, ch: string) => [invoice(inv, OLD, { charge: ch }), charge(ch, OLD)]],
    [
      'an invoice payment names both',
      (inv: string, ch: string) => [
        invoice(inv, BASIL),
        charge(ch, BASIL),
        invoicePayment(randomId('inpay'), { invoice: inv, payment: { type: 'charge', charge: ch } }),
      ],
    ],
  ])('and its payment are found from each other when only %s', async (_, objects) => {
    const { inv, ch } = newIds();
    const body = await after(
      objects(inv, ch).map((object) => stripeEvent(`${object.object}.updated`, object, { apiVersion: OLD })),
      `/invoices/${inv}`,
    );
    expect(body['payments']).toEqual([
      expect.objectContaining({ id: ch, invoices: [expect.objectContaining({ id: inv, subscription: 'sub_1' })] }),
    ]);
    expect((await read(ledger.url, `/payments/${ch}`)).body).toMatchObject({
      invoices: [{ id: inv, subscription: 'sub_1' }],
    });
  });

  it('answers 404 for an unknown invoice', async () => {
    expect(await read(ledger.url, '/invoices/in_unknown')).toMatchObject({
      status: 404,
      body: { code: 'not_found', title: 'Not found' },
    });
  });
});

describe('GET /customers/:id', () => {
  it('returns everything of a customer, each list with a limit and a cursor to continue', async () => {
    const cus = randomId('cus');
    const lives = [newIds(), newIds(), newIds()].map((ids) => ({ ...ids, cus }));
    const events = [
      stripeEvent('customer.created', customer(cus)),
      ...lives.flatMap((ids) => [
        subscriptionEvent(ids.sub, { object: { customer: cus } }),
        ...paidAndGivenBack(ids, BASIL),
      ]),
    ];
    const body = await after<{ customer: Body; subscriptions: Page; invoices: Page; payments: Page }>(
      events,
      `/customers/${cus}?limit=2`,
    );
    expect(body.customer).toMatchObject({ id: cus, email: 'ada@example.com', balanceMinor: 0, isDeleted: false });
    for (const [list, name] of [
      ['subscriptions', 'sub'],
      ['invoices', 'inv'],
      ['payments', 'pi'],
    ] as const) {
      const ids = lives
        .map((one) => one[name])
        .sort()
        .reverse();
      expect(body[list].data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      const rest = await read<Page>(ledger.url, `/${list}?customer=${cus}&cursor=${body[list].nextCursor}`);
      expect(rest.body).toMatchObject({ data: [{ id: ids[2] }], nextCursor: null });
    }
  });

  it('answers for a customer that only other objects mention', async () => {
    const { sub, cus } = newIds();
    expect(await after([subscriptionEvent(sub, { object: { customer: cus } })], `/customers/${cus}`)).toMatchObject({
      id: cus,
      customer: null,
      subscriptions: { data: [{ id: sub }], nextCursor: null },
      payments: { data: [] },
    });
  });

  it('marks a deleted customer as such', async () => {
    const cus = randomId('cus');
    expect(
      await after(
        [
          stripeEvent('customer.deleted', customer(cus)),
          stripeEvent('customer.created', customer(cus), { after: -60 }),
        ],
        `/customers/${cus}`,
      ),
    ).toMatchObject({
      customer: { email: 'ada@example.com', isDeleted: true, changedBy: { type: 'customer.deleted' } },
    });
  });

  it('answers 404 for an unknown customer', async () => {
    expect(await read(ledger.url, '/customers/cus_unknown')).toMatchObject({
      status: 404,
      body: { code: 'not_found', title: 'Not found' },
    });
  });
});

describe('lists', () => {
  it('of invoices are filtered by customer, subscription, status, livemode and account', async () => {
    const { sub, cus, inv } = newIds();
    const other = randomId('in');
    const account = randomId('acct');
    await after(
      [
        stripeEvent('invoice.paid', invoice(inv, BASIL, { ...paidInvoice, customer: cus, subscription: sub }), {
          account,
        }),
        stripeEvent('invoice.created', invoice(other, BASIL, { customer: cus, subscription: null }), {
          livemode: true,
        }),
      ],
      `/invoices?customer=${cus}`,
    );
    const found = async (query: string) =>
      (await read<Page>(ledger.url, `/invoices?${query}`)).body.data.map(({ id }) => id);
    expect(await found(`customer=${cus}`)).toEqual([inv, other].sort().reverse());
    expect(await found(`subscription=${sub}`)).toEqual([inv]);
    expect(await found(`customer=${cus}&status=draft`)).toEqual([other]);
    expect(await found(`customer=${cus}&livemode=true`)).toEqual([other]);
    expect(await found(`account=${account}`)).toEqual([inv]);
  });

  it('of payments have each payment once, page after page', async () => {
    const cus = randomId('cus');
    const lives = [newIds(), newIds(), newIds()].map((ids) => ({ ...ids, cus }));
    const all: string[] = [];
    let page = await after<Page>(
      lives.flatMap((ids) => paidAndGivenBack(ids, BASIL)),
      `/payments?customer=${cus}&limit=1&count=true`,
    );
    expect(page).toMatchObject({ count: { value: lives.length, isAtLeast: false } });
    const { status } = await read(ledger.url, `/payments?status=succeeded&count=true`);
    expect(status).toBe(400);
    for (
      ;
      page.nextCursor !== null;
      page = (await read<Page>(ledger.url, `/payments?customer=${cus}&limit=1&cursor=${page.nextCursor}`)).body
    )
      all.push(...page.data.map(({ id }) => id));
    expect([...all, ...page.data.map(({ id }) => id)]).toEqual(
      lives
        .map(({ pi }) => pi)
        .sort()
        .reverse(),
    );
  });

  it('of payments are filtered by the status that each has in its answer, page after page', async () => {
    const cus = randomId('cus');
    const told = (
      intent: string | null,
      charges: readonly (readonly [status: string, received: number])[],
    ): unknown[] => {
      const pi = randomId('pi');
      return [
        ...(intent === null
          ? []
          : [stripeEvent('payment_intent.created', paymentIntent(pi, BASIL, { status: intent, customer: cus }))]),
        ...charges.map(([status, received], at) =>
          stripeEvent(
            'charge.updated',
            charge(randomId('ch'), BASIL, {
              payment_intent: pi,
              customer: cus,
              status,
              paid: received > 0,
              amount_captured: received,
              created: START + at,
            }),
          ),
        ),
      ];
    };
    const intents = [null, 'requires_payment_method', 'processing', 'requires_capture', 'succeeded', 'canceled'];
    const attempts = [
      [],
      [['failed', 0]],
      [['succeeded', 0]],
      [['succeeded', 1900]],
      [['pending', 1900]],
      [
        ['failed', 0],
        ['pending', 0],
      ],
      [
        ['pending', 0],
        ['failed', 0],
      ],
      [
        ['failed', 0],
        ['succeeded', 1900],
        ['failed', 0],
      ],
    ] as const;
    const all = await after<{ data: { id: string; status: string }[] }>(
      intents.flatMap((intent) => attempts.flatMap((charges) => told(intent, charges))),
      `/payments?customer=${cus}&limit=200`,
    );
    expect(all.data.length).toBe(intents.length * attempts.length - 1);
    const statuses = [...new Set(all.data.map(({ status }) => status))];
    expect(statuses.sort()).toEqual([
      'canceled',
      'failed',
      'pending',
      'processing',
      'requires_capture',
      'requires_payment_method',
      'succeeded',
    ]);
    for (const status of statuses) {
      const found: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: { body: Page } = await read<Page>(
          ledger.url,
          `/payments?customer=${cus}&status=${status}&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        found.push(...body.data.map(({ id }) => id));
        cursor = body.nextCursor;
      }
      expect(found).toEqual(all.data.filter((one) => one.status === status).map(({ id }) => id));
    }
    expect((await read<Page>(ledger.url, `/payments?customer=${cus}&status=unknown`)).body).toMatchObject({
      code: 'bad_query',
    });
  });

  it.each([
    '/invoices?limit=0',
    '/payments?livemode=perhaps',
    '/customers/cus_1?limit=many',
    '/invoices/in_1?minPosition=-1',
    '/payments/pi_1?waitMs=x',
  ])('and objects refuse %s and explain what it should be', async (path) => {
    expect(await read(ledger.url, path)).toMatchObject({
      status: 400,
      body: { code: 'bad_query', detail: expect.stringContaining(/[?](\w+)=/.exec(path)?.[1] ?? '') },
    });
  });

  it.each(['/invoices', '/invoices/in_1', '/payments', '/payments/pi_1', '/customers/cus_1'])(
    'and objects want a token: %s',
    async (path) => {
      expect(await read(ledger.url, path, 'wrong')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    },
  );
});
