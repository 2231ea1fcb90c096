import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import type { Document, Operation } from '../../openapi/document.js';
import type { Response } from 'supertest';
import type { ProblemCode } from '../../src/http/problems.js';
import { versionedUrl } from '../../src/http/versions.js';

/** The committed document. */
export const committed = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as Document;

const ajv = new Ajv2020({ strict: false, allErrors: true });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema({ $id: 'openapi', components: committed.components });

const paths = Object.entries(committed.paths).map(([path, operations]) => ({
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`),
  isFixed: !path.includes('{'),
  operations,
}));
const validators = new Map<string, ValidateFunction>();

/** Checks an answer against the document. @throws with what does not match; undocumented members do not match */
export function checkAnswer({
  method,
  url,
  status,
  type,
  body,
}: Readonly<{ method: string; url: string; status: number; type: string; body: unknown }>): void {
  const [path = ''] = versionedUrl({ url } as never).split('?');
  const found = paths
    .filter(({ pattern }) => pattern.test(path))
    .sort((a, b) => Number(b.isFixed) - Number(a.isFixed))[0];
  const operation = found?.operations[method.toLowerCase()];
  // No operation describes the answers to unknown routes.
  if (operation === undefined || !type.includes('json')) return;
  checkProblem(operation, { method, path, body });
  const media = String(type.split(';')[0]);
  const response = operation.responses[String(status)] ?? operation.responses['default'];
  const reference = response?.content[media]?.schema?.['$ref'];
  if (typeof reference !== 'string') return;
  const validate = validators.get(reference) ?? ajv.compile({ $ref: `openapi${reference}` });
  validators.set(reference, validate);
  if (validate(body)) return;
  const faults = (validate.errors ?? [])
    .slice(0, 5)
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  throw new Error(
    `${method} ${path} answers ${status} with what docs/openapi.json does not say (openapi/schemas.ts):\n${faults.join('\n')}`,
  );
}

/** A problem must have one of the codes that its route lists. */
function checkProblem(
  operation: Operation,
  { method, path, body }: Readonly<{ method: string; path: string; body: unknown }>,
): void {
  const { code, title } = (body ?? {}) as { code?: unknown; title?: unknown };
  if (typeof code !== 'string' || typeof title !== 'string') return;
  if (path.startsWith('/problems/') || operation['x-problems'].includes(code as ProblemCode)) return;
  throw new Error(
    `${method} ${path} answers the problem ${code}, which docs/openapi.json does not name there (problemsOf in openapi/document.ts)`,
  );
}

/** For supertest's `expect`: the answer matches docs/openapi.json. */
export const asDocumented = ({
  request,
  status,
  type,
  body,
}: Response & { request?: { method: string; url: string } }): void => {
  const { method = 'GET', url = '/' } = request ?? {};
  const { pathname } = new URL(url);
  checkAnswer({ method, url: pathname, status, type, body });
};
