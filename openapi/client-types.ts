import openapiTS, { astToString } from 'openapi-typescript';
import type { Document } from './document.js';

/** Generates packages/client/src/openapi.ts, the types of the client package, from the document. */
export async function clientTypes(document: Document): Promise<string> {
  // openapiTS modifies its input.
  const types = await openapiTS(JSON.stringify(document), {
    immutable: true,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
  });
  return `/** The types of docs/openapi.json. Made by "npm run openapi": change openapi/, not this file. */\n\n${astToString(types)}`;
}
