import { z, type ZodType } from 'zod';
import { ProblemError } from '../http/problem.js';

/** The query of a request, checked; a 400 that names each parameter and what it should be. */
export function parseQuery<T>(schema: ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'query'}: ${issue.message}`).join('; ');
  throw new ProblemError({ status: 400, code: 'bad_query', title: 'Bad query', detail });
}

/** A position of the log. */
export const position = z.string().regex(/^\d{1,19}$/, 'must be a position of the log, as the webhook answers it').transform(BigInt);

/** Parameters of every read: the position it must have reached, and how long to wait for it. */
export const freshness = { minPosition: position.optional(), waitMs: z.coerce.number().int().min(0).max(30_000).default(5_000) };

/** Parameters of every list. */
export const paging = { cursor: z.string().max(400).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) };

/** A value that a list may be filtered by. */
export const text = z.string().max(255).optional();
/** Filters of every list: the connected account, and whether live or test. */
export const origin = { account: text, livemode: z.enum(['true', 'false']).transform((value) => value === 'true').optional() };

/** A time in ISO 8601, with its zone. */
export const time = z.iso.datetime({ offset: true, error: 'must be a time like 2026-01-31T00:00:00Z' });

/** Filters of lists whose objects Stripe made at some time. */
export const created = { createdSince: time.optional(), createdUntil: time.optional() };

/** The wanted part of a list, from a query that was checked: what is not paging, freshness or a bound is a filter by a column. */
export function listingOf<T extends Listed>({ minPosition: _, waitMs: __, cursor, limit, createdSince, createdUntil, ...filter }: T) {
  return { filter, atLeast: { created_at: createdSince }, atMost: { created_at: createdUntil }, cursor, limit };
}
type Listed = Readonly<{ minPosition?: bigint | undefined; waitMs: number; cursor?: string | undefined; limit: number; createdSince?: string | undefined; createdUntil?: string | undefined }>;

/** A cursor says after which id the next page starts; its form is nobody's business. */
export const cursorOf = (id: string): string => Buffer.from(id).toString('base64url');
export const idOfCursor = (cursor: string): string => Buffer.from(cursor, 'base64url').toString();
