import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiVersion } from '../simulator/api-version.js';
import type { StripeEvent } from '../simulator/json.js';
import { seededRandom } from '../simulator/random.js';
import { cohorts, type SimulatedLife } from '../simulator/simulator.js';

/** An event to send and its expected stream. */
export interface StormEvent {
  readonly stripeEvent: StripeEvent;
  /** The expected stream; undefined for recorded events, where only the service knows. */
  readonly stream: string | undefined;
}

export interface StormSource {
  readonly seed: number;
  readonly subscriptions: number;
  readonly apiVersion: ApiVersion | 'mixed';
  readonly cycles: boolean;
  /** A folder of recorded events as JSON files, at any depth. */
  readonly recorded: string | undefined;
}

const RECORDED_MAX = 5000;

/** Recorded events first, then the lives, a cohort at a time. `onLife` is called for each life before its events. */
export function* stormEvents(source: StormSource, onLife: (life: SimulatedLife) => void): Generator<StormEvent> {
  if (source.recorded !== undefined) yield* recordedEvents(source.recorded, source.seed);
  for (const cohort of cohorts(source)) {
    cohort.lives.forEach(onLife);
    yield* cohort.events;
  }
}

/** The recorded events of a folder, each under a new id: many recordings share an id, or have only zeros. */
function* recordedEvents(folder: string, seed: number): Generator<StormEvent> {
  for (const path of jsonFiles(folder).slice(0, RECORDED_MAX)) {
    const recorded: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isStripeEvent(recorded)) continue;
    const random = seededRandom(seed, 'recorded', path.slice(folder.length));
    yield { stripeEvent: { ...recorded, id: `evt_${random.alphanumeric(24)}` }, stream: undefined };
  }
}

function jsonFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return jsonFiles(path);
      return name.endsWith('.json') ? [path] : [];
    });
}

function isStripeEvent(value: unknown): value is StripeEvent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'data' in value &&
    'id' in value &&
    String(value.id).startsWith('evt_')
  );
}

/** The webhook body as Stripe prints it. Stripe decrements `pending_webhooks` from one delivery to the next. */
export function webhookBody(stripeEvent: StripeEvent, attempt: number): Buffer {
  const pending = Math.max(1, stripeEvent.pending_webhooks - attempt + 1);
  return Buffer.from(JSON.stringify({ ...stripeEvent, pending_webhooks: pending }, null, 2));
}

/** A hash that is equal for two deliveries of one event, and differs when any meaningful byte differs. */
export function contentHash(stripeEvent: StripeEvent): string {
  return createHash('sha1')
    .update(JSON.stringify({ ...stripeEvent, pending_webhooks: 0 }))
    .digest('base64');
}
