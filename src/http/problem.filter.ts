import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { kindOf, problemBody, type Problem } from './problem.js';

/** Answers every error as problem details; an unexpected error is logged, and its answer reveals no internals. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('http');

  /** @param problemOf Maps an error to a problem; null: unexpected. */
  constructor(private readonly problemOf: (error: unknown) => Problem | null) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { id } = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = this.problemOf(error) ?? this.#unforeseen(error, id);
    const { status, retryAfterS } = kindOf(problem);
    if (retryAfterS !== null) void reply.header('retry-after', String(retryAfterS));
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(status).type('application/problem+json').send(problemBody(problem, id));
  }

  #unforeseen(error: unknown, request: string): Problem {
    this.#logger.error(error, `Request ${request} failed: ${error instanceof Error ? error.message : String(error)}`);
    return { code: 'internal_error' };
  }
}
