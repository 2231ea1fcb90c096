import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventIdOf } from '../../src/events/event-id.js';
import type { IndexAnswer } from '../../src/eventstore/append-decision.js';
import { leanOnIndex, newHead, StreamHeads, type StreamHead } from '../../src/eventstore/stream-heads.js';

/** A head of this many events, and their ids. */
function headOf(count: number): { head: StreamHead; ids: string[] } {
  const ids = Array.from({ length: count }, () => randomUUID());
  const head = newHead(BigInt(count - 1), null);
  head.isSeen = true;
  for (const [at, id] of ids.entries()) head.events.add(id, BigInt(at));
  return { head, ids };
}

const indexedTo = (revision: bigint, eventId: string): IndexAnswer => ({
  kind: 'answered',
  log: 'this',
  position: 1_000_000n,
  eventId: randomUUID(),
  found: [],
  last: { stream: 's', revision, position: 500n, eventId },
});

describe('events of a head', () => {
  it('are found by their ids, with all their renderings', () => {
    const { head, ids } = headOf(3);
    const [one, other, third] = [null, '2020-08-27', '2025-03-31.basil'].map((version) => eventIdOf('evt_1', version));
    head.events.add(one as string, 8n);
    head.events.add(other as string, 9n);
    expect(ids.map((id) => head.events.of(id))).toEqual([[0n], [1n], [2n]]);
    expect(head.events.of(third as string)).toEqual([8n, 9n]);
    expect(head.events.of(randomUUID())).toEqual([]);
    expect(head.events.weight).toBe(5);
    head.events.dropUpTo(8n);
    expect([head.events.of(one as string), head.events.weight]).toEqual([[9n], 1]);
  });
});

describe('a large head', () => {
  it('leans on the index for what the index has of its stream', () => {
    const { head, ids } = headOf(5_000);
    leanOnIndex(head, indexedTo(4_899n, ids[4_899] as string));
    expect(head).toMatchObject({ revision: 4_999n, leansOn: { log: 'this', revision: 4_899n, position: 500n } });
    expect([head.events.weight, head.events.of(ids[4_899] as string), head.events.of(ids[4_900] as string)]).toEqual([
      100,
      [],
      [4_900n],
    ]);
  });

  it.each<[string, (ids: string[]) => IndexAnswer]>([
    ['does not answer', () => ({ kind: 'unavailable' })],
    ['knows nothing of the stream', () => ({ ...indexedTo(0n, ''), last: null }) as IndexAnswer],
    ['has another event at that revision', () => indexedTo(4_899n, randomUUID())],
    ['has the event at another revision', (ids) => indexedTo(4_899n, ids[4_898] as string)],
  ])('stays complete when the index %s', (_, answer) => {
    const { head, ids } = headOf(5_000);
    leanOnIndex(head, answer(ids));
    expect([head.leansOn, head.events.weight]).toEqual([null, 5_000]);
  });
});

describe('the cache of heads', () => {
  it('lets the heads go that were used longest ago, and keeps none that is not whole, or was not seen', () => {
    const heads = new StreamHeads(2_100);
    for (const stream of ['a', 'b', 'c']) heads.put(stream, headOf(1_000).head);
    expect(['a', 'b', 'c'].map((stream) => heads.take(stream) !== undefined)).toEqual([false, true, true]);
    for (const lack of [{ isWhole: false }, { isSeen: false }]) {
      heads.put('d', { ...headOf(10).head, ...lack });
      expect(heads.take('d')).toBeUndefined();
    }
  });
});
