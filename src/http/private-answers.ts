import type { FastifyInstance } from 'fastify';
import { REQUEST_ID } from './request-ids.js';

/** Answers contain personal data: caches must not store them, and browsers must not guess another type. */
export const PRIVATE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Adds these headers and the request id to every answer of a server, including refusals and streams. */
export function keepAnswersPrivate(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(PRIVATE_HEADERS);
    reply.raw.setHeader(REQUEST_ID, request.id);
    done();
  });
}
