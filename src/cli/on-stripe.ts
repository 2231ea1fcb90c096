import { loadStoresConfig, loadStripeApiConfig } from '../config/config.js';
import type { StripeApiKey } from '../config/secrets.js';
import { Appender, type AppenderLimits } from '../eventstore/appender.js';
import { BatchedEventIdIndex } from '../read-models/event-id-index.js';
import { workAt, type RunAtWork } from '../reconcile/run-at-work.js';
import type { RunParts } from '../reconcile/run-kinds.js';
import { RunTaken, type Run } from '../reconcile/run-log.js';
import { listConnected } from '../reconcile/connected-accounts.js';
import { openSession, WrongKey, type Session } from '../reconcile/session.js';
import { REQUESTS_MAX, RunBudget } from '../stripe-api/budget.js';
import { Rates } from '../stripe-api/rates.js';
import { UsageError, wholeNumber, textOption, type Context, type Given } from './command.js';
import { environmentOf } from './on-stores.js';

/** The context of a command that calls Stripe and records the answers. */
export type StripeContext = RunParts &
  Readonly<{
    /** Label of the key. */
    key: string;
    /** Claims a run while working on it; it can be stopped elsewhere. @throws UsageError when another process has it */
    at: <T>(run: Run, work: (run: RunAtWork) => Promise<T>) => Promise<T>;
  }>;

const WAIT_DEFAULT_S = 60;

export const STRIPE_HELP = `  --key <label>       which key of STRIPE_API_KEYS to use, if there are several
  --budget <n>        send Stripe at most n requests
  --accounts <which>  for a platform: all, or acct_… separated by commas; default: only the account of the key
`;
export const WAIT_HELP = `  --wait <s>          seconds to wait before reading changing objects again (${WAIT_DEFAULT_S})
`;

/** Seconds of `--wait`. @throws UsageError */
export const waitOf = ({ values }: Given): number =>
  values['wait'] === undefined ? WAIT_DEFAULT_S : wholeNumber('wait', values['wait'], { min: 0, max: 3_600 });

export const STRIPE_OPTIONS = {
  key: { type: 'string' },
  budget: { type: 'string' },
  accounts: { type: 'string' },
} as const;

/** Limits for appending by hand: what exceeds them stays at Stripe. */
const LIMITS: Omit<AppenderLimits, 'appendBytesMax'> = {
  waitingMax: 10_000,
  waitingBytesMax: 64 * 1024 * 1024,
  waitMsMax: 60_000,
  streamsMax: 64,
  sharedBytesMax: 512 * 1024,
  // It seldom sees an event again.
  cachedIdsMax: 40_000,
  timeoutMs: 10_000,
};

/**
 * Runs `work` with a configured key, for its own account or for several in sequence: a failure of one does not stop the
 * next. Returns the highest exit code. @throws UsageError where there is no key, or it does not belong to the account
 */
export async function onStripe(
  given: Given,
  { parts: { store, database, projections }, signal: interrupted, report }: Context,
  work: (context: StripeContext) => Promise<number>,
): Promise<number> {
  const config = loadStripeApiConfig(environmentOf(given));
  const { appendBytesMax } = loadStoresConfig(environmentOf(given));
  const { key, label, livemode } = keyOf(config.keys, textOption(given, 'key'));
  const budget = textOption(given, 'budget');
  const requests = budget === undefined ? REQUESTS_MAX : wholeNumber('budget', budget, { min: 1, max: REQUESTS_MAX });
  const asking = {
    ...{ key, livemode, url: config.url, apiVersion: config.version },
    perSecond: livemode ? config.perSecond.live : config.perSecond.test,
    rates: new Rates({ perSecond: livemode ? config.perSecond.live : config.perSecond.test }),
    budget: new RunBudget(requests),
  };
  const appender = new Appender(store, new BatchedEventIdIndex(database), { ...LIMITS, appendBytesMax });
  const open = (account: string | null, signal: AbortSignal): Promise<Session> =>
    openSession(store, { ...asking, account, signal }).catch((error: unknown) => {
      throw error instanceof WrongKey ? new UsageError(error.message) : error;
    });
  const workFor = async (account: string | null): Promise<number> => {
    const stopped = new AbortController();
    const signal = AbortSignal.any([interrupted, stopped.signal]);
    const session = await open(account, signal);
    const at: StripeContext['at'] = (run, toDo) =>
      workAt(store, { run, onStop: () => stopped.abort() }, toDo).catch((error: unknown) => {
        throw error instanceof RunTaken ? new UsageError(error.message) : error;
      });
    try {
      return await work({ store, database, projections, appender, session, key: label, signal, at });
    } finally {
      session.api.close();
    }
  };
  const accounts = accountsOf(given);
  if (accounts === null) return workFor(null);
  const named = accounts === 'all' ? await allOf(await open(null, interrupted)) : accounts;
  let code = 0;
  for (const account of named) {
    if (interrupted.aborted) break;
    report(account ?? 'the account of the key');
    const ended = await workFor(account).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      report(`${account ?? 'the account of the key'} is left out: ${error.message}`);
      return LEFT_OUT;
    });
    code = Math.max(code, ended);
  }
  return code;
}

const LEFT_OUT = 1;

/** The account of a session, and all accounts connected to it. @throws UsageError */
async function allOf({ api }: Session): Promise<readonly (string | null)[]> {
  try {
    const connected = await listConnected(api);
    if ('kind' in connected) throw new UsageError(connected.message);
    return [null, ...connected];
  } finally {
    api.close();
  }
}

/** Null: only the key's own account. @throws UsageError */
function accountsOf(given: Given): 'all' | readonly string[] | null {
  const text = textOption(given, 'accounts');
  if (text === undefined || text === 'all') return text ?? null;
  const accounts = text.split(',').filter((account) => account !== '');
  const wrong = accounts.find((account) => !/^acct_\w+$/.test(account));
  if (wrong !== undefined || accounts.length === 0)
    throw new UsageError(`--accounts must be all, or accounts such as acct_1,acct_2, not "${wrong ?? text}".`);
  return accounts;
}

function keyOf(keys: readonly StripeApiKey[], label: string | undefined): StripeApiKey {
  const found = label === undefined ? keys : keys.filter((key) => key.label === label);
  const [only] = found;
  if (only === undefined)
    throw new UsageError(
      label === undefined
        ? 'No Stripe key is configured. Set STRIPE_API_KEYS=label=rk_live_…; docs/stripe-api.md lists the rights that it needs.'
        : `STRIPE_API_KEYS has no key "${label}". Keys: ${keys.map((key) => key.label).join(', ')}.`,
    );
  if (found.length > 1)
    throw new UsageError(
      `Choose a key with --key: ${keys.map((key) => key.label).join(', ')}. Each belongs to one account.`,
    );
  return only;
}
