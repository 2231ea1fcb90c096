import { randomBytes } from 'node:crypto';
import { loadConfig, localUrl } from './config/config.js';
import { environment } from './config/environment.js';
import { secretsOfService } from './local-secrets.js';
import { signedDelivery, stripeEvent } from './signed-event.js';

/** The sample could not be sent. The message says what to do. */
class NotSent extends Error {}

/**
 * `npm run sample`: sends one signed event to the service of this data directory, as Stripe would, and prints the
 * answer and the resulting row. A demonstration, not a test.
 */
async function main(): Promise<void> {
  const config = loadConfig(environment());
  const url = localUrl(config);
  await send(`${url}/health/live`, { method: 'HEAD' });
  const { secret, token } = secretsOfService(config);
  if (secret === undefined || token === undefined)
    throw new NotSent(
      `A service answers on ${url}, but there is no secret to sign the event with: none is configured, and "${config.dataDirectory}" has ` +
        'no secrets.json. Give this command the DATA_DIR of the service.',
    );
  const subscription = `sub_${randomBytes(12).toString('hex')}`;
  const event = sampleEvent(subscription, Math.floor(Date.now() / 1000));
  process.stdout.write(`POST ${url}/webhooks/stripe   (${event.type} of ${subscription})\n`);
  const answer = await show(`${url}/webhooks/stripe`, signedDelivery(JSON.stringify(event), secret));
  const position = (answer as { position: string }).position;
  const authorization = `Bearer ${token}`;
  const path = `/v1/subscriptions/${subscription}`;
  process.stdout.write(`GET  ${url}${path}?minPosition=${position}\n`);
  await show(`${url}${path}?minPosition=${position}`, { headers: { authorization } });
  process.stdout.write(`Next:

  curl -H "Authorization: ${authorization}" ${url}${path}/events
      the timeline: what each event changed
  curl -H "Authorization: ${authorization}" ${url}/v1/customers/${event.data.object.customer}/access
      whether this customer has access, until when, and why
  ${url}/console/subscriptions/${subscription}
      the same in a browser; log in with the token above
`);
}

/** Prints the answer. */
async function show(url: string, init: RequestInit): Promise<unknown> {
  const response = await send(url, init);
  const body: unknown = await response.json();
  process.stdout.write(`${response.status} ${JSON.stringify(body, null, 2)}\n\n`);
  if (!response.ok) throw new Error(`The service answered ${response.status}.`);
  return body;
}

const send = (url: string, init: RequestInit): Promise<Response> =>
  fetch(url, { ...init, signal: AbortSignal.timeout(15_000) }).catch((error: unknown) => {
    throw new NotSent(
      `No service answers on ${new URL(url).origin}. Start it with "npm start" and give both commands the same PORT, HOST and DATA_DIR.`,
      { cause: error },
    );
  });

const sampleEvent = (id: string, now: number) =>
  stripeEvent(
    'customer.subscription.created',
    {
      id,
      object: 'subscription',
      customer: `cus_${randomBytes(7).toString('hex')}`,
      status: 'active',
      currency: 'eur',
      created: now,
      start_date: now,
      billing_cycle_anchor: now,
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      collection_method: 'charge_automatically',
      ended_at: null,
      livemode: false,
      metadata: {},
      pause_collection: null,
      trial_end: null,
      trial_start: null,
      items: {
        object: 'list',
        has_more: false,
        data: [
          {
            id: `si_${randomBytes(7).toString('hex')}`,
            object: 'subscription_item',
            created: now,
            current_period_start: now,
            current_period_end: now + 30 * 86_400,
            price: {
              id: 'price_sample',
              object: 'price',
              currency: 'eur',
              product: 'prod_sample',
              unit_amount: 1900,
              unit_amount_decimal: '1900',
              type: 'recurring',
              recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
            },
            quantity: 1,
            subscription: id,
          },
        ],
      },
    },
    now,
  );

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  const isKnown = error instanceof NotSent || (error as { code?: unknown }).code === 'CONFIG_INVALID';
  process.exit(isKnown ? 2 : 1);
});
