import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import {
  BASIL,
  charge,
  creditNote,
  invoice,
  invoicePayment,
  OLD,
  paymentIntent,
  stripeEvent,
} from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Shown = Record<string, unknown> & { id: string; status: string };
type Page = { data: Shown[]; nextCursor: string | null };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

let position = '0';
const send = async (...events: unknown[]): Promise<void> => {
  for (const event of events) {
    const { body } = await deliver(ledger.url, JSON.stringify(event));
    if (BigInt(body.position) > BigInt(position)) ({ position } = body);
  }
};
const get = async <T = Shown>(path: string): Promise<T> => {
  const { status, body } = await read<T>(
    ledger.url,
    `${path}${path.includes('?') ? '&' : '?'}minPosition=${position}&waitMs=20000`,
  );
  expect({ path, status, body }).toMatchObject({ status: 200 });
  return body;
};

const STATUSES = ['draft', 'open', 'uncollectible', 'paid', 'void'];

/** Every event there can be about an invoice of 19.00 EUR and its settlement. */
function tellings(customer: string, n: number) {
  const [inv, pi, ch, cn, tie] = ['in', 'pi', 'ch', 'cn', 'inpay'].map((kind) => `${kind}_${customer}${n}`) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const sub = `sub_${customer}`;
  const of = (status: string, fields: object = {}) =>
    invoice(inv, BASIL, { subscription: sub, customer, created: START + n, attempt_count: 1, status, ...fields });
  const partly = { amount_paid: 800, amount_remaining: 1100 };
  const tied = (paid: number) =>
    invoicePayment(tie, {
      invoice: inv,
      status: 'paid',
      amount_paid: paid,
      payment: { type: 'payment_intent', payment_intent: pi },
      status_transitions: { paid_at: START + 20, canceled_at: null },
    });
  const came = { customer, payment_intent: pi, invoice: inv };
  const note = (status: string, amount: number) =>
    creditNote(cn, {
      ...{ invoice: inv, customer, status, amount, type: 'pre_payment' },
      ...{ pre_payment_amount: amount, post_payment_amount: 0, created: START + 25 },
    });
  return {
    id: inv,
    events: [
      stripeEvent('invoice.finalized', of('open'), { after: 10 }),
      stripeEvent('invoice.updated', of('open', partly), { after: 20 }),
      stripeEvent('invoice_payment.paid', tied(1900), { after: 20 }),
      stripeEvent('invoice_payment.paid', tied(800), { after: 20 }),
      stripeEvent('charge.succeeded', charge(ch, OLD, came), { after: 21, apiVersion: OLD }),
      stripeEvent('charge.failed', charge(ch, OLD, { ...came, status: 'failed', amount_captured: 0 }), {
        ...{ after: 40, apiVersion: OLD },
      }),
      stripeEvent(
        'payment_intent.succeeded',
        paymentIntent(pi, OLD, { customer, invoice: inv, status: 'succeeded', amount_received: 1900 }),
        { after: 22, apiVersion: OLD },
      ),
      stripeEvent('credit_note.created', note('issued', 1900), { after: 25 }),
      stripeEvent('credit_note.created', note('issued', 700), { after: 25 }),
      stripeEvent('credit_note.voided', note('void', 700), { after: 28 }),
      stripeEvent('invoice.marked_uncollectible', of('uncollectible'), { after: 30 }),
      stripeEvent('invoice.paid', of('paid', { amount_paid: 1900, amount_remaining: 0 }), { after: 35 }),
      stripeEvent('invoice.voided', of('void'), { after: 36 }),
    ],
  };
}

