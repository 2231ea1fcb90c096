import { isoTime } from '../../events/fields.js';
import { observationOf } from '../events/event-entry.js';
import { orUnreadable } from '../../as-of/past-rows.js';
import { isFinalStatus } from '../../events/normalise.js';
import { order, orderKeyOf, type OrderKey } from '../../events/order.js';
import { mergeRenderings } from '../../events/renderings.js';
import type { StripeEvent } from '../../events/stripe-event.js';
import { stripeEventOf, type RecordedEvent } from '../../eventstore/recorded-event.js';
import { textOrNull } from '../values.js';
import { changesOf, type Change } from './changes.js';

/** One event of a subscription's timeline, in its logical place. */
export type TimelineEntry = Readonly<{
  /** Place in the timeline that was asked for, from 1. It moves when an event comes late. */
  number: number;
  /** `obs_…` of what no event told, and a look at Stripe's API showed: see `observation`. */
  stripeEventId: string;
  observation: ReturnType<typeof observationOf> | null;
  /** What changed, and no event told it, happened between these times. */
  gap: Readonly<{ after: string; before: string }> | null;
  type: string;
  created: string;
  object: { kind: string | null; id: string | null };
  /** That of the rendering which is shown: the highest. */
  apiVersion: string | null;
  /** The API versions in which the log has the event, the highest first. */
  renderings: readonly (string | null)[];
  /**
   * What this event changed of its object; null where its predecessor is not known, or one of the two nests too deep
   * to be compared.
   */
  changes: readonly Change[] | null;
  /** How the subscription's status changed by it; `from` is null for the first that is known, all is null where it stays. */
  transition: { from: string | null; to: string } | null;
  /** When it arrived, its stream held an event of a later second: rows that were read before did not know of it. */
  late: boolean;
  /** Several orders fit the events of this second; the order shown is one of them, always the same. */
  ambiguous: boolean;
  stream: string;
  revision: string;
  position: string;
  receivedAt: string | null;
}>;

type Rendering = Readonly<{ recorded: RecordedEvent; stripeEvent: StripeEvent }>;
/** An event with its renderings, of which the first is shown. */
type Ordered = Readonly<{ order: OrderKey; renderings: readonly [Rendering, ...Rendering[]] }>;

/**
 * The events of a subscription's stream, and of streams linked to it, in logical order.
 * Within a stream the order is that of the read models; between streams it is by second, then by kind of object. Pure. @throws UnreadablePast
 */
export function timelineEntries(streams: Iterable<readonly RecordedEvent[]>, subscription: string): TimelineEntry[] {
  const perStream = [...streams].map((events) => events.map(orderedOf));
  const late = new Set(perStream.flatMap(lateOf));
  const ordered = perStream.map((events) => order(mergeRenderings(events, ofOneEvent)));
  const ambiguous = new Set(ordered.flatMap((one) => one.ambiguous));
  const timeline = merged(ordered.map((one) => one.ordered));
  const before = predecessors(timeline);
  const transitions = transitionsOf(timeline, subscription);
  return timeline.map((event, at) => ({
    number: at + 1,
    ...entryOf(event),
    changes: changesBy(event, before.get(event)),
    transition: transitions.get(event) ?? null,
    gap: gapBefore(event, before.get(event)),
    late: late.has(firstOf(event).recorded),
    ambiguous: ambiguous.has(event),
  }));
}

function orderedOf(recorded: RecordedEvent): Ordered {
  return orUnreadable(recorded, () => {
    const stripeEvent = stripeEventOf(recorded);
    return { order: orderKeyOf(stripeEvent), renderings: [{ recorded, stripeEvent }] };
  });
}

const ofOneEvent = ([first, ...others]: readonly [Ordered, ...Ordered[]], key: OrderKey): Ordered => ({
  order: key,
  renderings: [first.renderings[0], ...others.flatMap(({ renderings }) => renderings)],
});

