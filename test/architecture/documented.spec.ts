import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const filesIn = (folder: string, extension: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => join(folder, file));

const docs = [...filesIn('docs', '.md'), 'README.md'].map(textOf).join('\n');
/** What the sources give a name to, by a pattern with one group. */
const namedIn = (folders: readonly string[], pattern: RegExp): string[] =>
  [
    ...new Set(
      folders
        .flatMap((folder) => filesIn(folder, '.ts'))
        .flatMap((file) => [...textOf(file).matchAll(pattern)].map(([, name]) => String(name))),
    ),
  ].sort();

it('every metric is documented', () => {
  const metrics = namedIn(['src'], /name: '(ledger_[a-z_]+)'/g);
  expect(metrics.length).toBeGreaterThan(20);
  expect(metrics.filter((name) => !docs.includes(name))).toEqual([]);
});

it('every code of a problem is documented', () => {
  const codes = namedIn(['src/api', 'src/http', 'src/webhook'], /code: '([a-z_]+)'/g);
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !docs.includes(`\`${code}\``))).toEqual([]);
});
