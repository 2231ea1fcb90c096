import { Catch, HttpException, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthGuard } from '../http/auth.guard.js';
import { kindOf, ProblemError, type Problem } from '../http/problem.js';
import { answerPage, leadTo } from './answering.js';
import { Redirect } from './page.js';
import { Arriving, Failed, NotKnown } from './pages/problem.js';
import { isOfStripe } from './places.js';
import { Layout, Document } from './parts/layout.js';

/** Answers errors of the console as pages; redirects visitors who are not logged in to the login. */
@Catch()
export class PageProblems implements ExceptionFilter {
  readonly #logger = new Logger('console');

  constructor(@Inject(AuthGuard) private readonly guard: AuthGuard) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (error instanceof Redirect) return leadTo(reply, error.to);
    const problem = problemOf(error) ?? this.#unforeseen(error, request.id);
    if (problem.code === 'unauthenticated') return toLogin(request, reply);
    const { status, title, remedy, retryAfterS } = kindOf(problem);
    if (retryAfterS !== null) void reply.header('retry-after', String(retryAfterS));
    const sought = problem.code === 'not_found' ? soughtBy(request) : null;
    const main =
      sought === null ? (
        <Failed
          title={title}
          detail={problem.detail ?? remedy}
          request={status < 500 ? null : request.id}
          isLater={retryAfterS !== null}
        />
      ) : (
        <NotKnown id={sought} />
      );
    const visitor = this.guard.visitorOf(request);
    const document =
      visitor === null ? (
        <Document title={title}>
          <body>
            <main>{main}</main>
          </body>
        </Document>
      ) : (
        <Layout
          shown={{ title, main }}
          frame={{ visitor, asked: { path: {}, query: {} }, nowMs: Date.now(), once: '' }}
        />
      );
    answerPage(reply, status, document);
  }

  #unforeseen(error: unknown, request: string): Problem {
    this.#logger.error(error, `Page ${request} failed: ${error instanceof Error ? error.message : String(error)}`);
    return { code: 'internal_error' };
  }
}

function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  return error instanceof HttpException && error.getStatus() === 404 ? { code: 'not_found' } : null;
}

/**
 * Browsers omit a SameSite=Strict cookie on a link from another site. A page that reloads itself makes the request
 * same-site, so that an existing session counts.
 */
function toLogin({ headers, method, originalUrl }: FastifyRequest, reply: FastifyReply): void {
  const site = headers['sec-fetch-site'];
  const isArriving = method === 'GET' && (site === 'cross-site' || site === 'same-site');
  if (isArriving) return answerPage(reply, 200, <Arriving to={originalUrl} />);
  const next = method === 'GET' ? originalUrl : '/console';
  leadTo(reply, `/console/login?next=${encodeURIComponent(next)}`);
}

/** The id of the Stripe object that the request is for; null for other pages. */
function soughtBy({ params }: FastifyRequest): string | null {
  const { id } = params as Readonly<Record<string, string | undefined>>;
  return id !== undefined && isOfStripe(id) ? id : null;
}
