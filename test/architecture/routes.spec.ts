import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { request } from 'node:http';
import { Registry } from 'prom-client';
import { AuthGuard } from '../../src/http/auth.guard.js';
import { scopesOf } from '../../openapi/document.js';
import { AppModule } from '../../src/app.module.js';
import { loadConfig } from '../../src/config/config.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { createServer } from '../../src/http/server.js';
import { Tokens } from '../../src/http/tokens.js';
import { Database } from '../../src/read-models/database.js';
import { ADMIN_TOKEN, READ_TOKEN } from '../support/delivery.js';
import { testEnvironment } from '../support/ledger.js';

/** Every route of the service with its required scope. New routes must be added here. */
const ROUTES = {
  'GET /': 'open',
  'GET /health/live': 'open',
  'GET /health/ready': 'open',
  'GET /health/ready/reads': 'open',
  'POST /webhooks/stripe': 'open',
  'GET /openapi.json': 'open',
  'GET /problems': 'open',
  'GET /problems/:code': 'open',
  'GET /metrics': 'read',
  'GET /v1/projections': 'read',
  'GET /v1/access-changes': 'access',
  'GET /v1/access-changes/live': 'access',
  'GET /v1/access-changes/held': 'admin',
  'POST /v1/access-changes/approve': 'admin',
  'POST /v1/access-changes/reject': 'admin',
  'GET /v1/customers/:id/access-changes': 'access',
  'GET /v1/operations': 'admin',
  'POST /v1/operations': 'admin',
  'GET /v1/operations/:id': 'admin',
  'DELETE /v1/operations/:id': 'admin',
  'GET /v1/stripe/coverage': 'read',
  'GET /v1/stripe/runs': 'read',
  'POST /console/stripe/runs': 'admin',
  'POST /console/stripe/runs/:id/stop': 'admin',
  'POST /console/:kind/:id/refresh': 'admin',
  'POST /v1/stripe/runs': 'admin',
  'POST /v1/stripe/runs/:id/stop': 'admin',
  'POST /v1/subscriptions/:id/refresh': 'admin',
  'POST /v1/customers/:id/refresh': 'admin',
  'GET /v1/stripe/runs/:id': 'read',
  'GET /v1/stripe/runs/:id/findings': 'read',
  'GET /v1/subscriptions': 'read',
  'GET /v1/subscriptions/:id': 'read',
  'GET /v1/subscriptions/:id/events': 'read',
  'GET /v1/subscriptions/:id/live': 'read',
  'GET /v1/access': 'access',
  'GET /v1/customers': 'read',
  'GET /v1/customers/:id': 'read',
  'GET /v1/customers/:id/access': 'access',
  'GET /v1/customers/:id/invoices': 'read',
  'GET /v1/customers/:id/live': 'read',
  'GET /v1/customers/:id/subscriptions': 'read',
  'GET /v1/events': 'read',
  'GET /v1/events/live': 'read',
  'GET /v1/events/:id': 'read',
  'GET /v1/events/:id/body': 'read',
  'GET /v1/status': 'read',
  'GET /v1/streams/:name': 'read',
  'GET /v1/invoices': 'read',
  'GET /v1/invoices/:id': 'read',
  'GET /v1/payments': 'read',
  'GET /v1/payments/:id': 'read',
  'GET /v1/refunds': 'read',
  'GET /v1/refunds/:id': 'read',
  'GET /v1/disputes': 'read',
  'GET /v1/disputes/:id': 'read',
  'GET /v1/churn-risk': 'read',
  'GET /v1/checkout-sessions': 'read',
  'GET /v1/checkout-sessions/:id': 'read',
  'GET /v1/credit-notes': 'read',
  'GET /v1/credit-notes/:id': 'read',
  'GET /v1/payment-methods': 'read',
  'GET /v1/payment-methods/:id': 'read',
  'GET /v1/products': 'read',
  'GET /v1/products/:id': 'read',
  'GET /v1/prices': 'read',
  'GET /v1/prices/:id': 'read',
  'GET /v1/coupons': 'read',
  'GET /v1/coupons/:id': 'read',
  'GET /v1/promotion-codes': 'read',
  'GET /v1/promotion-codes/:id': 'read',
  'GET /v1/subscription-schedules': 'read',
  'GET /v1/subscription-schedules/:id': 'read',
  'GET /v1/payouts': 'read',
  'GET /v1/payouts/:id': 'read',
  'GET /v1/accounts': 'read',
  'GET /v1/upcoming-invoices': 'read',
  'GET /v1/upcoming-invoices/:id': 'read',
  'GET /v1/subscriptions/:id/upcoming': 'read',
  'GET /v1/find': 'read',
  'GET /v1/findings': 'read',
  'GET /v1/findings/:name': 'read',
  'GET /v1/journal': 'read',
  'GET /v1/journal/export': 'read',
  'GET /v1/journal/:id': 'read',
  'GET /v1/invoices/:id/journal': 'read',
  'GET /v1/trial-balance': 'read',
  'GET /v1/reconciliation': 'read',
  'GET /v1/revenue': 'read',
  'GET /v1/revenue/recognised': 'read',
  'GET /v1/revenue/deferred': 'read',
  'GET /v1/revenue/waterfall': 'read',
  'GET /v1/payouts/:id/reconciliation': 'read',
  'GET /v1/accounts/:name/postings': 'read',
  'GET /v1/closings': 'read',
  'GET /v1/closings/:month': 'read',
  'GET /v1/closings/:month/corrections': 'read',
  'GET /v1/closings/:month/posted-corrections': 'read',
  'POST /v1/closings': 'admin',
  'POST /v1/closings/:month/reopen': 'admin',
  'GET /v1/mrr': 'read',
  'GET /v1/mrr/movements': 'read',
  'GET /v1/mrr/movements/:id': 'read',
  'GET /v1/mrr/retention': 'read',
  'GET /v1/mrr/cohorts': 'read',
  'GET /v1/mrr/committed': 'read',
  'GET /v1/mrr/trials': 'read',
  'GET /v1/mrr/trials/ended': 'read',
  'GET /v1/mrr/customers': 'read',
  'GET /v1/customers/:id/mrr': 'read',
  'GET /v1/subscriptions/:id/mrr': 'read',
  'GET /v1/parked': 'admin',
  'GET /v1/parked/:projection/:stream': 'admin',
  'POST /v1/parked/:projection/:stream/replay': 'admin',
  'POST /v1/parked/replay': 'admin',
  'GET /console': 'access',
  'GET /console/login': 'open',
  'POST /console/session': 'open',
  'POST /console/session/end': 'open',
  'GET /console/assets/:version/:file': 'open',
  'GET /console/find': 'access',
  'GET /console/customers/:id': 'access',
  'GET /console/customers/:id/access-changes': 'access',
  'GET /console/subscriptions/:id': 'access',
  'GET /console/events': 'read',
  'GET /console/events/:id': 'read',
  'GET /console/streams/:name': 'read',
  'GET /console/objects/:resource/:id': 'read',
  'GET /console/quarantine': 'read',
  'GET /console/quarantine/:id': 'read',
  'GET /console/findings': 'read',
  'GET /console/findings/:name': 'read',
  'GET /console/stripe': 'read',
  'GET /console/stripe/runs/:id': 'read',
  'GET /console/projections': 'read',
  'GET /console/mrr': 'read',
  'GET /console/mrr/movements': 'read',
  'GET /console/mrr/customers': 'read',
  'GET /console/mrr/retention': 'read',
  'GET /console/mrr/cohorts': 'read',
  'GET /console/mrr/trials': 'read',
  'GET /console/revenue': 'read',
  'GET /console/revenue/:month': 'read',
  'GET /console/trial-balance': 'read',
  'GET /console/journal': 'read',
  'GET /console/journal/:id': 'read',
  'GET /console/accounts/:name': 'read',
  'GET /console/closings': 'read',
  'POST /console/closings': 'admin',
  'GET /console/closings/:month': 'read',
  'POST /console/closings/:month/reopen': 'admin',
  'GET /console/operations': 'admin',
  'POST /console/operations': 'admin',
  'GET /console/operations/:id': 'admin',
  'POST /console/operations/:id/cancel': 'admin',
  'GET /console/access-changes': 'admin',
  'POST /console/access-changes/:verdict': 'admin',
  'GET /console/parked': 'admin',
  'GET /console/payouts': 'read',
  'GET /console/payouts/:id': 'read',
  'POST /console/parked/replay': 'admin',
  'GET /console/*': 'access',
};

