import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { bodyTooLarge, problemBody, ProblemError, type Problem } from '../http/problem.js';
import { isUnavailable } from '../read-models/database.js';

/** Answers every error as problem details; what nobody foresaw is logged and says nothing of the inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = this.#problemOf(error);
    if (problem.retryAfterS !== undefined) void reply.header('retry-after', String(problem.retryAfterS));
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(problem.status).type('application/problem+json').send(problemBody(problem));
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof ProblemError) return error.problem;
    if (isUnavailable(error)) {
      return { status: 503, code: 'read_models_unavailable', title: 'Read models unavailable', detail: 'Postgres does not answer, or the read models are being built. Ask again later; intake does not depend on it.', retryAfterS: 2 };
    }
    const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown }).statusCode;
    if (typeof status === 'number' && status >= 400 && status < 500) return knownProblem(status, (error as Error).message);
    this.#logger.error(error);
    return { status: 500, code: 'internal_error', title: 'Internal error', detail: 'The service failed on this request; its log says more.' };
  }
}

function knownProblem(status: number, message: string): Problem {
  if (status === 413) return bodyTooLarge;
  if (status === 404) return { status, code: 'not_found', title: 'Not found', detail: message };
  return { status, code: 'bad_request', title: 'Bad request', detail: message };
}
