import { appendFileSync, readFileSync } from 'node:fs';
import { privateFile } from '../../packages/private-files/src/index.js';
import { loadConfig, type Config } from '../config/config.js';
import { RunBudget } from '../stripe-api/budget.js';
import {
  createEndpoint,
  deleteEndpoint,
  disableEndpoint,
  endpointsOf,
  faultsOf,
  fixEndpoint,
  NEWEST_VERSION,
  saved,
  unsaved,
  type Endpoint,
} from '../stripe-api/endpoints.js';
import { Rates } from '../stripe-api/rates.js';
import { isRefusal, type Refusal } from '../stripe-api/refusals.js';
import { StripeApi } from '../stripe-api/stripe-api.js';
import { textOption, UsageError, type Command, type Given, type Terminal } from './command.js';
import { environmentOf } from './on-stores.js';

const WHAT = ['check', 'create', 'fix', 'rotate'] as const;
const REQUESTS_MAX = 100;
const WEBHOOK_PATH = '/webhooks/stripe';
/** How long Stripe retries the delivery of an event. */
const RETRIED_S = 3 * 86_400;

export const endpointCommand: Command<Terminal> = {
  help: `check    reports problems of the webhook endpoints at PUBLIC_URL${WEBHOOK_PATH}; exits with 1 when it finds any
create   creates an endpoint in API version ${NEWEST_VERSION} for the event types that the ledger reads; saves its secret
fix      enables the endpoint and adds the event types that it lacks
rotate   creates a second endpoint with a new secret. Each event then arrives twice and is recorded once. Run it again with
         --finish when the service has the new secret: it deletes the old endpoint, unless deliveries to it are pending

  --url <address>      the address of the service, instead of PUBLIC_URL
  --api-key <key>      a key that may write webhook endpoints (STRIPE_API_KEY); check reads with STRIPE_API_KEYS
  --secret-to <file>   add LABEL=SECRET to this file, for STRIPE_WEBHOOK_SECRETS_FILE; default: print the secret once
  --label <name>       the label of the secret in recorded events (main; for rotate: next)
  --all                subscribe to all event types, not only those that the ledger reads
  --finish             with rotate: delete the old endpoint
`,
  takesNames: true,
  options: {
    url: { type: 'string' },
    'api-key': { type: 'string' },
    'secret-to': { type: 'string' },
    label: { type: 'string' },
    all: { type: 'boolean' },
    finish: { type: 'boolean' },
  },
  check: (given) => void whatOf(given),
  async run(given, terminal) {
    const what = whatOf(given);
    const config = loadConfig(environmentOf(given));
    const url = addressOf(given, config);
    const key = keyOf(given, config, what);
    const api = new StripeApi({
      key,
      url: config.stripeApi.url,
      apiVersion: config.stripeApi.version ?? NEWEST_VERSION,
      rates: new Rates({ perSecond: config.stripeApi.perSecond.test }),
      budget: new RunBudget(REQUESTS_MAX),
      signal: terminal.signal,
    });
    const work: Work = { given, terminal, api, url, livemode: /^\w+_live_/.test(key) };
    try {
      return await DOES[what](work, answered(await endpointsOf(api)));
    } finally {
      api.close();
    }
  },
};

type Work = Readonly<{ given: Given; terminal: Terminal; api: StripeApi; url: string; livemode: boolean }>;
type Does = (work: Work, endpoints: readonly Endpoint[]) => Promise<number>;

const DOES: Readonly<Record<(typeof WHAT)[number], Does>> = {
  async check({ terminal, url, livemode }, endpoints) {
    const faults = faultsOf(endpoints, { url, livemode });
    for (const { endpoint, text, remedy } of faults)
      terminal.print(`✗ ${endpoint ?? 'endpoint'}: ${text} Remedy: ${remedy}.`);
    if (faults.length > 0) return 1;
    for (const endpoint of oursIn(endpoints, url)) terminal.print(`✓ ${textOf(endpoint)}`);
    return 0;
  },
  async create(work, endpoints) {
    assertKept(work);
    const [known] = await withoutUnsaved(work, endpoints);
    if (known !== undefined)
      throw new UsageError(
        `An endpoint exists already: ${textOf(known)}. "endpoint fix" repairs it, "endpoint rotate" replaces it.`,
      );
    await make(work, 'main');
    return 0;
  },
  async fix({ terminal, api, url }, endpoints) {
    const ours = oursIn(endpoints, url);
    if (ours.length === 0) throw new UsageError(`No endpoint has the address ${url}. "endpoint create" creates one.`);
    for (const endpoint of ours) {
      answered(await fixEndpoint(api, endpoint));
      terminal.print(`✓ ${endpoint.id} is enabled and receives all event types that the ledger reads.`);
    }
    return 0;
  },
  async rotate(work, endpoints) {
    const isFinish = work.given.values['finish'] === true;
    if (!isFinish) assertKept(work);
    const ours = (await withoutUnsaved(work, endpoints)).toSorted((a, b) => b.created - a.created);
    if (isFinish) return finish(work, ours);
    if (ours.length !== 1)
      throw new UsageError(`${ours.length} endpoints have the address ${work.url}; rotate needs exactly one.`);
    await make(work, 'next');
    work.terminal.print(
      'Start the service with both secrets. When it has accepted events with the new one, run: endpoint rotate --finish',
    );
    return 0;
  },
};

