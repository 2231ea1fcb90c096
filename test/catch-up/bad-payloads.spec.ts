import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { customers } from '../../projections/customers.js';
import { tableOf } from '../../src/read-models/schema.js';
import { ADMIN_TOKEN, deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { query } from '../support/read-models.js';
import { BASIL, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/**
 * Sends events about one subscription between those about two valid ones; resolves when the read models have all of
 * them.
 */
async function sendAmongOthers(...events: unknown[]): Promise<void> {
  const good = [randomId('sub'), randomId('sub')] as const;
  const all = [subscriptionEvent(good[0]), ...events, subscriptionEvent(good[1])];
  const answers = await Promise.all(all.map((event) => deliver(ledger.url, JSON.stringify(event))));
  const position = answers.map(({ body }) => BigInt(body.position)).reduce((a, b) => (a > b ? a : b));
  for (const id of good)
    expect(await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=20000`)).toMatchObject({
      status: 200,
      body: { status: 'active' },
    });
}
const parkedOf = async (stream: string): Promise<{ projection: string; cause: string; stripeEventId: string }[]> =>
  (
    await read<{ data: { projection: string; stream: string; cause: string; stripeEventId: string }[] }>(
      ledger.url,
      '/parked?limit=200',
      ADMIN_TOKEN,
    )
  ).body.data.filter((one) => one.stream === stream);

describe('a payload', () => {
  it.each([
    ['U+0000', 'e\u0000r', 'e\ufffdr'],
    ['a lone surrogate', 'e\ud800r', 'e\ufffdr'],
    ['a surrogate pair', 'e\u{1f600}r', 'e\u{1f600}r'],
  ])(
    'with %s in a text parks nothing: the row has what Postgres can hold, the log has the bytes',
    async (_, sent, shown) => {
      const id = randomId('sub');
      await sendAmongOthers(subscriptionEvent(id, { object: { currency: sent } }));
      expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({ currency: shown });
      expect(await parkedOf(`subscription-${id}`)).toEqual([]);
    },
  );

  it.each([
    ['a number beyond what is exact', { amount_due: 2 ** 53 }, /"invoice.amount_due" is a number, not an integer/],
    ['a number that has a fraction', { amount_due: 19.5 }, /"invoice.amount_due" is a number, not an integer/],
    ['a time beyond the calendar', { due_date: 1e15 }, /"invoice.due_date" is a number, not a time/],
    ['a text where a number belongs', { amount_due: '1900' }, /"invoice.amount_due" is a string/],
    ['a list where a text belongs', { currency: ['eur'] }, /"invoice.currency" is an array/],
  ])('with %s parks only its own stream, and reports the event and the cause', async (_, fields, cause) => {
    const id = randomId('sub');
    const broken = stripeEvent('invoice.created', invoice(randomId('in'), BASIL, { subscription: id, ...fields }), {
      after: 5,
    });
    await sendAmongOthers(subscriptionEvent(id), broken);
    const parked = await parkedOf(`subscription-${id}`);
    expect(parked.map(({ projection }) => projection)).toEqual(expect.arrayContaining(['invoices', 'links']));
    for (const one of parked)
      expect(one).toMatchObject({ stripeEventId: broken.id, cause: expect.stringMatching(cause) });
    expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({ id, status: 'active' });
  });

  it('whose row Postgres rejects parks only its own stream, with Postgres’s message', async () => {
    const table = tableOf({ projection: customers, generation: 1 }, 'customers');
    await query(ledger.databaseUrl, `alter table ${table} add constraint no_such_name check (name <> 'rejected')`);
    const [bad, good] = [randomId('cus'), randomId('cus')];
    const object = (id: string, name: string) => ({ id, object: 'customer', name, created: START });
    await sendAmongOthers(
      stripeEvent('customer.created', object(bad, 'rejected')),
      stripeEvent('customer.created', object(good, 'Ada')),
    );
    expect((await read(ledger.url, `/customers/${good}`)).body).toMatchObject({ customer: { name: 'Ada' } });
    expect(await parkedOf(`customer-${bad}`)).toMatchObject([
      {
        projection: 'customers',
        cause: expect.stringMatching(/Postgres rejects a row \(SQLSTATE 23514\).*no_such_name/),
      },
    ]);
    await query(ledger.databaseUrl, `alter table ${table} drop constraint no_such_name`);
  });
});
