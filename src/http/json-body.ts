import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { mistakesIn } from './mistakes.js';
import { ProblemError } from './problem.js';

/** Parameter decorator: the request body, parsed by a schema. @throws ProblemError 400 that names invalid members */
export const JsonBody = (schema: z.ZodType) => ParsedBody((body) => parsed(schema, body));

/** Nest would mistake a schema for a pipe because of its method `transform`, so it is wrapped in a function. */
const ParsedBody = createParamDecorator((parse: (body: unknown) => unknown, context: ExecutionContext): unknown =>
  parse(context.switchToHttp().getRequest<FastifyRequest>().body),
);

function parsed(schema: z.ZodType, body: unknown): unknown {
  const read = schema.safeParse(jsonOf(body));
  if (read.success) return read.data;
  throw new ProblemError('bad_request', mistakesIn(read.error.issues, 'body'));
}

function jsonOf(body: unknown): unknown {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : '';
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemError('bad_request', 'The body must be a JSON object.');
  }
}
