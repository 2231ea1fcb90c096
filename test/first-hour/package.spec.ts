/** What `npm pack` makes: a package whose programs start in an empty folder, with what it depends on and nothing else. */
import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
type Manifest = Readonly<{
  bin: Readonly<Record<string, string>>;
  dependencies: Readonly<Record<string, string>>;
  optionalDependencies: Readonly<Record<string, string>>;
}>;
const { bin, dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Manifest;

/** The packages that a program imports, through all of our own modules, at once or when it needs them. */
function packagesOf(entry: string): Set<string> {
  const [packages, seen, open] = [new Set<string>(), new Set<string>(), [entry]];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const source = readFileSync(join(ROOT, file), 'utf8').replace(/^import type [^;]*;$/gm, '');
    for (const [, name = ''] of source.matchAll(/(?:from |^import |import\()'([^']+)'/gm)) {
      if (name.startsWith('.')) {
        const imported = join(dirname(file), name.replace(/\.js$/, '.ts'));
        if (existsSync(join(ROOT, imported))) open.push(imported);
      } else if (!isBuiltin(name)) packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return packages;
}

describe('the package', () => {
  it('has the programs and the storm, the files for browsers, and no tests, other sources or maps', () => {
    const command = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const packed = execFileSync('npm', command, { cwd: ROOT, encoding: 'utf8' });
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([...Object.values(bin), 'dist/src/main.js', 'LICENSE', 'NOTICE']));
    expect(
      paths.filter(
        (path) => !/^(dist|dist-load|docs|src\/console\/browser)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path),
      ),
    ).toEqual([]);
    expect(paths.filter((path) => /fixtures|\.map$|\.spec\.|\.ts$/.test(path))).toEqual([]);
  });

  it.each(['src/main.ts', 'src/cli/main.ts', 'src/sample.ts', 'load/storm.ts'])(
    'depends on what %s imports',
    (entry) => {
      const packages = packagesOf(entry);
      expect(packages.size).toBeGreaterThan(0);
      const known = { ...dependencies, ...optionalDependencies };
      expect([...packages].filter((name) => !(name in known))).toEqual([]);
    },
  );
});
