import type { JsonObject } from '../../src/events/json.js';

/** A Stripe event around an object; what `envelope` names replaces or, when undefined, is left out. */
export function eventAbout(object: JsonObject | null, envelope: { readonly [key: string]: unknown } = {}): JsonObject {
  const { data, ...rest } = { data: {}, ...envelope };
  const event = {
    id: 'evt_1PgafmB7WZ01zgkW', object: 'event', type: 'test.updated', created: 1_700_000_000, api_version: '2026-09-30.endive',
    livemode: false, pending_webhooks: 1, request: { id: 'req_1', idempotency_key: null }, ...rest, data: { object, ...(data as object) },
  };
  return JSON.parse(JSON.stringify(event)) as JsonObject;
}