/** The rendering that was there first. */
const firstOf = ({ renderings }: Ordered): Rendering =>
  renderings.reduce((first, one) => (one.recorded.revision < first.recorded.revision ? one : first));

/** What the event changed, by the highest rendering that tells. */
function changesBy({ renderings }: Ordered, predecessor: Ordered | undefined): Change[] | null {
  for (const { stripeEvent } of renderings) {
    const before = predecessor?.renderings.find(
      (one) => one.stripeEvent.api_version === stripeEvent.api_version,
    )?.stripeEvent;
    const changes = changesOf(stripeEvent, before);
    if (changes !== null) return changes;
  }
  return null;
}

/** Between the event before, and when the object was asked for; null where an event tells, or nothing was known before. */
function gapBefore({ renderings: [{ recorded }] }: Ordered, predecessor: Ordered | undefined): TimelineEntry['gap'] {
  const observed = recorded.metadata?.observed;
  if (observed === undefined || predecessor === undefined) return null;
  return { after: isoTime(predecessor.order.created), before: isoTime(observed.asked) };
}

/** The sort is stable, and the events of a stream are in this order already: their own order is kept. */
function merged(streams: readonly (readonly Ordered[])[]): Ordered[] {
  return streams
    .flat()
    .sort(
      ({ order: a }, { order: b }) =>
        a.created - b.created ||
        Math.min(a.phase, 0) - Math.min(b.phase, 0) ||
        a.kindRank - b.kindRank ||
        compareText(a.objectKey, b.objectKey),
    );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Of events of one stream, in the order of revisions, those that came after one of a later second. */
function lateOf(events: readonly Ordered[]): RecordedEvent[] {
  let latest = -Infinity;
  const late = events.filter(({ order: { created } }) => {
    const isLate = created < latest;
    latest = Math.max(latest, created);
    return isLate;
  });
  return late.map(({ renderings: [{ recorded }] }) => recorded);
}

/** For each event the one before it about the same object. */
function predecessors(timeline: readonly Ordered[]): Map<Ordered, Ordered> {
  const last = new Map<string, Ordered>();
  const before = new Map<Ordered, Ordered>();
  for (const event of timeline) {
    const previous = last.get(event.order.objectKey);
    if (previous !== undefined) before.set(event, previous);
    last.set(event.order.objectKey, event);
  }
  return before;
}

/** As in the read model: a stale snapshot does not revive a subscription whose status is final. */
function transitionsOf(
  timeline: readonly Ordered[],
  subscription: string,
): Map<Ordered, { from: string | null; to: string }> {
  const transitions = new Map<Ordered, { from: string | null; to: string }>();
  let from: string | null = null;
  for (const event of timeline) {
    const { object } = event.renderings[0].stripeEvent.data;
    const to = textOrNull(object['status']);
    if (object['object'] !== 'subscription' || object['id'] !== subscription || to === null || to === from) continue;
    if (from !== null && isFinalStatus(from) && !isFinalStatus(to)) continue;
    transitions.set(event, { from, to });
    from = to;
  }
  return transitions;
}

function entryOf(event: Ordered) {
  const { stripeEvent } = event.renderings[0];
  const { recorded } = firstOf(event);
  const { object } = stripeEvent.data;
  const observed = recorded.metadata?.observed;
  return {
    stripeEventId: stripeEvent.id,
    observation: observed === undefined ? null : observationOf(observed),
    type: stripeEvent.type,
    created: new Date(stripeEvent.created * 1000).toISOString(),
    object: { kind: textOrNull(object['object']), id: textOrNull(object['id']) },
    apiVersion: stripeEvent.api_version,
    renderings: event.renderings.map((one) => one.stripeEvent.api_version),
    stream: recorded.stream,
    revision: String(recorded.revision),
    position: String(recorded.position),
    receivedAt: recorded.metadata?.receivedAt ?? null,
  };
}
