import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { BASIL, creditNote, customer, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';

type Page = { data: ({ id: string } & Record<string, unknown>)[]; nextCursor: string | null };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger({ environment: { REFERENCE_METADATA: 'user_id' } });
});
afterAll(() => ledger.stop());

let position = '0';
const send = async (...events: unknown[]): Promise<void> => {
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
};
const get = async <T = Record<string, unknown>>(path: string): Promise<T> => {
  const { status, body } = await read<T>(
    ledger.url,
    `${path}${path.includes('?') ? '&' : '?'}minPosition=${position}&waitMs=20000`,
  );
  expect({ path, status, body }).toMatchObject({ status: 200 });
  return body;
};
const ids = async (path: string): Promise<string[]> => (await get<Page>(path)).data.map(({ id }) => id);

describe('what is sold', () => {
  it('is shown after its end, with the product and price that users named themselves, once per mode', async () => {
    const prod = randomId('prod');
    const product = (fields: object) => ({
      id: prod,
      object: 'product',
      name: 'Pro',
      active: true,
      created: START,
      ...fields,
    });
    await send(
      stripeEvent('product.created', product({ name: 'Test' })),
      stripeEvent('product.created', product({}), { livemode: true }),
      stripeEvent('product.deleted', product({ active: false }), { after: 9 }),
    );
    expect(await get(`/products/${prod}`)).toMatchObject({
      name: 'Pro',
      isActive: true,
      livemode: true,
      isDeleted: false,
    });
    expect((await get<Page>(`/products?livemode=false&deleted=true`)).data).toMatchObject([{ id: prod, name: 'Pro' }]);
    expect(await ids('/products?active=true')).toContain(prod);
  });

  it('has a plan only where no event contained it as a price', async () => {
    const [both, alone] = [randomId('price'), randomId('plan')];
    const terms = { active: true, currency: 'eur', product: randomId('prod'), created: START };
    const plan = { ...terms, object: 'plan', amount: 900, interval: 'month', interval_count: 1 };
    await send(
      stripeEvent('plan.created', { ...plan, id: both }),
      stripeEvent('plan.created', { ...plan, id: alone }),
      stripeEvent('price.created', {
        ...terms,
        id: both,
        object: 'price',
        unit_amount: 900,
        recurring: { interval: 'month' },
      }),
    );
    expect(new Set(await ids(`/prices?product=${terms.product}`))).toEqual(new Set([both, alone]));
    expect(await get(`/prices/${alone}`)).toMatchObject({ unitAmountMinor: 900, interval: 'month' });
  });
});

describe('credit notes', () => {
  it('are those of an invoice, which counts what they returned', async () => {
    const [inv, first, second] = [randomId('in'), randomId('cn'), randomId('cn')];
    await send(
      stripeEvent('invoice.paid', invoice(inv, BASIL, { status: 'paid', subscription: null })),
      stripeEvent('credit_note.created', creditNote(first, { invoice: inv })),
      stripeEvent('credit_note.voided', creditNote(second, { invoice: inv, status: 'void', created: START + 1 })),
    );
    expect(await ids(`/credit-notes?invoice=${inv}`)).toEqual([second, first]);
    expect(await ids(`/credit-notes?invoice=${inv}&status=issued`)).toEqual([first]);
    expect(await get(`/invoices/${inv}`)).toMatchObject({
      creditedMinor: 500,
      postPaymentCreditNotesMinor: 500,
      creditNotes: [{ id: first }, { id: second, status: 'void' }],
    });
    expect(await get(`/credit-notes/${first}`)).toMatchObject({ invoice: inv, amountMinor: 500 });
  });
});

