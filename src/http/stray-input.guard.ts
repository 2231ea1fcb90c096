import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from './problem.js';
import { takesBody } from './rim.js';

/** The length of `{}`, which many clients send as an empty body. */
const EMPTY_BODY_BYTES = 2;

/**
 * Rejects a query or body that an API route does not read: `approve?customer=cus_1` would approve all customers while
 * its sender believes that it approved one.
 */
@Injectable()
export class StrayInputGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // Stripe may call an endpoint with a query, and health checks may add one.
    if (request.routeOptions.url?.startsWith('/v1/') !== true) return true;
    const [name] = Object.keys(request.query as object);
    if (name !== undefined && !readsQuery(context)) throw new ProblemError('bad_query', `${name}: is unknown here`);
    if (hasBody(request) && !takesBody(request))
      throw new ProblemError('bad_request', 'This route accepts no body; its input is in the URL.');
    return true;
  }
}

/** Whether the handler has a parameter for the query; its schema rejects unknown names. */
const readsQuery = (context: ExecutionContext): boolean => {
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    Readonly<Record<string, unknown>> | undefined;
  return Object.keys(parameters ?? {}).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
};

const hasBody = ({ method, headers }: FastifyRequest): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > EMPTY_BODY_BYTES);
