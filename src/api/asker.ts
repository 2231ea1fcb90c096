import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Who asks: the token, by its digest, whose share is taken; and a signal for when the client has left without its
 * answer.
 */
export type Asker = Readonly<{ token: string; signal: AbortSignal }>;

const tokens = new WeakMap<object, string>();

/** Notes whose request it is; the guard has just checked it. */
export const noteToken = (request: FastifyRequest, token: string): void => void tokens.set(request.raw, token);

/** A parameter of a route that wants a token. */
export const AskedBy = createParamDecorator((_: unknown, context: ExecutionContext): Asker => {
  const http = context.switchToHttp();
  const token = tokens.get(http.getRequest<FastifyRequest>().raw);
  assert(token !== undefined, 'the guard has let a request pass without a token');
  return { token, signal: leavingOf(http.getResponse<FastifyReply>().raw) };
});

function leavingOf(response: ServerResponse): AbortSignal {
  if (response.destroyed) return AbortSignal.abort();
  const leaving = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) leaving.abort();
  });
  return leaving.signal;
}
