import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { Environment } from './environment.js';
import { moneyPolicyOf, moneyVariables } from './money-config.js';
import { mistakenNames } from './mistaken-names.js';
import type { Brake } from './access-changes/change.js';
import { endpointsIn, isOutboxSecret, type OutboxConfig } from './access-changes/outbox-config.js';
import type { MoneyPolicy } from '../derivations/policy.js';
import { DEFAULT_ACCESS_POLICY, GIVEN_BACK, GRACE_STATUSES, type AccessPolicy } from './access/policy.js';

/** A bearer token of the API, the name that was given to it, and what it may do. */
export type ApiToken = Readonly<{ token: string; name: string | null; scopes: readonly Scope[] }>;
/** The access answer alone; all reads; reads and operations. Each may do what those before it may. */
export type Scope = (typeof SCOPES)[number];
const SCOPES = ['access', 'read', 'admin'] as const;
const isScope = (word: string): word is Scope => (SCOPES as readonly string[]).includes(word);
/** What a process does: take webhooks, keep the read models up with the log, serve the read API. */
export type Role = (typeof ROLES)[number];
const ROLES = ['ingest', 'project', 'api', 'reconcile'] as const;
/** `reconcile` is one of them where there is a key to ask Stripe with. */
const USUAL_ROLES = ['ingest', 'project', 'api'] as const;
/** A signing secret of one Stripe endpoint; the label tells later from which endpoint an event came. */
export type WebhookSecret = Readonly<{ label: string; secret: string }>;
/** A key of Stripe's API: of one account, in one mode. */
export type StripeApiKey = Readonly<{ label: string; key: string; livemode: boolean }>;
/** How Stripe's API is asked; without a key it never is. */
export type StripeApiConfig = Readonly<{
  keys: readonly StripeApiKey[];
  /** Where it is: Stripe, or a simulator. */
  url: string;
  /** The API version in which objects are asked for; null: that of the events. */
  version: string | null;
  /** Requests in any second, for a key of each mode. */
  perSecond: Readonly<{ live: number; test: number }>;
  /** Requests in any 24 hours of what runs by itself; `auto` follows the number of events. */
  perDay: number | 'auto';
}>;

/** All that the environment decides, read once at the start. */
export type Config = Readonly<{
  production: boolean;
  /** At least one; health and metrics are served in every role. */
  roles: readonly Role[];
  host: string;
  port: number;
  logLevel: string;
  /** Folder of the embedded servers and of the secrets made for a local run. */
  dataDirectory: string;
  eventstoreUrl: string;
  databaseUrl: string;
  /** How the embedded servers listen: `auto` takes Unix domain sockets where they can be had, `tcp` never. */
  transport: 'auto' | 'tcp';
  /** Empty: secrets and tokens are made for the data directory (never in production). */
  webhookSecrets: readonly WebhookSecret[];
  apiTokens: readonly ApiToken[];
  stripeApi: StripeApiConfig;
  /** Whether the role `reconcile` appends what no event tells. */
  repairs: boolean;
  /** Where Stripe reaches this service, without a path; null: not said. */
  publicUrl: string | null;
  /** The store's own limit for one append, in bytes; EventStoreDB's default is 1 MiB. */
  appendBytesMax: number;
  /** How long one append may stay unanswered before its outcome counts as unknown. */
  appendTimeoutMs: number;
  /** Deliveries that may wait for the store at one time; beyond it the webhook answers 503. */
  intakeWaitingMax: number;
  /** Bytes that bodies under way may hold together, before their signatures are checked; beyond it 503. */
  intakeBodiesBytesMax: number;
  /** Open connections of this process; what comes beyond is closed at once. */
  connectionsMax: number;
  /** Time within which a request must have arrived whole. */
  requestTimeoutMs: number;
  /** Connections of this process that may follow live updates at one time. */
  liveReadersMax: number;
  /** How many of them one token may have. */
  liveReadersPerTokenMax: number;
  /** Under which key of their metadata Stripe's objects bear one's own id of a user or account; null: under none. */
  referenceKey: string | null;
  /** After how long Postgres ends a read of the API, in milliseconds. */
  readTimeoutMs: number;
  access: AccessPolicy;
  /** By what rules journal, revenue and MRR are derived. */
  money: MoneyPolicy;
  /** Whether a process that serves the API serves the console too. */
  hasConsole: boolean;
  /** Whether changes of access are decided and recorded, by the process that projects; what holds them back; who is told. */
  accessChanges: Readonly<{ isOn: boolean; brake: Brake; outbox: OutboxConfig }>;
  /** Variables that are set and not read, each with the name that was probably meant. */
  warnings: readonly string[];
  /** Whether the log has a line for each delivery, for a developer who watches. */
  showDeliveries: boolean;
}>;

