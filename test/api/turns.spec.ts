import { describe, expect, it } from '@jest/globals';
import type { Asker } from '../../src/http/asker.js';
import { Turns, type TurnLimits } from '../../src/api/turns.js';
import { ProblemError } from '../../src/http/problem.js';

const busy = () => new ProblemError('read_models_busy');
const limits: TurnLimits = {
  runningMax: 2,
  runningPerTokenMax: 1,
  waitingMax: 4,
  waitingPerTokenMax: 2,
  waitMs: 60_000,
  busy,
};
const asker = (token: string, signal = new AbortController().signal): Asker => ({
  token,
  name: token,
  signal,
});

/** Tasks that record their start, and end when told to. */
function works(turns: Turns) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string, by: Asker): Promise<string> =>
    turns.take(
      by,
      () =>
        new Promise<string>((resolve) => {
          begun.push(name);
          ends.set(name, () => resolve(name));
        }),
    );
  return { begun, take, end: (name: string) => ends.get(name)?.() };
}
const codeOf = (taken: Promise<unknown>): Promise<unknown> =>
  taken.then(
    () => 'done',
    (error: unknown) => (error as ProblemError).problem?.code ?? error,
  );
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('go to one token after the other, however many works one of them brings', async () => {
    const { begun, take, end } = works(new Turns(limits));
    const taken = ['a1', 'a2', 'a3'].map((name) => take(name, asker('a')));
    expect(await codeOf(take('a4', asker('a')))).toBe('too_many_requests');
    taken.push(take('b1', asker('b')), take('c1', asker('c')));
    expect(begun).toEqual(['a1', 'b1']);
    for (const [name, next] of [
      ['a1', 'c1'],
      ['c1', 'a2'],
      ['b1', undefined],
      ['a2', 'a3'],
    ] as const) {
      end(name);
      await nextTurn();
      expect(begun.at(-1)).toBe(next ?? 'a2');
    }
    end('a3');
    expect(await Promise.all(taken)).toEqual(['a1', 'a2', 'a3', 'b1', 'c1']);
  });

  it('are refused when too many wait in all, and after the time that one may wait', async () => {
    const { take, end } = works(new Turns({ ...limits, runningMax: 1, waitingMax: 1, waitMs: 20 }));
    const first = take('a1', asker('a'));
    const waiting = codeOf(take('b1', asker('b')));
    expect(await codeOf(take('c1', asker('c')))).toBe('read_models_busy');
    expect(await waiting).toBe('read_models_busy');
    end('a1');
    expect(await first).toBe('a1');
  });

  it('are not kept for a client that has left', async () => {
    const { begun, take, end } = works(new Turns({ ...limits, runningMax: 1, waitingMax: 1 }));
    const leaving = new AbortController();
    const first = take('a1', asker('a'));
    const left = codeOf(take('b1', asker('b', leaving.signal)));
    leaving.abort();
    expect(await left).toBe('client_left');
    const stays = take('c1', asker('c'));
    expect(await codeOf(take('b2', asker('b', leaving.signal)))).toBe('client_left');
    end('a1');
    await first;
    await nextTurn();
    end('c1');
    expect(await stays).toBe('c1');
    expect(begun).toEqual(['a1', 'c1']);
  });

  it('continue after a task that failed', async () => {
    const turns = new Turns({ ...limits, runningMax: 1 });
    const failing = turns.take(asker('a'), async () => {
      throw new Error('no');
    });
    const next = turns.take(asker('a'), async () => 'next');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
  });
});
