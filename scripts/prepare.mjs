/**
 * Makes a checkout runnable: installs packages when some of the lock file are missing, and builds when a source is
 * newer than the build. `npm start` and `npm test` run it first, for the service in `dist`. The tools of `load` pass
 * `load`, for `dist-load`; `npm run check` passes `packages`, which builds nothing.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/src`);
const service = [
  'src',
  'projections',
  'derivations',
  ...packages,
  'package-lock.json',
  'tsconfig.json',
  'nest-cli.json',
];
const builds = {
  service: { into: 'dist', config: 'tsconfig.build.json', sources: service },
  load: {
    into: 'dist-load',
    config: 'tsconfig.load.json',
    sources: [...service, 'load', 'openapi', 'simulator', 'test/support'],
  },
};
const [what = 'service'] = process.argv.slice(2);
const build = builds[what];
if (build === undefined && what !== 'packages') {
  console.error(`Unknown build "${what}". Builds: ${Object.keys(builds).join(', ')}, packages.`);
  process.exit(2);
}

/**
 * Whether every package of the lock file is installed, by the list that npm writes when it ends. Development packages
 * are required, since they build the service; optional packages depend on the platform.
 */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const there = packagesIn(installed);
  return Object.entries(packagesIn(join(root, 'package-lock.json')))
    .filter(([path, { optional }]) => path.startsWith('node_modules/') && optional !== true)
    .every(([path, { version }]) => path in there && there[path].version === version);
}

const commands = () => Object.values(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).bin ?? {});

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
    `"${[command, ...args].join(' ')}" failed${error ? `: ${error.message}` : ''}. Fix the error above, then run the command again.`,
  );
  process.exit(status || 1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: the subscription ledger needs Node 20.19 or newer.`);
  process.exit(1);
}
if (!isInstalled()) {
  console.log('Installing packages (once, about a minute) …');
  // The build needs development packages, which npm omits when NODE_ENV is production.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (build !== undefined) {
  const built = join(root, build.into, '.built');
  const sources = [...build.sources, build.config].map((source) => modifiedAt(join(root, source)));
  if (modifiedAt(built) < Math.max(...sources)) {
    console.log('Building (once, some seconds) …');
    rmSync(join(root, build.into), { recursive: true, force: true });
    // TypeScript 7 is many times faster, with the same output; eslint and the Nest CLI need the API of version 6.
    const tsc = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc');
    run(process.execPath, [tsc, '-p', build.config, '--outDir', build.into]);
    // npx makes the package's commands executable only once, so each build must do it.
    if (build === builds.service) for (const file of commands()) chmodSync(join(root, file), 0o755);
    writeFileSync(built, '');
  }
}
