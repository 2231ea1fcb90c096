import { setTimeout as pause } from 'node:timers/promises';

/** Polls until `check` returns a value; fails after `withinMs`, naming what was awaited. */
export async function until<T>(
  what: string,
  check: () => Promise<T | null | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}.`);
    await pause(20);
  }
}