/** Where programs on this machine reach a service with this configuration. */
export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/** Whether a process reads or writes Postgres: one that only ingests does neither. */
export const usesReadModels = ({ roles }: Pick<Config, 'roles'>): boolean => roles.some((role) => role !== 'ingest');

/**
 * Whether intake may ask the index of event ids: a Postgres is named, though a process that only ingests needs none.
 */
export const hasIndex = ({ roles, databaseUrl }: Pick<Config, 'roles' | 'databaseUrl'>): boolean =>
  roles.includes('ingest') && databaseUrl.startsWith('postgres');

/** The environment is wrong; the message lists every mistake and what to do. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
}

const wholeNumber = (min: number, max: number, example: number) => {
  const error = `must be a whole number from ${min} to ${max}, e.g. ${example}`;
  return z.coerce.number<string>({ error }).int({ error }).min(min, { error }).max(max, { error });
};
const integer = (fallback: number, min: number, max: number) => wholeNumber(min, max, fallback).default(fallback);
const oneOf = <const T extends readonly [string, ...string[]]>(values: T, fallback: T[number]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` }).default(fallback as never);
const url = (scheme: RegExp, example: string) =>
  z
    .string()
    .default('embedded')
    .refine((value) => value === 'embedded' || scheme.test(value), `must be "embedded", or look like ${example}`);

const named = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((part) => {
        const at = part.indexOf('=');
        return at < 0 ? { name: '', value: part } : { name: part.slice(0, at), value: part.slice(at + 1) };
      }),
  );

/** As Stripe makes them; what is shorter was cut off, or is the example of a document. */
const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/=_-]{24,}$/;
const TOKEN_LENGTH_MIN = 16;
const TOKEN_NAME = /^[\w-]{1,40}$/;

/** The entries of a list of secrets. A mistake names the place of its entry and nothing of it: it may be a secret. */
const secretEntries = <T>(read: (entry: string) => T | Mistake) =>
  z
    .string()
    .default('')
    .transform((text, context) => {
      const entries = text.split(/[\s,]+/).filter(Boolean);
      return entries.flatMap((entry, index) => {
        const value = read(entry);
        if (!(value instanceof Mistake)) return [value];
        context.addIssue({ code: 'custom', message: `entry ${index + 1} of ${entries.length} ${value.text}` });
        return [];
      });
    });

class Mistake {
  constructor(readonly text: string) {}
}

const webhookSecrets = secretEntries((entry): WebhookSecret | Mistake => {
  // A secret may end with =, so that the first = of one without a label does not end a label.
  const at = entry.startsWith('whsec_') ? -1 : entry.indexOf('=');
  const secret = entry.slice(at + 1);
  return SIGNING_SECRET.test(secret)
    ? { label: entry.slice(0, Math.max(at, 0)) || 'default', secret }
    : new Mistake(
        'is not a signing secret: those are whsec_ and at least 24 characters. Copy it whole from the endpoint in ' +
          'Stripe, and write label=whsec_…, separated by commas.',
      );
});