describe('a reference of one’s own', () => {
  it('is in the answers, and finds customers, subscriptions and Checkout Sessions', async () => {
    const [cus, sub, cs, user] = [randomId('cus'), randomId('sub'), randomId('cs_test'), randomId('user')];
    await send(
      stripeEvent('customer.created', customer(cus, { metadata: { user_id: user, other: 'a:b' } })),
      subscriptionEvent(sub, { object: { customer: cus, metadata: { user_id: user } } }),
      stripeEvent('checkout.session.completed', {
        id: cs,
        object: 'checkout.session',
        status: 'complete',
        payment_status: 'paid',
        client_reference_id: user,
        created: START,
      }),
    );
    expect(await ids(`/customers?reference=${user}`)).toEqual([cus]);
    expect(await ids(`/subscriptions?reference=${user}`)).toEqual([sub]);
    expect(await ids(`/checkout-sessions?reference=${user}`)).toEqual([cs]);
    expect(await ids(`/customers?metadata=other:a%3Ab&metadata=user_id:${user}`)).toEqual([cus]);
    expect(await ids(`/customers?metadata=other:b`)).toEqual([]);
    expect(await get(`/customers/${cus}`)).toMatchObject({
      customer: { reference: user, metadata: { user_id: user } },
    });
    expect(await get(`/subscriptions/${sub}`)).toMatchObject({ reference: user });
    expect(await get(`/checkout-sessions/${cs}`)).toMatchObject({ reference: user, clientReferenceId: user });
    expect(
      (await read(ledger.url, `/customers/${cus}/subscriptions?reference=${user}&knownAt=${position}`)).status,
    ).toBe(400);
    const found = await get<{ data: { kind: string; by: string; id: string }[] }>(`/find?q=${user}`);
    expect(found.data.map(({ kind, id, by }) => [kind, id, by])).toEqual([
      ['checkout session', cs, 'reference'],
      ['customer', cus, 'reference'],
      ['subscription', sub, 'reference'],
    ]);
  });
});

describe('discounts', () => {
  it('are listed with the coupon, even if a subscription names only their ids, and find subscriptions', async () => {
    const [sub, di, coupon, promo] = [randomId('sub'), randomId('di'), randomId('half'), randomId('promo')];
    await send(
      subscriptionEvent(sub, { object: { discounts: [di] } }),
      stripeEvent('customer.discount.created', {
        id: di,
        object: 'discount',
        customer: 'cus_1',
        subscription: sub,
        source: { type: 'coupon', coupon: { id: coupon, object: 'coupon', percent_off: 50, duration: 'forever' } },
        promotion_code: promo,
        start: START,
        end: null,
      }),
    );
    expect(await get(`/subscriptions/${sub}`)).toMatchObject({
      discounts: [{ id: di, coupon, promotionCode: promo, terms: { percentOff: '50' } }],
    });
    expect(await ids(`/subscriptions?coupon=${coupon}`)).toEqual([sub]);
    expect(await ids(`/subscriptions?promotionCode=${promo}`)).toEqual([sub]);
    expect(await ids(`/subscriptions?coupon=other`)).toEqual([]);
  });
});

describe('find', () => {
  it('finds by id, by e-mail in any case and by its beginning, by the words of a name, by number and by code, and lists what it searched', async () => {
    const [cus, inv, sub, number] = [randomId('cus'), randomId('in'), randomId('sub'), randomId('INV')];
    const email = `${cus}@Example.com`;
    const word = randomId('Âda').replace('_', '');
    const created = stripeEvent('customer.created', customer(cus, { email, name: `Lovelace ${word}` }));
    await send(
      created,
      stripeEvent(
        'invoice.finalized',
        invoice(inv, BASIL, { customer: cus, subscription: sub, status: 'open', number }),
      ),
    );
    const found = async (q: string) =>
      (await get<{ data: { kind: string; id: string; by: string }[] }>(`/find?q=${encodeURIComponent(q)}`)).data.map(
        ({ kind, id, by }) => `${kind} ${id} ${by}`,
      );
    expect(await found(cus)).toEqual([`customer ${cus} id`]);
    expect(await found(email.toUpperCase())).toEqual([`customer ${cus} email`]);
    expect(await found(` ${email.slice(0, -6)} `)).toEqual([`customer ${cus} email`]);
    expect(await found(`${word.slice(0, -3)} LOVE`)).toEqual([`customer ${cus} name`]);
    expect([await found(`${word} byron`), await found(word.slice(1))]).toEqual([[], []]);
    expect(await found(number)).toEqual([`invoice ${inv} number`]);
    expect(await found(sub)).toEqual([`subscription ${sub} named by others`]);
    expect(await found(created.id)).toEqual([`event ${created.id} id`]);
    expect(await found('%%%')).toEqual([]);
    expect(await get('/find?q=nothing')).toMatchObject({
      data: [],
      searched: expect.arrayContaining(['customers by email']),
    });
    expect((await read(ledger.url, '/find?q=')).status).toBe(400);
  });
});

