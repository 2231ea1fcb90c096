import { parseArgs } from 'node:util';
import { violationsOf } from '../test/support/laws.js';
import { bankViolationsOf } from '../test/support/bank-laws.js';
import { moneyViolationsOf } from '../test/support/money-laws.js';
import { Findings } from './findings.js';
import { Progress } from './progress.js';

/**
 * `npm run laws`: checks the laws that CI checks on two thousand simulated lives, on as many lives as there is time
 * for.
 */

const HELP = `Plays simulated lives, delivers their events repeatedly and out of order, and checks that the result
is what happened. Needs no server.

  npm run laws -- [options]

  --runs <n>      lives to play, each with its own seed     (10000)
  --minutes <n>   stop after                                (10)
  --seed <n>      seed of the first life; each further life adds 1  (1)
  --money         check the laws of the books instead of the rows, by every policy and against a bank
  --help          print this text

Prints the seed to continue with. Exit codes: 0 no law is broken; 1 a law is broken, printed with its seeds.
`;

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

type Settings = Readonly<{ runs: number; minutes: number; seed: number; isMoney: boolean }>;

function settings(): Settings | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      runs: { ...text, default: '10000' },
      minutes: { ...text, default: '10' },
      seed: { ...text, default: '1' },
      money: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  return {
    runs: whole('runs', values.runs, 100_000_000),
    minutes: whole('minutes', values.minutes, 24 * 60),
    seed: whole('seed', values.seed, Number.MAX_SAFE_INTEGER / 2),
    isMoney: values.money,
  };
}

function whole(name: string, text: string, max: number): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Error(`--${name} must be a whole number from 0 to ${max}, not "${text}".`);
}

function check({ runs, minutes, seed, isMoney }: Settings): boolean {
  const broken = isMoney ? (one: number) => [...moneyViolationsOf(one), ...bankViolationsOf(one)] : violationsOf;
  const progress = new Progress(process.stdout);
  const findings = new Findings();
  const startedMs = performance.now();
  let next = seed;
  while (next < seed + runs && performance.now() - startedMs < minutes * 60_000) {
    for (const { law, detail } of broken(next)) findings.add(law, `seed ${next}: ${detail}`);
    next += 1;
    progress.show(
      () =>
        `${number.format(next - seed)} of ${number.format(runs)} lives, ${number.format(((next - seed) / (performance.now() - startedMs)) * 1000)}/s, ${findings.count} violations`,
    );
  }
  progress.end();
  findings.lines().forEach((line) => console.log(line));
  console.log(
    `${number.format(next - seed)} lives from seed ${seed}: ${findings.count === 0 ? 'no law is broken.' : `${findings.count} violations.`}`,
  );
  if (next < seed + runs)
    console.log(
      `Time limit reached; continue with: npm run laws -- ${isMoney ? '--money ' : ''}--seed ${next} --runs ${seed + runs - next}`,
    );
  return findings.count === 0;
}

try {
  const options = settings();
  if (options === undefined) console.log(HELP);
  else process.exitCode = check(options) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