const stripeApiKeys = secretEntries((entry): StripeApiKey | Mistake => {
  const at = entry.indexOf('=');
  const key = entry.slice(at + 1);
  const [, kind, mode] = /^(rk|sk|pk)_(live|test)_\w{4,}$/.exec(key) ?? [];
  if (kind === undefined || kind === 'pk')
    return new Mistake(
      'is not a key for reading: those begin with rk_live_, rk_test_, sk_live_ or sk_test_. Make a restricted key in ' +
        'Stripe (Developers, API keys), and write label=rk_live_…, separated by commas.',
    );
  return { label: entry.slice(0, Math.max(at, 0)) || 'default', key, livemode: mode === 'live' };
});

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];
const stripeApiUrl = z
  .string()
  .default('https://api.stripe.com')
  .refine((text) => {
    const address = URL.canParse(text) ? new URL(text) : null;
    return address !== null && /^https?:$/.test(address.protocol) && address.href === `${address.origin}/`;
  }, 'must be an address without a path, e.g. https://api.stripe.com');
const perDay = z.union([z.literal('auto'), z.coerce.number<string>().int().min(0).max(10_000_000)], {
  error: 'must be "auto", or a whole number from 0 to 10000000, e.g. 300',
});

const apiTokens = secretEntries((entry): ApiToken | Mistake => {
  const at = entry.indexOf('=');
  const [, name, given] = /^(?:([^:]*):)?(.*)$/s.exec(entry.slice(0, Math.max(at, 0))) ?? [];
  const scopes = (given || 'read').split('+');
  const token = entry.slice(at + 1);
  if (!scopes.every(isScope)) {
    return new Mistake(
      `names no known scope before its first =. The scopes are ${SCOPES.join(', ')}: write read=TOKEN, or support:read=TOKEN with a name, separated by commas.`,
    );
  }
  if (name !== undefined && !TOKEN_NAME.test(name)) {
    return new Mistake(
      'has a name before its : that is none: write 1 to 40 letters, digits, - and _, e.g. support:read=TOKEN.',
    );
  }
  if (token.length < TOKEN_LENGTH_MIN) {
    return new Mistake(`has a token of fewer than ${TOKEN_LENGTH_MIN} characters. Make one: openssl rand -hex 24.`);
  }
  return { token, name: name ?? null, scopes };
});

const roles = z
  .string()
  .transform((text) => [...new Set(text.split(/[\s,]+/).filter(Boolean))])
  .pipe(
    z
      .array(z.enum(ROLES, { error: `must be some of ${ROLES.join(', ')}, separated by commas` }))
      .min(1, { error: `must name at least one of ${ROLES.join(', ')}` }),
  );
const someOf = (known: readonly string[], message: string) =>
  z.string().refine((text) => known.includes(text), message);

/** Days by status; those that are not named keep their default. */
const graceDays = named
  .pipe(
    z.array(
      z.object({
        name: someOf(
          GRACE_STATUSES,
          `write STATUS=DAYS, separated by commas; the statuses are ${GRACE_STATUSES.join(', ')}`,
        ),
        value: wholeNumber(0, 3_650, 14),
      }),
    ),
  )
  .transform((days) => ({
    ...DEFAULT_ACCESS_POLICY.graceDays,
    ...Object.fromEntries(days.map(({ name, value }) => [name, value])),
  }));
const PAUSE_BEHAVIORS = ['void', 'keep_as_draft', 'mark_uncollectible'] as const;
/** Some words of a list, or `none`. */
const wordsOf = <T extends string>(words: readonly [T, ...T[]], preset: readonly string[]) =>
  z
    .string()
    .default(preset.join(','))
    .transform((text) => (text === 'none' ? [] : text.split(/[\s,]+/).filter(Boolean)))
    .pipe(z.array(z.enum(words, { error: `write some of ${words.join(', ')}, separated by commas, or none` })));
const yesOrNo = (fallback: boolean) =>
  z
    .enum(['yes', 'no'], { error: 'must be "yes" or "no"' })
    .default(fallback ? 'yes' : 'no')
    .transform((value) => value === 'yes');

