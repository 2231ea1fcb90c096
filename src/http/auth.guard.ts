import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Scope } from '../config/secrets.js';
import { ACCESS, OPEN } from './open-to-all.js';
import { ProblemError } from './problem.js';
import { noteVisitor } from './asker.js';
import { sessionIn } from './session-cookie.js';
import { includesScope, Tokens, type Visitor } from './tokens.js';

/** Sets the scope that a route or controller requires; higher scopes include lower ones. */
export const NeedsScope = (scope: Scope) => SetMetadata(ACCESS, scope);

/**
 * Admits a request whose token has the scope that the route requires; a console session counts as its token. A route
 * without a scope is refused, unless it is open to all.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Tokens) private readonly tokens: Tokens,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride<Scope | typeof OPEN | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === OPEN) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const visitor = this.visitorOf(request);
    if (visitor === null) throw new ProblemError('unauthenticated');
    if (needed === undefined) throw notAllowed('This route declares no scope, so no token may use it.');
    if (!includesScope(visitor.scope, needed))
      throw notAllowed(`The token is valid but lacks the scope "${needed}". ${WHERE[needed]}`);
    noteVisitor(request, visitor);
    return true;
  }

  /** Whether a request may read, for a route that is open to all but answers more to readers. */
  mayRead(request: FastifyRequest): boolean {
    const visitor = this.visitorOf(request);
    return visitor !== null && includesScope(visitor.scope, 'read');
  }

  /** The visitor of a request, by its bearer token, its pass or its session; null without a valid one. */
  visitorOf({ headers, method }: FastifyRequest): Visitor | null {
    if (headers.authorization === undefined) {
      const session = sessionIn(headers, method);
      return session === null ? null : this.tokens.bySession(session);
    }
    const [, kind = '', value = ''] = /^(Bearer|Pass) (.+)$/i.exec(headers.authorization) ?? [];
    return /^pass$/i.test(kind) ? this.tokens.byPass(value) : this.tokens.byValue(value);
  }
}

const notAllowed = (detail: string) => new ProblemError('scope_missing', detail);
/** Where to get a token of each scope. */
const WHERE: Readonly<Record<Scope, string>> = {
  access: 'Use a token that API_TOKENS lists as access=TOKEN.',
  read: 'Use a token that API_TOKENS lists as read=TOKEN, or "readToken" in secrets.json of DATA_DIR.',
  admin: 'Use a token that API_TOKENS lists as admin=TOKEN, or "adminToken" in secrets.json of DATA_DIR.',
};
