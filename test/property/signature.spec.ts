import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { verify } from '../../src/webhook/signature.js';

/*
 * Forged headers and bodies, made of right ones. FORGERIES sets how many, FORGERY_SEED repeats a run:
 *   FORGERIES=1000000 npm test -- test/property/signature
 */
const FORGERIES = Number(process.env['FORGERIES'] ?? 100_000);
const SEED = Number(process.env['FORGERY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const FORGING_MS_MAX = 60_000 + FORGERIES;

const secret = 'whsec_0123456789abcdefghijklmnopqrstuv';
const secrets = [
  { label: 'other', secret: 'whsec_another0endpoint0another0endpoi' },
  { label: 'main', secret },
];
const now = new Date('2026-01-01T00:00:00Z');
const nowS = now.getTime() / 1000;
const LONG_AGO_S = nowS - 30 * 86_400;

const body = Buffer.from('{"id":"evt_1","text":"\uFFFD\uFFFD é 😀"}');
const macOf = (timestamp: number) => createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
const mac = macOf(nowS);
const fragments = [
  `t=${nowS}`,
  `t=${LONG_AGO_S}`,
  ` t=${nowS}`,
  `T=${nowS}`,
  `t=${nowS}xyz`,
  `t=${nowS}.0`,
  `t=-${nowS}`,
  't=',
  't',
  `v1=${mac}`,
  `v1=${macOf(LONG_AGO_S)}`,
  `V1=${mac}`,
  `v1=${mac.toUpperCase()}`,
  `v1=${mac.slice(1)}é`,
  'v1=',
  'v1',
  `v0=${mac}`,
  '',
  '=',
  ' ',
];

/** One edit of a text: some characters are cut at a place, and others inserted there. */
const put = fc.oneof(
  fc.constantFrom(...fragments, ',', ', ', '=', '\u0000', '0', 'a'),
  fc.string({ maxLength: 3, unit: 'binary' }),
);
const change = fc.tuple(fc.nat(400), fc.nat(3), put);
const changedText = (text: string, [at, cut, added]: readonly [number, number, string]) => {
  const place = at % (text.length + 1);
  return text.slice(0, place) + added + text.slice(place + cut);
};

const header = fc
  .tuple(
    fc.oneof(
      fc.constant(`t=${nowS},v1=${mac}`),
      fc.constant(`t=${LONG_AGO_S},v1=${macOf(LONG_AGO_S)}`),
      fc.array(fc.constantFrom(...fragments), { maxLength: 6 }).map((items) => items.join(',')),
    ),
    fc.array(change, { maxLength: 3 }),
  )
  .map(([text, changes]) => changes.reduce(changedText, text));

/** The body, or a variant with different bytes whose text may be the same. */
const flipped = fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 1, max: 255 }));
const bytes = fc.option(flipped, { freq: 2 }).map((flip) => {
  if (flip === null) return body;
  const changed = Buffer.from(body);
  changed[flip[0]] = (changed[flip[0]] as number) ^ flip[1];
  return changed;
});

/** The only valid case: these bytes, their signature, and the signed time alone. */
function isRight(text: string, delivered: Buffer): boolean {
  const items = text.split(',');
  const times = items.filter((item) => /^\s*t\s*(=|$)/i.test(item));
  const timely = times.length === 1 && times[0] === `t=${nowS}`;
  return delivered.equals(body) && timely && items.includes(`v1=${mac}`);
}

describe(`of ${FORGERIES} forged deliveries`, () => {
  it(
    'none is accepted and none throws',
    () => {
      console.log(`To repeat: FORGERY_SEED=${SEED} FORGERIES=${FORGERIES} npm test -- test/property/signature`);
      let accepted = 0;
      fc.assert(
        fc.property(header, bytes, (text, delivered) => {
          const { kind } = verify(delivered, text, { secrets, now });
          if (kind === 'valid') accepted += 1;
          return kind === (isRight(text, delivered) ? 'valid' : 'invalid');
        }),
        { seed: SEED, numRuns: FORGERIES },
      );
      expect(accepted).toBeGreaterThan(0);
    },
    FORGING_MS_MAX,
  );
});
