import { describe, expect, it } from '@jest/globals';
import { CALL_FAULTS } from './plan.js';
import { Simulation } from './simulation.js';
import { Tally } from './tally.js';

/** `SEED=123 npm test -- test/simulation/simulation` replays and traces one run; `SEEDS` and `FROM` select others. */
const { SEED, SEEDS = '10000', FROM = '1' } = process.env;
const [seeds, from] = [Number(SEEDS), Number(FROM)];
/** Each failure fills a screen, so only the first ones are printed. */
const FAILURES_MAX = 5;
const MS_PER_SEED = 200;

/** What a run over all seeds must cover to be meaningful. */
const SEEN = [
  ...CALL_FAULTS,
  'outages',
  'crashes',
  'takeovers',
  'lost',
  'builds',
  'batches',
  'repeats',
  'ambiguous',
  'refolds',
  'whole',
  'deferred',
  'worked off',
  'parked',
  'parked at the end',
  'passed over',
  'claims won',
  'claims lost',
  'gone',
  'delete',
  'tombstone',
  'truncate',
  'scavenge',
  'damage',
  'break',
  'replay',
  'expire',
];

describe('the engine', () => {
  if (SEED !== undefined) {
    it(`matches the log with seed ${SEED}`, async () => {
      const names: string[] = [];
      await new Simulation(Number(SEED), { trace: (text) => names.push(text) })
        .run()
        .finally(() => process.stdout.write(`${names.join('\n')}\n`));
    });
    return;
  }

  it(
    `matches the log, whatever happens on the way, with the seeds ${from} to ${from + seeds - 1}`,
    async () => {
      const tally = new Tally();
      const failures: string[] = [];
      for (let seed = from; seed < from + seeds && failures.length < FAILURES_MAX; seed += 1) {
        const simulation = new Simulation(seed);
        await simulation
          .run()
          .catch((error: unknown) =>
            failures.push(
              `SEED=${seed} npm test -- test/simulation/simulation: ${error instanceof Error ? error.stack : String(error)}`,
            ),
          );
        tally.add(simulation.tally);
      }
      process.stdout.write(`Simulated: ${String(tally)}\n`);
      expect(failures).toEqual([]);
      expect(SEEN.filter((name) => tally.of(name) === 0)).toEqual([]);
    },
    seeds * MS_PER_SEED + 60_000,
  );
});
