import type { FastifyInstance } from 'fastify';

/** Answers have personal data in them: no cache keeps them, and no browser guesses another type. */
export const PRIVATE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Gives every answer of a server these headers, also the refusals. */
export function keepAnswersPrivate(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(PRIVATE_HEADERS);
    done();
  });
}
