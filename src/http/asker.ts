import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Visitor } from './tokens.js';

/**
 * The caller of a request: the token's digest (for its share of limits) and name (for the audit record), a signal that
 * aborts when the client's connection closes, and a callback for the log position up to which the answer is complete.
 */
export type Asker = Readonly<{
  token: string;
  name: string;
  signal: AbortSignal;
  answeredAt?: (position: bigint) => void;
}>;

/** The header with the log position up to which an answer is complete: a value for `minPosition`. */
const LEDGER_POSITION = 'ledger-position';

const visitors = new WeakMap<object, Visitor>();

/** Stores the visitor of a request that the guard has admitted. */
export const noteVisitor = (request: FastifyRequest, visitor: Visitor): void => void visitors.set(request.raw, visitor);

/** Parameter decorator: the visitor of a route that requires a token. */
export const VisitedBy = createParamDecorator((_: unknown, context: ExecutionContext): Visitor =>
  visitorOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

function visitorOf({ raw }: FastifyRequest): Visitor {
  const visitor = visitors.get(raw);
  assert(visitor !== undefined, 'the guard has let a request pass without a token');
  return visitor;
}

/** Parameter decorator: the caller of a route that requires a token. */
export const AskedBy = createParamDecorator((_: unknown, context: ExecutionContext): Asker => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  const { token, name, isBorrowed } = visitorOf(request);
  const asker = { token, name, signal: closingOf(request.raw.socket) };
  // Console pages do not use the position, and finding it takes a query.
  if (isBorrowed === true) return asker;
  // An answer made of several reads is only as new as the first of them.
  const answeredAt = (position: bigint): void => {
    if (!reply.hasHeader(LEDGER_POSITION)) void reply.header(LEDGER_POSITION, String(position));
  };
  return { ...asker, answeredAt };
});

const closings = new WeakMap<Socket, AbortSignal>();

/**
 * Returns one signal for all requests of a connection. The response cannot signal it: one that waits behind another, as
 * with pipelined requests, gets no event when its connection closes.
 */
function closingOf(socket: Socket): AbortSignal {
  if (socket.destroyed) return AbortSignal.abort();
  const known = closings.get(socket);
  if (known !== undefined) return known;
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  socket.once('close', () => closing.abort());
  closings.set(socket, closing.signal);
  return closing.signal;
}
