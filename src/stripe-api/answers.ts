/** When a request was answered, by Stripe's clock only, so that the skew of ours does not matter. */
export type Answered = Readonly<{
  /** The earliest second in which the request can have started. */
  asked: number;
  /** The second in which the answer was made. */
  answered: number;
  requestId: string | null;
  /** The version in which the objects are rendered; null when the answer does not say. */
  apiVersion: string | null;
}>;

/** A Stripe object as an answer showed it. */
export type Item = Readonly<{
  id: string;
  object: string;
  /** In seconds; null for objects without one. */
  created: number | null;
  /** Stripe answers a deleted object with its id only. */
  deleted: boolean;
  /** Byte for byte as answered. */
  bytes: Buffer;
  /** The same, parsed: integers beyond 2^53 and `1.0` are exact only in the bytes. */
  value: Readonly<Record<string, unknown>>;
}>;

/** An event as listed: its own fields, without the object. */
export type EventItem = Item &
  Readonly<{
    type: string;
    created: number;
    apiVersion: string | null;
    account: string | null;
    /** The number of endpoints that Stripe has not delivered it to yet. */
    pendingWebhooks: number;
  }>;

/** A page of a list, newest first. */
export type Page<I extends Item = Item> = Answered &
  Readonly<{
    kind: 'page';
    items: readonly I[];
    hasMore: boolean;
    /** The cursor of the next page: the id of the last item; null when there is none. */
    cursor: string | null;
  }>;

export type Found<I extends Item = Item> = Answered & Readonly<{ kind: 'found'; item: I }>;

/** Parses an item; null when it is not a Stripe object. */
export function itemOf(bytes: Buffer, value: unknown): Item | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, object, created, deleted } = value as Record<string, unknown>;
  if (typeof id !== 'string' || typeof object !== 'string') return null;
  return {
    id,
    object,
    created: typeof created === 'number' ? created : null,
    deleted: deleted === true,
    bytes,
    value: value as Item['value'],
  };
}

/** The item as an event; null when it is not one. */
export function eventOf(item: Item): EventItem | null {
  const { type, api_version: apiVersion, account, pending_webhooks: pending } = item.value;
  if (item.object !== 'event' || typeof type !== 'string' || item.created === null) return null;
  return {
    ...item,
    type,
    created: item.created,
    apiVersion: typeof apiVersion === 'string' ? apiVersion : null,
    account: typeof account === 'string' ? account : null,
    pendingWebhooks: typeof pending === 'number' ? pending : 0,
  };
}
