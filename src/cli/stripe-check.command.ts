import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../config/config.js';
import type { StripeApiKey } from '../config/secrets.js';
import type { StripeApiConfig } from '../config/stripe-api.js';
import { renderTimeFields } from '../events/render-time.js';
import type { Item } from '../stripe-api/answers.js';
import { RunBudget } from '../stripe-api/budget.js';
import { NEWEST_VERSION } from '../stripe-api/endpoints.js';
import { Rates } from '../stripe-api/rates.js';
import type { Refusal } from '../stripe-api/refusals.js';
import { isIn, RESOURCES, resourceOf, type Resource } from '../stripe-api/resources.js';
import { StripeApi } from '../stripe-api/stripe-api.js';
import { UsageError, wholeNumber, type Command, type Terminal } from './command.js';
import { environmentOf } from './on-stores.js';

/** Small, because an account may have only 10,000 reads a month. */
const REQUESTS_MAX = 60;
const WAIT = { min: 0, max: 3_600 };

export const stripeCheckCommand: Command<Terminal> = {
  help: `Checks the first key of STRIPE_API_KEYS with at most ${REQUESTS_MAX} requests, which only read. Reports what the key may read and how
Stripe behaves where its documentation is silent. Please share the result; it holds no customer data.
Exits with 1 when the key lacks a right that the ledger needs.

  --wait <seconds>    between two readings of the same objects, to find fields that change without an event (60)
  --json              print the result as JSON
`,
  options: { wait: { type: 'string', default: '60' }, json: { type: 'boolean' } },
  check: ({ values }) => void wholeNumber('wait', values['wait'], WAIT),
  async run(given, terminal) {
    const { stripeApi } = loadConfig(environmentOf(given));
    const [key] = stripeApi.keys;
    if (key === undefined) throw new UsageError('Set STRIPE_API_KEYS; docs/stripe-api.md shows which key to create.');
    const budget = new RunBudget(REQUESTS_MAX);
    const api = clientFor(stripeApi, key, budget, terminal.signal);
    const isJson = given.values['json'] === true;
    const found: Finding[] = [];
    try {
      const waitMs = wholeNumber('wait', given.values['wait'], WAIT) * 1_000;
      for await (const finding of findings(api, { waitMs, key, signal: terminal.signal })) {
        found.push(finding);
        if (!isJson) terminal.print(`${MARKS[finding.state]} ${finding.question.padEnd(44)} ${finding.answer}`);
      }
    } finally {
      api.close();
    }
    const requests = REQUESTS_MAX - budget.left();
    if (isJson) terminal.print(JSON.stringify({ requests, findings: found }, null, 2));
    else terminal.print(`${requests} requests.`);
    return found.some(({ state }) => state === 'failed') ? 1 : 0;
  },
};

/** `failed`: the ledger needs it. `unknown`: cannot be determined here. */
type Finding = Readonly<{ question: string; state: 'ok' | 'failed' | 'unknown'; answer: string }>;
const MARKS = { ok: '✓', failed: '✗', unknown: '-' } as const;

const clientFor = (
  { url, version, perSecond }: StripeApiConfig,
  { key, livemode }: StripeApiKey,
  budget: RunBudget,
  signal: AbortSignal,
): StripeApi =>
  new StripeApi({
    key,
    url,
    apiVersion: version ?? NEWEST_VERSION,
    rates: new Rates({ perSecond: livemode ? perSecond.live : perSecond.test }),
    budget,
    signal,
    triesMax: 2,
  });

type Asking = Readonly<{ waitMs: number; key: StripeApiKey; signal: AbortSignal }>;

async function* findings(api: StripeApi, asking: Asking): AsyncGenerator<Finding> {
  const account = await api.account();
  if (account.kind !== 'account') {
    yield { question: 'which account is the key for?', state: 'failed', answer: refusalText(account) };
    return;
  }
  yield {
    question: 'which account is the key for?',
    state: 'ok',
    answer: `${account.id}, ${asking.key.livemode ? 'live' : 'test'} mode; API version ${account.apiVersion ?? 'not known'}`,
  };
  const samples: Item[] = [];
  yield* rights(api, account.apiVersion ?? NEWEST_VERSION, samples);
  yield* ofEvents(api, account.answered);
  yield* ofDefaults(api);
  yield* ofDeleted(api);
  yield* moving(api, samples, asking);
  yield {
    question: 'is a webhook body the listed event?',
    state: 'unknown',
    answer: 'not checked: compare "events show --body" with "stripe events retrieve"',
  };
  yield { question: 'how late are events listed?', state: 'unknown', answer: 'not checked: this takes an hour' };
}

/** What the key may read, and how long a page takes. */
async function* rights(api: StripeApi, version: string, samples: Item[]): AsyncGenerator<Finding> {
  for (const resource of RESOURCES.filter((one) => one.when === 'default')) {
    const question = `may it read ${resource.object}?`;
    if (!isIn(resource, version)) {
      yield { question, state: 'ok', answer: `not in ${version}` };
      continue;
    }
    const began = performance.now();
    const page = await api.page(resource, { params: resource.listings[0] ?? {}, limit: 3 });
    const ms = Math.round(performance.now() - began);
    if (page.kind !== 'page') {
      yield { question, state: page.kind === 'not_available' ? 'unknown' : 'failed', answer: refusalText(page) };
      continue;
    }
    const [first] = page.items;
    if (first !== undefined) samples.push(first);
    yield { question, state: 'ok', answer: `yes, ${page.items.length}${page.hasMore ? ' and more' : ''} in ${ms} ms` };
  }
}

