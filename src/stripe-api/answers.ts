/** When a request was answered, by Stripe's clock alone: ours does not enter, so that its skew cannot matter. */
export type Answered = Readonly<{
  /** The earliest second in which the request can have begun. */
  asked: number;
  /** The second in which the answer was made. */
  answered: number;
  requestId: string | null;
  /** In which the objects are rendered; null when the answer does not say. */
  apiVersion: string | null;
}>;

/** One object of Stripe's as an answer showed it. */
export type Item = Readonly<{
  id: string;
  object: string;
  /** In seconds; null for objects that have none. */
  created: number | null;
  /** Of an object that is no more, Stripe answers its id alone. */
  deleted: boolean;
  /** Byte for byte as answered. */
  bytes: Buffer;
  /** The same, parsed: whole numbers beyond 2^53 and `1.0` are only in the bytes. */
  value: Readonly<Record<string, unknown>>;
}>;

/** What an event says beside the object that it is about. */
export type EventItem = Item &
  Readonly<{
    type: string;
    created: number;
    apiVersion: string | null;
    account: string | null;
    /** Endpoints that Stripe has still to deliver it to. */
    pendingWebhooks: number;
  }>;

/** A page of a list, newest first. */
export type Page<I extends Item = Item> = Answered &
  Readonly<{
    kind: 'page';
    items: readonly I[];
    hasMore: boolean;
    /** Where the next page begins: the id of the last item; null when there is none. */
    cursor: string | null;
  }>;

export type Found<I extends Item = Item> = Answered & Readonly<{ kind: 'found'; item: I }>;

/** The item of some bytes; null when they are no object of Stripe's. */
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

/** The item as an event; null when it is none. */
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
