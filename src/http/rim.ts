import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Bodies, BodyRefusal } from './bodies.js';
import { closeGently } from './closing.js';
import type { HttpMetrics } from './http.metrics.js';
import { answerOnSocket, problemOfParser, refusalOfParser, type ParserError } from './parser-errors.js';
import { PRIVATE_HEADERS } from './private-answers.js';
import { kindOf, problemBody, ProblemError, PROBLEM_TYPE, type Problem } from './problem.js';
import { REQUEST_ID } from './request-ids.js';
import type { UntakenAnswers } from './untaken-answers.js';

/** The one route that takes large bodies, and what it says of requests that do not come as far as its handler. */
export interface BodyRoute {
  readonly path: string;
  readonly bodyBytesMax: number;
  /** Judges a request by its headers; a problem is answered before the body is read. */
  refusalOf(request: IncomingMessage): Problem | null;
  /** What is answered for a body that was not taken. */
  problemOf(refusal: BodyRefusal, request: IncomingMessage): Problem;
  /** A request that comes while the service stops is answered 503. */
  onStopping(): void;
}

/** What every request passes before its handler, and every answer after it. */
export class Rim {
  readonly #bodies: Bodies;
  readonly #route: BodyRoute | null;
  readonly #metrics: HttpMetrics;
  readonly #untaken: UntakenAnswers;
  /** The latest answer of a connection, begun or not. */
  readonly #answers = new WeakMap<Socket, ServerResponse>();
  #isStopping = false;

  constructor(parts: { bodies: Bodies; bodyRoute: BodyRoute | null; metrics: HttpMetrics; untaken: UntakenAnswers }) {
    this.#bodies = parts.bodies;
    this.#route = parts.bodyRoute;
    this.#metrics = parts.metrics;
    this.#untaken = parts.untaken;
  }

  /** Adds itself to a server that has no routes yet. */
  guard(fastify: FastifyInstance): void {
    fastify.addHook('preClose', (done) => {
      this.#isStopping = true;
      done();
    });
    fastify.addHook('onRequest', (request, reply, done) => this.#onRequest(request, reply, done));
    fastify.addHook('onSend', (request, reply, payload, done) => {
      if (isUnread(request)) closeAfter(request, reply.raw);
      if (typeof payload === 'string' || Buffer.isBuffer(payload))
        this.#untaken.add(reply.raw, Buffer.byteLength(payload));
      done();
    });
    fastify.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none';
      this.#metrics.answered({ route, method: request.method, status: reply.statusCode });
      done();
    });
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (request, _payload, done) => this.#readBody(request, done));
    // Node would refuse these with an empty answer past all hooks; a server may pass over what it does not know.
    fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response));
    fastify.server.on('drop', () => this.#metrics.dropped());
  }

  /** What the parser does not take, or what did not arrive in time. */
  onParserError(error: ParserError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return void (socket.writableEnded || socket.destroy());
    const problem = problemOfParser(error);
    if (this.#bodies.refuse(socket, refusalOfParser(error))) return;
    // An answer that was begun must not be written into.
    if (this.#answers.get(socket)?.writableFinished === false) return void socket.destroy();
    this.#metrics.answered({ route: 'none', method: 'none', status: kindOf(problem).status });
    answerOnSocket(socket, problem);
  }

  /** An address that cannot be read, or has an id that is too long. Such a request passes no hook. */
  onBadAddress(error: { readonly statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
    const problem: Problem = { code: error.statusCode === 414 ? 'address_too_long' : 'bad_address' };
    const { status } = kindOf(problem);
    this.#metrics.answered({ route: 'none', method: request.method, status });
    const body = JSON.stringify(problemBody(problem, request.id));
    const headers = {
      ...PRIVATE_HEADERS,
      [REQUEST_ID]: request.id,
      'content-type': PROBLEM_TYPE,
      'content-length': Buffer.byteLength(body),
    };
    if (isUnread(request)) closeAfter(request, reply.raw);
    reply.raw.writeHead(status, headers).end(body);
  }

  #onRequest(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    this.#answers.set(request.raw.socket, reply.raw);
    const route = this.#routeOf(request);
    if (this.#isStopping) {
      route?.onStopping();
      return done(new ProblemError('stopping'));
    }
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      return done(new ProblemError('malformed_request', 'The request has no Host header, which HTTP/1.1 demands.'));
    const refusal = route?.refusalOf(request.raw) ?? null;
    if (refusal !== null) return done(ProblemError.of(refusal));
    // Bytes are taken whatever the sender calls them; an odd content type would be refused.
    request.headers['content-type'] = undefined;
    done();
  }

  #readBody(request: FastifyRequest, done: (error: Error | null, body?: Buffer) => void): void {
    const route = this.#routeOf(request) ?? smallBodyOf(request);
    if (route === null) return done(null);
    this.#bodies.read(request.raw, route.bodyBytesMax, (refusal, body) =>
      refusal === null ? done(null, body) : done(ProblemError.of(route.problemOf(refusal, request.raw))),
    );
  }

  #routeOf(request: FastifyRequest): BodyRoute | null {
    return request.method === 'POST' && request.routeOptions.url === this.#route?.path ? this.#route : null;
  }
}

/** For a route that takes a small body, as a form sends it: the bytes, within the budget of all bodies. */
export const TakesBody = (bodyBytesMax: number) => RouteConfig({ bodyBytesMax });

/** Whether the route of a request reads a small body. */
export const takesBody = (request: FastifyRequest): boolean => bodyBytesMaxOf(request) !== undefined;

const bodyBytesMaxOf = ({ routeOptions }: FastifyRequest): number | undefined =>
  (routeOptions.config as { bodyBytesMax?: number }).bodyBytesMax;

function smallBodyOf(request: FastifyRequest): Pick<BodyRoute, 'bodyBytesMax' | 'problemOf'> | null {
  const bodyBytesMax = bodyBytesMaxOf(request);
  if (bodyBytesMax === undefined) return null;
  const problems: Readonly<Record<BodyRefusal, Problem>> = {
    over_limit: { code: 'body_too_large', detail: `This route takes at most ${bodyBytesMax} bytes.` },
    overloaded: { code: 'overloaded' },
    timeout: { code: 'request_timeout' },
    malformed: { code: 'malformed_request' },
    incomplete: { code: 'incomplete_body' },
  };
  return { bodyBytesMax, problemOf: (refusal) => problems[refusal] };
}

/** Whether a body has not arrived whole. */
const isUnread = ({ raw }: FastifyRequest): boolean =>
  !raw.complete && (raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0);

/** Does not wait for the rest of the body: the next request could not be told apart from it. */
function closeAfter({ raw }: FastifyRequest, response: ServerResponse): void {
  response.setHeader('connection', 'close');
  closeGently(raw.socket);
  raw.resume();
}
