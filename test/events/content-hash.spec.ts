import { describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { eventAbout } from './stripe-events.js';

const subscription = { id: 'sub_1', object: 'subscription', status: 'active' };
const hashOf = (envelope: { readonly [key: string]: unknown }) => contentHash(eventAbout(subscription, envelope));

describe('the content hash', () => {
  it('is a fixed function of the content, since it is recorded in the log', () => {
    expect(hashOf({})).toBe('a13653ef037fdd9370bfad39949711469fddef5eba91087fe0cb9a12bce534e3');
  });

  it('is the same for two deliveries of one event, which differ in counters and requests', () => {
    expect(hashOf({ pending_webhooks: 4, request: null })).toBe(hashOf({}));
  });

  it('does not depend on the order of keys', () => {
    expect(contentHash(eventAbout({ status: 'active', object: 'subscription', id: 'sub_1' }))).toBe(hashOf({}));
  });

  it('takes a missing field for null', () => {
    expect(hashOf({ account: null })).toBe(hashOf({ account: undefined }));
  });

  it.each([
    ['type', { type: 'customer.subscription.deleted' }],
    ['created', { created: 1 }],
    ['account', { account: 'acct_1' }],
    ['livemode', { livemode: true }],
    ['data', { data: { previous_attributes: { status: 'trialing' } } }],
  ])('differs when %s differs', (_, envelope) => {
    expect(hashOf(envelope)).not.toBe(hashOf({}));
  });

  it('covers all of a body that is no snapshot event, so that no two such bodies are taken for one', () => {
    const bodies = [{ object: 'v2.core.event', related_object: { id: 'a' } }, { object: 'v2.core.event', related_object: { id: 'b' } }, { detail: 1 }, { detail: 2 }, {}, [], null, 0, '', 'a'];
    expect(new Set(bodies.map(contentHash)).size).toBe(bodies.length);
  });
});
