import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Document } from '../../openapi/document.js';
import { clientTypes } from '../../openapi/client-types.js';

const textOf = (file: string): string => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');

it('the types of the client package are those of docs/openapi.json', async () => {
  const types = await clientTypes(JSON.parse(textOf('docs/openapi.json')) as Document);
  expect(types.length).toBeGreaterThan(10_000);
  if (types !== textOf('packages/client/src/openapi.ts'))
    throw new Error(
      'packages/client/src/openapi.ts is not docs/openapi.json. Run "npm run openapi", and commit what it writes.',
    );
});
