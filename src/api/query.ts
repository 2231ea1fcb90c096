import { StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { mistakesIn } from '../http/mistakes.js';
import { ProblemError } from '../http/problem.js';
import { isStorable } from '../read-models/database.js';

/** 400 for a parameter; `detail` names it and says what it should be. */
export const badQuery = (detail: string) => new ProblemError('bad_query', detail);

/** Validates queries and paths by the schemas of the routes; a 400 names each parameter and what it should be. */
export class SchemaPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({
      // The schemas are zod's, so the issues are zod issues.
      exceptionFactory: (issues) => badQuery(mistakesIn(issues as readonly z.core.$ZodIssue[], 'query')),
    });
  }

  /** Overridden so that a parameter `__proto__` is rejected like any other unknown one. */
  protected override stripProtoKeys(): void {}
}

/** Text that Postgres can store and the event store accepts: every id, filter and cursor. */
export const storable = z.string().refine(isStorable, 'must not contain U+0000 or half of a surrogate pair');

/** A part of a request's path, validated like any other text. */
export const pathPart = (name: string) =>
  z.string().refine((part) => part !== '' && isStorable(part), {
    path: [name],
    error: 'must not be empty or contain U+0000 or half of a surrogate pair',
  });
/** An id in a request's path. */
export const pathId = pathPart('id');

/** The name of a stream in the path; names that begin with $ are the store's own. */
export const streamName = pathPart('name').refine((name) => !name.startsWith('$'), {
  path: ['name'],
  error: 'must not begin with $',
});

/** A whole number in decimal digits: `0x10`, `1e2` and `1.0` are numbers in JavaScript, but mistakes in a query. */
export function wholeNumber({ min, max }: Readonly<{ min: number; max: number }>) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .meta({ type: 'integer', minimum: min, maximum: max });
}

/** A log position. */
export const position = z
  .string()
  .regex(/^\d{1,19}$/, 'must be a position of the log, as the webhook returns it')
  .transform(BigInt);

/** Parameters of every read: the position that it must have reached, and how long to wait for it. */
export const freshness = {
  minPosition: position.optional(),
  waitMs: wholeNumber({ min: 0, max: 30_000 }).default(5_000),
};

/** Parameters of every list. */
export const paging = {
  cursor: z.string().max(1_200).optional(),
  limit: wholeNumber({ min: 1, max: 200 }).default(50),
};

/** A filter value of a list. */
export const text = storable.max(255).optional();
const truth = z.enum(['true', 'false']);
const isTrue = (value: z.output<typeof truth>): boolean => value === 'true';
/** `true` or `false`. */
export const flag = truth.transform(isTrue);
/** Filters of events: connected account, and live or test mode. */
export const origin = { account: text, livemode: flag.optional() };
/** Selects books by mode and account: by default live mode and the own account. */
export const whose = { livemode: truth.default('true').transform(isTrue), account: text };

const TIME_HINT = 'must be a time like 2026-01-31T00:00:00Z, from 1970 to 9999';
const TIMES = { min: Date.UTC(1970, 0, 1), max: Date.UTC(10_000, 0, 1) - 1 };

/** A time in ISO 8601 with an offset, to the millisecond: the common precision of Postgres, Stripe and JavaScript. */
export const instant = z.iso
  .datetime({ offset: true, error: TIME_HINT })
  .max(64, TIME_HINT)
  .transform((given) => new Date(given))
  .refine((at) => at.getTime() >= TIMES.min && at.getTime() <= TIMES.max, TIME_HINT);

/** The same as text in UTC. */
export const time = instant.transform((at) => at.toISOString());
