import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { API_VERSIONS, type ApiVersion } from '../simulator/api-version.js';
import { assertLoopback, assertLoopbackStore, localService } from './endpoints.js';
import type { StormSource } from './storm-events.js';

export interface StormOptions extends StormSource {
  readonly origin: URL;
  readonly secret: string;
  readonly token: string;
  readonly eventstoreUrl: string;
  readonly concurrency: number;
  readonly duplicateRate: number;
  readonly reorderWindow: number;
  readonly timeLimitMs: number;
  readonly retryForMs: number;
}

export const STORM_HELP = `Sends signed Stripe events to a running service, out of order and repeatedly, then checks that
the log has each exactly once in its stream and that the row of every subscription is right.

  npm run storm -- [options]        or: subscription-ledger storm [options]

  --url <url>             the service, on a loopback address      (http://HOST:PORT, as the service reads them)
  --subscriptions <n>     simulated customers, each with one subscription or more  (200)
  --concurrency <n>       concurrent connections                  (64)
  --duplicates <share>    share of events delivered again, 0-0.9  (0.3)
  --reorder <n>           later events that may overtake one      (50)
  --seed <n>              the same seed sends the same events     (42)
  --api-version <v>       ${API_VERSIONS.join(', ')}, or mixed  (mixed)
  --cycles                let values change and change back within a second
  --recorded <folder>     recorded events to mix in               (test/fixtures/stripe-events, when it exists)
  --time-limit-s <n>      stop sending after                      (600)
  --retry-for-s <n>       how long to retry one event             (60)
  --data-dir <folder>     the service's DATA_DIR, with its secrets and endpoints  ($DATA_DIR or data)
  --secret, --token, --eventstore   the signing secret, the read token and the URL of the store, if not found there
  --help                  print this text

Exit codes: 0 everything is right; 1 faults were found, printed with examples; 2 the storm could not start or be checked.
`;

/** The options from the command line; `undefined` when help was requested. */
export function stormOptions(args: readonly string[]): StormOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: text,
      subscriptions: { ...text, default: '200' },
      concurrency: { ...text, default: '64' },
      duplicates: { ...text, default: '0.3' },
      reorder: { ...text, default: '50' },
      seed: { ...text, default: '42' },
      'api-version': { ...text, default: 'mixed' },
      recorded: { ...text, default: 'test/fixtures/stripe-events' },
      'time-limit-s': { ...text, default: '600' },
      'retry-for-s': { ...text, default: '60' },
      'data-dir': text,
      secret: text,
      token: text,
      eventstore: text,
      cycles: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const local = localService(values['data-dir']);
  const url = values.url ?? local.url;
  assertLoopback(url);
  const options = {
    origin: new URL(url),
    eventstoreUrl: required(values.eventstore ?? local.eventstoreUrl, '--eventstore', 'endpoints.json'),
    secret: required(values.secret ?? local.secret, '--secret', 'secrets.json'),
    token: required(values.token ?? local.token, '--token', 'secrets.json'),
    subscriptions: number('subscriptions', values.subscriptions, { min: 0, max: 20_000 }),
    concurrency: number('concurrency', values.concurrency, { min: 1, max: 512 }),
    duplicateRate: number('duplicates', values.duplicates, { min: 0, max: 0.9, fraction: true }),
    reorderWindow: number('reorder', values.reorder, { min: 0, max: 10_000 }),
    seed: number('seed', values.seed, { min: 0, max: Number.MAX_SAFE_INTEGER }),
    apiVersion: apiVersion(values['api-version']),
    cycles: values.cycles === true,
    recorded: existsSync(values.recorded) ? values.recorded : undefined,
    timeLimitMs: 1000 * number('time-limit-s', values['time-limit-s'], { min: 1, max: 7200 }),
    retryForMs: 1000 * number('retry-for-s', values['retry-for-s'], { min: 0, max: 600 }),
  };
  assertLoopbackStore(options.eventstoreUrl);
  return options;
}

function number(name: string, text: string, range: { min: number; max: number; fraction?: boolean }): number {
  const value = Number(text);
  if (text !== '' && value >= range.min && value <= range.max && (range.fraction === true || Number.isInteger(value)))
    return value;
  throw new Error(
    `--${name} must be ${range.fraction === true ? 'a number' : 'a whole number'} from ${range.min} to ${range.max}, not "${text}".`,
  );
}

function apiVersion(text: string): ApiVersion | 'mixed' {
  const known = (['mixed', ...API_VERSIONS] as const).find((version) => version === text);
  if (known === undefined)
    throw new Error(`--api-version must be mixed or one of ${API_VERSIONS.join(', ')}, not "${text}".`);
  return known;
}

function required(value: string | undefined, option: string, file: string): string {
  if (value !== undefined) return value;
  throw new Error(`Give ${option}, or set --data-dir to the DATA_DIR of a running service; ${file} there has it.`);
}
