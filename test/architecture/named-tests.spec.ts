import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The tests that a document names in backquotes, e.g. `test/race/deliveries` or `packages/a-server/test/stop`. */
const testsNamedIn = (document: string): string[] =>
  [...readFileSync(join(ROOT, document), 'utf8').matchAll(/`((?:packages\/[\w-]+\/)?test\/[\w/-]+)`/g)].flatMap(
    ([, path]) => path ?? [],
  );

const DOCUMENTS = [
  'README.md',
  'SECURITY.md',
  'ARCHITECTURE.md',
  'docs/promises.md',
  'docs/intake.md',
  'packages/client/README.md',
  'packages/embedded-eventstore/README.md',
  'packages/embedded-postgres/README.md',
  'packages/private-files/README.md',
  'simulator/README.md',
  'test/reconcile/scenarios.md',
];

it.each(DOCUMENTS)('%s names tests that exist', (document) => {
  const named = testsNamedIn(document);
  expect(named).not.toEqual([]);
  const exists = (path: string): boolean =>
    [path, `${path}.spec.ts`, `${path}.ts`].some((file) => existsSync(join(ROOT, file)));
  expect(named.filter((path) => !exists(path))).toEqual([]);
});

it('the scenarios of Stripe’s side name tests that are in their files', () => {
  const document = readFileSync(join(ROOT, 'test/reconcile/scenarios.md'), 'utf8');
  const named = [...document.matchAll(/`(test\/[\w/-]+)` ([^|`;]{5,})/g)].map(([, file = '', title = '']) => ({
    text: readFileSync(join(ROOT, `${file}.spec.ts`), 'utf8'),
    title: title.trim(),
  }));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ text, title }) => !text.includes(title)).map(({ title }) => title)).toEqual([]);
});
