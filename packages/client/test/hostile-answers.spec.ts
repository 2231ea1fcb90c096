/** Whatever answers in place of a ledger, `hasAccess` is true only for the ledger's own yes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLedger, LedgerProblem, LedgerUnreachable, type AccessQuestion } from '../src/index.js';

const YES = JSON.stringify({ granted: true });
const answers =
  (
    status: number,
    body: string,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

let server: Server;
let other: Server;
let listener: RequestListener;
const addressOf = (of: Server): string => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;
const ledger = (timeoutMs = 5_000) => createLedger({ url: addressOf(server), token: 'a-token', timeoutMs });
const ask = (from: RequestListener, timeoutMs?: number): Promise<unknown> => {
  listener = from;
  return ledger(timeoutMs)
    .hasAccess({ customer: 'cus_1' })
    .catch((error: unknown) => error);
};

beforeAll(async () => {
  server = createServer((request, response) => listener(request, response)).listen(0, '127.0.0.1');
  other = createServer(answers(200, YES)).listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(other, 'listening')]);
});
afterAll(() => {
  for (const one of [server, other]) {
    one.closeAllConnections();
    one.close();
  }
});

describe('hasAccess', () => {
  it('is what the ledger answers', async () => {
    expect(await ask(answers(200, YES))).toBe(true);
    expect(await ask(answers(200, JSON.stringify({ granted: false })))).toBe(false);
  });

  it.each([
    ['a page', answers(200, '<html>granted</html>', { 'content-type': 'text/html' })],
    ['nothing', answers(200, '')],
    ['no content', answers(204, '')],
    ['no yes or no', answers(200, JSON.stringify({ granted: 'true' }))],
    ['no object', answers(200, 'true')],
    ['null', answers(200, 'null')],
    ['an empty object', answers(200, '{}')],
    ['a part of an answer', (_, response) => response.writeHead(200, { 'content-length': '99' }).end(YES)],
    ['a yes with a status of failure', answers(500, YES)],
    ['a failure of something between', answers(502, 'Bad Gateway', { 'content-type': 'text/plain' })],
    ['a failure without a body', answers(503, '')],
    ['a cut connection', (request) => request.socket.destroy()],
    ['a redirect', (_, response) => response.writeHead(302, { location: `${addressOf(other)}/` }).end()],
  ] satisfies [string, RequestListener][])('throws where %s is answered', async (_, from) => {
    expect(await ask(from)).toBeInstanceOf(LedgerUnreachable);
  });

  it('throws when the time is over, though the answer has begun', async () => {
    expect(await ask((_, response) => response.writeHead(200).write('{'), 100)).toBeInstanceOf(LedgerUnreachable);
    expect(await ask(() => undefined, 100)).toBeInstanceOf(LedgerUnreachable);
  });

  it('throws the problem of the ledger, and says when to ask again', async () => {
    const problem = { type: 'urn:x', title: 'Busy', status: 503, detail: 'Wait.', code: 'read_models_busy' };
    const headers = { 'content-type': 'application/problem+json', 'retry-after': '2' };
    const thrown = await ask(answers(503, JSON.stringify(problem), headers));
    expect(thrown).toBeInstanceOf(LedgerProblem);
    expect(thrown).toMatchObject({ code: 'read_models_busy', status: 503, retryAfterS: 2, message: /Busy/ });
  });

  it('asks nothing that would ask for less', async () => {
    listener = answers(200, YES);
    const parts: object[] = [
      { customer: 'cus_1', product: undefined },
      { customer: 'cus_1', product: null },
      { customer: 'cus_1', entitlement: '' },
      { customer: '' },
    ];
    for (const part of parts)
      await expect(ledger().hasAccess(part as AccessQuestion)).rejects.toBeInstanceOf(TypeError);
  });

  it('lets nothing between keep the answer, and shows the token to its own address alone', async () => {
    const asked: Request[] = [];
    const own = createLedger({
      url: 'https://ledger.example/below/',
      token: 'a-token',
      fetch: (request) => {
        asked.push(request);
        return Promise.resolve(new Response(YES));
      },
    });
    expect(await own.hasAccess({ reference: 'a user&product=', product: 'prod_1', minPosition: '7' })).toBe(true);
    const [request] = asked;
    expect(request?.url).toBe(
      'https://ledger.example/below/v1/access?reference=a%20user%26product%3D&product=prod_1&minPosition=7',
    );
    expect([request?.cache, request?.redirect, request?.headers.get('authorization')]).toEqual([
      'no-store',
      'error',
      'Bearer a-token',
    ]);
  });

  it('needs an address and a token', () => {
    expect(() => createLedger({ url: 'localhost:3000', token: 'a' })).toThrow(/http:/);
    expect(() => createLedger({ url: 'http://localhost', token: '' })).toThrow(/token is empty/);
  });
});
