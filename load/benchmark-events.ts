import { randomUUID } from 'node:crypto';
import type { StripeEvent } from '../simulator/json.js';
import { seededRandom } from '../simulator/random.js';
import { simulate } from '../simulator/simulator.js';

/** The size of Stripe's event for a subscription of one item, in bytes. */
export const EVENT_BYTES = 4096;
/** Events per subscription stream: about one year of a subscription. */
const STREAM_LENGTH = 20;

/** An event to append and its place in the log, the same for every way of appending it. */
export interface BenchmarkEvent {
  readonly stripeEvent: StripeEvent;
  readonly eventId: string;
  readonly stream: string;
  /** Its revision in its stream. */
  readonly revision: number;
}

/** Distinct events for a round in streams of their own; the events of one stream are consecutive. */
export function benchmarkEvents(round: string, count: number): BenchmarkEvent[] {
  const template = templateEvent();
  const random = seededRandom(round);
  let subscription = '';
  return Array.from({ length: count }, (_, index) => {
    const revision = index % STREAM_LENGTH;
    if (revision === 0) subscription = `sub_${random.alphanumeric(24)}`;
    const stripeEvent = {
      ...template,
      id: `evt_${random.alphanumeric(24)}`,
      created: template.created + revision,
      data: { ...template.data, object: { ...template.data.object, id: subscription } },
    };
    return { stripeEvent, eventId: randomUUID(), stream: `subscription-${subscription}`, revision };
  });
}

/** Deals whole streams to workers, so that each knows the revisions of its streams. */
export function dealt(events: readonly BenchmarkEvent[], workers: number): BenchmarkEvent[][] {
  const hands = Array.from({ length: workers }, (): BenchmarkEvent[] => []);
  for (const [index, event] of events.entries()) hands[Math.floor(index / STREAM_LENGTH) % workers]?.push(event);
  return hands;
}

/** The simulated subscription update whose size is nearest to EVENT_BYTES. */
function templateEvent(): StripeEvent {
  const { events } = simulate({ seed: 1, subscriptions: 50, apiVersion: '2025-03-31.basil' });
  const distance = (event: StripeEvent): number => Math.abs(JSON.stringify(event).length - EVENT_BYTES);
  const updates = events
    .map(({ stripeEvent }) => stripeEvent)
    .filter(({ type }) => type === 'customer.subscription.updated');
  return updates.reduce((best, event) => (distance(event) < distance(best) ? event : best));
}
