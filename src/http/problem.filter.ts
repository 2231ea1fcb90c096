import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { problemBody, type Problem } from './problem.js';

/** Answers every error as problem details; what nobody foresaw is logged and says nothing of the inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('http');

  /** @param problemOf What an error is to the client; null: nobody foresaw it. */
  constructor(private readonly problemOf: (error: unknown) => Problem | null) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.#problemOf(error);
    if (problem.retryAfterS !== undefined) void reply.header('retry-after', String(problem.retryAfterS));
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(problem.status).type('application/problem+json').send(problemBody(problem));
  }

  #problemOf(error: unknown): Problem {
    const problem = this.problemOf(error);
    if (problem !== null) return problem;
    this.#logger.error(error);
    return {
      status: 500,
      code: 'internal_error',
      title: 'Internal error',
      detail: 'The service failed on this request; its log says more.',
    };
  }
}
