import { expect, it } from '@jest/globals';
import { partsOf } from '../../src/console/parts/timeline.js';

const item = (id: string, quantity: number) => ({
  id,
  quantity,
  price: { id: 'price_1', unit_amount: 900 },
  tax_rates: [],
});

it('a change of a list names the members that were added and removed, and the changes of the others', () => {
  const from = [item('si_1', 1), item('si_2', 2)];
  const to = [{ ...item('si_1', 5), price: { id: 'price_1', unit_amount: 800 } }, item('si_3', 3)];
  expect(partsOf({ path: 'items.data', from, to })).toEqual([
    { path: 'items.data.si_1.quantity', from: 1, to: 5 },
    { path: 'items.data.si_1.price.unit_amount', from: 900, to: 800 },
    { path: 'items.data.si_2', from: from[1], to: null },
    { path: 'items.data.si_3', from: null, to: to[1] },
  ]);
});

it('a change of anything else stays as it is', () => {
  const changes = [
    { path: 'status', from: 'active', to: 'past_due' },
    { path: 'metadata', from: null, to: { plan: 'pro' } },
    { path: 'tags', from: ['a'], to: ['a', 'b'] },
  ];
  expect(changes.flatMap((change) => partsOf(change))).toEqual(changes);
});
