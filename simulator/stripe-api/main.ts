/**
 * `npm run stripe-sandbox`: a Stripe to try the ledger on. It begins a month ago, lets the month pass within minutes,
 * delivers webhooks as it goes, and loses some of them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DAY, HOUR } from '../calendar.js';
import type { Delivered } from './endpoints.js';
import { DEMO_KEY, startStripeApi, type SimulatedStripe } from './server.js';

const SECRET = 'whsec_demodemodemodemodemodemodemodemo';
const HISTORY_S = 90 * DAY;
const TOLD_EVERY_S = 10;

const HELP = `Plays Stripe: its API with customers of ${HISTORY_S / DAY} days, and its webhooks.

  npm run stripe-sandbox -- [options]

  --subscriptions N   how many lives of customers to play (50)
  --seed N            which ones: the same seed plays the same lives (1)
  --lose SHARE        share of webhooks to lose on the way, from 0 to 1 (0.1)
  --faults SHARE      share of answers to fail with 429, with 5xx, and in the middle, each (0)
  --speed N           seconds to let pass in one second, until it is the present (${HOUR})
  --port N            port of the API (12111)
  --to URL            where to deliver webhooks (http://127.0.0.1:3000/webhooks/stripe)
`;

class WrongOption extends Error {}

function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subscriptions: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      lose: { type: 'string', default: '0.1' },
      faults: { type: 'string', default: '0' },
      speed: { type: 'string', default: String(HOUR) },
      port: { type: 'string', default: '12111' },
      to: { type: 'string', default: 'http://127.0.0.1:3000/webhooks/stripe' },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'subscriptions' | 'seed' | 'lose' | 'faults' | 'speed' | 'port', max: number): number => {
    const value = Number(values[name]);
    if (!(value >= 0 && value <= max)) throw new WrongOption(`--${name} must be a number from 0 to ${max}.`);
    return value;
  };
  if (!URL.canParse(values.to))
    throw new WrongOption('--to must be an address, e.g. http://127.0.0.1:3000/webhooks/stripe.');
  return {
    help: values.help,
    to: values.to,
    subscriptions: Math.floor(number('subscriptions', 10_000)),
    seed: number('seed', 2 ** 31),
    lose: number('lose', 1),
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
  process.stdout.write(welcome(stripe, to));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await run(stripe, speed, stop.signal);
  await stripe.stop();
}

const welcome = ({ url, world, clock }: SimulatedStripe, to: string): string => `A Stripe to try things on: ${url}
  account ${world.account.id} in test mode, ${[...world.listed('subscription', clock.now())].length} subscriptions by now
  webhooks go to ${to}

Let the ledger ask it and take its webhooks. Paste this line into each of two other terminals:

  export STRIPE_API_URL=${url} STRIPE_API_KEYS=demo=${DEMO_KEY} STRIPE_WEBHOOK_SECRETS=demo=${SECRET}

  npm start                                  # in one: the ledger takes webhooks from now on
  npx subscription-ledger backfill           # in the other: what was before
  npx subscription-ledger recover            # what was lost on the way since
  npx subscription-ledger reconcile          # whether anything differs; looks twice, so it takes a minute

Ctrl-C ends it. The next start begins again, a month ago: begin with an empty ledger then, too (rm -r data).

`;

/** Moves the clock once a second, and delivers, until it is told to stop. While it stands, all that is read is of one time, as Stripe's. */
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
    for (const id of endpoints.lost) if (!lost.has(id)) tell(stripe, `lost on the way: ${id} ${typeOf(stripe, id)}`);
    if (seconds % TOLD_EVERY_S === 0) {
      const { requests } = stripe.counters;
      tell(
        stripe,
        `${counts.delivered} webhooks taken, ${counts.refused} refused, ${counts.unanswered} not answered, ` +
          `${endpoints.lost.size} lost; ${requests} API requests`,
      );
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

const tell = ({ clock }: SimulatedStripe, text: string): void =>
  void process.stdout.write(`${new Date(clock.now() * 1_000).toISOString().slice(0, 16)}  ${text}\n`);

main().catch((error: NodeJS.ErrnoException) => {
  const isUse = error instanceof WrongOption || error.code?.startsWith('ERR_PARSE_ARGS') === true;
  const taken = error.code === 'EADDRINUSE' ? 'The port is taken: give another with --port.' : null;
  process.stderr.write(`${isUse ? error.message : (taken ?? error.stack)}\n`);
  process.exitCode = isUse ? 2 : 1;
});
