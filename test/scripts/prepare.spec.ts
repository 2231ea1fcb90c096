/** `scripts/prepare.mjs` on small checkouts, with an `npm` that needs no network. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../support/scratch.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/prepare.mjs', import.meta.url));

/** Replaces the compiler: records in the build what was installed. */
const TSC = `
import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('dist', { recursive: true });
writeFileSync('dist/built-by', 'tsc');
`;

let scratch: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  scratch = await scratchFolder();
});
afterAll(() => scratch.remove());

/** A checkout whose only package is a development dependency that builds it. */
function checkout(name: string): string {
  const root = join(scratch.path, name);
  for (const folder of ['scripts', 'packages', 'src', 'tools/tsc/bin'])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync(SCRIPT, join(root, 'scripts/prepare.mjs'));
  const json = (file: string, content: object) => writeFileSync(join(root, file), JSON.stringify(content));
  json('tools/tsc/package.json', { name: 'typescript-native', version: '1.0.0', type: 'module' });
  writeFileSync(join(root, 'tools/tsc/bin/tsc'), TSC);
  json('package.json', {
    name: 'a-checkout',
    version: '1.0.0',
    bin: { command: 'dist/built-by' },
    devDependencies: { 'typescript-native': 'file:tools/tsc' },
  });
  json('package-lock.json', {
    name: 'a-checkout',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'a-checkout', version: '1.0.0', devDependencies: { 'typescript-native': 'file:tools/tsc' } },
      'node_modules/typescript-native': { resolved: 'tools/tsc', link: true },
      'tools/tsc': { name: 'typescript-native', version: '1.0.0', dev: true },
    },
  });
  return root;
}

function run(root: string, command: readonly [string, ...string[]], environment: Record<string, string> = {}) {
  const [program, ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: scratch.path, ...environment },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}
const prepare = (root: string, environment?: Record<string, string>) =>
  run(root, [process.execPath, 'scripts/prepare.mjs'], environment);

describe('preparing a checkout', () => {
  it('installs what builds the service, also where NODE_ENV is production', () => {
    const root = checkout('production');
    expect(prepare(root, { NODE_ENV: 'production' })).toMatchObject({ status: 0 });
    expect(readFileSync(join(root, 'dist/built-by'), 'utf8')).toBe('tsc');
    // npx makes a command executable on its first run only, not after another build.
    expect(statSync(join(root, 'dist/built-by')).mode & 0o111).toBe(0o111);
    expect(prepare(root)).toEqual({ status: 0, output: '' });
  });

  it('completes an install that has left out development packages', () => {
    const root = checkout('without-development');
    expect(run(root, ['npm', 'ci', '--omit=dev', '--no-audit', '--no-fund'])).toMatchObject({ status: 0 });
    expect(existsSync(join(root, 'node_modules/typescript-native'))).toBe(false);
    expect(prepare(root)).toMatchObject({ status: 0, output: expect.stringContaining('Installing') });
    expect(existsSync(join(root, 'dist/built-by'))).toBe(true);
  });

  it('installs again after an install that was cut short', () => {
    const root = checkout('cut-short');
    expect(prepare(root)).toMatchObject({ status: 0 });
    rmSync(join(root, 'node_modules/.package-lock.json'));
    expect(prepare(root)).toMatchObject({ status: 0, output: expect.stringContaining('Installing') });
  });
});
