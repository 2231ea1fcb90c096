import { PROBLEMS } from '../../src/http/problems.js';
import { decimal, flag, list, object, oneOf, orNull, ref, text, time, whole, type Properties } from './words.js';

/** Schemas that several answers share. */
export const sharedSchemas: Properties = {
  Problem: object(
    {
      type: text,
      title: text,
      status: whole,
      detail: text,
      code: oneOf(...Object.keys(PROBLEMS)),
    },
    { instance: text },
  ),
  ProblemKind: object({
    code: text,
    type: text,
    status: whole,
    title: text,
    remedy: text,
    retryable: flag,
    retryAfterS: orNull(whole),
  }),
  ProblemKinds: object({ data: list(ref('ProblemKind')) }),
  ChangedBy: {
    ...object({ stripeEventId: text, type: text, created: time, apiVersion: orNull(text) }),
    description: 'The Stripe event behind this state.',
  },
  Stale: {
    ...object({ since: time, stream: text, revision: decimal, cause: text }),
    description: 'The stream is parked: this is its last good row.',
  },
  Unread: {
    ...object({ stripeEventId: text, stream: text, revision: text, cause: orNull(text) }),
    description: 'An event of the stream that could not be read; the row shows a later state.',
  },
  AsOf: object({
    trueAt: orNull(time),
    knownAt: orNull(text),
    revision: orNull(decimal),
    position: orNull(decimal),
  }),
};
