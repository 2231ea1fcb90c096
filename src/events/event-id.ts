import { hash } from 'node:crypto';
import { canonicalJson, type Json } from './json.js';

/** Namespaces of ours (RFC 9562, section 6.6). They are part of the log's format: changing one makes every event new. */
const eventNamespace = Buffer.from('d1b5cfb2b0d14a3c9c7d6a0c3a0a6f4e', 'hex');
const quarantineNamespace = Buffer.from('8f0d3b9ce5a24f4e8a5b2f7a91c6d70b', 'hex');

/** The id under which a Stripe event is recorded: always the same UUID for one Stripe event id. */
export function eventIdOf(stripeEventId: string): string {
  return uuidV5(eventNamespace, stripeEventId);
}

/**
 * The id of a quarantined body, which may share its Stripe event id with others or have none: made from id and content.
 * The id is as the body has it, whatever that is: the content hash of a snapshot event does not cover it.
 */
export function quarantineIdOf(id: Json, contentHash: string): string {
  return uuidV5(quarantineNamespace, canonicalJson([id, contentHash]));
}

/** A UUID of version 5 (RFC 9562, section 5.5): the SHA-1 of namespace and name, cut to 122 bits. */
function uuidV5(namespace: Buffer, name: string): string {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer');
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
