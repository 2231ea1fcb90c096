import { describe, expect, it } from '@jest/globals';
import { setImmediate as settled } from 'node:timers/promises';
import { Lanes, type LaneLimits, type Waiting } from '../../src/eventstore/lanes.js';
import { newEvent } from '../support/new-event.js';

const LIMITS: LaneLimits = {
  waitingMax: 10_000,
  waitingBytesMax: 1 << 26,
  waitMsMax: 5_000,
  streamsMax: 2,
  sharedBytesMax: 1 << 16,
};
type Outcome = { readonly kind: 'done' };

/** Lanes whose tasks the test ends, on its own clock. */
function lanes(limits: Partial<LaneLimits> = {}) {
  const clock = { now: 0 };
  const working: { stream: string; share: readonly Waiting<Outcome>[]; end: () => void }[] = [];
  const made = new Lanes<Outcome>(
    { ...LIMITS, ...limits },
    (stream, share) =>
      new Promise((end) => {
        working.push({
          stream,
          share,
          end: () => {
            for (const { settle } of share) settle({ kind: 'done' });
            end();
          },
        });
      }),
    () => clock.now,
  );
  const kinds: (string | undefined)[] = [];
  const enter = (stream: string): number => {
    const at = kinds.push(undefined) - 1;
    void made.enter(newEvent(stream)).then(({ kind }) => {
      kinds[at] = kind;
    });
    return at;
  };
  /** Ends the oldest task, `afterMs` later. */
  const endOne = async (afterMs: number): Promise<void> => {
    clock.now += afterMs;
    working.shift()?.end();
    await settled();
  };
  return { clock, working, kinds, enter, endOne, made };
}

describe('lanes', () => {
  it('work on a limited number of streams at a time, on each with all that waits for it, in turn', async () => {
    const { working, enter, endOne } = lanes();
    for (const stream of ['a', 'b', 'c', 'a', 'a', 'b']) enter(stream);
    expect(working.map(({ stream, share }) => `${stream}${share.length}`)).toEqual(['a1', 'b1']);
    await endOne(1);
    await endOne(1);
    expect(working.map(({ stream, share }) => `${stream}${share.length}`)).toEqual(['c1', 'a2']);
  });

  it('refuse what comes when those that wait need longer than one may wait, at the pace of the last moments', async () => {
    const { kinds, enter, endOne } = lanes();
    for (let stream = 0; stream < 200; stream += 1) enter(`s${stream}`);
    // At ten per second, 200 events take 20 s.
    for (let done = 0; done < 5; done += 1) await endOne(100);
    const late = enter('late');
    await settled();
    expect(kinds[late]).toBe('overloaded');
    // Those that had entered are still processed.
    expect(kinds.filter((kind) => kind === 'overloaded')).toHaveLength(1);
  });

  it('take what comes when the same number is done faster', async () => {
    const { kinds, enter, endOne } = lanes();
    for (let stream = 0; stream < 200; stream += 1) enter(`s${stream}`);
    for (let done = 0; done < 40; done += 1) await endOne(10);
    const next = enter('next');
    await settled();
    expect(kinds[next]).toBeUndefined();
  });

  it('forget the pace as soon as none waits', async () => {
    const { kinds, enter, endOne, working } = lanes();
    for (let stream = 0; stream < 10; stream += 1) enter(`s${stream}`);
    while (working.length > 0) await endOne(1_000);
    const again = Array.from({ length: 50 }, (_, at) => enter(`again${at}`));
    await settled();
    expect(again.map((at) => kinds[at])).toEqual(again.map(() => undefined));
  });

  it('refuse what has waited too long when its turn comes, and never what is under way', async () => {
    const { clock, kinds, enter, endOne } = lanes({ streamsMax: 1 });
    const [underWay, sameStream, other] = [enter('a'), enter('a'), enter('b')];
    clock.now = 5_001;
    const newcomer = enter('c');
    await settled();
    expect(kinds[newcomer]).toBe('overloaded');
    await endOne(10_000);
    expect([kinds[underWay], kinds[sameStream], kinds[other]]).toEqual(['done', 'overloaded', 'overloaded']);
    const next = enter('c');
    await endOne(1);
    expect(kinds[next]).toBe('done');
  });

  it('do not hold up a free stream because another is slow', async () => {
    const { clock, working, enter } = lanes();
    enter('slow');
    clock.now = 60_000;
    enter('free');
    expect(working.map(({ stream }) => stream)).toEqual(['slow', 'free']);
  });

  it('count events and bytes until their outcome is there', async () => {
    const { kinds, enter, endOne, made } = lanes({ waitingMax: 2 });
    for (const stream of ['a', 'b', 'c']) enter(stream);
    await settled();
    expect([made.events, kinds[2]]).toEqual([2, 'overloaded']);
    await endOne(1);
    expect(made.events).toBe(1);
  });
});
