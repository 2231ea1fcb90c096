/**
 * `npm run simulate -- --seeds N [--from S]`: simulates the engine with N seeds, starting at S. `--seed S` replays one
 * and prints every step.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (/^[1-9]\d{0,8}$/.test(value)) continue;
  console.error(`--${name} must be a whole number from 1 to 999999999, not "${value}".`);
  process.exit(2);
}
const { SEED: _, ...env } = process.env;
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const { status } = spawnSync(npm, ['test', '--', 'test/simulation/simulation.spec.ts'], {
  cwd: root,
  env: { ...env, SEEDS: values.seeds, FROM: values.from, ...(values.seed === undefined ? {} : { SEED: values.seed }) },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);
