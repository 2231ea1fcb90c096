/**
 * `npm run simulate -- --seeds 1000000 [--from 1]`: simulates the engine with many seeds and reports the failing ones;
 * traces the run for a single seed.
 */
import { parseArgs } from 'node:util';
import { Simulation } from './simulation.js';
import { Tally } from './tally.js';

const FAILURES_MAX = 20;
const TOLD_EVERY = 10_000;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '10000' }, from: { type: 'string', default: '1' } },
});
const [from, seeds] = [Number(values.from), Number(values.seeds)];
const tally = new Tally();
let failures = 0;
for (let seed = from; seed < from + seeds && failures < FAILURES_MAX; seed += 1) {
  try {
    tally.add(await new Simulation(seed, seeds === 1 ? { trace: console.log } : {}).run());
  } catch (error) {
    failures += 1;
    console.error(`SEED=${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  if ((seed - from + 1) % TOLD_EVERY === 0) console.log(`${seed - from + 1} seeds, ${failures} failures`);
}
console.log(String(tally));
process.exitCode = failures === 0 ? 0 : 1;
