import { isJsonObject, type Json, type JsonObject } from './json.js';
import type { OrderKey, Shown } from './order-key.js';

/**
 * One Stripe event may be there in several renderings: an account has endpoints of different API versions while it upgrades. They
 * are one event: it is shown in the highest version, and what that does not tell is taken from the others, so that nothing
 * depends on which came first.
 */

type Keyed = { readonly order: OrderKey };

/** By API version, the highest first; events of 2013 have none. Versions begin with their date. */
const compareRenderings = <T extends Keyed>({ order: a }: T, { order: b }: T): number =>
  compare(b.apiVersion ?? '', a.apiVersion ?? '') ||
  compare(a.after, b.after) ||
  compare(a.before ?? '', b.before ?? '');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Makes one event of the renderings of each; `merge` gets those of one event, the highest API version first, and their order key. */
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

/** The order key of an event: that of its highest rendering, and what each of the others shows. */
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
 * What renderings tell together: the first, and from the next ones what it leaves open: null, or a list without entries. Lists
 * that show the same objects are filled in entry by entry.
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
