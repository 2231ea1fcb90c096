import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contentHash } from '../../src/events/content-hash.js';
import type { Json } from '../../src/events/json.js';
import { kindOf, normalise } from '../../src/events/normalise.js';
import { order, orderKeyOf } from '../../src/events/order.js';
import { route } from '../../src/events/route.js';
import { asStripeEvent, type StripeEvent } from '../../src/events/stripe-event.js';
import { lives, type SimulatedLife } from '../support/stripe-simulator/simulator.js';
import { stripeEventAbout } from '../events/stripe-events.js';

/** An event of a simulated life, and when in that life it truly happened. */
type Lived = { readonly stripeEvent: StripeEvent; readonly order: ReturnType<typeof orderKeyOf>; readonly moment: number; readonly stream: string };

/** The events of a life as the log would give them back, by stream. */
function livedByStream(life: SimulatedLife): Lived[][] {
  const lived = life.events.map(({ stripeEvent: simulated }, moment) => {
    const body = JSON.parse(JSON.stringify(simulated)) as Json;
    const stripeEvent = asStripeEvent(body);
    return { stripeEvent, order: orderKeyOf(stripeEvent), moment, stream: route(body, contentHash(body)).stream };
  });
  return partsBy(lived, ({ stream }) => stream);
}

function partsBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  return [...new Set(items.map(keyOf))].map((key) => items.filter((item) => keyOf(item) === key));
}

const life = fc.record({ seed: fc.nat(), subscriptions: fc.constant(1), apiVersion: fc.constant('mixed' as const) }).map((options) => [...lives(options)][0] as SimulatedLife);

describe('a simulated life, delivered in any order', () => {
  it('is routed to the streams that the simulator knows', () => {
    fc.assert(fc.property(life, ({ events }) => {
      for (const { stripeEvent, stream } of events) expect(route(stripeEvent as unknown as Json, contentHash(stripeEvent as unknown as Json)).stream).toBe(stream);
    }));
  });

  it('comes out of each stream as it happened, object by object, without a guess', () => {
    fc.assert(fc.property(life.chain((one) => fc.tuple(...livedByStream(one).map((lived) => fc.shuffledSubarray(lived, { minLength: lived.length })))), (streams) => {
      for (const { ordered, ambiguous } of streams.map((lived) => order(lived))) {
        expect(ambiguous.map(({ stripeEvent }) => stripeEvent.type)).toEqual([]);
        for (const about of partsBy(ordered, (event) => event.order.objectKey)) {
          const truth = [...about].sort((a, b) => a.moment - b.moment);
          expect(about.map((event) => event.order.after)).toEqual(truth.map((event) => event.order.after));
        }
      }
    }));
  });

  it('is readable in every snapshot, and ends with the subscription that the simulator has in its books', () => {
    fc.assert(fc.property(life, (one) => {
      const snapshots = livedByStream(one).flatMap((lived) => order(lived).ordered).filter(({ stripeEvent }) => kindOf(stripeEvent) !== 'other').map(({ stripeEvent }) => normalise(stripeEvent));
      const last = snapshots.filter((snapshot) => snapshot.kind === 'subscription').at(-1);
      expect(last).toEqual(normalise(stripeEventAbout(JSON.parse(JSON.stringify(one.stripeSubscription)) as never, { livemode: last?.livemode })));
    }));
  });
});
