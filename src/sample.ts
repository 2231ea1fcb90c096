import { randomBytes } from 'node:crypto';
import Stripe from 'stripe';
import { loadConfig } from './config.js';
import { withLocalSecrets } from './local-secrets.js';

/**
 * `npm run sample`: sends one signed event to the service of this data directory, as Stripe would, and shows
 * what the ledger answers and what it then knows. A first look for people, not a test.
 */
async function main(): Promise<void> {
  const { config } = withLocalSecrets(loadConfig(process.env));
  const url = `http://${config.host}:${config.port}`;
  const secret = config.webhookSecrets[0]?.secret;
  const token = config.apiTokens.find(({ scopes }) => scopes.includes('read'))?.token;
  if (secret === undefined || token === undefined)
    throw new Error('The configuration has no webhook secret, or no token with the scope "read".');

  const subscription = `sub_${randomBytes(12).toString('hex')}`;
  const payload = JSON.stringify(sampleEvent(subscription, Math.floor(Date.now() / 1000)));
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
  process.stdout.write(`POST ${url}/webhooks/stripe   (customer.subscription.created of ${subscription})\n`);
  const answer = await send(`${url}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': signature, 'content-type': 'application/json' },
    body: payload,
  });
  const path = `/v1/subscriptions/${subscription}?minPosition=${(answer as { position: string }).position}`;
  process.stdout.write(`GET  ${url}${path}\n`);
  await send(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

async function send(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15_000) }).catch((error: unknown) => {
    throw new Error(
      `No service answers on ${url}. Start it with "npm start", and give both commands the same PORT and DATA_DIR.`,
      { cause: error },
    );
  });
  const body: unknown = await response.json();
  process.stdout.write(`${response.status} ${JSON.stringify(body, null, 2)}\n\n`);
  if (!response.ok) throw new Error(`The service answered ${response.status}.`);
  return body;
}

const sampleEvent = (id: string, now: number) => ({
  id: `evt_${randomBytes(12).toString('hex')}`,
  object: 'event',
  api_version: '2026-09-30.endive',
  created: now,
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type: 'customer.subscription.created',
  data: {
    object: {
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
  },
});

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
