import type { AnyProjection } from '../../projections/projection.js';
import type { OrderKey } from '../events/order.js';
import { concerns, type ReadEvent } from './facts.js';

/**
 * Tracks the unreadable events of a stream, and which of them no longer matter. Each Stripe snapshot is complete, so a
 * later readable one of the same object, or another rendering, includes everything that an unreadable one could have
 * changed. The result depends only on the set of events.
 */
export class Unreadable {
  readonly #found = new Map<bigint, Found>();
  /** For each object its readable events of the latest second. */
  readonly #last = new Map<string, OrderKey[]>();

  constructor(private readonly projection: AnyProjection) {}

  /** Adds events of the stream; repeats are allowed. */
  take(events: readonly ReadEvent[]): this {
    for (const event of events) {
      const { content } = event;
      if (!concerns(this.projection, event)) continue;
      if (content.kind === 'unreadable' && content.order !== null)
        this.#found.set(event.revision, { event, order: content.order, error: content.error });
      if (content.kind !== 'fact') continue;
      const { order } = content.fact;
      const last = this.#last.get(order.objectKey);
      const second = last?.[0]?.created ?? -Infinity;
      if (last === undefined || order.created > second) this.#last.set(order.objectKey, [order]);
      else if (order.created === second) last.push(order);
    }
    return this;
  }

  /** The unreadable events that a later event makes good, in stream order. */
  get passedOver(): readonly ReadEvent[] {
    return this.#sorted.filter((found) => this.#isMadeGood(found)).map(({ event }) => event);
  }

  /** The first event in stream order that no later event makes good; null when there is none. */
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

/** Whether an event is unreadable but its place is known, so that the other events count without it. */
export const isUnread = ({ content }: ReadEvent): boolean => content.kind === 'unreadable' && content.order !== null;

/** The unreadable events of a list that do not matter, because others show a later state of their object. */
export function passedOver(projection: AnyProjection, events: readonly ReadEvent[]): readonly ReadEvent[] {
  if (!events.some(({ content }) => content.kind === 'unreadable')) return [];
  return new Unreadable(projection).take(events).passedOver;
}

/** Whether an event certainly follows another of the same object; within a second only their content decides. */
const isLater = (one: OrderKey, other: OrderKey): boolean =>
  one.created !== other.created
    ? one.created > other.created
    : one.phase !== other.phase
      ? one.phase > other.phase
      : one.before === other.after || (one.isOneWay && one.lifecycleRank > other.lifecycleRank);
