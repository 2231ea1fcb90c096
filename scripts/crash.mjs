/** `npm run crash -- --rounds N`: runs the crash tests; each test that kills a process does so N times. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: process.env.CRASH_ROUNDS ?? '200' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100_000) {
  console.error(`--rounds must be a whole number from 1 to 100000, not "${values.rounds}".`);
  process.exit(2);
}
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const { status } = spawnSync(npm, ['test', '--', ...(positionals.length > 0 ? positionals : ['test/crash'])], {
  cwd: root,
  env: { ...process.env, CRASH_ROUNDS: String(rounds) },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
process.exit(status ?? 1);
