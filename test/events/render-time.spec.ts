import { expect, it } from '@jest/globals';
import { objectHash, renderTimeFields, withoutRenderTime } from '../../src/events/render-time.js';

it.each(Object.entries(renderTimeFields))('two renderings of one %s are the same', (object, paths) => {
  const rendered = (at: number) => {
    const shown: Record<string, unknown> = {
      object,
      id: 'id_1',
      status: object === 'balance_transaction' ? at : 'open',
    };
    for (const path of paths) {
      const [first = '', second] = path.split('.');
      shown[first] = second === undefined ? `at ${at}` : { [second]: at, kept: true };
    }
    return shown as never;
  };
  expect(objectHash(rendered(1))).toBe(objectHash(rendered(2)));
  expect(objectHash({ object: 'list', data: [rendered(1)] })).toBe(objectHash({ object: 'list', data: [rendered(2)] }));
});

it('what changes beside them is told', () => {
  const invoice = {
    object: 'invoice',
    id: 'in_1',
    total: 5,
    hosted_invoice_url: 'https://…/1',
    charge: { object: 'charge', receipt_url: 'x' },
  };
  expect(withoutRenderTime(invoice)).toEqual({ object: 'invoice', id: 'in_1', total: 5, charge: { object: 'charge' } });
  expect(objectHash(invoice)).not.toBe(objectHash({ ...invoice, total: 6 }));
  // Elsewhere, a member with such a name is the merchant's own.
  const customer = (url: string) => ({ object: 'customer', metadata: { url, pdf: url, status: url } });
  expect(objectHash(customer('a'))).not.toBe(objectHash(customer('b')));
});

it('an object that nests deeper than any of Stripe is compared as it is', () => {
  let nested: never = 'x' as never;
  for (let depth = 0; depth < 100_000; depth += 1) nested = [nested] as never;
  expect(objectHash({ object: 'invoice', deep: nested })).toMatch(/^[0-9a-f]{64}$/);
});
