import type { AnyProjection } from '../../projections/projection.js';
import type { OrderKey } from '../events/order.js';
import { concerns, type ReadEvent } from './facts.js';

/**
 * Which events of a stream cannot be read, and which of these no longer matter: each snapshot of Stripe's is whole, so that a later one of
 * the same object that can be read shows all that an unreadable one could have changed, and so does another rendering of it. A function
 * of the set of events that it takes.
 */
export class Unreadable {
  readonly #found = new Map<bigint, Found>();
  /** Of each object those of its latest second that can be read. */
  readonly #last = new Map<string, OrderKey[]>();

  constructor(private readonly projection: AnyProjection) {}

  /** Takes events of the stream, some of them perhaps again. */
  take(events: readonly ReadEvent[]): this {
    for (const event of events) {
      const { says } = event;
      if (!concerns(this.projection, event)) continue;
      if (says.kind === 'unreadable' && says.order !== null)
        this.#found.set(event.revision, { event, order: says.order, error: says.error });
      if (says.kind !== 'fact') continue;
      const { order } = says.fact;
      const last = this.#last.get(order.objectKey);
      const second = last?.[0]?.created ?? -Infinity;
      if (last === undefined || order.created > second) this.#last.set(order.objectKey, [order]);
      else if (order.created === second) last.push(order);
    }
    return this;
  }

  /** Those that a later event has made good, as they stand in the stream. */
  get passedOver(): readonly ReadEvent[] {
    return this.#sorted.filter((found) => this.#isMadeGood(found)).map(({ event }) => event);
  }

  /** The first, as they stand in the stream, that no later event has made good; null when there is none. */
  get first(): Readonly<{ event: ReadEvent; error: unknown }> | null {
    return this.#sorted.find((found) => !this.#isMadeGood(found)) ?? null;
  }

  get #sorted(): readonly Found[] {
    return [...this.#found.values()].sort((a, b) => (a.event.revision < b.event.revision ? -1 : 1));
  }

  #isMadeGood({ order }: Found): boolean {
    const last = this.#last.get(order.objectKey) ?? [];
    return last.some((one) => one.eventId === order.eventId || isLater(one, order));
  }
}

type Found = Readonly<{ event: ReadEvent; order: OrderKey; error: unknown }>;

/** Whether an event cannot be read although it is known where it belongs: those around it count without it. */
export const isUnread = ({ says }: ReadEvent): boolean => says.kind === 'unreadable' && says.order !== null;

/** Events of a list that cannot be read and need not be: others of it show their objects later on. */
export function passedOver(projection: AnyProjection, events: readonly ReadEvent[]): readonly ReadEvent[] {
  if (!events.some(({ says }) => says.kind === 'unreadable')) return [];
  return new Unreadable(projection).take(events).passedOver;
}

/** Whether an event is after another of the same object for sure: within a second only what they say of themselves decides. */
const isLater = (one: OrderKey, other: OrderKey): boolean =>
  one.created !== other.created
    ? one.created > other.created
    : one.phase !== other.phase
      ? one.phase > other.phase
      : one.before === other.after || (one.isOneWay && one.lifecycleRank > other.lifecycleRank);
