import { hash } from 'node:crypto';
import { canonicalJson, type Json } from './json.js';

/** Our namespaces (RFC 9562, section 6.6). They are part of the log format: changing one gives every event a new id. */
const eventNamespace = Buffer.from('d1b5cfb2b0d14a3c9c7d6a0c3a0a6f4e', 'hex');
const observationNamespace = Buffer.from('5d1e6f0a8c4b4f52a7d39e2b64c0f813', 'hex');
const ownNamespace = Buffer.from('5b7c1d3e6f0a4c5d9e8b7a6f5c4d3e2f', 'hex');
const quarantineNamespace = Buffer.from('8f0d3b9ce5a24f4e8a5b2f7a91c6d70b', 'hex');

/** The length of the part of a UUID that identifies the event; the remainder identifies the API version. */
const EVENT_DIGITS = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxx'.length;

/**
 * Returns the id under which a rendering of a Stripe event is recorded: the first 12 bytes identify the event, the last
 * four its API version. Two renderings never share an id; otherwise EventStoreDB would take the second for a retry when
 * two processes append them at the same revision. Events without a version, and those recorded before renderings were
 * distinguished, keep all 16 bytes of the event's own UUID.
 */
export function eventIdOf(stripeEventId: string, apiVersion: string | null): string {
  const id = uuidV5(eventNamespace, stripeEventId);
  return apiVersion === null ? id : id.slice(0, EVENT_DIGITS) + digitsOf(apiVersion);
}

/** The prefix shared by the ids of all renderings of one event. */
export const eventPart = (eventId: string): string => eventId.slice(0, EVENT_DIGITS);

/** The lowest and the highest id that a rendering of the same event can have. */
export const idsOfEvent = (eventId: string): readonly [first: string, last: string] => [
  `${eventPart(eventId)}00000000`,
  `${eventPart(eventId)}ffffffff`,
];

function digitsOf(apiVersion: string): string {
  const known = versionDigits.get(apiVersion);
  if (known !== undefined) return known;
  const digits = uuidV5(eventNamespace, apiVersion).slice(EVENT_DIGITS);
  if (versionDigits.size < VERSIONS_MAX) versionDigits.set(apiVersion, digits);
  return digits;
}

const versionDigits = new Map<string, string>();
const VERSIONS_MAX = 1_000;

/**
 * Returns the id of a quarantined body, derived from its Stripe event id and its content: the event id may be missing
 * or shared with other bodies. It is hashed as the body has it, whatever its type, because the content hash of a
 * snapshot event does not cover it.
 */
export function quarantineIdOf(id: Json, contentHash: string): string {
  return uuidV5(quarantineNamespace, canonicalJson([id, contentHash]));
}

/** The identity of an observation: account, mode, object, content, and the object's event before it (`anchor`). */
export type Sight = Readonly<{
  account: string | null;
  livemode: boolean;
  object: string;
  id: string;
  contentHash: string;
  anchor: string | null;
}>;

/**
 * Returns the id of an observation. The same state after the same event gets the same id, whichever process observes
 * it; after another event it gets a new id. Otherwise a ledger that holds A, then B would drop a second A as a
 * duplicate.
 */
export const observationIdOf = ({ account, livemode, object, id, contentHash, anchor }: Sight): string =>
  uuidV5(observationNamespace, canonicalJson([account, livemode, object, id, contentHash, anchor]));

/** The name of an observation in rows and answers, where an event has Stripe's `evt_…`. */
export const sightIdOf = (eventId: string): string => `obs_${eventId.replaceAll('-', '')}`;

/** The id of an observation in the log, from its name in rows; null when the name is not an observation's. */
export const eventIdOfSight = (id: string): string | null =>
  /^obs_[\da-f]{32}$/.test(id) ? id.slice('obs_'.length).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : null;

/** The id of our own event at a revision of its stream: two processes cannot both append there. */
export const placeIdOf = (stream: string, revision: bigint): string => uuidV5(ownNamespace, `${stream}@${revision}`);

/** A UUID of version 5 (RFC 9562, section 5.5): the SHA-1 of namespace and name, cut to 122 bits. */
function uuidV5(namespace: Buffer, name: string): string {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer');
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
