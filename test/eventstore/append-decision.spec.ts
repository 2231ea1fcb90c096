import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventIdOf } from '../../src/events/event-id.js';
import {
  afterRefusal,
  hidesItsEnd,
  judge,
  saysTheSame,
  sight,
  type IndexAnswer,
  type Verdict,
} from '../../src/eventstore/append-decision.js';
import { newHead, type StreamHead } from '../../src/eventstore/stream-heads.js';

const [ID, OTHER] = [randomUUID(), randomUUID()];
const LEANING = { log: 'this', revision: 4n, position: 40n };

/** A head that contains the event of `OTHER`, and optionally more. */
function head(leansOn: StreamHead['leansOn'], ...ids: string[]): StreamHead {
  const made = newHead(7n, leansOn);
  for (const [at, id] of [OTHER, ...ids].entries()) made.events.add(id, BigInt(5 + at));
  return made;
}

/** The end of the stream according to the index. */
const LAST = { stream: 'subscription-1', revision: 4n, position: 40n, eventId: OTHER };
const answered = (position: bigint, more: Partial<Extract<IndexAnswer, { kind: 'answered' }>> = {}): IndexAnswer => ({
  kind: 'answered',
  log: 'this',
  position,
  eventId: OTHER,
  found: [],
  last: LAST,
  ...more,
});
const FOUND = { stream: 'subscription-1', revision: 2n, position: 20n };

const EVENT = { eventId: ID, stream: 'subscription-1' };
const kindOf = ({ inHead, inIndex, isComplete }: Verdict): string =>
  inHead.length > 0 ? 'in_head' : inIndex.length > 0 ? 'in_index' : isComplete ? 'new' : 'unknown';

describe('an event', () => {
  it('has all its renderings, those of the index that the head has not', () => {
    const [one, other] = [eventIdOf('evt_1', '2020-08-27'), eventIdOf('evt_1', '2025-03-31.basil')];
    const known = head(null, one);
    const [inThis, inAnother] = [FOUND, { ...FOUND, stream: 'former-1' }];
    expect(
      judge(
        { eventId: other, stream: 'subscription-1' },
        known,
        answered(99n, { found: [inAnother, { ...FOUND, revision: 6n }, inThis] }),
      ),
    ).toEqual({ inHead: [6n], inIndex: [inAnother, inThis], isComplete: true });
    expect(
      judge({ eventId: eventIdOf('evt_2', '2020-08-27'), stream: 'subscription-1' }, known, answered(99n)).inHead,
    ).toEqual([]);
  });

  it.each<[string, StreamHead, IndexAnswer, string]>([
    ['that the head knows', head(null, ID), answered(99n), 'in_head'],
    ['that the head knows, without an index', head(null, ID), { kind: 'unavailable' }, 'in_head'],
    ['that a leaning head knows, without an index', head(LEANING, ID), { kind: 'unavailable' }, 'in_head'],
    ['that head and index know', head(LEANING, ID), answered(99n, { found: [FOUND] }), 'in_head'],
    ['that the index alone knows', head(null), answered(99n, { found: [FOUND] }), 'in_index'],
    [
      'that the index knows, though it is behind the head',
      head(LEANING),
      answered(30n, { found: [FOUND] }),
      'in_index',
    ],
    [
      'that an index of another log knows',
      head(LEANING),
      answered(99n, { found: [FOUND], log: 'another' }),
      'in_index',
    ],
    ['that nothing knows', head(null), answered(99n), 'new'],
    ['that a complete head does not know, without an index', head(null), { kind: 'unavailable' }, 'new'],
    ['that a complete head does not know, with an index that is behind', head(null), answered(0n), 'new'],
    ['that a leaning head does not know, nor an index that is exactly so far', head(LEANING), answered(40n), 'new'],
    [
      'that a leaning head does not know, with an index that is a little behind it',
      head(LEANING),
      answered(39n),
      'unknown',
    ],
    [
      'that a leaning head does not know, with an index that has lost the stream',
      head(LEANING),
      answered(99n, { last: null }),
      'unknown',
    ],
    [
      'that a leaning head does not know, with an index that has lost the end of the stream',
      head(LEANING),
      answered(99n, { last: { ...LAST, revision: 3n } }),
      'unknown',
    ],
    [
      'that a leaning head does not know, with an index of another log',
      head(LEANING),
      answered(99n, { log: 'another' }),
      'unknown',
    ],
    ['that a leaning head does not know, without an index', head(LEANING), { kind: 'unavailable' }, 'unknown'],
  ])('%s', (_, known, answer, verdict) => {
    expect(kindOf(judge(EVENT, known, answer))).toBe(verdict);
  });
});