@Controller('forgotten')
class ForgottenController {
  @Get()
  secret(): string {
    return 'secret';
  }
}

@Module({
  controllers: [ForgottenController],
  providers: [
    { provide: Tokens, useValue: new Tokens([{ token: ADMIN_TOKEN, name: null, scopes: ['admin'] }]) },
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
})
class ForgetfulModule {}

const silent = { log: () => undefined, error: () => undefined, warn: () => undefined };
const limits = { requestTimeoutMs: 10_000, connectionsMax: 100, bodiesBytesMax: 1_000_000, answersBytesMax: 1_000_000 };
const nowhere = {
  eventstoreUrl: 'esdb://127.0.0.1:1?tls=false',
  databaseUrl: 'postgres://nobody:none@127.0.0.1:1/none',
};

/** The whole service, with unavailable stores: neither matters for a route's scope. */
async function serve(): Promise<NestFastifyApplication> {
  const store = connectEventStore(nowhere.eventstoreUrl);
  const pool = () => new Database(nowhere.databaseUrl, { connectionsMax: 1, onIdleError: () => undefined });
  const { module, registry, bodyRoute } = AppModule.of({
    // A process that projects would connect to the stores.
    config: loadConfig({ ...testEnvironment(nowhere), ROLES: 'ingest,api' }),
    store,
    database: pool(),
    reads: pool(),
    index: null,
  });
  const app = await createServer(module, { logger: silent, limits, registry, bodyRoute });
  await app.listen(0, '127.0.0.1');
  return app;
}

const sorted = (routes: Record<string, string>): [string, string][] =>
  Object.entries(routes).sort(([a], [b]) => (a < b ? -1 : 1));

type Reply = Readonly<{ status: number; headers: Record<string, unknown>; body: string }>;

const ask = (
  app: NestFastifyApplication,
  method: string,
  path: string,
  token?: string,
  sent?: string,
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { port } = app.getHttpServer().address() as { port: number };
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) }),
    };
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (incoming) => {
      let body = '';
      incoming
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          body += chunk;
        })
        .on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }));
    });
    outgoing.on('error', reject).end(sent);
  });

