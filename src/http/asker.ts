import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Visitor } from './tokens.js';

/**
 * Who asks: the token, by its digest, whose share is taken, and its name, for the record of who did what; a signal for
 * when the client's connection is closed; and where to say up to which position of the log the answer is complete.
 */
export type Asker = Readonly<{
  token: string;
  name: string;
  signal: AbortSignal;
  answeredAt?: (position: bigint) => void;
}>;

/** Up to which position of the log an answer is complete: what `minPosition` takes. */
const LEDGER_POSITION = 'ledger-position';

const visitors = new WeakMap<object, Visitor>();

/** Notes whose request it is; the guard has just checked it. */
export const noteVisitor = (request: FastifyRequest, visitor: Visitor): void => void visitors.set(request.raw, visitor);

/** The visitor of a route that wants a token. */
export const VisitedBy = createParamDecorator((_: unknown, context: ExecutionContext): Visitor =>
  visitorOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

function visitorOf({ raw }: FastifyRequest): Visitor {
  const visitor = visitors.get(raw);
  assert(visitor !== undefined, 'the guard has let a request pass without a token');
  return visitor;
}

/** A parameter of a route that wants a token. */
export const AskedBy = createParamDecorator((_: unknown, context: ExecutionContext): Asker => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  const { token, name } = visitorOf(request);
  // An answer of several reads is as old as the first of them.
  const answeredAt = (position: bigint): void => {
    if (!reply.hasHeader(LEDGER_POSITION)) void reply.header(LEDGER_POSITION, String(position));
  };
  return { token, name, signal: closingOf(request.raw.socket), answeredAt };
});

const closings = new WeakMap<Socket, AbortSignal>();

/**
 * One signal for all requests of a connection. The response cannot tell: one that waits behind another, as those of
 * pipelined requests do, never hears that its connection closed.
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