const environment = z.object({
  NODE_ENV: z.string().default('development'),
  ROLES: roles.optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(3000, 0, 65_535),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
  DATA_DIR: z.string().min(1).default('data'),
  EVENTSTORE_URL: url(/^esdb(\+discover|\+unix)?:\/\//, 'esdb://host:2113?tls=false'),
  DATABASE_URL: url(/^postgres(ql)?:\/\//, 'postgres://user:password@host:5432/ledger'),
  EMBEDDED_TRANSPORT: oneOf(['auto', 'tcp'], 'auto'),
  STRIPE_WEBHOOK_SECRETS: webhookSecrets,
  API_TOKENS: apiTokens,
  STRIPE_API_KEYS: stripeApiKeys,
  STRIPE_API_URL: stripeApiUrl,
  STRIPE_API_VERSION: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/, { error: 'must be an API version of Stripe, e.g. 2026-09-30.endive' })
    .optional(),
  STRIPE_API_RATE: wholeNumber(1, 100, 20).optional(),
  STRIPE_API_DAILY: perDay.default('auto'),
  RECONCILE_REPAIR: yesOrNo(false),
  PUBLIC_URL: z
    .string()
    .transform((text) => text.replace(/\/+$/, ''))
    .refine(
      (text) => URL.canParse(text) && /^https?:/.test(text),
      'must be an address, e.g. https://ledger.example.com',
    )
    .optional(),
  CONSOLE: oneOf(['on', 'off'], 'on'),
  APPEND_BYTES_MAX: integer(1_048_576, 65_536, 16_767_216),
  APPEND_TIMEOUT_MS: integer(3_000, 100, 30_000),
  INTAKE_WAITING_MAX: integer(2_000, 1, 100_000),
  INTAKE_BODIES_BYTES_MAX: integer(67_108_864, 1_048_576, 4_294_967_296),
  CONNECTIONS_MAX: integer(10_000, 1, 1_000_000),
  REQUEST_TIMEOUT_MS: integer(20_000, 500, 600_000),
  LIVE_READERS_MAX: integer(1_000, 1, 100_000),
  LIVE_READERS_PER_TOKEN_MAX: wholeNumber(1, 100_000, 500).optional(),
  READ_TIMEOUT_MS: integer(10_000, 100, 300_000),
  REFERENCE_METADATA: z
    .string()
    .min(1)
    .max(40, { error: 'must be a key of metadata, of at most 40 characters, e.g. user_id' })
    .optional(),
  ACCESS_TRIALING: yesOrNo(DEFAULT_ACCESS_POLICY.trialing),
  ACCESS_GRACE_DAYS: graceDays,
  ACCESS_RENEWAL_GRACE_HOURS: integer(DEFAULT_ACCESS_POLICY.renewalGraceHours, 0, 8_760),
  ACCESS_PAUSE_COLLECTION_DENIES: wordsOf(PAUSE_BEHAVIORS, DEFAULT_ACCESS_POLICY.pauseCollectionDenies),
  ACCESS_CANCELED_UNTIL_PERIOD_END: yesOrNo(DEFAULT_ACCESS_POLICY.canceledUntilPeriodEnd),
  ACCESS_WHILE_RETRIED: yesOrNo(DEFAULT_ACCESS_POLICY.whileRetried),
  ACCESS_UNPAID_UPGRADE_GRACE: yesOrNo(DEFAULT_ACCESS_POLICY.unpaidUpgradeGrace),
  ACCESS_TRIAL_UNPAID_GRACE: yesOrNo(DEFAULT_ACCESS_POLICY.trialUnpaidGrace),
  ACCESS_GIVEN_BACK_DENIES: wordsOf(GIVEN_BACK, DEFAULT_ACCESS_POLICY.givenBackDenies),
  ACCESS_PAID_AFTER_END: yesOrNo(DEFAULT_ACCESS_POLICY.paidAfterEnd),
  ACCESS_CHANGES: yesOrNo(true),
  ACCESS_CHANGES_HELD_CUSTOMERS: integer(20, 0, 1_000_000),
  ACCESS_CHANGES_HELD_PERCENT: integer(1, 0, 100),
  WEBHOOK_OUT_PRIVATE: yesOrNo(false),
  ...moneyVariables,
});

/** Hold secrets: a message repeats nothing of them, and each can be given as the name of a file. */
const SECRET_VARIABLES = ['EVENTSTORE_URL', 'DATABASE_URL', 'STRIPE_WEBHOOK_SECRETS', 'API_TOKENS', 'STRIPE_API_KEYS'];
const isSecretVariable = (name: string): boolean => SECRET_VARIABLES.includes(name) || isOutboxSecret(name);
const fileVariable = (name: string): string => `${name}_FILE`;

/** The variables that the configuration reads. */
export const VARIABLES: readonly string[] = [...Object.keys(environment.shape), ...SECRET_VARIABLES.map(fileVariable)];

type StoresConfig = Pick<Config, 'dataDirectory' | 'eventstoreUrl' | 'databaseUrl' | 'transport' | 'appendBytesMax'>;

/** Reads where the stores are: all that a command needs which neither takes webhooks nor serves the API. */
export function loadStoresConfig(env: Environment): StoresConfig {
  const { values, mistakes } = read(
    environment.pick({
      DATA_DIR: true,
      EVENTSTORE_URL: true,
      DATABASE_URL: true,
      EMBEDDED_TRANSPORT: true,
      APPEND_BYTES_MAX: true,
    }),
    env,
  );
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return {
    dataDirectory: values.DATA_DIR,
    eventstoreUrl: values.EVENTSTORE_URL,
    databaseUrl: values.DATABASE_URL,
    transport: values.EMBEDDED_TRANSPORT,
    appendBytesMax: values.APPEND_BYTES_MAX,
  };
}

/** Reads how Stripe's API is asked, for a command that asks it. */
export function loadStripeApiConfig(env: Environment): StripeApiConfig {
  const { values, mistakes } = read(
    environment.pick({
      STRIPE_API_KEYS: true,
      STRIPE_API_URL: true,
      STRIPE_API_VERSION: true,
      STRIPE_API_RATE: true,
      STRIPE_API_DAILY: true,
    }),
    env,
  );
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return stripeApiOf(values);
}

/** Reads by what rules money is counted, for a command that derives by itself. */
export function loadMoneyPolicy(env: Environment): MoneyPolicy {
  const { values, mistakes } = read(z.object(moneyVariables as z.ZodRawShape), env);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return moneyPolicyOf(values);
}

/** A value as a message repeats it; nothing of what may be a secret, also one that was put into the wrong variable. */
const givenText = (name: string, value: string | undefined): string =>
  value === undefined || SECRET_VARIABLES.includes(name) || !/^[\w.,: +-]{1,15}$/.test(value) ? '' : `, not "${value}"`;

/** Variable by variable, so that one mistake hides no other; what is wrong has no value. */
function read<T extends z.ZodRawShape>(
  schema: z.ZodObject<T>,
  env: Environment,
): { values: z.output<z.ZodObject<T>>; mistakes: string[] } {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(schema.shape)) {
    const given = givenIn(env, name);
    if (given instanceof Mistake) {
      mistakes.push(given.text);
      continue;
    }
    const parsed = (variable as unknown as z.ZodType).safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else
      for (const message of new Set(parsed.error.issues.map((issue) => issue.message)))
        mistakes.push(`${name}: ${message.replace(/\.$/, '')}${givenText(name, given)}.`);
  }
  return { values: values as z.output<z.ZodObject<T>>, mistakes };
}

