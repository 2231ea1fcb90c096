import { describe, expect, it } from '@jest/globals';
import { contentHash, contentHashOf } from '../../src/events/content-hash.js';
import type { Json } from '../../src/events/json.js';
import { distinctRecordedEvents } from '../fixtures/recorded-events.js';
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

  it('treats a missing field as null', () => {
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
    const bodies = [
      { object: 'v2.core.event', related_object: { id: 'a' } },
      { object: 'v2.core.event', related_object: { id: 'b' } },
      { detail: 1 },
      { detail: 2 },
      {},
      [],
      null,
      0,
      '',
      'a',
    ];
    expect(new Set(bodies.map((body) => contentHash(body))).size).toBe(bodies.length);
  });
});

describe('the content hash of a text', () => {
  const hashOfText = (text: string) => contentHashOf(text, JSON.parse(text) as Json);
  const subscriptionWith = (number: string) => JSON.stringify(eventAbout(subscription)).replace('"active"', number);

  it('is the content hash of every recorded event, as it is in logs since the first release', () => {
    const recorded = distinctRecordedEvents();
    expect(recorded.length).toBeGreaterThan(200);
    for (const { body, stripeEvent } of recorded) {
      expect(contentHashOf(body, stripeEvent)).toBe(contentHash(stripeEvent));
    }
  });

  const alike = [
    ['null', '1e400', '-1e400', '1e401'],
    ['9007199254740992', '9007199254740993', '9007199254740992.5'],
    ['12345678901234567890', '12345678901234567891', '12345678901234567168.1'],
    ['0', '1e-400', '-1e-400'],
    ['1', '1.00000000000000000001', '0.99999999999999999999'],
    ['4503599627370496', '4503599627370496.25'],
    ['0.1', '0.10000000000000000555'],
  ];
  it.each(alike)('distinguishes what JavaScript takes for one number: %s, %s', (...numbers) => {
    expect(new Set(numbers.map(hashOfText)).size).toBe(numbers.length);
    expect(new Set(numbers.map((number) => hashOfText(`[${number}]`))).size).toBe(numbers.length);
    expect(new Set(numbers.map((number) => hashOfText(`{ "a" :\t${number}}`))).size).toBe(numbers.length);
    expect(new Set(numbers.map((number) => hashOfText(subscriptionWith(number)))).size).toBe(numbers.length);
  });

  const equal = [
    ['100000', '1e5', '1E+5', '10.0e4', '100000.00000000000000'],
    ['0', '0e400', '0.00000000000000000', '-0'],
    ['0.001', '1e-3'],
    ['1e21', '1000000000000000000000'],
    ['9007199254740994', '9007199254740994.0'],
  ];
  it.each(equal)('is the same for every way to write a number that a double holds: %s, %s', (...numbers) => {
    expect(new Set(numbers.map((number) => hashOfText(subscriptionWith(number)))).size).toBe(1);
  });

  it('does not treat a string as a number', () => {
    const texts = ['1e400', '"1e400"', '" 1e400"', '"\\\\ :1e400"', '"\\" :1e400"', '":1e400,\\\\\\""'];
    for (const text of texts.slice(1)) expect(hashOfText(`[${text}]`)).toBe(contentHash([JSON.parse(text) as Json]));
    expect(new Set(texts.map((text) => hashOfText(`[${text},2e400]`))).size).toBe(texts.length);
  });

  it('does not depend on what is beside the content, nor on white space and the order of keys', () => {
    const text = subscriptionWith('1e400');
    const { id: _id, ...rest } = JSON.parse(JSON.stringify(eventAbout(subscription))) as Record<string, unknown>;
    const again = JSON.stringify({ ...rest, pending_webhooks: 7, id: 'evt_2' }, null, 1).replace('"active"', ' 1e400 ');
    expect(hashOfText(again)).toBe(hashOfText(text));
  });

  it('holds for long strings and many numbers', () => {
    const text = `["${'\\n'.repeat(2_000_000)}", 1${'0'.repeat(500_000)}1, ${'1e400,'.repeat(100_000)} 1]`;
    expect(hashOfText(text)).not.toBe(hashOfText(text.replace('1e400', '2e400')));
  });
});