describe('the settlement of an invoice', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  it(`is one in the invoice, in lists by status, at its payments and as of now (seed ${seed})`, async () => {
    const customer = randomId('cus').slice(4);
    const subsets = fc.sample(
      fc.tuple(fc.constant(0), fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], { maxLength: 4 })),
      { seed, numRuns: 16 },
    );
    const told = subsets.map(([first, more], n) => {
      const { id, events } = tellings(customer, n);
      return { id, events: (n % 2 === 0 ? [first, ...more] : [...more, first]).map((place) => events[place]) };
    });
    for (const { events } of told) await send(...events);
    const rest = { customer, limit: 200 };
    const list = (query: object) =>
      get<Page>(
        `/invoices?${new URLSearchParams(Object.entries({ ...rest, ...query }).map(([k, v]) => [k, String(v)])).toString()}`,
      );
    const whole = (await list({})).data;
    expect(whole).toHaveLength(told.length);
    for (const status of STATUSES)
      expect({ status, ids: (await list({ status })).data.map(({ id }) => id) }).toEqual({
        status,
        ids: whole.filter((one) => one.status === status).map(({ id }) => id),
      });
    const several = (await list({ status: 'open,paid' })).data;
    expect(several).toEqual(whole.filter(({ status }) => status === 'open' || status === 'paid'));
    const then = (await list({ knownAt: position })).data;
    expect(then).toEqual(whole);
    const pages = await get<{ data: { invoices: { id: string; status: string }[] }[] }>(
      `/payments?customer=${customer}&limit=200`,
    );
    const known = new Map(whole.map(({ id, status }) => [id, status]));
    const linked = pages.data.flatMap(({ invoices }) => invoices);
    expect(linked.map(({ status }) => status)).toEqual(linked.map(({ id }) => known.get(id)));
    for (const { id, status } of whole.slice(0, 4)) expect(await get(`/invoices/${id}`)).toMatchObject({ id, status });
  }, 120_000);

  it('is no debt: neither a finding nor a risk, and a subscription that it pays for is not incomplete', async () => {
    const [customer, sub] = [randomId('cus'), randomId('sub')];
    const { id, events } = tellings(customer, 1);
    const own = { customer, latest_invoice: id };
    await send(
      subscriptionEvent(sub, { created: START + 10, object: { ...own, status: 'past_due' } }),
      stripeEvent(
        'invoice.payment_failed',
        {
          ...(events[0]?.data.object ?? {}),
          ...{
            object: 'invoice',
            subscription: sub,
            parent: { type: 'subscription_details', subscription_details: { subscription: sub } },
          },
        },
        { after: 11 },
      ),
    );
    const risk = () => get<{ data: object[] }>(`/churn-risk?customer=${customer}`);
    const owing = () => get<{ data: object[] }>(`/churn-risk?customer=${customer}&minAmountMinor=1500&currency=eur`);
    const overdue = async () =>
      (await get<Page>(`/findings/overdue-invoices?since=2001-01-01T00:00:00Z&limit=200`)).data.filter(
        (one) => one.id === id,
      );
    expect(await risk()).toMatchObject({ data: [{ amountMinor: 1900, overdueInvoices: 1 }] });
    expect(await overdue()).toHaveLength(1);
    expect((await owing()).data).toHaveLength(1);
    await send(events[3]);
    expect(await risk()).toMatchObject({ data: [{ amountMinor: 1100, overdueInvoices: 1 }] });
    expect(await overdue()).toMatchObject([{ details: { amountRemainingMinor: 1100 } }]);
    expect((await owing()).data).toEqual([]);
    await send(events[7]);
    expect(await risk()).toMatchObject({
      data: [{ amountMinor: 0, overdueInvoices: 0, lastFailure: { nextAttempt: null } }],
    });
    expect(await overdue()).toEqual([]);
    await send(subscriptionEvent(sub, { created: START + 50, object: { ...own, status: 'incomplete' } }));
    const incomplete = await get<Page>(`/findings/paid-and-incomplete?since=2001-01-01T00:00:00Z&limit=200`);
    expect(incomplete.data.filter((one) => one.id === sub)).toMatchObject([{ details: { invoice: id } }]);
  }, 120_000);
});
