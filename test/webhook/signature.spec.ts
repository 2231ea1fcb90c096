import { describe, expect, it } from '@jest/globals';
import { verify } from '../../src/webhook/signature.js';
import { signatureOf } from '../support/delivery.js';

const body = Buffer.from('{"id":"evt_1"}');
const now = new Date('2026-01-01T00:00:00Z');
const nowS = now.getTime() / 1000;
const secrets = [{ label: 'old', secret: 'whsec_old' }, { label: 'new', secret: 'whsec_new' }];
const signed = (secret: string, timestamp = nowS) => signatureOf(body.toString(), { secret, timestamp });

describe('the signature of a delivery', () => {
  it('is valid under any of the configured secrets, and tells which', () => {
    expect(verify(body, signed('whsec_old'), { secrets, now })).toEqual({ kind: 'valid', endpoint: 'old', signedAt: now });
    expect(verify(body, signed('whsec_new'), { secrets, now })).toEqual({ kind: 'valid', endpoint: 'new', signedAt: now });
  });

  it('is valid when one of several v1 signatures matches, as while a secret is rolled', () => {
    const [, unknown] = signed('whsec_unknown').split('v1=');
    expect(verify(body, `${signed('whsec_new')},v1=${unknown},v0=${'0'.repeat(64)}`, { secrets, now })).toMatchObject({ kind: 'valid' });
    expect(verify(body, `t=${nowS},v1=${unknown},v1=${signed('whsec_new').split('v1=')[1]}`, { secrets, now })).toMatchObject({ kind: 'valid' });
  });

  it('does not match when a byte of the body or the secret differs', () => {
    expect(verify(Buffer.from('{"id":"evt_2"}'), signed('whsec_old'), { secrets, now })).toEqual({ kind: 'invalid', reason: 'no_match' });
    expect(verify(body, signed('whsec_other'), { secrets, now })).toEqual({ kind: 'invalid', reason: 'no_match' });
  });

  it.each([[-300, 'valid'], [300, 'valid'], [-301, 'clock'], [301, 'clock']])('made %i s from now is %s', (offset, expected) => {
    const verification = verify(body, signed('whsec_old', nowS + offset), { secrets, now });
    expect(verification.kind === 'valid' ? 'valid' : verification.reason).toBe(expected);
  });

  it.each([undefined, '', 'v1=abc', 't=,v1=abc', 't=notatime,v1=abc'])('is missing in the header %p', (header) => {
    expect(verify(body, header, { secrets, now })).toEqual({ kind: 'invalid', reason: 'no_signature' });
  });

  it('never holds over an empty body', () => {
    expect(verify(new Uint8Array(), signed('whsec_old'), { secrets, now })).toEqual({ kind: 'invalid', reason: 'no_match' });
  });
});