let app: NestFastifyApplication;
beforeAll(async () => {
  app = await serve();
});
afterAll(() => app.close());

describe('the routes', () => {
  it('are these, each with the scope that it wants', () => {
    expect(sorted(scopesOf(app))).toEqual(sorted(ROUTES));
  });

  it('are all that the server has: whatever Nest does not know of is not there', async () => {
    const tree = app.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false });
    const served = [...tree.matchAll(/\(([A-Z, ]+)\)/g)].flatMap(([, methods]) =>
      String(methods)
        .split(', ')
        .filter((method) => method === 'GET' || method === 'POST' || method === 'DELETE'),
    );
    expect(served).toHaveLength(Object.keys(ROUTES).length);
  });

  it.each(sorted(ROUTES).filter(([, scope]) => scope !== 'open'))(
    '%s is refused without a token, and without the scope "%s"',
    async (route, scope) => {
      const [method = '', path = ''] = route.split(' ');
      // A client that is not logged in to the console is redirected to the login.
      const status = path.startsWith('/console') ? 303 : 401;
      expect(await ask(app, method, path)).toMatchObject({ status });
      expect(await ask(app, method, path, 'a-token-that-nobody-gave')).toMatchObject({ status });
      if (scope === 'admin') expect(await ask(app, method, path, READ_TOKEN)).toMatchObject({ status: 403 });
    },
  );

  const ofApi = sorted(ROUTES).flatMap(([route]) =>
    route.includes(' /v1/') ? [route.split(' ') as [string, string]] : [],
  );

  it.each(ofApi)('%s %s refuses a parameter that it does not read', async (method, path) => {
    const { status, body } = await ask(app, method, `${path.replace(':month', '2026-01')}?nobody=knows`, ADMIN_TOKEN);
    expect({ status, body }).toEqual({ status: 400, body: expect.stringContaining('nobody: is unknown here') });
  });

  it.each(ofApi.filter(([method]) => method !== 'GET'))(
    '%s %s refuses a body that it does not read',
    async (method, path) => {
      const { status, body } = await ask(app, method, path, ADMIN_TOKEN, JSON.stringify({ nobody: 'knows' }));
      expect({ status, body }).toEqual({ status: 400, body: expect.stringMatching(/nobody|kind|accepts no body/) });
    },
  );

  it('that read no body accept an empty object, as many clients send it', async () => {
    const answer = await ask(app, 'POST', '/v1/access-changes/approve', ADMIN_TOKEN, '{}');
    expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('read_models_unavailable') });
  });

  it('without a scope are refused to everyone', async () => {
    const forgetful = await createServer(
      { module: ForgetfulModule },
      { logger: silent, limits, registry: new Registry(), bodyRoute: null },
    );
    await forgetful.listen(0, '127.0.0.1');
    try {
      for (const token of [undefined, 'wrong', ADMIN_TOKEN]) {
        const { status, body } = await ask(forgetful, 'GET', '/forgotten', token);
        expect({ status: status >= 400 && status < 500, body }).toEqual({
          status: true,
          body: expect.not.stringContaining('secret'),
        });
      }
    } finally {
      await forgetful.close();
    }
  });
});

