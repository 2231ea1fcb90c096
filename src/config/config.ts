import { z } from 'zod';
import { endpointsIn, type OutboxConfig } from '../access-changes/outbox-config.js';
import type { Brake } from '../access-changes/change.js';
import type { AccessPolicy } from '../access/policy.js';
import type { MoneyPolicy } from '../../derivations/policy.js';
import { accessPolicyOf, accessVariables } from './access.js';
import type { Environment } from './environment.js';
import { integer, Mistake, oneOf, url, wholeNumber, yesOrNo } from './fields.js';
import { mistakenNames } from './mistaken-names.js';
import { moneyPolicyOf, moneyVariables } from './money.js';
import { fileVariable, givenIn, read, SECRET_VARIABLES, withFiles } from './reading.js';
import { apiTokens, webhookSecrets, type ApiToken, type WebhookSecret } from './secrets.js';
import {
  needlessRights,
  addressMistakes,
  stripeApiOf,
  stripeApiVariables,
  type StripeApiConfig,
} from './stripe-api.js';

/** What a process does: receive webhooks, project the log, serve the read API, reconcile with Stripe. */
export type Role = (typeof ROLES)[number];
const ROLES = ['ingest', 'project', 'api', 'reconcile'] as const;
/** The default roles; `reconcile` is added where a Stripe API key is set. */
const USUAL_ROLES = ['ingest', 'project', 'api'] as const;
/** The configuration, read from the environment once at startup. */
export type Config = Readonly<{
  production: boolean;
  /** At least one; health and metrics are served in every role. */
  roles: readonly Role[];
  host: string;
  port: number;
  logLevel: string;
  /** Folder of the embedded servers and of the secrets generated for a local run. */
  dataDirectory: string;
  eventstoreUrl: string;
  databaseUrl: string;
  /** How the embedded servers listen: `auto` uses Unix domain sockets where possible, `tcp` never. */
  transport: 'auto' | 'tcp';
  /** Empty: secrets and tokens are generated in the data directory (never in production). */
  webhookSecrets: readonly WebhookSecret[];
  apiTokens: readonly ApiToken[];
  stripeApi: StripeApiConfig;
  /** Whether the role `reconcile` appends to the log what it finds at Stripe and no event reported. */
  repairs: boolean;
  /** The public URL of this service, without a path; null: not set. */
  publicUrl: string | null;
  /** The store's own limit for one append, in bytes; EventStoreDB's default is 1 MiB. */
  appendBytesMax: number;
  /** How long to wait for the answer to an append before its outcome counts as unknown. */
  appendTimeoutMs: number;
  /** At most this many deliveries wait for the store; beyond it the webhook answers 503. */
  intakeWaitingMax: number;
  /**
   * Bytes that unfinished bodies may hold together, before their signatures are checked; beyond it the answer is 503.
   */
  intakeBodiesBytesMax: number;
  /** At most this many open connections; further ones are closed at once. */
  connectionsMax: number;
  /** Time within which a request must have arrived completely. */
  requestTimeoutMs: number;
  /** At most this many connections of this process follow live updates. */
  liveReadersMax: number;
  /** At most this many of them per token. */
  liveReadersPerTokenMax: number;
  /** The metadata key under which Stripe's objects hold the user's own id of a user or account; null: none. */
  referenceKey: string | null;
  /** Time after which Postgres cancels a read of the API, in milliseconds. */
  readTimeoutMs: number;
  access: AccessPolicy;
  /** The policy by which journal, revenue and MRR are derived. */
  money: MoneyPolicy;
  /** Whether a process that serves the API also serves the console. */
  hasConsole: boolean;
  /** Whether the projecting process records changes of access, the brake that holds them, and their webhooks. */
  accessChanges: Readonly<{ isOn: boolean; brake: Brake; outbox: OutboxConfig }>;
  /** Variables that are set but not read, each with the name that was probably meant. */
  warnings: readonly string[];
  /** Whether to log a line for each delivery, for a developer's terminal. */
  showDeliveries: boolean;
}>;

/** The URL of a service with this configuration, for programs on this machine. */
export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/** Whether a process reads or writes Postgres: one that only ingests does not. */
export const usesReadModels = ({ roles }: Pick<Config, 'roles'>): boolean => roles.some((role) => role !== 'ingest');

