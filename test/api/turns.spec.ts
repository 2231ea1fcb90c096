import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../src/as-of/turns.js';

/** A work that ends when it is told to. */
function work() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => { end = resolve; });
  return { end, run: () => ended.then(() => 'done' as const) };
}

describe('turns', () => {
  it('let a number of works run, some wait, and refuse the rest', async () => {
    const turns = new Turns({ runningMax: 1, waitingMax: 1 });
    const [first, second] = [work(), work()];
    let begun = 0;
    const taken = [first, second].map(({ run }) => turns.take(() => { begun += 1; return run(); }));
    expect(await turns.take(work().run)).toEqual({ kind: 'busy' });
    expect(begun).toBe(1);
    first.end();
    expect(await taken[0]).toBe('done');
    second.end();
    expect(await taken[1]).toBe('done');
    expect(begun).toBe(2);
    expect(await turns.take(async () => 'again')).toBe('again');
  });

  it('go on after a work that failed', async () => {
    const turns = new Turns({ runningMax: 1, waitingMax: 1 });
    const failing = turns.take(async () => { throw new Error('no'); });
    const next = turns.take(async () => 'next');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
  });
});
