/**
 * Builds packages/client for publication into `dist-client`: ES modules, CommonJS, and the types of both.
 * `node scripts/build-client.mjs [folder]` uses another folder.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'packages', 'client');
const into = resolve(process.argv[2] ?? join(root, 'dist-client'));
const tsc = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc');
const builds = {
  esm: { type: 'module', compiler: [] },
  cjs: { type: 'commonjs', compiler: ['--module', 'commonjs', '--moduleResolution', 'bundler'] },
};

rmSync(into, { recursive: true, force: true });
for (const [folder, { type, compiler }] of Object.entries(builds)) {
  const outDir = join(into, folder);
  const { status } = spawnSync(process.execPath, [tsc, '-p', source, '--outDir', outDir, ...compiler], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status || 1);
  mkdirSync(outDir, { recursive: true });
  writeFileSync(join(outDir, 'package.json'), `${JSON.stringify({ type })}\n`);
}
for (const file of ['package.json', 'README.md']) copyFileSync(join(source, file), join(into, file));
copyFileSync(join(root, 'LICENSE'), join(into, 'LICENSE'));
