import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './servers.js';

/** The programs of a build. */
export type Build = Readonly<{ service: string; command: string; readonly remove: () => Promise<void> }>;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const programsIn = (root: string) => ({
  service: join(root, 'dist/src/main.js'),
  command: join(root, 'dist/src/cli/main.js'),
});

/** The build under test. */
export const thisBuild: Build = { ...programsIn(ROOT), remove: async () => undefined };

/** Another build, whose projection of subscriptions is an expression over the `original`. */
export async function anotherBuild(expression: string): Promise<Build> {
  const directory = await temporaryDirectory();
  // The console's files are served from their source folder.
  for (const folder of ['dist', 'src/console/browser'])
    await cp(join(ROOT, folder), join(directory.path, folder), {
      recursive: true,
      filter: (source) => !source.endsWith('.map'),
    });
  await symlink(join(ROOT, 'node_modules'), join(directory.path, 'node_modules'));
  await writeFile(join(directory.path, 'package.json'), '{ "type": "module" }');
  const path = join(directory.path, 'dist/projections/subscriptions.js');
  const [before, after, ...more] = (await readFile(path, 'utf8')).split('export const subscriptions =');
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${path} does not export "subscriptions" once.`);
  await writeFile(path, `${before}const original =${after}\nexport const subscriptions = ${expression};\n`);
  return { ...programsIn(directory.path), remove: directory.remove };
}
