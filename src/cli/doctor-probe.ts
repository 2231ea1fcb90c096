import { randomBytes } from 'node:crypto';
import { localUrl, type Config } from '../config/config.js';
import { secretsOfService } from '../local-secrets.js';
import { signedDelivery, stripeEvent } from '../signed-event.js';
import { messageOf, type Check } from './doctor-machine.js';

const ANSWER_WITHIN_MS = 15_000;
const ROWS_WITHIN_MS = 10_000;

/** Sends a signed event end to end: through the webhook into the log and the rows, and once more as a duplicate. */
export async function probe(config: Config): Promise<Check> {
  const url = localUrl(config);
  const { secret, token } = secretsOfService(config);
  if (secret === undefined || token === undefined)
    return { check: 'probe', state: 'failed', text: 'There is no signing secret or no token with the scope read.' };
  const startedAt = performance.now();
  try {
    const payload = JSON.stringify(probeEvent(Math.floor(Date.now() / 1000)));
    const first = await deliver(url, payload, secret);
    if (first.outcome !== 'appended' || typeof first.position !== 'string')
      return failed(`The webhook did not append the event; it answered ${JSON.stringify(first)}.`);
    const path = `/v1/products?limit=1&minPosition=${first.position}&waitMs=${ROWS_WITHIN_MS}`;
    const rows = await ask(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!rows.ok) return failed(`The event is in the log but not in the rows: ${await rows.text()}`);
    const again = await deliver(url, payload, secret);
    if (again.outcome !== 'duplicate') return failed(`The event was stored twice: ${JSON.stringify(again)}`);
    const tookMs = Math.round(performance.now() - startedAt);
    const text = `${String(first.stream)} was signed, appended, projected and recognised as a duplicate in ${tookMs} ms.`;
    return { check: 'probe', state: 'ok', text };
  } catch (error) {
    return failed(messageOf(error));
  }
}

const failed = (text: string): Check => ({ check: 'probe', state: 'failed', text });

type Answer = Readonly<{ outcome?: unknown; stream?: unknown; position?: unknown }>;

const deliver = async (url: string, payload: string, secret: string): Promise<Answer> =>
  (await (await ask(`${url}/webhooks/stripe`, signedDelivery(payload, secret))).json()) as Answer;

const ask = (url: string, init: RequestInit): Promise<Response> =>
  fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });

/**
 * An event about a test clock that no object references: no answer about customers, subscriptions or money includes it.
 */
const probeEvent = (now: number) =>
  stripeEvent(
    'test_helpers.test_clock.created',
    {
      id: `clock_probe${randomBytes(10).toString('hex')}`,
      object: 'test_helpers.test_clock',
      created: now,
      frozen_time: now,
      livemode: false,
      name: 'subscription-ledger doctor --probe',
      status: 'ready',
    },
    now,
  );