describe('findings', () => {
  const since = 'since=2020-01-01T00:00:00Z';
  const found = async (name: string) => (await get<Page>(`/findings/${name}?${since}`)).data;

  it('are lists with a description of their purpose', async () => {
    const { data } = await get<{ data: { name: string; says: string; href: string }[] }>('/findings');
    expect(data.length).toBeGreaterThan(8);
    for (const { href } of data) await get(href.replace('/v1', ''));
    expect((await read(ledger.url, '/findings/none')).status).toBe(404);
  });

  it('have overdue invoices, and subscriptions that others name without any event', async () => {
    const [late, paid, sub] = [randomId('in'), randomId('in'), randomId('sub')];
    await send(
      stripeEvent('invoice.sent', invoice(late, BASIL, { subscription: sub, status: 'open', due_date: START + 60 })),
      stripeEvent('invoice.paid', invoice(paid, BASIL, { subscription: sub, status: 'paid', amount_remaining: 0 })),
    );
    const overdue = await found('overdue-invoices');
    expect(overdue.filter(({ id }) => id === late)).toMatchObject([{ kind: 'invoice', href: `/v1/invoices/${late}` }]);
    expect(overdue.some(({ id }) => id === paid)).toBe(false);
    expect((await found('subscriptions-not-seen')).filter(({ id }) => id === sub)).toHaveLength(1);
    await send(subscriptionEvent(sub));
    expect((await found('subscriptions-not-seen')).filter(({ id }) => id === sub)).toEqual([]);
  });

  it('have subscriptions that cannot pay their next renewal, and those that went silent', async () => {
    const now = Math.floor(Date.now() / 1000);
    const [good, expiring, none, silent] = [randomId('sub'), randomId('sub'), randomId('sub'), randomId('sub')];
    const [cus, pm, old] = [randomId('cus'), randomId('pm'), randomId('pm')];
    const method = (id: string, year: number) =>
      stripeEvent('payment_method.attached', {
        id,
        object: 'payment_method',
        type: 'card',
        customer: cus,
        card: { brand: 'visa', last4: '4242', exp_month: 1, exp_year: year },
        created: START,
      });
    const renews = (id: string, end: number, fields: object) => {
      const { items } = subscriptionObject(id);
      const data = items.data.map((item) => ({
        ...item,
        current_period_start: end - 2_678_400,
        current_period_end: end,
      }));
      return subscriptionEvent(id, { object: { customer: cus, items: { ...items, data }, ...fields } });
    };
    await send(
      method(pm, 9_000),
      method(old, 2_000),
      stripeEvent('customer.created', customer(cus, { invoice_settings: { default_payment_method: null } })),
      renews(good, now + 86_400, { default_payment_method: pm }),
      renews(expiring, now + 86_400, { default_payment_method: old }),
      renews(none, now + 86_400, { default_payment_method: null }),
      renews(silent, now - 5 * 86_400, { default_payment_method: pm }),
    );
    const failing = (await found('cannot-pay')).filter(({ customer: of }) => of === cus);
    expect(new Map(failing.map(({ id, details }) => [id, (details as { because: string }).because]))).toEqual(
      new Map([
        [expiring, 'expires'],
        [none, 'no_payment_method'],
      ]),
    );
    expect((await found('silent')).filter(({ customer: of }) => of === cus).map(({ id }) => id)).toEqual([silent]);
    expect((await found('several-live-subscriptions')).filter(({ customer: of }) => of === cus)).toHaveLength(4);
  });
});
