/**
 * Writes docs/openapi.json, docs/problems.md and the client package's types from the code. Rejects breaking changes,
 * unless run with --break.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { problemsDocument } from '../src/http/problems.js';
import { breakingChanges } from './changes.js';
import { clientTypes } from './client-types.js';
import { openApiDocument, type Document } from './document.js';

const FILE = 'docs/openapi.json';

const document = await openApiDocument();
const before = JSON.parse(readFileSync(FILE, 'utf8')) as Document;
const breaking = breakingChanges(before, document);
if (breaking.length > 0 && !process.argv.includes('--break')) {
  process.stderr.write(
    `This would break clients of ${FILE}:\n${breaking.map((change) => `  ${change}\n`).join('')}Keep what is answered, or add beside it. Before a release, or with a new version of the API: npm run openapi -- --break\n`,
  );
  process.exit(1);
}
writeFileSync(FILE, `${JSON.stringify(document, null, 2)}\n`);
writeFileSync('docs/problems.md', problemsDocument());
writeFileSync('packages/client/src/openapi.ts', await clientTypes(document));
process.stdout.write(`${FILE} has ${Object.keys(document.paths).length} paths.\n`);
