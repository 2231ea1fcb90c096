/** The commands of package.json work on a fresh checkout: their programs are built first, from sources that exist. */
import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
type Package = Readonly<{ bin: Readonly<Record<string, string>>; scripts: Readonly<Record<string, string>> }>;
const { bin, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package;

/** `sample` runs next to a built service, whose files a build would remove. */
const BESIDE_THE_SERVICE = ['sample'];
const programs = Object.entries(scripts).flatMap(([name, command]) => {
  const [, folder, file] = /^node (dist|dist-load)\/(\S+)\.js$/.exec(command) ?? [];
  return folder === undefined || file === undefined ? [] : [{ name, folder, file }];
});

describe('the commands of package.json', () => {
  it('build what they run, the tools of load apart from the service', () => {
    const needed = programs.filter(({ name }) => !BESIDE_THE_SERVICE.includes(name));
    expect(needed.length).toBeGreaterThan(8);
    expect(needed.map(({ name }) => [name, scripts[`pre${name}`]])).toEqual(
      needed.map(({ name, folder }) => [name, `node scripts/prepare.mjs${folder === 'dist' ? '' : ' load'}`]),
    );
  });

  it('run programs that have a source', () => {
    const files = [
      ...programs.map(({ file }) => file),
      ...Object.values(bin).map((path) => path.replace(/^dist\/|\.js$/g, '')),
    ];
    expect(files.filter((file) => !existsSync(join(ROOT, `${file}.ts`)))).toEqual([]);
  });

  it('run scripts that are there', () => {
    const files = Object.values(scripts).flatMap((command) => [...command.matchAll(/\S+\.mjs/g)].map(([file]) => file));
    expect(files.length).toBeGreaterThan(4);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
