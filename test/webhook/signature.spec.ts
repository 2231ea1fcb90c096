import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { TOLERANCE_S, verify } from '../../src/webhook/signature.js';
import { signatureOf } from '../support/delivery.js';

const OLD = 'whsec_0123456789abcdefghijklmnopqrstuv';
const NEW = 'whsec_abcdefghijklmnopqrstuv0123456789';
const OTHER = 'whsec_another0endpoint0another0endpoi';
const secrets = [
  { label: 'old', secret: OLD },
  { label: 'new', secret: NEW },
];

const body = Buffer.from('{"id":"evt_1"}');
const now = new Date('2026-01-01T00:00:00Z');
const nowS = now.getTime() / 1000;
const check = (header: string | undefined, bytes: Uint8Array = body) => verify(bytes, header, { secrets, now });

/** The header that Stripe's own package builds for a text. */
const signed = (secret: string, timestamp = nowS) => signatureOf(body.toString(), { secret, timestamp });
/** The signature of bytes, which need not be text. */
const macOf = (bytes: Uint8Array, timestamp = nowS) =>
  createHmac('sha256', NEW).update(`${timestamp}.`).update(bytes).digest('hex');
const right = macOf(body);

describe('the signature of a delivery', () => {
  it('is valid under any of the configured secrets, and the result names which', () => {
    expect(check(signed(OLD))).toEqual({ kind: 'valid', endpoint: 'old', signedAt: now });
    expect(check(signed(NEW))).toEqual({ kind: 'valid', endpoint: 'new', signedAt: now });
  });

  it('is valid when one of several v1 signatures matches, as while a secret is rolled', () => {
    const [, unknown] = signed(OTHER).split('v1=');
    expect(check(`${signed(NEW)},v1=${unknown},v0=${'0'.repeat(64)}`)).toMatchObject({ kind: 'valid' });
    expect(check(`t=${nowS},v1=${unknown},v1=${right}`)).toMatchObject({ kind: 'valid' });
  });

  it('does not match when a byte of the body or the secret differs', () => {
    expect(check(signed(OLD), Buffer.from('{"id":"evt_2"}'))).toEqual({ kind: 'invalid', reason: 'no_match' });
    expect(check(signed(OTHER))).toEqual({ kind: 'invalid', reason: 'no_match' });
    expect(check(signed(OLD), new Uint8Array())).toEqual({ kind: 'invalid', reason: 'no_match' });
  });

  const offsets: [number, string][] = [
    [-300, 'valid'],
    [300, 'valid'],
    [-301, 'clock'],
    [301, 'clock'],
  ];
  it.each(offsets)('made %i s from now is %s', (offset, expected) => {
    const verification = check(signed(OLD, nowS + offset));
    expect(verification.kind === 'valid' ? 'valid' : verification.reason).toBe(expected);
  });

  it.each([
    ['an empty body', ''],
    ['a body beyond ASCII', '{"name":"é 😀 \u2028"}'],
    ['a body with replacement characters', '{"name":"\uFFFD\uFFFD"}'],
    ['a body of a mebibyte', `{"padding":"${'x'.repeat(1_048_576)}"}`],
  ])('that Stripe’s own package made is valid over %s', (_name, text) => {
    const header = signatureOf(text, { secret: NEW, timestamp: nowS });
    expect(check(header, Buffer.from(text))).toMatchObject({ kind: 'valid', endpoint: 'new' });
  });
});

describe('the bytes of the body', () => {
  const invalid = Buffer.from([0x22, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x22]);

  it('are what is signed, whether or not they are text', () => {
    expect(check(`t=${nowS},v1=${macOf(invalid)}`, invalid)).toMatchObject({ kind: 'valid' });
  });

  it('cannot be exchanged for others that decode to the same text', () => {
    const text = '{"name":"\uFFFD"}';
    const [before = '', after = ''] = text.split('\uFFFD');
    const exchanged = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
    expect(exchanged.toString()).toBe(text);
    const header = signatureOf(text, { secret: NEW, timestamp: nowS });
    expect(check(header, exchanged)).toEqual({ kind: 'invalid', reason: 'no_match' });
  });
});

describe('a header with two times is no signature, whichever of them was signed', () => {
  const longAgo = nowS - 30 * 86_400;
  const replayed = `v1=${macOf(body, longAgo)}`;
  it.each([
    `t=${nowS},t=${longAgo},${replayed}`,
    `t=${longAgo},t=${nowS},${replayed}`,
    `t=${nowS},t=${longAgo}xyz,${replayed}`,
    `t=${nowS},${replayed},t=${longAgo}`,
    `t=${longAgo},${replayed}, t=${nowS},${replayed}`,
    `t=${nowS},t=${nowS},v1=${right}`,
    `t=${nowS},t,v1=${right}`,
    `t=${nowS},T=${nowS},v1=${right}`,
    `t=${nowS},t =${nowS},v1=${right}`,
    `${signed(NEW)}, ${signed(NEW)}`,
  ])('%s', (header) => {
    expect(check(header)).toEqual({ kind: 'invalid', reason: 'no_signature' });
  });
});

describe('a header that is none of Stripe’s is no signature', () => {
  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['no time', `v1=${right}`],
    ['an empty time', `t=,v1=${right}`],
    ['a word for a time', `t=now,v1=${right}`],
    ['a time with a sign', `t=+${nowS},v1=${right}`],
    ['a time in hexadecimal', `t=0x${nowS.toString(16)},v1=${right}`],
    ['a time with a fraction', `t=${nowS}.0,v1=${right}`],
    ['a time of many digits', `t=${'0'.repeat(20)}${nowS},v1=${right}`],
    ['white space around the time', `t= ${nowS} ,v1=${right}`],
    ['a signature without a value', `t=${nowS},v1`],
    ['an empty signature', `t=${nowS},v1=`],
    ['a short signature', `t=${nowS},v1=${right.slice(1)}`],
    ['a long signature', `t=${nowS},v1=${right}0`],
    ['a signature in capitals', `t=${nowS},v1=${right.toUpperCase()}`],
    ['a signature of other characters', `t=${nowS},v1=${right.slice(1)}\u00e9`],
    ['a signature of another scheme', `t=${nowS},v0=${right}`],
    ['more signatures than an endpoint has secrets', `t=${nowS}${`,v1=${right}`.repeat(17)}`],
    ['a header that is too long', `t=${nowS},v1=${right},v0=${'0'.repeat(5_000)}`],
  ])('%s', (_name, header) => {
    expect(check(header)).toEqual({ kind: 'invalid', reason: 'no_signature' });
  });

  it('but items beside the right one that say nothing do no harm', () => {
    const header = `,t=${nowS},v1,v1=,v1=00,v1=é,v0=${right},v1=${right},v2=x=y,`;
    expect(check(header)).toMatchObject({ kind: 'valid', endpoint: 'new' });
  });
});

it('an old or a future time is refused before anything is hashed, whatever the secrets are', () => {
  const unusable = [
    {
      label: 'broken',
      get secret(): string {
        throw new Error('The secret was asked for.');
      },
    },
  ];
  for (const offset of [-TOLERANCE_S - 1, TOLERANCE_S + 1]) {
    const verification = verify(body, signed(NEW, nowS + offset), { secrets: unusable, now });
    expect(verification).toEqual({ kind: 'invalid', reason: 'clock' });
  }
});
