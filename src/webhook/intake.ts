import { isUtf8 } from 'node:buffer';
import { hash as digest } from 'node:crypto';
import type { WebhookSecret } from '../config/secrets.js';
import { contentHashOf } from '../events/content-hash.js';
import type { Json, JsonObject } from '../events/json.js';
import { route, routeRefused, type QuarantineReason, type Route } from '../events/route.js';
import { isSecond } from '../events/stripe-event.js';
import type { NewEvent } from '../eventstore/append.js';
import type { AppendOutcome } from '../eventstore/appender.js';
import type { WebhookMetadata } from '../eventstore/event-metadata.js';
import { verify, type Verification } from './signature.js';

/** Appends an event to the log: the appender, or in a benchmark a stub that answers at once. */
export type Append = (event: NewEvent) => Promise<AppendOutcome>;

export type Delivery = Readonly<{ body: Uint8Array; signature: string | undefined; receivedAt: Date }>;

/** The event of a delivery, as recorded in the log. `endpoint` is the label of the secret that signed it. */
type Recorded = Readonly<{
  stream: string;
  revision: bigint;
  stripeEventId: string | null;
  type: string;
  endpoint: string;
  signedAt: Date;
}>;

export type IntakeOutcome =
  /** `isRendering`: the log already had the event in another API version. */
  | (Recorded & Readonly<{ kind: 'appended'; position: bigint; isRendering: boolean }>)
  /** `position`: null for an event that an operator has hidden and whose position is unknown. */
  | (Recorded & Readonly<{ kind: 'duplicate'; position: bigint | null }>)
  | (Recorded & Readonly<{ kind: 'quarantined'; position: bigint; reason: QuarantineReason }>)
  | { readonly kind: 'bad_signature'; readonly reason: Extract<Verification, { kind: 'invalid' }>['reason'] }
  | { readonly kind: 'unreadable'; readonly endpoint: string }
  /**
   * `limitBytes`: the limit of an append, by the configuration or the store; null when the store did not state it.
   */
  | { readonly kind: 'too_large'; readonly type: string; readonly bytes: number; readonly limitBytes: number | null }
  | { readonly kind: 'overloaded' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/**
 * Handles one delivery, from the raw body to the log: verify, parse once, route, append verbatim. Everything validly
 * signed is stored, unknown types included; events without a stream go to quarantine.
 */
export async function take(
  delivery: Delivery,
  options: { secrets: readonly WebhookSecret[]; append: Append },
): Promise<IntakeOutcome> {
  const { body, receivedAt } = delivery;
  const verified = verify(body, delivery.signature, { secrets: options.secrets, now: receivedAt });
  if (verified.kind === 'invalid') return { kind: 'bad_signature', reason: verified.reason };
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const stripeEvent = parse(text);
  if (stripeEvent === undefined) return { kind: 'unreadable', endpoint: verified.endpoint };

  // Invalid UTF-8 decodes to replacement characters, so only the bytes distinguish such bodies.
  const hash = isUtf8(body) ? contentHashOf(text, stripeEvent) : digest('sha256', body);
  const hashFor = (account: string | null) =>
    isUtf8(body) ? contentHashOf(text, stripeEvent, { account }) : digest('sha256', body);
  const describe = (routed: Route) => newEvent(routed, { stripeEvent, hash, hashFor, delivery, verified });
  const routed = route(stripeEvent, hash);
  const outcome = await options.append(describe(routed));
  if (routed.kind === 'quarantine' || (outcome.kind !== 'conflict' && outcome.kind !== 'stream_deleted'))
    return answerOf(outcome, routed, { body, verified });
  const quarantined = routeRefused(stripeEvent, hash, outcome.kind);
  return answerOf(await options.append(describe(quarantined)), quarantined, { body, verified });
}

function answerOf(
  outcome: AppendOutcome,
  routed: Route,
  { body, verified: { endpoint, signedAt } }: { body: Uint8Array; verified: Known['verified'] },
): IntakeOutcome {
  const { type, stripeEventId } = routed;
  const event = { type, stripeEventId, endpoint, signedAt };
  switch (outcome.kind) {
    case 'appended':
      return routed.kind === 'quarantine'
        ? { ...outcome, ...event, kind: 'quarantined', reason: routed.reason }
        : { ...outcome, ...event };
    case 'duplicate':
      return { ...outcome, ...event };
    case 'too_large':
      return { ...outcome, type, bytes: body.byteLength };
    case 'conflict':
    case 'moved':
      throw new Error(`The quarantine stream ${outcome.stream} is named by its content and cannot hold another.`);
    // A quarantine stream holds only this body: an operator has tombstoned it, and the same body arrives again.
    case 'stream_deleted':
      return { kind: 'duplicate', stream: outcome.stream, revision: 0n, position: null, ...event };
    default:
      return outcome;
  }
}

/** Parses JSON; undefined when the text is invalid. */
function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Known = Readonly<{
  stripeEvent: Json;
  hash: string;
  hashFor: NewEvent['contentHashFor'];
  delivery: Delivery;
  verified: Extract<Verification, { kind: 'valid' }>;
}>;

function newEvent(routed: Route, { stripeEvent, hash, hashFor, delivery, verified }: Known): NewEvent {
  const fields: JsonObject =
    typeof stripeEvent === 'object' && stripeEvent !== null && !Array.isArray(stripeEvent)
      ? (stripeEvent as JsonObject)
      : {};
  const apiVersion = textOrNull(fields['api_version']);
  const account = textOrNull(fields['account'] ?? fields['user_id'] ?? null);
  const metadata: WebhookMetadata = {
    format: 2,
    source: 'webhook',
    stripeEventId: routed.stripeEventId,
    apiVersion,
    account,
    livemode: typeof fields['livemode'] === 'boolean' ? fields['livemode'] : null,
    created: isSecond(fields['created'] ?? null) ? (fields['created'] as number) : null,
    endpoint: verified.endpoint,
    receivedAt: delivery.receivedAt.toISOString(),
    signedAt: verified.signedAt.toISOString(),
    bodySha256: digest('sha256', delivery.body),
    contentHash: hash,
    ...(routed.kind === 'quarantine' ? { quarantine: routed.reason } : {}),
  };
  return {
    stream: routed.stream,
    eventId: routed.eventId,
    type: routed.type,
    data: delivery.body,
    metadata: new Uint8Array(Buffer.from(JSON.stringify(metadata))),
    contentHash: hash,
    contentHashFor: hashFor,
    apiVersion,
    account,
    source: 'webhook',
  };
}

const textOrNull = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
