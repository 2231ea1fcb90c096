import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tap, type Observable } from 'rxjs';

/**
 * The length of a page's end that is searched for the cursor, in bytes. Quotation marks inside JSON strings are
 * escaped, so a match is real.
 */
const TAIL_BYTES = 2_000;
// Anchored: otherwise a failing match would be retried from every byte.
const NEXT = /^.*"(nextCursor|nextAfter)":(?:"([^"]*)"|(\d+))/s;

/** Adds the next page of a list as a `Link` header, as HTTP clients expect. */
export class NextLinks implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap((answer) => {
        const found = nextOf(answer);
        if (found === null) return;
        const http = context.switchToHttp();
        const { pathname, searchParams } = new URL(http.getRequest<FastifyRequest>().raw.url ?? '/', 'http://ledger');
        searchParams.set(found.parameter, found.value);
        const link = `<${pathname}?${searchParams.toString()}>; rel="next"`;
        http.getResponse<FastifyReply>().raw.appendHeader('link', link);
      }),
    );
  }
}

function nextOf(answer: unknown): { parameter: 'cursor' | 'after'; value: string } | null {
  if (Buffer.isBuffer(answer)) {
    const [, name, text, number] = NEXT.exec(answer.subarray(-TAIL_BYTES).toString('latin1')) ?? [];
    const value = text ?? number;
    return value === undefined ? null : { parameter: name === 'nextAfter' ? 'after' : 'cursor', value };
  }
  const { nextCursor } = (answer ?? {}) as { nextCursor?: unknown };
  return typeof nextCursor === 'string' ? { parameter: 'cursor', value: nextCursor } : null;
}