const SECRET_FILE_BYTES_MAX = 64 * 1024;

/** Messages repeat no path: it may be the secret itself, in the wrong variable. */
const NAME_A_FILE = 'Set it to the path of a file that this account may read.';

/** The value of a variable, or what is in the file that its `_FILE` variant names; undefined where neither is set. */
function givenIn(env: Environment, name: string): string | undefined | Mistake {
  const inFile = fileVariable(name);
  const value = env[name] === '' ? undefined : env[name];
  const file = isSecretVariable(name) ? env[inFile] : undefined;
  if (file === undefined || file === '') return value;
  if (value !== undefined) return new Mistake(`${inFile}: ${name} is set too. Unset one of them.`);
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return new Mistake(`${inFile}: names no file. ${NAME_A_FILE}`);
    if (stats.size > SECRET_FILE_BYTES_MAX) return new Mistake(`${inFile}: the file is larger than 64 kB.`);
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? new Mistake(`${inFile}: the file is empty.`) : text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return new Mistake(`${inFile}: the file cannot be read (${code ?? 'unknown error'}). ${NAME_A_FILE}`);
  }
}

/** The environment as if what files hold were set in it: what is set by a file is set. */
const withFiles = (env: Environment): Environment => ({
  ...env,
  ...Object.fromEntries(
    SECRET_VARIABLES.filter((name) => (env[fileVariable(name)] ?? '') !== '').map((name) => [name, 'in a file']),
  ),
});

