import {
  decimal,
  flag,
  list,
  object,
  observation,
  oneOf,
  orNull,
  page,
  ref,
  text,
  time,
  whole,
  type Properties,
} from './words.js';

/** The fields of every event in the log. */
const eventFields: Properties = {
  stripeEventId: orNull(text),
  eventId: { type: 'string', format: 'uuid' },
  type: text,
  created: orNull(time),
  object: object({ kind: orNull(text), id: orNull(text) }),
  account: orNull(text),
  livemode: orNull(flag),
  apiVersion: orNull(text),
  source: orNull(oneOf('webhook', 'events_api', 'observation', 'absence')),
  observation: orNull(object(observation)),
  endpoint: orNull(text),
  receivedAt: orNull(time),
  signedAt: orNull(time),
  recordedAt: time,
  stream: text,
  revision: decimal,
  position: decimal,
  bodySha256: orNull(text),
  contentHash: orNull(text),
  quarantine: orNull(
    oneOf(
      'not_an_event',
      'envelope',
      'thin_event',
      'reserved_type',
      'no_object',
      'no_real_id',
      'conflict',
      'stream_deleted',
    ),
  ),
};

export const eventsSchemas: Properties = {
  Event: object(eventFields),
  EventWithDeliveries: object({
    ...eventFields,
    renderings: list(
      object({ eventId: text, apiVersion: orNull(text), stream: text, revision: decimal, position: decimal }),
    ),
    deliveries: orNull(list(object({ at: time, outcome: text, endpoint: text, signatureAgeS: whole }))),
    changed: list(object({ table: text, key: { type: 'object', additionalProperties: true } })),
  }),
  Events: page('Event'),
  Stream: object({ data: list(ref('Event')), nextAfter: orNull(decimal) }),
  Acknowledged: object({
    outcome: oneOf('appended', 'duplicate', 'quarantined'),
    stream: text,
    revision: decimal,
    position: orNull(decimal),
  }),
};
