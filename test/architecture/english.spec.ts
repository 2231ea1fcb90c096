import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Turns of translated English; a plain sentence says who does what. */
const BANNED =
  /\bhears? of\b|\b(?:is|are|was|were) (?:not )?told\b(?! to)|\bwhoever\b|\bsomebody\b|\bfor who\b|\bgoes on\b|\btakes in\b|\bso (?:many|often|seldom) (?!that\b)/iu;

const filesIn = (folder: string, name: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file) && !file.includes('node_modules'))
    .map((file) => join(folder, file));
const isComment = (line: string): boolean => /^\s*(?:\/\/|\/\*\*|\*(?!\/))/.test(line);
const isProse = (line: string): boolean => !line.startsWith('    ');

const bannedIn = (files: readonly string[], isChecked: (line: string) => boolean): string[] =>
  files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (isChecked(line) && BANNED.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );

it('comments are plain English', () => {
  const folders = ['src', 'projections', 'derivations', 'packages', 'simulator', 'load', 'openapi', 'test'];
  const sources = folders.flatMap((folder) => filesIn(folder, /\.tsx?$/)).filter((file) => !/openapi\.ts$/.test(file));
  expect(sources.length).toBeGreaterThan(500);
  expect(bannedIn(sources, isComment)).toEqual([]);
});

it('documents are plain English', () => {
  const inFolders = ['docs', 'packages', 'simulator', 'load', 'test'].flatMap((folder) => filesIn(folder, /\.md$/));
  const atTop = readdirSync(root).filter((file) => file.endsWith('.md'));
  expect(bannedIn([...atTop, ...inFolders], isProse)).toEqual([]);
});
