import type { FastifyInstance } from 'fastify';
import { REQUEST_ID } from './request-ids.js';

/** Answers have personal data in them: no cache keeps them, and no browser guesses another type. */
export const PRIVATE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Gives every answer of a server these headers and the id of its request, also refusals and streams. */
export function keepAnswersPrivate(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(PRIVATE_HEADERS);
    reply.raw.setHeader(REQUEST_ID, request.id);
    done();
  });
}
