import type { Environment } from './environment.js';

/** Names that other tools use for our variables. */
const KNOWN_AS: Readonly<Record<string, readonly string[]>> = {
  STRIPE_WEBHOOK_SECRETS: [
    'STRIPE_WEBHOOK_SIGNING_SECRET',
    'STRIPE_WEBHOOK_SIGNING_SECRETS',
    'STRIPE_ENDPOINT_SECRET',
    'STRIPE_SIGNING_SECRET',
    'STRIPE_SECRETS',
    'WEBHOOK_SECRET',
    'WEBHOOK_SECRETS',
    'ENDPOINT_SECRET',
  ],
  API_TOKENS: ['API_KEY', 'API_KEYS', 'READ_TOKEN', 'READ_TOKENS', 'ADMIN_TOKEN', 'AUTH_TOKEN', 'AUTH_TOKENS'],
  DATABASE_URL: ['DATABASE_URI', 'POSTGRES_URL', 'POSTGRES_URI', 'POSTGRESQL_URL', 'PG_URL', 'DB_URL'],
  EVENTSTORE_URL: ['EVENTSTOREDB_URL', 'EVENT_STORE_URL', 'EVENTSTORE_URI', 'ESDB_URL', 'KURRENTDB_URL', 'KURRENT_URL'],
  DATA_DIR: ['DATA_DIRECTORY', 'DATADIR', 'LEDGER_DATA_DIR'],
  LOG_LEVEL: ['LOGLEVEL', 'LOGGING_LEVEL'],
};

/** Names close to ours that other programs read; they may be set on purpose. */
const OF_OTHERS = new Set(['STRIPE_API_KEY']);

/** A short name has many neighbours: HOME is two edits from HOST. */
const changesMax = (name: string): number => (name.length < 8 ? 1 : 2);

/**
 * Returns the variables that are set but not read, and whose names resemble one that is read. `replacing`: the intended
 * variable is not set, so the service would run without it. `unread`: it is set too.
 */
export function mistakenNames(
  env: Environment,
  variables: readonly string[],
): { replacing: readonly string[]; unread: readonly string[] } {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  const mistaken = Object.keys(env)
    .filter((name) => isSet(name) && !variables.includes(name))
    .flatMap((name) => {
      const meant = variables.find(
        (variable) => KNOWN_AS[variable]?.includes(name) === true || areNear(name, variable, changesMax(variable)),
      );
      return meant === undefined ? [] : [{ name, meant }];
    });
  const sentence = ({ name, meant }: { name: string; meant: string }): string =>
    `${name} is not read; did you mean ${meant}?`;
  return {
    replacing: mistaken
      .filter(({ name, meant }) => !isSet(meant) && !OF_OTHERS.has(name))
      .map((one) => `${sentence(one)} Rename it, or set ${one.meant}.`),
    unread: mistaken.filter(({ name, meant }) => isSet(meant) || OF_OTHERS.has(name)).map(sentence),
  };
}

/** Whether the edit distance between the texts is at most `changes`. */
function areNear(from: string, to: string, changes: number): boolean {
  if (from === to) return true;
  if (changes === 0 || Math.abs(from.length - to.length) > changes) return false;
  let at = 0;
  while (at < from.length && from[at] === to[at]) at += 1;
  const [a, b] = [from.slice(at), to.slice(at)];
  return (
    areNear(a.slice(1), b, changes - 1) ||
    areNear(a, b.slice(1), changes - 1) ||
    (a !== '' && b !== '' && areNear(a.slice(1), b.slice(1), changes - 1))
  );
}