/** Whether intake may query the index of event ids: only if DATABASE_URL is set, which ingest alone does not need. */
export const hasIndex = ({ roles, databaseUrl }: Pick<Config, 'roles' | 'databaseUrl'>): boolean =>
  roles.includes('ingest') && databaseUrl.startsWith('postgres');

/** The environment is invalid; the message lists every mistake and how to fix it. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
}

const roles = z
  .string()
  .transform((text) => [...new Set(text.split(/[\s,]+/).filter(Boolean))])
  .pipe(
    z
      .array(z.enum(ROLES, { error: `must be a list of ${ROLES.join(', ')}, separated by commas` }))
      .min(1, { error: `must name at least one of ${ROLES.join(', ')}` }),
  );

const variables = z.object({
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
  ...stripeApiVariables,
  RECONCILE_REPAIR: yesOrNo(false),
  PUBLIC_URL: z
    .string()
    .transform((text) => text.replace(/\/+$/, ''))
    .refine((text) => URL.canParse(text) && /^https?:/.test(text), 'must be a URL, e.g. https://ledger.example.com')
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
    .max(40, { error: 'must be a metadata key of at most 40 characters, e.g. user_id' })
    .optional(),
  ...accessVariables,
  ACCESS_CHANGES: yesOrNo(true),
  ACCESS_CHANGES_HELD_CUSTOMERS: integer(20, 0, 1_000_000),
  ACCESS_CHANGES_HELD_PERCENT: integer(1, 0, 100),
  WEBHOOK_OUT_PRIVATE: yesOrNo(false),
  ...moneyVariables,
});

/** The names of all variables that the configuration reads. */
export const VARIABLES: readonly string[] = [...Object.keys(variables.shape), ...SECRET_VARIABLES.map(fileVariable)];

type StoresConfig = Pick<Config, 'dataDirectory' | 'eventstoreUrl' | 'databaseUrl' | 'transport' | 'appendBytesMax'>;

/** Reads the variables of the stores: enough for a command that neither receives webhooks nor serves the API. */
export function loadStoresConfig(env: Environment): StoresConfig {
  const { values, mistakes } = read(
    variables.pick({
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

/** Reads the variables of Stripe's API, for a command that queries it. */
export function loadStripeApiConfig(env: Environment): StripeApiConfig {
  const { values, mistakes } = read(z.object(stripeApiVariables), env);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return stripeApiOf(values);
}

/** Reads the money policy, for a command that derives without a service. */
export function loadMoneyPolicy(env: Environment): MoneyPolicy {
  const { values, mistakes } = read(z.object(moneyVariables as z.ZodRawShape), env);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return moneyPolicyOf(values);
}

/** Variables that are set but not read, with the names that were probably meant. */
export function misspelt(env: Environment): readonly string[] {
  const { unread, replacing } = mistakenNames(withFiles(env), VARIABLES);
  return [...replacing, ...unread];
}

/** Reads the environment; outside production a misspelt variable only warns. @throws ConfigError with all mistakes */
export function loadConfig(env: Environment): Config {
  const { values, mistakes } = read(variables, env);
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

/** Mistakes in combinations of variables. Variables that are invalid on their own have no value here. */
function missing(values: Partial<z.output<typeof variables>>): string[] {
  const mistakes: string[] = [];
  const { INTAKE_BODIES_BYTES_MAX: bodies, APPEND_BYTES_MAX: append } = values;
  if (bodies !== undefined && append !== undefined && bodies < append)
    mistakes.push(
      `INTAKE_BODIES_BYTES_MAX: must be at least APPEND_BYTES_MAX (${append}); otherwise the largest body never fits.`,
    );
  mistakes.push(...addressMistakes(values));
  if (values.ROLES?.includes('reconcile') === true && values.STRIPE_API_KEYS?.length === 0)
    mistakes.push('STRIPE_API_KEYS: required for the role reconcile, e.g. main=rk_live_….');
  if (values.NODE_ENV !== 'production') return mistakes;
  if (values.ROLES?.includes('ingest') !== false && values.STRIPE_WEBHOOK_SECRETS?.length === 0)
    mistakes.push(
      'STRIPE_WEBHOOK_SECRETS: required when NODE_ENV=production. Copy the signing secret of your Stripe endpoint: main=whsec_….',
    );
  if (values.API_TOKENS?.length === 0)
    mistakes.push('API_TOKENS: required when NODE_ENV=production, e.g. read=TOKEN,read+admin=TOKEN.');
  return mistakes;
}