/** Variables that are set and not read, and what they may have been meant to be. */
export function misspelt(env: Environment): readonly string[] {
  const { unread, replacing } = mistakenNames(withFiles(env), VARIABLES);
  return [...replacing, ...unread];
}

/**
 * Reads the environment. @throws ConfigError, which lists every mistake at once. Outside production a misspelt variable is
 * a warning of the configuration.
 */
export function loadConfig(env: Environment): Config {
  const { values, mistakes } = read(environment, env);
  const production = values.NODE_ENV === 'production';
  mistakes.push(...missing(values));
  const outbox = { allowsPrivate: values.WEBHOOK_OUT_PRIVATE };
  const { endpoints, mistakes: ofEndpoints } = endpointsIn(Object.keys(env), {
    ...outbox,
    valueOf: (name) => {
      const given = givenIn(env, name);
      return given instanceof Mistake ? { mistake: given.text } : { value: given ?? '' };
    },
  });
  mistakes.push(...ofEndpoints);
  const { unread, replacing } = mistakenNames(withFiles(env), VARIABLES);
  if (production) mistakes.push(...replacing);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return {
    showDeliveries: false,
    warnings: [...(production ? [] : replacing), ...unread, ...needlessRights(values)],
    production,
    roles: values.ROLES ?? [...USUAL_ROLES, ...(values.STRIPE_API_KEYS.length > 0 ? (['reconcile'] as const) : [])],
    host: values.HOST,
    port: values.PORT,
    logLevel: values.LOG_LEVEL,
    dataDirectory: values.DATA_DIR,
    eventstoreUrl: values.EVENTSTORE_URL,
    databaseUrl: values.DATABASE_URL,
    transport: values.EMBEDDED_TRANSPORT,
    webhookSecrets: values.STRIPE_WEBHOOK_SECRETS,
    apiTokens: values.API_TOKENS,
    repairs: values.RECONCILE_REPAIR,
    stripeApi: stripeApiOf(values),
    publicUrl: values.PUBLIC_URL ?? null,
    appendBytesMax: values.APPEND_BYTES_MAX,
    appendTimeoutMs: values.APPEND_TIMEOUT_MS,
    intakeWaitingMax: values.INTAKE_WAITING_MAX,
    intakeBodiesBytesMax: values.INTAKE_BODIES_BYTES_MAX,
    connectionsMax: values.CONNECTIONS_MAX,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    liveReadersMax: values.LIVE_READERS_MAX,
    liveReadersPerTokenMax: values.LIVE_READERS_PER_TOKEN_MAX ?? Math.ceil(values.LIVE_READERS_MAX / 2),
    readTimeoutMs: values.READ_TIMEOUT_MS,
    referenceKey: values.REFERENCE_METADATA ?? null,
    access: accessPolicyOf(values),
    money: moneyPolicyOf(values),
    hasConsole: values.CONSOLE === 'on',
    accessChanges: {
      isOn: values.ACCESS_CHANGES,
      brake: { customers: values.ACCESS_CHANGES_HELD_CUSTOMERS, percent: values.ACCESS_CHANGES_HELD_PERCENT },
      outbox: { ...outbox, endpoints },
    },
  };
}

