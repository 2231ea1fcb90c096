import { Controller, Get, Inject, Logger, Post, Query, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthGuard } from '../http/auth.guard.js';
import { OpenToAll } from '../http/open-to-all.js';
import { ProblemError } from '../http/problem.js';
import { TakesBody } from '../http/rim.js';
import { sessionCookie } from '../http/session-cookie.js';
import { Tokens } from '../http/tokens.js';
import { answerPage, FORM_BYTES_MAX, formOf, leadTo, pathOfConsole } from './answering.js';
import { LoginAttempts } from './login-attempts.js';
import { PageProblems } from './page-problems.js';
import { Login } from './pages/login.js';

/** Login and logout, open to all. */
@Controller({ path: 'console', version: VERSION_NEUTRAL })
@OpenToAll()
@UseFilters(PageProblems)
export class SessionController {
  readonly #logger = new Logger('console');
  readonly #attempts = new LoginAttempts();

  constructor(
    @Inject(AuthGuard) private readonly guard: AuthGuard,
    @Inject(Tokens) private readonly tokens: Tokens,
  ) {}

  @Get('login')
  login(@Query('next') next: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const to = pathOfConsole(typeof next === 'string' ? next : null);
    if (this.guard.visitorOf(request) !== null) return leadTo(reply, to);
    answerPage(reply, 200, <Login next={to} wrong={null} />);
  }

  @Post('session')
  @TakesBody(FORM_BYTES_MAX)
  begin(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    ownForm(request);
    const { token = '', next } = formOf(request);
    const to = pathOfConsole(next);
    const nowMs = Date.now();
    if (!this.#attempts.mayTry(request.ip, nowMs))
      throw new ProblemError('too_many_requests', 'Too many logins have failed. Wait a second, then try again.');
    const visitor = this.tokens.byValue(token.trim());
    if (visitor === null) {
      this.#attempts.failed(request.ip, nowMs);
      this.#logger.warn(`A login from ${request.ip} has failed: the token is not in API_TOKENS.`);
      return answerPage(reply, 403, <Login next={to} wrong="This token is not valid." />);
    }
    const cookie = sessionCookie(request.headers.origin, this.tokens.sessionOf(visitor));
    if (cookie === null)
      return answerPage(
        reply,
        403,
        <Login
          next={to}
          wrong="The console requires HTTPS, except on this machine. Put a proxy with TLS in front of it."
        />,
      );
    this.#attempts.succeeded(request.ip);
    this.#logger.log(`${visitor.name} (${visitor.scope}) has logged in from ${request.ip}.`);
    void reply.header('set-cookie', cookie);
    leadTo(reply, to);
  }

  @Post('session/end')
  @TakesBody(FORM_BYTES_MAX)
  end(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    ownForm(request);
    const cookie = sessionCookie(request.headers.origin, null);
    if (cookie !== null) void reply.header('set-cookie', cookie);
    leadTo(reply, '/console/login');
  }
}

/** Rejects a form unless the browser states that it comes from this site. @throws ProblemError 403 */
export function ownForm({ headers }: FastifyRequest): void {
  if (headers['sec-fetch-site'] !== 'same-origin')
    throw new ProblemError(
      'scope_missing',
      'The browser did not confirm that this form comes from the console. Open the console over HTTPS or on this machine, in a browser that sends Sec-Fetch-Site.',
    );
}
