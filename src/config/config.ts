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

/** What a process does: take webhooks, keep the read models up with the log, serve the read API. */
export type Role = (typeof ROLES)[number];
const ROLES = ['ingest', 'project', 'api', 'reconcile'] as const;
/** `reconcile` is one of them where there is a key to ask Stripe with. */
const USUAL_ROLES = ['ingest', 'project', 'api'] as const;
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

const roles = z
  .string()
  .transform((text) => [...new Set(text.split(/[\s,]+/).filter(Boolean))])
  .pipe(
    z
      .array(z.enum(ROLES, { error: `must be some of ${ROLES.join(', ')}, separated by commas` }))
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
  ...accessVariables,
  ACCESS_CHANGES: yesOrNo(true),
  ACCESS_CHANGES_HELD_CUSTOMERS: integer(20, 0, 1_000_000),
  ACCESS_CHANGES_HELD_PERCENT: integer(1, 0, 100),
  WEBHOOK_OUT_PRIVATE: yesOrNo(false),
  ...moneyVariables,
});

/** The variables that the configuration reads. */
export const VARIABLES: readonly string[] = [...Object.keys(variables.shape), ...SECRET_VARIABLES.map(fileVariable)];

type StoresConfig = Pick<Config, 'dataDirectory' | 'eventstoreUrl' | 'databaseUrl' | 'transport' | 'appendBytesMax'>;

/** Reads where the stores are: all that a command needs which neither takes webhooks nor serves the API. */
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

/** Reads how Stripe's API is asked, for a command that asks it. */
export function loadStripeApiConfig(env: Environment): StripeApiConfig {
  const { values, mistakes } = read(z.object(stripeApiVariables), env);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return stripeApiOf(values);
}

/** Reads by what rules money is counted, for a command that derives by itself. */
export function loadMoneyPolicy(env: Environment): MoneyPolicy {
  const { values, mistakes } = read(z.object(moneyVariables as z.ZodRawShape), env);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return moneyPolicyOf(values);
}

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

/** What the variables lack together. Those that are wrong by themselves have no value here. */
function missing(values: Partial<z.output<typeof variables>>): string[] {
  const mistakes: string[] = [];
  const { INTAKE_BODIES_BYTES_MAX: bodies, APPEND_BYTES_MAX: append } = values;
  if (bodies !== undefined && append !== undefined && bodies < append)
    mistakes.push(
      `INTAKE_BODIES_BYTES_MAX: must be at least APPEND_BYTES_MAX (${append}), or the largest body never fits.`,
    );
  mistakes.push(...addressMistakes(values));
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
