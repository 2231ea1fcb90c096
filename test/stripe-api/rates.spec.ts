import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setImmediate as settled } from 'node:timers/promises';
import { DailyBudget, RunBudget } from '../../src/stripe-api/budget.js';
import { Rates, type Permit, type RateLimits } from '../../src/stripe-api/rates.js';

const DAY_MS = 86_400_000;

/** A virtual clock: timers fire when their time is reached. */
function virtualTime() {
  let now = 0;
  const timers = new Set<{ at: number; call: () => void }>();
  return {
    clock: {
      now: () => now,
      after: (ms: number, call: () => void) => {
        const timer = { at: now + ms, call };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
      random: () => 0.5,
    },
    /** Advances to the next timer; false when there is none. */
    async next(): Promise<boolean> {
      const [timer] = [...timers].sort((a, b) => a.at - b.at);
      if (timer === undefined) return false;
      timers.delete(timer);
      now = Math.max(now, timer.at);
      timer.call();
      await settled();
      return true;
    },
    later: (ms: number, call: () => void) => void timers.add({ at: now + ms, call }),
  };
}

type Asked = Readonly<{ endpoint: string; tookMs: number; limited: string | null }>;

/** Makes all requests at once, and returns when each began and how many were then in flight. */
async function playOut(limits: RateLimits, asked: readonly Asked[]) {
  const time = virtualTime();
  const rates = new Rates(limits, time.clock);
  const begun: { at: number; endpoint: string; inFlight: number }[] = [];
  let inFlight = 0;
  for (const { endpoint, tookMs, limited } of asked)
    void rates.permit(endpoint).then((permit) => {
      inFlight += 1;
      begun.push({ at: time.clock.now(), endpoint, inFlight });
      time.later(tookMs, () => {
        inFlight -= 1;
        permit?.release();
        if (limited !== null) rates.limited(endpoint, limited, null);
      });
    });
  await settled();
  while (await time.next());
  return begun;
}

const ASKED = fc.record({
  endpoint: fc.constantFrom('invoice.list', 'charge.list', 'charge.retrieve'),
  tookMs: fc.integer({ min: 0, max: 3_000 }),
  limited: fc.option(
    fc.constantFrom('global-rate', 'endpoint-rate', 'global-concurrency', 'endpoint-concurrency', 'lock_timeout'),
  ),
});

it('begins never more in a second than it may, nor more at one time, whatever Stripe answers; and begins all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.array(ASKED, { maxLength: 60 }), async (perSecond, asked) => {
      const begun = await playOut({ perSecond, inFlightMax: 5, inFlightPerEndpointMax: 3 }, asked);
      expect(begun).toHaveLength(asked.length);
      expect(Math.max(0, ...begun.map(({ inFlight }) => inFlight))).toBeLessThanOrEqual(5);
      for (const { at } of begun)
        expect(begun.filter((other) => other.at >= at && other.at < at + 1_000).length).toBeLessThanOrEqual(perSecond);
    }),
    { numRuns: 60 },
  );
});

it('asks more slowly after a refusal, of that endpoint alone, and as fast as before in the end', async () => {
  const time = virtualTime();
  const rates = new Rates({ perSecond: 20 }, time.clock);
  const gap = async (endpoint: string): Promise<number> => {
    const starts: number[] = [];
    for (let asked = 0; asked < 2; asked += 1) {
      const permit = rates.permit(endpoint).then((given) => {
        starts.push(time.clock.now());
        given?.release();
      });
      while (starts.length === asked && (await time.next()));
      await permit;
    }
    return Number(starts[1]) - Number(starts[0]);
  };
  expect(await gap('invoice.list')).toBe(100);
  rates.limited('invoice.list', 'endpoint-rate', null);
  expect(await gap('charge.list')).toBe(100);
  expect(await gap('invoice.list')).toBe(200);
  time.later(300_000, () => undefined);
  while (await time.next());
  expect(await gap('invoice.list')).toBe(100);
});

it('waits as long as Stripe asks for', async () => {
  const time = virtualTime();
  const rates = new Rates({ perSecond: 20 }, time.clock);
  rates.limited('invoice.list', 'endpoint-rate', 45_000);
  let at = -1;
  void rates.permit('invoice.list').then(() => (at = time.clock.now()));
  while (await time.next());
  expect(at).toBe(45_000);
});

it('gives nothing to waiting requests when it is stopped', async () => {
  const rates = new Rates({ perSecond: 1, inFlightMax: 1 });
  const stop = new AbortController();
  const first = (await rates.permit('invoice.list', stop.signal)) as Permit;
  const second = rates.permit('invoice.list', stop.signal);
  stop.abort();
  expect(await second).toBeNull();
  expect(await rates.permit('invoice.list', stop.signal)).toBeNull();
  first.release();
});

it('lets no 24 hours have more requests than a day may, also after a restart', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }),
      fc.array(fc.integer({ min: 0, max: DAY_MS / 3 }), { maxLength: 80 }),
      (perDay, pauses) => {
        let now = 5 * DAY_MS;
        const taken: number[] = [];
        let budget = new DailyBudget(
          () => perDay,
          [],
          () => now,
        );
        for (const pause of pauses) {
          now += pause;
          if (pause % 5 === 0)
            budget = new DailyBudget(
              () => perDay,
              taken.map((at) => ({ at, requests: 1 })),
              () => now,
            );
          if (budget.take().kind === 'taken') taken.push(now);
          expect(taken.filter((at) => at > now - DAY_MS).length).toBeLessThanOrEqual(perDay);
          expect(budget.left()).toBeGreaterThanOrEqual(0);
        }
        // Requests older than a day and a minute are available again.
        now += DAY_MS + 60_000;
        expect(budget.left()).toBe(perDay);
      },
    ),
  );
});

it('reports when there is a request again, and never does for a budget that is spent for good', () => {
  let now = 10 * DAY_MS;
  const budget = new DailyBudget(
    () => 1,
    [],
    () => now,
  );
  expect(budget.take()).toEqual({ kind: 'taken' });
  expect(budget.take()).toEqual({ kind: 'spent', until: 11 * DAY_MS + 60_000 });
  now = 11 * DAY_MS + 60_000;
  expect(budget.take()).toEqual({ kind: 'taken' });
  const run = new RunBudget(1);
  expect([run.take(), run.take(), run.left()]).toEqual([{ kind: 'taken' }, { kind: 'spent', until: null }, 0]);
});