/** A fifth of what Stripe allows to all programs of the account together (docs.stripe.com/rate-limits). */
const PER_SECOND = { live: 20, test: 5 };

type StripeApiValues = Pick<
  z.output<typeof environment>,
  'STRIPE_API_KEYS' | 'STRIPE_API_URL' | 'STRIPE_API_VERSION' | 'STRIPE_API_RATE' | 'STRIPE_API_DAILY'
>;

const stripeApiOf = (values: StripeApiValues): StripeApiConfig => ({
  keys: values.STRIPE_API_KEYS,
  url: values.STRIPE_API_URL,
  version: values.STRIPE_API_VERSION ?? null,
  perSecond:
    values.STRIPE_API_RATE === undefined ? PER_SECOND : { live: values.STRIPE_API_RATE, test: values.STRIPE_API_RATE },
  perDay: values.STRIPE_API_DAILY,
});

/** A live key that may do everything, where one that may read is enough. */
const needlessRights = (values: z.output<typeof environment>): string[] =>
  values.STRIPE_API_KEYS.filter(({ key }) => key.startsWith('sk_live_')).map(
    ({ label }) =>
      `STRIPE_API_KEYS: ${label} is a secret key, which may do everything. The ledger only reads: make a restricted key.`,
  );

const accessPolicyOf = (values: z.output<typeof environment>): AccessPolicy => ({
  trialing: values.ACCESS_TRIALING,
  graceDays: values.ACCESS_GRACE_DAYS,
  renewalGraceHours: values.ACCESS_RENEWAL_GRACE_HOURS,
  pauseCollectionDenies: values.ACCESS_PAUSE_COLLECTION_DENIES,
  canceledUntilPeriodEnd: values.ACCESS_CANCELED_UNTIL_PERIOD_END,
  whileRetried: values.ACCESS_WHILE_RETRIED,
  unpaidUpgradeGrace: values.ACCESS_UNPAID_UPGRADE_GRACE,
  trialUnpaidGrace: values.ACCESS_TRIAL_UNPAID_GRACE,
  givenBackDenies: values.ACCESS_GIVEN_BACK_DENIES,
  paidAfterEnd: values.ACCESS_PAID_AFTER_END,
});

/** What the variables lack together. Those that are wrong by themselves have no value here. */
function missing(values: Partial<z.output<typeof environment>>): string[] {
  const mistakes: string[] = [];
  const { INTAKE_BODIES_BYTES_MAX: bodies, APPEND_BYTES_MAX: append } = values;
  if (bodies !== undefined && append !== undefined && bodies < append)
    mistakes.push(
      `INTAKE_BODIES_BYTES_MAX: must be at least APPEND_BYTES_MAX (${append}), or the largest body never fits.`,
    );
  mistakes.push(...readable(values));
  if (values.ROLES?.includes('reconcile') === true && values.STRIPE_API_KEYS?.length === 0)
    mistakes.push('STRIPE_API_KEYS: needed for the role reconcile, e.g. main=rk_live_….');
  if (values.NODE_ENV !== 'production') return mistakes;
  if (values.ROLES?.includes('ingest') !== false && values.STRIPE_WEBHOOK_SECRETS?.length === 0)
    mistakes.push(
      'STRIPE_WEBHOOK_SECRETS: needed when NODE_ENV=production. Copy the signing secret of your Stripe endpoint: main=whsec_….',
    );
  if (values.API_TOKENS?.length === 0)
    mistakes.push('API_TOKENS: needed when NODE_ENV=production, e.g. read=TOKEN,read+admin=TOKEN.');
  return mistakes;
}

/** A live key is for Stripe alone, and never goes over a network that others can read. */
function readable({ STRIPE_API_URL: text, STRIPE_API_KEYS: keys }: Partial<z.output<typeof environment>>): string[] {
  if (text === undefined || keys?.some(({ livemode }) => livemode) !== true) return [];
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || LOCAL_HOSTS.includes(hostname)
    ? []
    : ['STRIPE_API_URL: must begin with https:// when STRIPE_API_KEYS has a live key, unless it is on this machine.'];
}