describe('two bodies of one event in one API version', () => {
  const hashOf = (account: string | null) => `hash with ${account}`;
  const body = (account: string | null, contentHash = hashOf(account)) => ({
    account,
    contentHash,
    contentHashFor: (other: string | null) => (contentHash === hashOf(account) ? hashOf(other) : contentHash),
    source: 'webhook' as const,
  });
  const known = (account: string | null, contentHash: string | null = hashOf(account)) => ({
    eventId: ID,
    revision: 0n,
    position: 0n,
    apiVersion: null,
    account,
    contentHash,
    source: 'webhook' as const,
  });
  it.each([
    ['that are the same', known('acct_1'), body('acct_1'), true],
    ['of which the first alone names the account', known('acct_1'), body(null), true],
    ['of which the second alone names the account', known(null), body('acct_1'), true],
    ['of two accounts', known('acct_1'), body('acct_2'), false],
    ['that differ in more than the account', known('acct_1'), body(null, 'other'), false],
    ['that differ', known(null), body(null, 'other'), false],
    ['of which the first was recorded without a hash', known(null, null), body('acct_1'), true],
  ])('%s', (_, recorded, delivered, isSame) => {
    expect(saysTheSame(recorded, delivered)).toBe(isSame);
    // An event from Stripe's list is not signed, and contradicts nothing.
    expect(saysTheSame({ ...recorded, source: 'events_api' }, delivered)).toBe(true);
    expect(saysTheSame(recorded, { ...delivered, source: 'events_api' })).toBe(true);
  });
});

describe('a place where an event should stand', () => {
  const shown = (revision: bigint, eventId = OTHER) => ({ revision, eventId });
  it.each([
    ['shows it', shown(3n, ID), 9n, 'there'],
    ['shows another event', shown(3n), 9n, 'not_here'],
    ['is below what the stream shows', shown(4n), 9n, 'hidden'],
    ['is in a stream that shows nothing', null, null, 'hidden'],
    ['is beyond the end of the stream', null, 2n, 'not_here'],
  ] as const)('%s', (_, from, last, sighting) => {
    expect(sight(shown(3n, ID), { from, last })).toBe(sighting);
  });
});

describe('a refused append', () => {
  it.each([
    ['others appended', { head: 4n, seen: 6n, actual: 6n }, 'raced'],
    ['others appended, and more since', { head: 4n, seen: 6n, actual: 5n }, 'raced'],
    ['others appended to what was no stream', { head: -1n, seen: 0n, actual: 0n }, 'raced'],
    ['the store names the head itself', { head: 4n, seen: 4n, actual: 4n }, 'raced'],
    ['the stream ends below the head', { head: 4n, seen: 4n, actual: 2n }, 'another_past'],
    ['there is no stream', { head: 4n, seen: 4n, actual: -1n }, 'another_past'],
    [
      'the store names no revision, and nothing is beyond the head',
      { head: 4n, seen: 4n, actual: null },
      'another_past',
    ],
    ['all events have expired', { head: -1n, seen: -1n, actual: 4n }, 'end_not_shown'],
    ['the stream goes on out of sight', { head: 4n, seen: 4n, actual: 5n }, 'end_not_shown'],
  ] as const)('where %s', (_, refused, refusal) => {
    expect(afterRefusal(refused)).toBe(refusal);
  });
});

describe('the end of a stream is hidden', () => {
  it.each([
    ['by no metadata', { truncateBefore: null, maxAgeS: null }, false],
    ['by an age, which may have passed', { truncateBefore: null, maxAgeS: 60 }, true],
    ['by a cut above it, as of a soft-deleted stream', { truncateBefore: 2n ** 63n, maxAgeS: null }, true],
    ['by a cut right above it', { truncateBefore: 5n, maxAgeS: null }, true],
    ['not by a cut at it', { truncateBefore: 4n, maxAgeS: null }, false],
  ])('%s', (_, cuts, hidden) => {
    expect(hidesItsEnd(cuts, 4n)).toBe(hidden);
  });
});
