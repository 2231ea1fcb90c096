import { decimal, flag, list, object, oneOf, orNull, text, time, whole, type Properties } from './words.js';

export const serviceSchemas: Properties = {
  Index: object({
    name: text,
    webhook: text,
    reads: list(text),
    operations: list(text),
    problems: text,
    document: text,
    authorization: text,
  }),
  Alive: object({ status: text }),
  Health: object(
    {
      ready: flag,
      intake: object({ ready: flag, state: text }, { eventStore: text }),
      reads: object(
        { ready: flag, state: text },
        {
          postgres: text,
          catchUp: text,
          cause: text,
          building: list(text),
          parked: { type: 'object', additionalProperties: whole },
          lagSeconds: orNull({ type: 'number' }),
        },
      ),
    },
    { roles: list(text) },
  ),
  Status: object({
    state: oneOf('ok', 'attention', 'failing'),
    sentence: text,
    concerns: list(object({ code: text, severity: oneOf('failing', 'attention'), text })),
    at: time,
    log: object({ state: oneOf('at', 'empty', 'unknown', 'away', 'refused'), name: orNull(text) }),
    lastEvent: orNull(
      object({
        stripeEventId: orNull(text),
        type: text,
        receivedAt: time,
        ageSeconds: { type: 'number' },
        position: decimal,
      }),
    ),
    intake: object({
      state: text,
      eventStore: text,
      waiting: orNull(whole),
      minutes: orNull(list(object({ at: time, byOutcome: { type: 'object', additionalProperties: whole } }))),
    }),
    reads: object({
      state: text,
      postgres: text,
      building: list(text),
      lagSeconds: orNull({ type: 'number' }),
      parkedStreams: orNull(whole),
      quarantinedEvents: orNull(whole),
    }),
    projecting: object({
      by: oneOf('this_process', 'another_process', 'nobody', 'unknown'),
      cause: orNull(text),
    }),
    verified: orNull(object({ folds: whole, faults: whole })),
    accessChanges: orNull(
      object({
        held: whole,
        endpoints: list(object({ name: text, waiting: whole, lagSeconds: { type: 'number' }, isStopped: flag })),
      }),
    ),
    versions: object({ ledger: text, node: text, postgres: orNull(text) }),
  }),
};
