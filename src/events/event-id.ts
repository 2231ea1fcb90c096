import { hash } from 'node:crypto';
import { canonicalJson, type Json } from './json.js';

/** Namespaces of ours (RFC 9562, section 6.6). They are part of the log's format: changing one makes every event new. */
const eventNamespace = Buffer.from('d1b5cfb2b0d14a3c9c7d6a0c3a0a6f4e', 'hex');
const observationNamespace = Buffer.from('5d1e6f0a8c4b4f52a7d39e2b64c0f813', 'hex');
const ownNamespace = Buffer.from('5b7c1d3e6f0a4c5d9e8b7a6f5c4d3e2f', 'hex');
const quarantineNamespace = Buffer.from('8f0d3b9ce5a24f4e8a5b2f7a91c6d70b', 'hex');

/** How much of a UUID's text names the event; what follows names the API version in which it is rendered. */
const EVENT_DIGITS = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxx'.length;

/**
 * The id under which a Stripe event is recorded as an API version renders it: its first 12 bytes are the event's, the last four the
 * version's. Two renderings never share an id, or EventStoreDB would take one for a repeat of the other when two processes append
 * them at the same revision. Events without a version, and those recorded before renderings were, have the event's own four bytes.
 */
export function eventIdOf(stripeEventId: string, apiVersion: string | null): string {
  const id = uuidV5(eventNamespace, stripeEventId);
  return apiVersion === null ? id : id.slice(0, EVENT_DIGITS) + digitsOf(apiVersion);
}

/** What the ids of all renderings of one event begin with. */
export const eventPart = (eventId: string): string => eventId.slice(0, EVENT_DIGITS);

/** The least and the greatest id that a rendering of the same event can have. */
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
 * The id of a quarantined body, which may share its Stripe event id with others or have none: made from id and content.
 * The id is as the body has it, whatever that is: the content hash of a snapshot event does not cover it.
 */
export function quarantineIdOf(id: Json, contentHash: string): string {
  return uuidV5(quarantineNamespace, canonicalJson([id, contentHash]));
}

/** What an observation is known by: whose object it is of, what it shows, and the recorded event of the object that it follows. */
export type Sight = Readonly<{
  account: string | null;
  livemode: boolean;
  object: string;
  id: string;
  contentHash: string;
  anchor: string | null;
}>;

/**
 * The id of an observation. The same state seen again after the same event is the same observation, whoever looks; seen again after
 * another event it is another, or a ledger that has A, then B, would take a second A for a repeat.
 */
export const observationIdOf = ({ account, livemode, object, id, contentHash, anchor }: Sight): string =>
  uuidV5(observationNamespace, canonicalJson([account, livemode, object, id, contentHash, anchor]));

/** How rows and answers name an observation, in the place of Stripe's `evt_…`. */
export const sightIdOf = (eventId: string): string => `obs_${eventId.replaceAll('-', '')}`;

/** The id under which the log has an observation, by its name in rows; null when that is none. */
export const eventIdOfSight = (id: string): string | null =>
  /^obs_[\da-f]{32}$/.test(id) ? id.slice('obs_'.length).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : null;

/** The id of an event of ours at a place in its stream: two processes cannot both write what comes there. */
export const placeIdOf = (stream: string, revision: bigint): string => uuidV5(ownNamespace, `${stream}@${revision}`);

/** A UUID of version 5 (RFC 9562, section 5.5): the SHA-1 of namespace and name, cut to 122 bits. */
function uuidV5(namespace: Buffer, name: string): string {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer');
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
