import { RequestMethod, VERSION_NEUTRAL } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
import type { JsonSchema } from '../projections/columns.js';
import { AppModule } from '../src/app.module.js';
import { loadConfig } from '../src/config/config.js';
import { connectEventStore } from '../src/eventstore/event-store.js';
import { ACCESS, OPEN } from '../src/http/open-to-all.js';
import type { ProblemCode } from '../src/http/problems.js';
import { createServer } from '../src/http/server.js';
import { Database } from '../src/read-models/database.js';
import { routes, type RouteDescription } from './routes.js';
import { schemas } from './schemas.js';

/** The document as written to docs/openapi.json. */
export type Document = Readonly<{
  openapi: string;
  info: JsonSchema;
  components: Readonly<{ schemas: Readonly<Record<string, JsonSchema>>; securitySchemes: JsonSchema }>;
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}>;
export type Operation = Readonly<{
  operationId: string;
  summary: string;
  parameters: readonly Parameter[];
  requestBody?: Readonly<{ required: boolean; content: Response['content'] }>;
  security: readonly JsonSchema[];
  responses: Readonly<Record<string, Response>>;
  'x-problems': readonly ProblemCode[];
}>;
type Parameter = Readonly<{ name: string; in: string; required: boolean; schema: JsonSchema }>;
type Response = Readonly<{ description: string; content: Readonly<Record<string, Readonly<{ schema?: JsonSchema }>>> }>;

const nowhere = {
  PORT: '0',
  EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
  DATABASE_URL: 'postgres://nobody:none@127.0.0.1:1/none',
  STRIPE_WEBHOOK_SECRETS: 'none=whsec_a_secret_that_signs_nothing_0123456789',
  API_TOKENS: 'read+admin=a-token-that-opens-nothing',
};
const silent = { log: () => undefined, error: () => undefined, warn: () => undefined };
const limits = { requestTimeoutMs: 10_000, connectionsMax: 1, bodiesBytesMax: 1, answersBytesMax: 1 };

/** Creates the whole service with unreachable stores: the description of its routes needs neither. */
async function withApp<T>(work: (app: NestFastifyApplication) => T): Promise<T> {
  const config = loadConfig(nowhere);
  const store = connectEventStore(config.eventstoreUrl);
  const pools = [1, 2].map(() => new Database(config.databaseUrl, { connectionsMax: 1, onIdleError: () => undefined }));
  const [database = null, reads = null] = pools;
  const { module, registry, bodyRoute } = AppModule.of({ config, store, database, reads, index: null });
  const app = await createServer(module, { logger: silent, limits, registry, bodyRoute });
  try {
    return work(app);
  } finally {
    await app.close();
  }
}

/** Converts a schema of the code to JSON schema: the input form, before it is parsed to a number, time or position. */
function jsonSchemaOf(schema: unknown): { schema: JsonSchema } {
  const { $schema: _, ...converted } = z.toJSONSchema(schema as ZodType, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // Drops the patterns that validate numbers and times: they add nothing to the type.
      if (jsonSchema.type === 'integer' || jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return { schema: converted };
}

/** Returns every route of an application with its required scope. */
export function scopesOf(app: NestFastifyApplication): Record<string, string> {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  const metadata = (name: string, ...of: readonly (object | null | undefined)[]): unknown =>
    of
      .map((one): unknown => one && Reflect.getMetadata(name, one))
      .find((value) => value !== undefined && value !== null);
  const path = (...parts: unknown[]): string =>
    `/${parts
      .map((part) => String(part ?? '').replace(/^\/|\/$/g, ''))
      .filter(Boolean)
      .join('/')}`;
  return Object.fromEntries(
    controllers.flatMap(({ metatype, instance }) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        const method = metadata(METHOD_METADATA, handler);
        if (method === undefined) return [];
        const controller = metatype as object | null;
        const version = metadata(VERSION_METADATA, handler, controller) === VERSION_NEUTRAL ? '' : 'v1';
        const address = path(version, metadata(PATH_METADATA, controller), metadata(PATH_METADATA, handler));
        return [[`${RequestMethod[method as number]} ${address}`, String(metadata(ACCESS, handler, controller))]];
      });
    }),
  );
}

const ANY: ProblemCode[] = [
  'bad_address',
  'address_too_long',
  'bad_request',
  'malformed_request',
  'headers_too_large',
  'request_timeout',
  'internal_error',
  'stopping',
  'not_found',
];
const TOKEN: ProblemCode[] = ['unauthenticated', 'scope_missing'];
const WEBHOOK: ProblemCode[] = [
  'signature_no_signature',
  'signature_no_match',
  'signature_clock',
  'unreadable_body',
  'incomplete_body',
  'body_too_large',
  'overloaded',
  'store_unavailable',
];
const READ: ProblemCode[] = [
  'bad_query',
  'client_left',
  'too_many_requests',
  'read_models_busy',
  'read_models_conflict',
  'read_models_unavailable',
  'read_timeout',
];
const WAIT: ProblemCode[] = ['position_not_reached', 'too_many_waiting'];
const BOOKS: ProblemCode[] = ['books_not_ready', 'amount_too_large'];
const PAST: ProblemCode[] = [
  'not_known_then',
  'past_too_large',
  'past_unreadable',
  'past_busy',
  'past_timeout',
  'past_failed',
  'event_store_unavailable',
];

const OPERATION: ProblemCode[] = [
  'key_reused',
  'body_too_large',
  'incomplete_body',
  'overloaded',
  'event_store_unavailable',
];

