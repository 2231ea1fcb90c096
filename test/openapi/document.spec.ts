import { beforeAll, describe, expect, it } from '@jest/globals';
import { breakingChanges } from '../../openapi/changes.js';
import { openApiDocument, type Document, type Operation } from '../../openapi/document.js';
import { routes } from '../../openapi/routes.js';
import { PROBLEMS } from '../../src/http/problems.js';
import { checkAnswer, committed } from '../support/openapi.js';

let document: Document;
beforeAll(async () => {
  document = JSON.parse(JSON.stringify(await openApiDocument())) as Document;
}, 60_000);

const operations = (): [route: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

describe('docs/openapi.json', () => {
  it('breaks no client of the committed document', () => {
    const breaking = breakingChanges(committed, document);
    if (breaking.length > 0)
      throw new Error(
        `These changes break clients:\n${breaking.join('\n')}\nKeep what is answered, or add beside it. Before a release: npm run openapi -- --break`,
      );
  });

  it('matches the code', () => {
    if (JSON.stringify(document) !== JSON.stringify(committed))
      throw new Error('docs/openapi.json is not what the code says. Run "npm run openapi", and commit what it writes.');
  });

  it('describes every route, and no other', () => {
    expect(Object.keys(routes).sort()).toEqual(
      operations()
        .map(([route]) => route)
        .sort(),
    );
  });

  it('describes for every route its purpose, scope and error codes', () => {
    const known = Object.keys(PROBLEMS);
    for (const [route, { summary, operationId, security, responses, ...operation }] of operations()) {
      const isOpen = !route.includes('/v1/') && !route.includes('/metrics');
      expect({ route, summary, operationId, security }).toEqual({
        route,
        summary: expect.stringMatching(/\S/),
        operationId: expect.stringMatching(/^[a-z]\w+$/i),
        security: isOpen ? [] : [{ token: [expect.stringMatching(/^(access|read|admin)$/)] }],
      });
      expect(operation['x-problems'].filter((code) => !known.includes(code))).toEqual([]);
      expect(operation['x-problems']).toContain('internal_error');
      expect(Object.keys(responses)).toContain('default');
    }
  });

  it('names each problem at some route', () => {
    const named = new Set(operations().flatMap(([, operation]) => operation['x-problems']));
    expect(Object.keys(PROBLEMS).filter((code) => !named.has(code as never))).toEqual([]);
  });

  it('leads to no schema that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    expect(references.filter((name) => !Object.hasOwn(document.components.schemas, String(name)))).toEqual([]);
  });
});

describe('an answer', () => {
  const kind = { code: 'a', type: 'b', status: 400, title: 'c', remedy: 'd', retryable: false, retryAfterS: null };
  const check = (body: unknown) => () =>
    checkAnswer({ method: 'GET', url: '/problems/a', status: 200, type: 'application/json; charset=utf-8', body });

  it('is refused with an undocumented member, a missing one, and one of another type', () => {
    expect(check(kind)).not.toThrow();
    expect(check({ ...kind, more: 1 })).toThrow(/additional properties/);
    expect(check({ ...kind, status: '400' })).toThrow(/status/);
    const { title: _, ...rest } = kind;
    expect(check(rest)).toThrow(/title/);
  });
});

describe('a problem', () => {
  const busy = { type: 'urn:x', title: 'Too many live readers', status: 503, detail: 'Wait.', code: 'too_many_live' };
  const check = (url: string, body: unknown) => () =>
    checkAnswer({ method: 'GET', url, status: 503, type: 'application/problem+json', body });

  it('is refused at a route that does not name its code', () => {
    expect(check('/v1/customers/cus_1/live', busy)).not.toThrow();
    expect(check('/v1/customers/cus_1', busy)).toThrow(/too_many_live/);
    expect(check('/v1/customers/cus_1', { ...busy, code: 'of_the_future' })).toThrow(/of_the_future/);
  });
});

type Changed = Readonly<{ components: { schemas: Record<string, never> }; paths: Record<string, never> }>;
const changed = (change: (document: Changed) => void): string[] => {
  const after = JSON.parse(JSON.stringify(document)) as Document;
  change(after as unknown as Changed);
  return breakingChanges(document, after);
};

const parametersOf = (schemas: Record<string, object>) =>
  ({
    '/v1/words': {
      get: {
        parameters: Object.entries(schemas).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
        responses: {},
      },
    },
  }) as unknown as Document['paths'];

describe('a change of the document', () => {
  it.each([
    ['a field that is gone', '/components/schemas/Stale/properties/cause', 'Stale.cause is gone'],
    ['a schema that is gone', '/components/schemas/Stale', 'the schema Stale is gone'],
    ['a route that is gone', '/paths/~v1~parked', 'GET /v1/parked is gone'],
  ])('breaks clients by %s', (_name, pointer, expected) => {
    const parts = pointer
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~', '/'));
    const found = changed((after) => {
      const parent = parts
        .slice(0, -1)
        .reduce((at, part) => at[part] as never, after as unknown as Record<string, never>);
      delete parent[String(parts.at(-1))];
    });
    expect(found).toContain(expected);
  });

  it('breaks them by a value that may be null now, or absent, and by a parameter that is wanted', () => {
    const found = changed(({ components, paths }) => {
      const { Stale } = components.schemas as Record<
        string,
        { properties: Record<string, unknown>; required: string[] }
      >;
      Object.assign(Stale?.properties ?? {}, { cause: { type: ['string', 'null'] } });
      Object.assign(Stale ?? {}, { required: ['since', 'cause', 'revision'] });
      const { get } = paths['/v1/parked'] as unknown as { get: { parameters: { required: boolean }[] } };
      Object.assign(get.parameters[0] ?? {}, { required: true });
    });
    expect(found.sort()).toEqual([
      'GET /v1/parked wants cursor now',
      'Stale.cause may be null now',
      'Stale.stream may be absent now',
    ]);
  });

  it('breaks them by a word that is answered no more, and by a parameter that takes less', () => {
    const words = ['a', 'b'];
    const before = {
      ...document,
      components: {
        ...document.components,
        schemas: { Word: { type: 'object', properties: { word: { 'x-extensible-enum': words } } } },
      },
      paths: parametersOf({ kind: { enum: words }, limit: { type: 'integer', maximum: 9 }, any: { type: 'string' } }),
    } as unknown as Document;
    const after = {
      ...before,
      components: {
        ...document.components,
        schemas: { Word: { type: 'object', properties: { word: { 'x-extensible-enum': ['a', 'c'] } } } },
      },
      paths: parametersOf({ kind: { enum: ['b'] }, limit: { type: 'integer', maximum: 8 }, any: { enum: ['a'] } }),
    } as unknown as Document;
    expect(breakingChanges(before, after)).toEqual([
      'GET /v1/words takes in kind no a any more',
      'GET /v1/words takes in limit less by its maximum',
      'GET /v1/words takes in any only a now',
      'Word.word knows no b any more',
    ]);
    expect(breakingChanges(after, { ...after, paths: parametersOf({ kind: {}, limit: {}, any: {} }) })).toEqual([]);
  });

  it('breaks no client by additions', () => {
    expect(
      changed(({ components }) => {
        const { Stale } = components.schemas as Record<string, { properties: Record<string, unknown> }>;
        Object.assign(Stale?.properties ?? {}, { more: { type: 'string' } });
        Object.assign(components.schemas, { More: { type: 'object' } });
      }),
    ).toEqual([]);
  });
});
