/** The result of `npm pack`: a package whose programs start in an empty folder, with exactly its dependencies. */
import { describe, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startLedger } from '../../src/index.js';
import type * as Published from '../../types/index.js';
import { READ_TOKEN, SECRET } from '../support/delivery.js';
import { testDatabase, testEventStore } from '../support/servers.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
type Manifest = Readonly<{
  bin: Readonly<Record<string, string>>;
  dependencies: Readonly<Record<string, string>>;
  optionalDependencies: Readonly<Record<string, string>>;
}>;
const { bin, dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as Manifest;

/** The packages that a program imports, statically or dynamically, through all of the project's modules. */
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

/** The published types and those of the code are assignable to each other. */
const published: typeof Published.startLedger = startLedger;
const coded: typeof startLedger = published as typeof Published.startLedger;

const USER = `
import { startLedger, type Ledger } from 'subscription-ledger';

const ledger: Ledger = await startLedger({ ...process.env, PORT: '0', LOG_LEVEL: 'error' });
const response = await fetch(\`\${ledger.url}/health/live\`);
console.log(response.status);
await ledger.stop();
const wrong = await startLedger({ PORT: 'three' }).catch((error: Error) => error.message);
console.log(wrong);
`;

describe('the package', () => {
  it('has the programs and the storm, the files for browsers, and no tests, other sources or maps', () => {
    const command = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const packed = execFileSync('npm', command, { cwd: ROOT, encoding: 'utf8' });
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([...Object.values(bin), 'dist/src/main.js', 'LICENSE', 'NOTICE', 'types/index.d.ts']),
    );
    expect(
      paths.filter(
        (path) => !/^(dist|dist-load|docs|types|src\/console\/browser)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path),
      ),
    ).toEqual([]);
    expect(paths.filter((path) => /fixtures|\.map$|\.spec\.|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  it('is a ledger inside another program, with types', async () => {
    expect(coded).toBe(startLedger);
    const [store, database] = [await testEventStore(), await testDatabase()];
    // Below the checkout, so that dependencies are found in its node_modules.
    const folder = mkdtempSync(join(ROOT, 'node_modules', '.packed-'));
    try {
      const own = join(folder, 'node_modules', 'subscription-ledger');
      mkdirSync(own, { recursive: true });
      execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: ROOT });
      const [packed = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
      execFileSync('tar', ['-xzf', join(folder, packed), '-C', own, '--strip-components=1']);
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      writeFileSync(join(folder, 'user.ts'), USER);
      const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, types: ['node'] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
      const tsc = join(ROOT, 'node_modules', 'typescript-native', 'bin', 'tsc');
      execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' });
      const { stdout } = await promisify(execFile)(process.execPath, ['user.js'], {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          EVENTSTORE_URL: store.url,
          DATABASE_URL: database.url,
          STRIPE_WEBHOOK_SECRETS: `tests=${SECRET}`,
          API_TOKENS: `read=${READ_TOKEN}`,
        },
      });
      expect(stdout.split('\n')).toEqual(['200', expect.stringContaining('PORT'), '']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await Promise.all([store.stop(), database.stop()]);
    }
  }, 120_000);

  it.each(['src/main.ts', 'src/index.ts', 'src/cli/main.ts', 'src/sample.ts', 'load/storm.ts'])(
    'depends on what %s imports',
    (entry) => {
      const packages = packagesOf(entry);
      expect(packages.size).toBeGreaterThan(0);
      const known = { ...dependencies, ...optionalDependencies };
      expect([...packages].filter((name) => !(name in known))).toEqual([]);
    },
  );
});
