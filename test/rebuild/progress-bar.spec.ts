import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AppliedBatch } from '../../src/catch-up/follower.js';
import { ProgressBar } from '../../src/cli/progress-bar.js';

const END = 10_000_000n;
let printed: string[];
let bar: ProgressBar;
beforeEach(() => {
  jest.useFakeTimers();
  printed = [];
  bar = new ProgressBar('invoices', {
    isTTY: true,
    write: (text: string) => printed.push(text),
  } as unknown as NodeJS.WriteStream);
});
afterEach(() => {
  jest.useRealTimers();
});

/** A batch that ends this many seconds after the previous one. */
function advance(seconds: number, { events, position }: Pick<AppliedBatch, 'events' | 'position'>): string {
  jest.advanceTimersByTime(seconds * 1000);
  bar.advance({ events, position } as AppliedBatch, END);
  return printed.at(-1) ?? '';
}

describe('the progress of a rebuild', () => {
  it('shows the rate from its start on, also with the first batch', () => {
    expect(advance(2, { events: 4_000, position: 1_000_000n })).toContain(
      ' 10.0 %  4,000 events  2,000/s  9.0 MB behind',
    );
  });

  it('shows the remaining time by the share of the log that is done, and the rate of the last seconds', () => {
    advance(2, { events: 4_000, position: 1_000_000n });
    expect(advance(1, { events: 4_000, position: 4_000_000n })).toContain(
      ' 40.0 %  8,000 events  2,667/s  2 s left  6.0 MB behind',
    );
    for (let at = 0; at < 10; at += 1) advance(1, { events: 500, position: 4_000_000n + BigInt(at) });
    expect(printed.at(-1)).toContain(' 13,000 events  500/s ');
  });

  it('ends with how much it was, and how long it took', () => {
    advance(2, { events: 4_000, position: END });
    bar.end();
    expect(printed.at(-1)).toContain('invoices: 4,000 events in 2.0 s, 2,000/s');
  });
});