async function* ofEvents(api: StripeApi, now: number): AsyncGenerator<Finding> {
  const newest = (await api.events({ limit: 1 }).next()).value;
  if (newest === undefined || newest.kind !== 'page') {
    yield {
      question: 'may it read event?',
      state: 'failed',
      answer: newest === undefined ? 'no answer' : refusalText(newest),
    };
    return;
  }
  const [event] = newest.items;
  yield {
    question: 'may it read event?',
    state: 'ok',
    answer:
      event === undefined
        ? 'yes, there is none'
        : `yes, the newest is ${now - event.created} s old, in ${event.apiVersion}`,
  };
  const oldest = (await api.events({ limit: 1, created: { lte: now - 30 * 86_400 } }).next()).value;
  yield {
    question: 'are events older than 30 days listed?',
    state: 'ok',
    answer: oldest?.kind === 'page' ? (oldest.items.length > 0 ? 'yes' : 'no') : 'no answer',
  };
  if (event === undefined) return;
  yield {
    question: 'does a listed event name its account?',
    state: 'ok',
    answer: event.account === null ? 'no' : 'yes',
  };
}

/** Whether a list without a filter includes inactive objects. */
async function* ofDefaults(api: StripeApi): AsyncGenerator<Finding> {
  for (const object of ['product', 'tax_rate']) {
    const question = `does the ${object} list include inactive ones?`;
    const resource = resourceOf(object) as Resource;
    const inactive = await api.page(resource, { params: { active: 'false' }, limit: 1 });
    if (inactive.kind !== 'page') {
      yield { question, state: 'unknown', answer: refusalText(inactive) };
      continue;
    }
    const [one] = inactive.items;
    if (one?.created == null) {
      yield { question, state: 'unknown', answer: 'there is none here' };
      continue;
    }
    const listed = await api.page(resource, { created: { gte: one.created, lte: one.created } });
    const isListed = listed.kind === 'page' && listed.items.some(({ id }) => id === one.id);
    yield { question, state: 'ok', answer: isListed ? 'yes' : 'no' };
  }
}

/** What Stripe answers for recently deleted objects. */
async function* ofDeleted(api: StripeApi): AsyncGenerator<Finding> {
  for (const object of ['customer', 'product', 'coupon', 'invoice']) {
    const question = `how does a deleted ${object} look?`;
    const page = (await api.events({ types: [`${object}.deleted`], limit: 1 }).next()).value;
    const [event] = page?.kind === 'page' ? page.items : [];
    const id = (event?.value['data'] as { object?: { id?: unknown } } | undefined)?.object?.id;
    if (typeof id !== 'string') {
      yield { question, state: 'unknown', answer: 'none was deleted within 30 days' };
      continue;
    }
    const found = await api.retrieve(resourceOf(object) as Resource, id);
    const kind =
      found.kind === 'found' ? (found.item.deleted ? 'its id, with deleted: true' : 'still there') : found.kind;
    yield { question, state: 'ok', answer: kind };
  }
}

const MOVING = ['invoice', 'charge', 'customer', 'subscription', 'payment_intent'];

/** Fields that differ between two reads of one object, and whether the ledger expects that. */
async function* moving(api: StripeApi, samples: readonly Item[], { waitMs, signal }: Asking): AsyncGenerator<Finding> {
  const wanted = samples.filter(({ object }) => MOVING.includes(object));
  const read = async ({ object, id }: Item): Promise<Item | null> => {
    const found = await api.retrieve(resourceOf(object) as Resource, id);
    return found.kind === 'found' ? found.item : null;
  };
  const before = await Promise.all(wanted.map(read));
  if (wanted.length > 0) await pause(waitMs, undefined, { signal }).catch(() => undefined);
  for (const one of before) {
    const after = one === null ? null : await read(one);
    if (one === null || after === null) continue;
    const changed = changedPaths(one.value, after.value);
    const known = renderTimeFields[one.object] ?? [];
    const unknown = changed.filter((path) => !known.some((field) => path === field || path.startsWith(`${field}.`)));
    yield {
      question: `what changes without an event in ${one.object}?`,
      state: unknown.length === 0 ? 'ok' : 'unknown',
      answer:
        changed.length === 0
          ? 'nothing'
          : changed.map((path) => (unknown.includes(path) ? `${path} (new to us)` : path)).join(', '),
    };
  }
}

function changedPaths(before: unknown, after: unknown, path = ''): string[] {
  const isHash = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isHash(before) || !isHash(after)) return before === after ? [] : [path];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    changedPaths(before[key], after[key], path === '' ? key : `${path}.${key}`),
  );
}

const refusalText = ({ kind, message }: Refusal): string => (kind === 'denied' ? message : `${kind}: ${message}`);
