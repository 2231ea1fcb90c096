import { isJsonObject, type Json, type JsonObject } from './json.js';
import type { OrderKey, Shown } from './order-key.js';

/**
 * One Stripe event may be recorded in several renderings: an account has endpoints of different API versions during an
 * upgrade. They are merged into one event: the highest version, with missing values filled in from the others. The
 * result does not depend on the order of arrival.
 */

type Keyed = { readonly order: OrderKey };

/**
 * By API version, the highest first; events of 2013 have none. Versions start with their date, so they compare as text.
 */
const compareRenderings = <T extends Keyed>({ order: a }: T, { order: b }: T): number =>
  compare(b.apiVersion ?? '', a.apiVersion ?? '') ||
  compare(a.after, b.after) ||
  compare(a.before ?? '', b.before ?? '');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Merges the renderings of each event into one; `merge` receives the renderings of one event, highest API version
 * first, and their order key.
 */
export function mergeRenderings<T extends Keyed>(
  events: readonly T[],
  merge: (renderings: readonly [T, ...T[]], order: OrderKey) => T,
): readonly T[] {
  // The common case: one event in its second.
  if (events.length < 2) return events;
  const byId = new Map<string, [T, ...T[]]>();
  for (const event of events) {
    const renderings = byId.get(event.order.eventId);
    if (renderings === undefined) byId.set(event.order.eventId, [event]);
    else renderings.push(event);
  }
  if (byId.size === events.length) return events;
  return [...byId.values()].map((renderings) => {
    if (renderings.length === 1) return renderings[0];
    renderings.sort(compareRenderings);
    return merge(renderings, mergedKey(renderings));
  });
}

/** The order key of an event: that of its highest rendering, with the states that the others show. */
function mergedKey([highest, ...others]: readonly [Keyed, ...Keyed[]]): OrderKey {
  const shown = new Map<string, Shown>();
  for (const { order } of others) {
    const version = order.apiVersion ?? '';
    if (version === (highest.order.apiVersion ?? '') || shown.has(version)) continue;
    shown.set(version, { after: order.after, before: order.before });
  }
  return { ...highest.order, others: Object.fromEntries(shown) };
}

/**
 * Returns the first rendering, with nulls and empty lists filled in from the next ones. Lists that hold the same
 * objects are filled in entry by entry.
 */
export const combine = (renderings: readonly [JsonObject, ...JsonObject[]]): JsonObject =>
  renderings.reduce((combined, next) =>
    combined['kind'] === next['kind'] ? (filledIn(combined, next) as JsonObject) : combined,
  );

function filledIn(own: Json, other: Json): Json {
  if (own === null) return other;
  if (Array.isArray(own) && Array.isArray(other)) return listFilledIn(own as Json[], other as Json[]);
  if (!isJsonObject(own) || !isJsonObject(other)) return own;
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => [
      name,
      Object.hasOwn(other, name) ? filledIn(value, other[name] as Json) : value,
    ]),
  );
}

function listFilledIn(own: readonly Json[], other: readonly Json[]): Json {
  if (own.length === 0) return other;
  const isSame = own.length === other.length && own.every((entry, at) => idIn(entry) === idIn(other[at] as Json));
  return isSame ? own.map((entry, at) => filledIn(entry, other[at] as Json)) : own;
}

const idIn = (entry: Json): Json => (isJsonObject(entry) ? (entry['id'] ?? null) : entry);
