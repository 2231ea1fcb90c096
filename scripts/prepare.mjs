/**
 * Makes a checkout runnable: installs packages when they are missing or older than the lock file, and builds when a
 * source is newer than what was built. `npm start` and `npm test` call it first, for the service in `dist`; the tools
 * of `load` call it with the argument `load`, and are built with all that they need into `dist-load`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const installed = join(root, 'node_modules', '.package-lock.json');
const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/src`);
const service = ['src', 'projections', ...packages, 'package-lock.json', 'tsconfig.json', 'nest-cli.json'];
const builds = {
  service: { into: 'dist', config: 'tsconfig.build.json', sources: service },
  load: { into: 'dist-load', config: 'tsconfig.load.json', sources: [...service, 'load', 'simulator', 'test/support'] },
};
const [what = 'service'] = process.argv.slice(2);
const build = builds[what];
if (build === undefined) {
  console.error(`There is no build "${what}": name one of ${Object.keys(builds).join(', ')}.`);
  process.exit(2);
}
const built = join(root, build.into, '.built');

function modifiedAt(path) {
  if (!existsSync(path)) return 0;
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(entry.mtimeMs, ...readdirSync(path).map((name) => modifiedAt(join(path, name))));
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(
    `"${[command, ...args].join(' ')}" failed${error ? `: ${error.message}` : ''}. Mend what it says above, then run the command again.`,
  );
  process.exit(status || 1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: the subscription ledger needs Node 20.19 or newer.`);
  process.exit(1);
}
if (modifiedAt(installed) < modifiedAt(join(root, 'package-lock.json'))) {
  console.log('Installing packages (once, about a minute) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (modifiedAt(built) < Math.max(...[...build.sources, build.config].map((source) => modifiedAt(join(root, source))))) {
  console.log('Building …');
  rmSync(join(root, build.into), { recursive: true, force: true });
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  run(process.execPath, [nest, 'build', '--path', build.config]);
  writeFileSync(built, '');
}
