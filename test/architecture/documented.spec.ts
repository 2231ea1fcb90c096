import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { time } from '../../src/api/query.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { VARIABLES } from '../../src/config/config.js';
import { PROBLEMS, problemsDocument } from '../../src/http/problems.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const filesIn = (folder: string, extension: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => join(folder, file));

const docs = [...filesIn('docs', '.md'), 'README.md', 'ARCHITECTURE.md'].map(textOf).join('\n');
/** Names in the sources, by a pattern with one group. */
const namedIn = (folders: readonly string[], pattern: RegExp): string[] =>
  [
    ...new Set(
      folders
        .flatMap((folder) => filesIn(folder, '.ts'))
        .flatMap((file) => [...textOf(file).matchAll(pattern)].map(([, name]) => String(name))),
    ),
  ].sort();

/** The codes of the concerns in `/v1/status`, which include the causes of failing appends. */
const CONCERNS = [
  ...namedIn(['src/api/operations'], /(?:failing|attention)\(\s*'([a-z_]+)'/g),
  ...(/type Trouble = .*kind: ([^;]+);/.exec(textOf('src/eventstore/appender.ts'))?.[1] ?? '')
    .replaceAll("'", '')
    .split(' | '),
];

it('docs/metrics.md names every metric, and documents name no other', () => {
  const documented = [...textOf('docs/metrics.md').matchAll(/^\| `(ledger_[a-z_]+)` \|/gm)].map(([, name]) => name);
  const metrics = namedIn(['src'], /name: '(ledger_[a-z_]+)'/g);
  expect(metrics.length).toBeGreaterThan(20);
  expect(documented.sort()).toEqual(metrics);
  const mentioned = [...docs.matchAll(/\b(ledger_[a-z_]+)\b/g)].map(([, name = '']) => name);
  expect(mentioned.filter((name) => !metrics.includes(name))).toEqual([]);
});

it('times in examples of queries are times that the API takes', () => {
  const times = [...docs.matchAll(/\b(?:trueAt|knownAt|since|until)=(\d[^&`"\s]*)/g)].map(([, given]) => given);
  expect(times.length).toBeGreaterThan(0);
  expect(times.filter((given) => !time.safeParse(given).success)).toEqual([]);
});

it('docs/configuration.md names every variable, and no other', () => {
  const rows = [...textOf('docs/configuration.md').matchAll(/^\| (`[A-Z_`, ]+`) \| (.*?) \|/gm)];
  const documented = rows.flatMap(([, names = '']) => [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
  expect(documented.sort()).toEqual([...VARIABLES].sort());
});

it('every code of a problem is used, and no other', () => {
  const used = namedIn(['src/api', 'src/http', 'src/webhook'], /(?:code: |ProblemError\(\s*)['`]([a-z_]+)/g);
  const [signatures, others] = [
    used.filter((code) => code === 'signature_'),
    used.filter((code) => code !== 'signature_'),
  ];
  const conditional = ['address_too_long', 'bad_address', 'headers_too_large'];
  const registered = Object.keys(PROBLEMS).filter((code) => !code.startsWith('signature_'));
  expect(signatures).toHaveLength(1);
  expect([...new Set([...others, ...conditional])].sort()).toEqual(registered.sort());
});

it('docs/problems.md matches the registry', () => {
  if (textOf('docs/problems.md') !== problemsDocument())
    throw new Error(
      'docs/problems.md is not what src/http/problems.ts says. Run "npm run openapi", and commit what it writes.',
    );
});

it('the README fits a first look', () => {
  const lines = textOf('README.md').split('\n');
  expect(lines.length).toBeLessThan(150);
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});

it('comments cite headings of ARCHITECTURE.md that are there', () => {
  const headings = [...textOf('ARCHITECTURE.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  const cited = namedIn(['src', 'projections', 'packages'], /ARCHITECTURE\.md, ([A-Z]\w+)/g);
  expect(cited.length).toBeGreaterThan(2);
  expect(cited.filter((heading) => !headings.includes(heading))).toEqual([]);
});

describe('docs/runbook.md', () => {
  const runbook = textOf('docs/runbook.md');
  const quoted = [...runbook.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text.replaceAll('\n', ' '));

  it('names commands and options that exist', async () => {
    const commands = quoted.flatMap((text) => /^subscription-ledger ([a-z]+)(.*)$/.exec(text)?.slice(1, 3) ?? []);
    expect(commands.length).toBeGreaterThan(10);
    const known = COMMANDS.map(({ name }) => name);
    for (const text of quoted) {
      const [, name, rest = ''] = /^subscription-ledger ([a-z]+)(.*)$/.exec(text) ?? [];
      if (name === undefined) continue;
      expect(known).toContain(name);
      const entry = COMMANDS.find((one) => one.name === name);
      if (entry?.kind === 'program' || entry?.kind === 'plain_program') continue;
      const { options } = (await entry?.load()) ?? { options: {} };
      const given = [...rest.matchAll(/--([a-z-]+)/g)].map(([, option]) => option);
      expect({ name, missing: given.filter((option) => !Object.hasOwn(options, String(option))) }).toEqual({
        name,
        missing: [],
      });
    }
  });

  it('names variables, paths and concerns that exist, and every concern of the status', () => {
    const variables = quoted.flatMap((text) => /^([A-Z]+_[A-Z_]+)/.exec(text)?.[1] ?? []);
    expect(variables.filter((name) => !VARIABLES.includes(name))).toEqual([]);
    const { paths } = JSON.parse(textOf('docs/openapi.json')) as { paths: Record<string, unknown> };
    const asked = quoted.flatMap((text) => /^GET (\/\S+)/.exec(text)?.[1] ?? []);
    expect(asked.filter((path) => !Object.hasOwn(paths, path))).toEqual([]);
    expect(CONCERNS.length).toBeGreaterThan(12);
    expect(CONCERNS.filter((code) => !quoted.includes(code))).toEqual([]);
  });

  it('has what to do about every concern, as the console has', () => {
    const remedies = [...textOf('src/console/pages/health.tsx').matchAll(/^ {2}([a-z_]+): \[/gm)].map(
      ([, code]) => code,
    );
    expect(CONCERNS.filter((code) => !remedies.includes(code))).toEqual([]);
    expect(remedies.filter((code) => !CONCERNS.includes(String(code)))).toEqual([]);
  });
});

it('links between documents lead to files that are there', () => {
  const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', ...filesIn('docs', '.md')];
  const links = documents.flatMap((document) =>
    [...textOf(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => ({ document, target })),
  );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ document, target }) => !existsSync(join(ROOT, dirname(document), target)))).toEqual([]);
});
