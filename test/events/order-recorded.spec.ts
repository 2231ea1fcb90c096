import { describe, expect, it } from '@jest/globals';
import { order, orderKeyOf } from '../../src/events/order.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { recordedEvent, recordedSequences } from '../fixtures/recorded-events.js';
import { ids } from './stripe-events.js';

describe('recorded sequences', () => {
  it('link a real customer.updated to the real customer.created before it', () => {
    const keyOf = (file: string) => orderKeyOf(asStripeEvent(recordedEvent(file).stripeEvent));
    expect(keyOf('hookdeck-webhook-samples/customer.updated.json').before).toBe(
      keyOf('hookdeck-webhook-samples/customer.created.json').after,
    );
  });

  it.each(
    recordedSequences()
      .filter(({ order: kind }) => kind === 'created')
      .map((sequence) => [sequence.name, sequence] as const),
  )('%s is ordered correctly', (_, { events }) => {
    const keyed = events.map(({ stripeEvent }) => ({ order: orderKeyOf(asStripeEvent(stripeEvent)) }));
    expect(ids(order([...keyed].reverse()).ordered)).toBe(ids(keyed));
  });

  it('orders the four invoice events of a Checkout that share a second with created first, none of them a guess', () => {
    const checkout = recordedSequences().find(({ name }) => name === 'hookdeck-checkout-2022');
    const invoices = (checkout?.events ?? [])
      .map(({ stripeEvent }) => asStripeEvent(stripeEvent))
      .filter(({ type }) => type.startsWith('invoice.'));
    const { ordered: result, ambiguous } = order(
      invoices.map((event) => ({ order: orderKeyOf(event), type: event.type })).reverse(),
    );
    expect(result.map(({ type }) => type)[0]).toBe('invoice.created');
    expect({ result: result.length, ambiguous: ambiguous.map(({ type }) => type) }).toEqual({
      result: 4,
      ambiguous: [],
    });
  });
});