const CLOSING: ProblemCode[] = ['closing_refused', 'body_too_large', 'incomplete_body', 'overloaded'];
const REFRESH: ProblemCode[] = [
  'no_stripe_key',
  'stripe_away',
  'stripe_refuses',
  'refreshes_busy',
  'event_store_unavailable',
];
const STRIPE_RUN: ProblemCode[] = ['run_under_way', 'no_stripe_key', 'body_too_large', 'incomplete_body', 'overloaded'];

/** The problems that a route may answer, by its path and parameters. */
function problemsOf(route: string, scope: string, parameters: readonly Parameter[]): ProblemCode[] {
  const takes = (name: string): boolean => parameters.some((parameter) => parameter.name === name);
  const isPast = takes('trueAt') || /\/(events|streams)\b/.test(route);
  return [
    ...ANY,
    ...(scope === OPEN ? [] : TOKEN),
    ...(route.includes('/webhooks/') ? WEBHOOK : []),
    ...(route.includes(' /v1/') ? READ : []),
    ...(takes('minPosition') ? WAIT : []),
    ...(isPast ? PAST : []),
    ...(/\/(journal|trial-balance|reconciliation|revenue|mrr|closings|accounts|payouts)\b/.test(route) ? BOOKS : []),
    ...(takes('view') || route.includes('/closings') ? (['event_store_unavailable'] as const) : []),
    ...(route.startsWith('POST /v1/closings') ? CLOSING : []),
    ...(route.endsWith('/live') && route.includes('/v1/') ? (['too_many_live'] as const) : []),
    ...(route.includes('/access-changes') ? (['event_store_unavailable'] as const) : []),
    ...(/\/access$/.test(route) ? (['customer_too_large'] as const) : []),
    ...(route.endsWith('/replay') ? (['replays_busy'] as const) : []),
    ...(route.includes('/operations') ? OPERATION : []),
    ...(route.includes('/stripe/') ? (['event_store_unavailable'] as const) : []),
    ...(route === 'POST /v1/stripe/runs' ? STRIPE_RUN : []),
    ...(route.endsWith('/refresh') ? REFRESH : []),
  ];
}

/** The operation id: `getSubscriptionsById` for `GET /v1/subscriptions/{id}`. */
const named = (route: string): string =>
  route
    .replace(' /v1/', ' ')
    .replace(/ \/$/, ' index')
    .replace(/\{(\w+)\}/g, 'by $1')
    .replace(/^\w+/, (method) => method.toLowerCase())
    .replace(/[^A-Za-z]+(\w)/g, (_, letter: string) => letter.toUpperCase());

const problem = {
  description: 'A problem; x-problems lists its codes.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function operationOf(route: string, { parameters = [] }: { parameters?: unknown[] }, scope: string): Operation {
  const {
    summary,
    answer,
    status = 200,
    body,
    headers = [],
  }: RouteDescription = routes[route] ?? {
    summary: '',
    answer: '',
  };
  const inHeaders = headers.map((name) => ({ name, in: 'header', required: false, schema: { type: 'string' } }));
  const content =
    typeof answer === 'string'
      ? { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } }
      : { [answer.media]: {} };
  const known = parametersOf(route, parameters as Parameter[]);
  const unready = route.includes('/health/ready') ? { 503: { description: 'Not ready', content } } : {};
  return {
    operationId: named(route),
    summary,
    parameters: [...known, ...inHeaders],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } },
          },
        }),
    security: scope === OPEN ? [] : [{ token: [scope] }],
    responses: { [status]: { description: summary, content }, ...unready, default: problem },
    'x-problems': problemsOf(route, scope, known),
  };
}

function parametersOf(route: string, parameters: readonly Parameter[]): Parameter[] {
  const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => String(name));
  const given = parameters.filter(
    ({ in: where, name }) => where === 'query' || (where === 'path' && inPath.includes(name)),
  );
  const missing = inPath
    .filter((name) => !given.some((parameter) => parameter.name === name))
    .map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const described = given.map(({ name, in: where, required, schema }) => ({
    name,
    in: where,
    required: where === 'path' || (required ?? false),
    schema,
  }));
  return [...missing, ...described];
}

/**
 * Builds the document of the API: parameters from the schemas that validate them, answers from the columns of the read
 * models.
 */
export const openApiDocument = (): Promise<Document> =>
  withApp((app) => {
    const built: OpenAPIObject = SwaggerModule.createDocument(
      app,
      new DocumentBuilder().setOpenAPIVersion('3.1.0').build(),
      { standardSchemaConverter: jsonSchemaOf },
    );
    const scopes = Object.fromEntries(
      Object.entries(scopesOf(app)).map(([route, scope]) => [route.replace(/:(\w+)/g, '{$1}'), scope]),
    );
    const paths = Object.entries(built.paths)
      // The console's pages are for people, not a part of the API.
      .filter(([path]) => !/^\/console(\/|$)/.test(path))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, operations]) => [
        path,
        Object.fromEntries(
          Object.entries(operations as Record<string, { parameters?: unknown[] }>).map(([method, operation]) => {
            const route = `${method.toUpperCase()} ${path}`;
            return [method, operationOf(route, operation, scopes[route] ?? '')];
          }),
        ),
      ]);
    return {
      openapi: '3.1.0',
      info: {
        title: 'Subscription ledger',
        version: '1',
        description:
          'Subscriptions and money from Stripe’s webhooks, now and at any past moment. docs/http-api.md explains the API; docs/problems.md lists all problems.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      paths: Object.fromEntries(paths) as Document['paths'],
    };
  });
