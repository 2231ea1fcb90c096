import { z } from 'zod';
import { runRequest } from '../../src/api/stripe/run-request.js';
import { decimal, flag, list, object, oneOf, orNull, page, text, time, whole, type Properties } from './words.js';

export const stripeSideSchemas: Properties = {
  StripeCoverage: object({
    data: list(
      object({
        account: text,
        livemode: flag,
        coveredUntil: orNull(time),
        ended: orNull(text),
        gaps: list(object({ from: time, to: time, cause: text })),
        requestsOfDay: whole,
      }),
    ),
    keys: list(object({ label: text, livemode: flag })),
  }),
  StripeRun: object({
    id: text,
    kind: oneOf('backfill', 'recover', 'reconcile', 'money'),
    account: orNull(text),
    livemode: flag,
    key: text,
    apiVersion: orNull(text),
    startedAt: time,
    step: oneOf('wanted', 'started', 'checkpoint', 'stopping', 'finished', 'stopped'),
    saidAt: time,
    options: { type: 'object', additionalProperties: true },
    state: { type: 'object', additionalProperties: true },
  }),
  StripeRuns: page('StripeRun'),
  StripeRunRequest: z.toJSONSchema(runRequest, { io: 'input', target: 'draft-2020-12' }),
  StripeFinding: object({
    verdict: oneOf(
      'missing_event',
      'unknown',
      'drift',
      'gone',
      'contradicts',
      'unreadable',
      'busy',
      'money',
      'unknown_to_stripe',
    ),
    object: text,
    id: text,
    stream: orNull(text),
    rows: list(object({ table: text, key: text, field: text }, { ledger: {}, stripe: {} })),
    since: orNull(object({ after: time, before: time })),
    cause: orNull(text),
    type: orNull(text),
    looks: list(orNull(text)),
    repaired: orNull(object({ revision: decimal, position: decimal })),
  }),
  StripeFindings: page('StripeFinding'),
  Refreshed: object({
    data: list(
      object({
        object: text,
        id: text,
        verdict: text,
        rows: list(object({ table: text, key: text, field: text }, { ledger: {}, stripe: {} })),
        until: orNull(time),
        cause: orNull(text),
        appended: orNull(object({ stream: text, revision: decimal, position: decimal })),
      }),
    ),
    position: orNull(decimal),
  }),
};