/** Our endpoints, after deleting those whose secret a killed run may have lost. */
async function withoutUnsaved({ terminal, api, url }: Work, endpoints: readonly Endpoint[]): Promise<Endpoint[]> {
  const lost = unsaved(endpoints, url);
  for (const endpoint of lost) {
    answered(await deleteEndpoint(api, endpoint));
    terminal.print(`Deleted ${endpoint.id}: an earlier run ended before it saved the secret.`);
  }
  return oursIn(endpoints, url).filter((endpoint) => !lost.includes(endpoint));
}

/** Creates an endpoint, and stores its secret before anything else. */
async function make({ given, terminal, api, url }: Work, label: string): Promise<void> {
  const made = await createEndpoint(api, { url, all: given.values['all'] === true });
  if (made.kind !== 'created') throw refused(made);
  const entry = `${textOption(given, 'label') ?? label}=${made.secret}`;
  const file = textOption(given, 'secret-to');
  if (file === undefined) terminal.print(`STRIPE_WEBHOOK_SECRETS=${entry}`);
  else {
    const before = readFileSync(file, 'utf8');
    appendFileSync(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}${entry}\n`);
  }
  answered(await saved(api, made.endpoint));
  terminal.print(`✓ ${textOf(made.endpoint)}${file === undefined ? '' : `; its secret is in ${file}`}`);
}

/** Deletes all but the newest endpoint, unless deliveries to them are pending. */
async function finish({ terminal, api, url }: Work, [newest, ...old]: readonly Endpoint[]): Promise<number> {
  if (newest === undefined || old.length === 0)
    throw new UsageError(`The address ${url} does not have two endpoints. "endpoint rotate" creates the second.`);
  const account = await api.account();
  if (account.kind !== 'account') throw refused(account);
  const waiting = await undelivered(api, { gte: account.answered - RETRIED_S, lte: newest.created });
  if (waiting > 0) {
    terminal.print(
      `✗ Stripe still has ${waiting} events to deliver from before ${newest.id} was created. Repeat this command when they are delivered, within three days.`,
    );
    return 1;
  }
  for (const endpoint of old) {
    answered(await disableEndpoint(api, endpoint));
    answered(await deleteEndpoint(api, endpoint));
    terminal.print(`✓ ${endpoint.id} is deleted. Remove its secret from the configuration.`);
  }
  return 0;
}

/** Counts the events of a range with deliveries pending. */
async function undelivered(api: StripeApi, created: { gte: number; lte: number }): Promise<number> {
  let waiting = 0;
  for await (const page of api.events({ created })) {
    if (page.kind !== 'page') throw refused(page);
    waiting += page.items.filter(({ pendingWebhooks }) => pendingWebhooks > 0).length;
  }
  return waiting;
}

/** Checks the file for the secret before an endpoint is created, because Stripe shows the secret only once. */
function assertKept({ given }: Work): void {
  const file = textOption(given, 'secret-to');
  if (file !== undefined) privateFile(file);
}

const oursIn = (endpoints: readonly Endpoint[], url: string): readonly Endpoint[] =>
  endpoints.filter((endpoint) => endpoint.url === url);

const textOf = ({ id, url, apiVersion }: Endpoint): string =>
  `${id} (${url}, ${apiVersion ?? 'no version of its own'})`;

function whatOf({ names }: Given): (typeof WHAT)[number] {
  const what = WHAT.find((one) => one === names[0]);
  if (what === undefined || names.length > 1) throw new UsageError(`Choose one: endpoint ${WHAT.join(', endpoint ')}.`);
  return what;
}

function addressOf(given: Given, { publicUrl }: Config): string {
  const url = textOption(given, 'url')?.replace(/\/+$/, '') ?? publicUrl;
  if (url === null || !URL.canParse(url))
    throw new UsageError(
      'Set PUBLIC_URL or --url to the public address of the service, e.g. https://ledger.example.com',
    );
  return url.endsWith(WEBHOOK_PATH) ? url : url + WEBHOOK_PATH;
}

function keyOf(given: Given, { stripeApi }: Config, what: string): string {
  const named = textOption(given, 'api-key') ?? environmentOf(given)['STRIPE_API_KEY'];
  const key = named ?? (what === 'check' ? stripeApi.keys[0]?.key : undefined);
  if (key !== undefined && key !== '') return key;
  throw new UsageError(
    what === 'check'
      ? 'Set STRIPE_API_KEYS or give --api-key.'
      : 'Set STRIPE_API_KEY or --api-key to a key that may write webhook endpoints. The keys in STRIPE_API_KEYS only read.',
  );
}

/** Stripe refused; the message is Stripe's own. */
class RefusedError extends Error {
  readonly code = 'STRIPE_REFUSED';
}
const refused = ({ kind, message }: Refusal): RefusedError => new RefusedError(`Stripe: ${message} (${kind})`);

/** @throws RefusedError */
function answered<T extends object>(result: T | Refusal): T {
  if (isRefusal(result)) throw refused(result);
  return result;
}
