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
  /** Place in the requested timeline, from 1. It changes when an event arrives late. */
  number: number;
  /** `obs_…` for an observation of Stripe's API that no event reported: see `observation`. */
  stripeEventId: string;
  observation: ReturnType<typeof observationOf> | null;
  /** For an observation: the change happened between these times. */
  gap: Readonly<{ after: string; before: string }> | null;
  type: string;
  created: string;
  object: { kind: string | null; id: string | null };
  /** The version of the rendering shown: the highest. */
  apiVersion: string | null;
  /** The API versions in which the log has the event, the highest first. */
  renderings: readonly (string | null)[];
  /** What this event changed; null where its predecessor is unknown, or one of the two nests too deeply to compare. */
  changes: readonly Change[] | null;
  /** How it changed the subscription's status; `from` is null for the first known status. Null: no change. */
  transition: { from: string | null; to: string } | null;
  /** When it arrived, its stream already had an event of a later second: rows read before did not reflect it. */
  late: boolean;
  /** The events of this second fit several orders; the one shown is always the same. */
  ambiguous: boolean;
  stream: string;
  revision: string;
  position: string;
  receivedAt: string | null;
}>;

type Rendering = Readonly<{ recorded: RecordedEvent; stripeEvent: StripeEvent }>;
/** An event with its renderings; the first is shown. */
type Ordered = Readonly<{ order: OrderKey; renderings: readonly [Rendering, ...Rendering[]] }>;

/**
 * Returns the events of a subscription's stream, and of streams linked to it, in logical order: within a stream the
 * read models' order, between streams by second, then by kind of object. Pure. @throws UnreadablePast
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

/** The rendering that was recorded first. */
const firstOf = ({ renderings }: Ordered): Rendering =>
  renderings.reduce((first, one) => (one.recorded.revision < first.recorded.revision ? one : first));

/** What the event changed, from the highest rendering that shows it. */
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

/**
 * The time between the event before and the request of an observation; null for an event, or without an event before.
 */
function gapBefore({ renderings: [{ recorded }] }: Ordered, predecessor: Ordered | undefined): TimelineEntry['gap'] {
  const observed = recorded.metadata?.observed;
  if (observed === undefined || predecessor === undefined) return null;
  return { after: isoTime(predecessor.order.created), before: isoTime(observed.asked) };
}

/** Merges streams; the sort is stable, so the existing order within each stream is kept. */
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

/** The late events of one stream, given in order of revision: those recorded after an event of a later second. */
function lateOf(events: readonly Ordered[]): RecordedEvent[] {
  let latest = -Infinity;
  const late = events.filter(({ order: { created } }) => {
    const isLate = created < latest;
    latest = Math.max(latest, created);
    return isLate;
  });
  return late.map(({ renderings: [{ recorded }] }) => recorded);
}

/** Maps each event to the previous one about the same object. */
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

/** As in the read model, a stale snapshot does not reactivate a subscription whose status is final. */
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
