/**
 * `npm run stripe-sandbox`: a simulated Stripe to try the ledger on. It starts a month ago, lets the month pass within
 * minutes, delivers webhooks, and loses some of them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DAY, HOUR } from '../calendar.js';
import type { Delivered } from './endpoints.js';
import { DEMO_KEY, startStripeApi, type SimulatedStripe } from './server.js';

const SECRET = 'whsec_demodemodemodemodemodemodemodemo';
const HISTORY_S = 90 * DAY;
const REPORT_EVERY_S = 10;
/** A separate folder, since a ledger with events of another account refuses to query this one. */
const DATA_FOLDER = 'data-sandbox';
const { HOST = '127.0.0.1', PORT = '3000' } = process.env;
const LEDGER = `http://${HOST}:${PORT}/webhooks/stripe`;

const HELP = `Simulates Stripe: its API with customers of the last ${HISTORY_S / DAY} days, and its webhooks.

  npm run stripe-sandbox -- [options]

  --subscriptions N   simulate about N subscriptions (50)
  --seed N            the same seed gives the same customers (1)
  --lose SHARE        lose this share of the webhooks, from 0 to 1 (0.1)
  --unmade SHARE      create no event for this share of the changes (0.02)
  --faults SHARE      answer this share of requests with 429, the same share with 5xx, and truncate the same share (0)
  --speed N           let N simulated seconds pass per second, up to the present (${HOUR})
  --port N            listen for API requests on this port (12111)
  --to URL            deliver webhooks to this address (http://HOST:PORT/webhooks/stripe: ${LEDGER})
`;

class WrongOption extends Error {}

function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subscriptions: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      lose: { type: 'string', default: '0.1' },
      unmade: { type: 'string', default: '0.02' },
      faults: { type: 'string', default: '0' },
      speed: { type: 'string', default: String(HOUR) },
      port: { type: 'string', default: '12111' },
      to: { type: 'string', default: LEDGER },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (
    name: 'subscriptions' | 'seed' | 'lose' | 'unmade' | 'faults' | 'speed' | 'port',
    max: number,
  ): number => {
    const value = Number(values[name]);
    if (!(value >= 0 && value <= max)) throw new WrongOption(`--${name} must be a number from 0 to ${max}.`);
    return value;
  };
  if (!URL.canParse(values.to))
    throw new WrongOption('--to must be a URL, e.g. http://127.0.0.1:3000/webhooks/stripe.');
  return {
    help: values.help,
    to: values.to,
    subscriptions: Math.floor(number('subscriptions', 10_000)),
    seed: number('seed', 2 ** 31),
    lose: number('lose', 1),
    unmadeRate: number('unmade', 1),
    faults: number('faults', 0.3),
    speed: number('speed', 30 * DAY),
    port: number('port', 65_535),
  };
}

async function main(): Promise<void> {
  const { help, to, lose, faults: rate, speed, ...options } = optionsOf(process.argv.slice(2));
  if (help) return void process.stdout.write(HELP);
  const present = Math.floor(Date.now() / 1_000);
  const stripe = await startStripeApi({
    ...options,
    startAt: present - HISTORY_S,
    now: present - 30 * DAY,
    faults: { limited: rate, broken: rate, cut: rate },
    deliveryFaults: { lost: lose, repeated: 0.2, disordered: true },
  });
  const form = new URLSearchParams({ url: to, secret: SECRET, 'enabled_events[0]': '*' });
  stripe.endpoints.create(form, stripe.clock.now());
  stripe.endpoints.skipTo(stripe.clock.now());
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  process.stdout.write(welcome(stripe, to));
  await run(stripe, speed, stop.signal);
  await stripe.stop();
}

const welcome = ({ url, world, clock }: SimulatedStripe, to: string): string => `A simulated Stripe answers on ${url}
  account ${world.account.id} in test mode, ${[...world.listed('subscription', clock.now())].length} subscriptions so far
  webhooks go to ${to}

Paste this line into two other terminals, so that the ledger reads from it and accepts its webhooks:

  export STRIPE_API_URL=${url} STRIPE_API_KEYS=demo=${DEMO_KEY} STRIPE_WEBHOOK_SECRETS=demo=${SECRET} \\
    DATA_DIR=${DATA_FOLDER}${PORT === '3000' ? '' : ` PORT=${PORT}`}

  npm start                                  # in the first: accepts webhooks from now on
  npx subscription-ledger backfill           # in the second: reads what Stripe had before; about two minutes
  npx subscription-ledger recover            # fetches the webhooks that were lost since
  npx subscription-ledger reconcile --all --repair   # finds and repairs what no event reported; reads twice, so it takes a minute

Stop it with Ctrl-C. The next start simulates the same month again: remove the folder ${DATA_FOLDER} first.

`;

/**
 * Advances the clock once a second and delivers webhooks, until the signal. Between the steps every answer is of one
 * time, as Stripe's are.
 */
async function run(stripe: SimulatedStripe, speed: number, signal: AbortSignal): Promise<void> {
  const { clock, endpoints } = stripe;
  const counts = { delivered: 0, refused: 0, unanswered: 0 };
  let isPresent = false;
  for (let seconds = 1; !signal.aborted; seconds += 1) {
    if (!isPresent) clock.advance(speed);
    if (!isPresent && clock.now() >= Date.now() / 1_000) {
      isPresent = true;
      clock.set(Math.floor(Date.now() / 1_000));
      clock.runAt(1);
    }
    const lost = new Set(endpoints.lost);
    count(counts, await stripe.deliver());
    for (const id of endpoints.lost) if (!lost.has(id)) report(stripe, `lost: ${id} ${typeOf(stripe, id)}`);
    if (seconds % REPORT_EVERY_S === 0) {
      const { requests } = stripe.counters;
      report(
        stripe,
        `webhooks: ${counts.delivered} delivered, ${counts.refused} refused, ${counts.unanswered} unanswered, ` +
          `${endpoints.lost.size} lost; ${requests} API requests`,
      );
      if (counts.delivered === 0 && counts.unanswered > 0)
        report(stripe, 'No ledger answers there. Start it as shown above, with the same PORT.');
    }
    await pause(1_000, undefined, { signal }).catch(() => undefined);
  }
}

function count(counts: { delivered: number; refused: number; unanswered: number }, sent: readonly Delivered[]): void {
  for (const { status } of sent) {
    if (status === 0) counts.unanswered += 1;
    else if (status >= 200 && status < 300) counts.delivered += 1;
    else counts.refused += 1;
  }
}

const typeOf = ({ world }: SimulatedStripe, id: string): string =>
  world.event(id)?.in(world.options.apiVersion).type ?? '';

const report = ({ clock }: SimulatedStripe, text: string): void =>
  void process.stdout.write(`${new Date(clock.now() * 1_000).toISOString().slice(0, 16)}  ${text}\n`);

main().catch((error: NodeJS.ErrnoException) => {
  const isUse = error instanceof WrongOption || error.code?.startsWith('ERR_PARSE_ARGS') === true;
  const taken = error.code === 'EADDRINUSE' ? 'The port is in use. Choose another with --port.' : null;
  process.stderr.write(`${isUse ? error.message : (taken ?? error.stack)}\n`);
  process.exitCode = isUse ? 2 : 1;
});
