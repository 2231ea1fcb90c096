import openapiTS, { astToString } from 'openapi-typescript';
import type { Document } from './document.js';

/** The types of the client package, made from the document: the source of packages/client/src/openapi.ts. */
export async function clientTypes(document: Document): Promise<string> {
  // It changes what it is given.
  const types = await openapiTS(JSON.stringify(document), {
    immutable: true,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
  });
  return `/** The types of docs/openapi.json. Made by "npm run openapi": change openapi/, not this file. */\n\n${astToString(types)}`;
}
