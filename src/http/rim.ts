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

/** The one route that accepts large bodies, and its answers for requests that do not reach its handler. */
export interface BodyRoute {
  readonly path: string;
  readonly bodyBytesMax: number;
  /** Checks a request by its headers; a problem is answered before the body is read. */
  refusalOf(request: IncomingMessage): Problem | null;
  /** The problem for a body that was rejected. */
  problemOf(refusal: BodyRefusal, request: IncomingMessage): Problem;
  /** Called for a request that arrives during shutdown and is answered 503. */
  onStopping(): void;
}

/** Processes every request before its handler, and every answer after it. */
export class Rim {
  readonly #bodies: Bodies;
  readonly #route: BodyRoute | null;
  readonly #metrics: HttpMetrics;
  readonly #untaken: UntakenAnswers;
  /** The latest answer of a connection, started or not. */
  readonly #answers = new WeakMap<Socket, ServerResponse>();
  #isStopping = false;

  constructor(parts: { bodies: Bodies; bodyRoute: BodyRoute | null; metrics: HttpMetrics; untaken: UntakenAnswers }) {
    this.#bodies = parts.bodies;
    this.#route = parts.bodyRoute;
    this.#metrics = parts.metrics;
    this.#untaken = parts.untaken;
  }

  /** Installs its hooks on a server that has no routes yet. */
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
    // Node would reject these with an empty answer that bypasses all hooks; a server may ignore an unknown expectation.
    fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response));
    fastify.server.on('drop', () => this.#metrics.dropped());
  }

  /** Handles a request that the parser rejected or that timed out. */
  onParserError(error: ParserError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return void (socket.writableEnded || socket.destroy());
    const problem = problemOfParser(error);
    if (this.#bodies.refuse(socket, refusalOfParser(error))) return;
    // Never write into an answer that has started.
    if (this.#answers.get(socket)?.writableFinished === false) return void socket.destroy();
    this.#metrics.answered({ route: 'none', method: 'none', status: kindOf(problem).status });
    answerOnSocket(socket, problem);
  }

  /** Answers a URL that cannot be decoded, or has an id that is too long. Such a request bypasses all hooks. */
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
      return done(new ProblemError('malformed_request', 'The request has no Host header, which HTTP/1.1 requires.'));
    const refusal = route?.refusalOf(request.raw) ?? null;
    if (refusal !== null) return done(ProblemError.of(refusal));
    // Bodies are accepted as bytes, whatever their content type; Fastify would reject an unusual one.
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

/** Makes a route accept a small body, such as a form: as bytes, within the budget of all bodies. */
export const TakesBody = (bodyBytesMax: number) => RouteConfig({ bodyBytesMax });

/** Whether the route of a request accepts a small body. */
export const takesBody = (request: FastifyRequest): boolean => bodyBytesMaxOf(request) !== undefined;

const bodyBytesMaxOf = ({ routeOptions }: FastifyRequest): number | undefined =>
  (routeOptions.config as { bodyBytesMax?: number }).bodyBytesMax;

function smallBodyOf(request: FastifyRequest): Pick<BodyRoute, 'bodyBytesMax' | 'problemOf'> | null {
  const bodyBytesMax = bodyBytesMaxOf(request);
  if (bodyBytesMax === undefined) return null;
  const problems: Readonly<Record<BodyRefusal, Problem>> = {
    over_limit: { code: 'body_too_large', detail: `This route accepts at most ${bodyBytesMax} bytes.` },
    overloaded: { code: 'overloaded' },
    timeout: { code: 'request_timeout' },
    malformed: { code: 'malformed_request' },
    incomplete: { code: 'incomplete_body' },
  };
  return { bodyBytesMax, problemOf: (refusal) => problems[refusal] };
}

/** Whether a body has not arrived completely. */
const isUnread = ({ raw }: FastifyRequest): boolean =>
  !raw.complete && (raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0);

/**
 * Closes the connection without waiting for the rest of the body, which could not be distinguished from a next request.
 */
function closeAfter({ raw }: FastifyRequest, response: ServerResponse): void {
  response.setHeader('connection', 'close');
  closeGently(raw.socket);
  raw.resume();
}
