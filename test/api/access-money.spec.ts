import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lives } from '../../simulator/simulator.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import {
  BASIL,
  charge,
  dispute,
  invoice,
  invoicePayment,
  isBasilOrLater,
  OLD,
  paidInvoice,
  paymentIntent,
  refund,
  stripeEvent,
} from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';

type Body = Record<string, unknown>;
type Event = Readonly<{ id: string; created: number }>;

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const DAY_S = 86_400;
const MONTH = { start: START, end: START + 30 * DAY_S };
const NEXT = { start: MONTH.end, end: MONTH.end + 30 * DAY_S };
const YEAR = { start: START, end: START + 365 * DAY_S };
type Period = typeof MONTH;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

const send = async (events: readonly Event[]): Promise<string> => {
  let last = 0n;
  for (const event of events) {
    const { status, body } = await deliver(ledger.url, JSON.stringify(event));
    expect({ id: event.id, status }).toEqual({ id: event.id, status: 200 });
    if (BigInt(body.position) > last) last = BigInt(body.position);
  }
  return String(last);
};
const get = async (query: string): Promise<Body> => {
  const { status, body } = await read<Body>(ledger.url, `/v1/access?${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
};
/** The answer on a day, after these events have arrived in this order. */
const askOn = async (day: number, of: Ids, events: readonly Event[], product?: string): Promise<Body> => {
  const position = await send(events);
  const at = `trueAt=${iso(START + day * DAY_S)}&minPosition=${position}&waitMs=20000`;
  return get(`customer=${of.cus}&${at}${product === undefined ? '' : `&product=${product}`}`);
};

type Ids = Readonly<{ cus: string; sub: string; inv: string; pi: string; ch: string; version: string }>;
const newIds = (version: string, cus = randomId('cus')): Ids => ({
  cus,
  sub: randomId('sub'),
  inv: randomId('in'),
  pi: randomId('pi'),
  ch: randomId('ch'),
  version,
});

type Item = Readonly<{ product: string; period: Period; id?: string }>;
const BASE: Item = { product: 'prod_base', period: MONTH };
const itemOf = (of: Ids, { product, period, id = `si_${product}` }: Item) => ({
  ...subscriptionObject(of.sub).items.data[0],
  id,
  price: { ...subscriptionObject(of.sub).items.data[0]?.price, id: `price_${product}`, product },
  current_period_start: period.start,
  current_period_end: period.end,
});
const subscribed = (of: Ids, day: number, items: readonly Item[], fields: Body = {}) =>
  subscriptionEvent(of.sub, {
    created: START + day * DAY_S,
    event: { api_version: of.version },
    object: {
      customer: of.cus,
      items: { object: 'list', has_more: false, data: items.map((item) => itemOf(of, item)) },
      ...(isBasilOrLater(of.version)
        ? {}
        : { current_period_start: items[0]?.period.start, current_period_end: items[0]?.period.end }),
      ...fields,
    },
  });

type Line = Item & Readonly<{ amount?: number }>;
const lineOf = (of: Ids, { product, period, amount = 1_900 }: Line) => {
  const line = { id: randomId('il'), object: 'line_item', amount, currency: 'eur', quantity: 1, period };
  return isBasilOrLater(of.version)
    ? {
        ...line,
        parent: {
          type: 'subscription_item_details',
          subscription_item_details: { subscription: of.sub, subscription_item: `si_${product}`, proration: false },
        },
        pricing: { type: 'price_details', price_details: { price: `price_${product}`, product } },
      }
    : {
        ...line,
        type: 'subscription',
        subscription: of.sub,
        price: { id: `price_${product}`, object: 'price', product },
      };
};
const invoiced = (of: Ids, day: number, lines: readonly Line[], fields: Body = {}) =>
  stripeEvent(
    'invoice.updated',
    invoice(of.inv, of.version, {
      subscription: of.sub,
      customer: of.cus,
      lines: { object: 'list', has_more: false, data: lines.map((line) => lineOf(of, line)) },
      ...fields,
    }),
    { after: day * DAY_S, apiVersion: of.version },
  );
/** An invoice paid by a payment intent with one charge. */
const paid = (of: Ids, day: number, lines: readonly Line[]): Event[] => {
  const at = { after: day * DAY_S, apiVersion: of.version };
  const named = isBasilOrLater(of.version) ? {} : { invoice: of.inv };
  return [
    invoiced(of, day, lines, paidInvoice),
    ...(isBasilOrLater(of.version)
      ? [
          stripeEvent(
            'invoice_payment.paid',
            invoicePayment(randomId('inpay'), {
              invoice: of.inv,
              status: 'paid',
              amount_paid: 1_900,
              payment: { type: 'payment_intent', payment_intent: of.pi },
            }),
            at,
          ),
        ]
      : []),
    stripeEvent(
      'payment_intent.succeeded',
      paymentIntent(of.pi, of.version, {
        ...named,
        customer: of.cus,
        status: 'succeeded',
        amount_received: 1_900,
        latest_charge: of.ch,
      }),
      at,
    ),
    stripeEvent(
      'charge.succeeded',
      charge(of.ch, of.version, { ...named, customer: of.cus, payment_intent: of.pi }),
      at,
    ),
  ];
};
const refunded = (of: Ids, day: number, amount: number, { id = randomId('re'), status = 'succeeded' } = {}) =>
  stripeEvent(
    status === 'failed' ? 'refund.failed' : 'refund.created',
    refund(id, { amount, status, charge: of.ch, payment_intent: of.pi, created: START + day * DAY_S }),
    { after: day * DAY_S, apiVersion: of.version },
  );
const disputed = (of: Ids, day: number, status: string, id = randomId('dp')) =>
  stripeEvent('charge.dispute.updated', dispute(id, { status, charge: of.ch, payment_intent: of.pi }), {
    after: day * DAY_S,
    apiVersion: of.version,
  });
const begun = (of: Ids, items: readonly Item[] = [BASE]): Event[] => [subscribed(of, 0, items), ...paid(of, 0, items)];

describe.each([OLD, BASIL])('access and money that went back, at %s', (version) => {
  it.each(['as they happened', 'in reverse'])('ends with a refund of all, when the events come %s', async (arrival) => {
    const of = newIds(version);
    const events = [...begun(of), refunded(of, 3, 900), refunded(of, 4, 1_000)];
    const body = await askOn(5, of, arrival === 'in reverse' ? events.reverse() : events);
    expect(body).toMatchObject({
      granted: false,
      until: iso(START + 4 * DAY_S),
      reason: { rule: 'refunded', paid: [{ invoice: of.inv, amountPaidMinor: 1_900, amountRefundedMinor: 1_900 }] },
      considered: [{ refunded: true }],
    });
    expect(await askOn(3.5, of, [])).toMatchObject({ granted: true, considered: [{ refunded: false }] });
    expect(await get(`customer=${of.cus}`)).toMatchObject({ granted: false, reason: body['reason'] });
  });

  it('continues after a refund that failed', async () => {
    const of = newIds(version);
    const id = randomId('re');
    const events = [...begun(of), refunded(of, 3, 1_900, { id }), refunded(of, 6, 1_900, { id, status: 'failed' })];
    expect(await askOn(5, of, events)).toMatchObject({ granted: false });
    expect(await askOn(7, of, [])).toMatchObject({ granted: true, reason: { rule: 'active' } });
  });

  it('continues after a refund of the previous period', async () => {
    const [first, second] = [newIds(version), newIds(version)];
    const of = { ...second, cus: first.cus, sub: first.sub };
    const next = { ...BASE, period: NEXT };
    const events = [...begun(first), subscribed(of, 30, [next]), ...paid(of, 30, [next]), refunded(first, 31, 1_900)];
    expect(await askOn(32, of, events)).toMatchObject({
      granted: true,
      reason: { paid: [{ invoice: of.inv, amountRefundedMinor: 0 }] },
    });
  });

  it('ends with a dispute that is lost, and begins again once it is won', async () => {
    const of = newIds(version);
    const id = randomId('dp');
    const events = [...begun(of), disputed(of, 2, 'needs_response', id), disputed(of, 4, 'lost', id)];
    expect(await askOn(3, of, events)).toMatchObject({
      granted: true,
      reason: { paid: [{ amountDisputedMinor: 1_900 }] },
    });
    expect(await askOn(5, of, [])).toMatchObject({ granted: false, reason: { rule: 'dispute_lost' } });
    expect(await askOn(7, of, [disputed(of, 6, 'won', id)])).toMatchObject({ granted: true });
  });

  it('continues during an inquiry', async () => {
    const of = newIds(version);
    expect(await askOn(3, of, [...begun(of), disputed(of, 2, 'warning_needs_response')])).toMatchObject({
      granted: true,
      reason: { paid: [{ amountDisputedMinor: 0, amountLostMinor: 0 }] },
    });
  });

  it('is granted by another subscription than the one that was refunded', async () => {
    const one = newIds(version);
    const other = newIds(version, one.cus);
    expect(await askOn(5, one, [...begun(one), ...begun(other), refunded(one, 4, 1_900)])).toMatchObject({
      granted: true,
      reason: { subscription: other.sub },
      considered: [{ refunded: false }, { refunded: true, granted: false }],
    });
  });

  it('is renewed by a paid invoice that the subscription has not reported, and ends with its refund', async () => {
    const [first, of] = [newIds(version), newIds(version)];
    const own = { ...of, cus: first.cus, sub: first.sub };
    const events = [...begun(first), ...paid(own, 30, [{ ...BASE, period: NEXT }])];
    expect(await askOn(40, own, events)).toMatchObject({
      granted: true,
      until: iso(NEXT.end + 3 * DAY_S),
      reason: { rule: 'active', paid: [{ invoice: own.inv }] },
    });
    expect(await askOn(42, own, [refunded(first, 41, 1_900)])).toMatchObject({ granted: true });
    expect(await askOn(44, own, [refunded(own, 43, 1_900)])).toMatchObject({
      granted: false,
      reason: { rule: 'refunded' },
    });
  });

  it('ends with a refund of the period that began before the last was over', async () => {
    const [first, of] = [newIds(version), newIds(version)];
    const own = { ...of, cus: first.cus, sub: first.sub };
    const anew = { ...BASE, period: { start: START + 10 * DAY_S, end: START + 40 * DAY_S } };
    const events = [...begun(first), subscribed(own, 10, [anew]), ...paid(own, 10, [anew]), refunded(own, 11, 1_900)];
    expect(await askOn(12, own, events)).toMatchObject({ granted: false, reason: { paid: [{ invoice: own.inv }] } });
  });

  it('lasts to the end of a month that follows a paid year of the same item', async () => {
    const of = newIds(version);
    const events = [
      ...begun(of, [{ ...BASE, period: YEAR }]),
      subscribed(of, 60, [{ ...BASE, period: { start: START + 60 * DAY_S, end: START + 90 * DAY_S } }]),
    ];
    expect(await askOn(61, of, events)).toMatchObject({ granted: true, until: iso(START + 93 * DAY_S) });
  });

  it('ends when all that was paid is credited', async () => {
    const of = newIds(version);
    const credited = invoiced(of, 4, [BASE], { ...paidInvoice, post_payment_credit_notes_amount: 1_900 });
    expect(await askOn(5, of, [...begun(of), credited])).toMatchObject({
      granted: false,
      until: iso(START + 4 * DAY_S),
      reason: { rule: 'refunded' },
    });
  });
});

describe('access and debts', () => {
  const overdue = { status: 'past_due' };
  const open = { status: 'open', attempt_count: 1 };
  const update = { ...open, billing_reason: 'subscription_update' };
  const another = (of: Ids): Ids => ({ ...newIds(of.version), cus: of.cus, sub: of.sub });

  it('to a yearly product lasts while a monthly one beside it is past due', async () => {
    const of = newIds(BASIL);
    const yearly = { product: 'prod_year', period: YEAR };
    const events = [
      ...begun(of, [BASE, yearly]),
      subscribed(of, 30, [{ ...BASE, period: NEXT }, yearly], overdue),
      invoiced(another(of), 30, [{ ...BASE, period: NEXT }], open),
    ];
    expect(await askOn(40, of, events, 'prod_year')).toMatchObject({
      granted: true,
      until: iso(YEAR.end),
      reason: { rule: 'paid_period' },
    });
    expect(await askOn(40, of, [], 'prod_base')).toMatchObject({ granted: false, reason: { rule: 'grace_over' } });
  });

  it('to an addition is none while it is not paid, and to the rest is as before', async () => {
    const of = newIds(BASIL);
    const added = { product: 'prod_added', period: MONTH };
    const events = [
      ...begun(of),
      subscribed(of, 5, [BASE, added], overdue),
      invoiced(another(of), 5, [{ ...added, period: { ...MONTH, start: START + 5 * DAY_S } }], update),
    ];
    expect(await askOn(6, of, events, 'prod_added')).toMatchObject({
      granted: false,
      reason: { rule: 'upgrade_unpaid' },
    });
    expect(await askOn(20, of, [], 'prod_base')).toMatchObject({ granted: true, reason: { rule: 'paid_period' } });
  });

  it('to more of the same product has its grace', async () => {
    const of = newIds(BASIL);
    const rest = { ...MONTH, start: START + 5 * DAY_S };
    const lines = [
      { ...BASE, period: rest, amount: -1_500 },
      { ...BASE, period: rest, amount: 3_000 },
    ];
    const events = [...begun(of), subscribed(of, 5, [BASE], overdue), invoiced(another(of), 5, lines, update)];
    expect(await askOn(6, of, events, 'prod_base')).toMatchObject({ granted: true, reason: { rule: 'grace' } });
    expect(await askOn(13, of, [], 'prod_base')).toMatchObject({ granted: false, reason: { rule: 'grace_over' } });
  });

  it('to the additions of two successive unpaid updates is none', async () => {
    const of = newIds(BASIL);
    const rest = { ...MONTH, start: START + 5 * DAY_S };
    const item = (product: string) => ({ product, period: MONTH, id: 'si_prod_base' });
    const swap = (from: string, to: string) => [
      { product: from, period: rest, amount: -1_500 },
      { product: to, period: rest, amount: 3_000 },
    ];
    const events = [
      ...begun(of),
      subscribed(of, 5, [item('prod_plus')], overdue),
      invoiced(another(of), 5, swap('prod_base', 'prod_plus'), update),
      subscribed(of, 6, [item('prod_max')], overdue),
      invoiced(another(of), 6, swap('prod_plus', 'prod_max'), update),
    ];
    const position = await send(events);
    const granted = [];
    for (const product of ['prod_base', 'prod_plus', 'prod_max']) {
      const at = `trueAt=${iso(START + 20 * DAY_S)}&minPosition=${position}&waitMs=20000`;
      granted.push((await get(`customer=${of.cus}&product=${product}&${at}`))['granted']);
    }
    expect(granted).toEqual([true, false, false]);
  });
});

describe('access now and access as of the end of the log', () => {
  it('are the same for simulated customers of all API versions', async () => {
    const events = [...lives({ seed: 11, subscriptions: 12, apiVersion: 'mixed', several: true })].flatMap((life) =>
      life.events.map(({ stripeEvent: event }) => event),
    );
    const position = await send(events);
    const customers = new Set(
      events.flatMap(({ data }) => {
        const { customer } = data.object as { customer?: unknown };
        return typeof customer === 'string' ? [customer] : [];
      }),
    );
    expect(customers.size).toBeGreaterThan(10);
    for (const cus of customers) {
      const { at: _, ...now } = await get(`customer=${cus}&minPosition=${position}&waitMs=20000`);
      const { at: __, asOf: ___, ...then } = await get(`customer=${cus}&knownAt=${position}&waitMs=20000`);
      expect({ cus, ...then }).toEqual({ cus, ...now });
    }
  });
});