describe('a path without its version', () => {
  it('is one of version 1, and names its successor', async () => {
    const [old, now] = [
      await ask(app, 'GET', '/subscriptions/sub_1?limit=2'),
      await ask(app, 'GET', '/v1/subscriptions/sub_1?limit=2'),
    ];
    const withoutRequest = (body: string): string => body.replace(/urn:subscription-ledger:request:[\w-]+/, '');
    expect([old.status, withoutRequest(old.body)]).toEqual([now.status, withoutRequest(now.body)]);
    expect(old.headers).toMatchObject({
      deprecation: expect.stringMatching(/^@\d+$/),
      link: '</v1/subscriptions/sub_1>; rel="successor-version"',
    });
    expect(now.headers).not.toHaveProperty('deprecation');
    expect(now.headers).not.toHaveProperty('link');
  });

  it.each(['/health/live', '/webhooks/stripe', '/metrics'])('has none to have: %s', async (path) => {
    expect((await ask(app, 'GET', path)).headers).not.toHaveProperty('deprecation');
    expect(await ask(app, 'GET', `/v1${path}`)).toMatchObject({ status: 404 });
  });
});

describe('every answer', () => {
  it.each([
    ['/health/live', 200],
    ['/v1/subscriptions', 401],
    ['/subscriptions', 401],
    ['/nothing/there', 404],
    ['/subscriptions/%zz', 400],
    ['/subscriptions/LONG', 414],
  ] as const)('is kept out of caches and has its own content type: %s', async (given, status) => {
    const path = given.replace('LONG', 'x'.repeat(700));
    const answer = await ask(app, 'GET', path);
    expect({ status: answer.status, type: answer.headers['content-type'] }).toEqual({
      status,
      type: expect.stringContaining('json'),
    });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
});
