/**
 * Parses the server's command line, with the files and the secret it names, into options of `startEmbeddedEventStore`.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Endpoint } from './capabilities.js';
import { APPEND_BYTES_MAX, type EmbeddedEventStoreOptions, type Tls, type Users } from './index.js';

/** The environment variable with the password of --user: command lines are visible to everyone on the machine. */
export const PASSWORD_VARIABLE = 'EVENTSTORE_PASSWORD';

const DEFAULT_PORT = 2113;
const DEFAULT_DIRECTORY = 'data/eventstore';
const PORTS = [0, 65_535] as const;
/** The allowed range; the real server has the same maximum. */
const APPEND_BYTES = [65_536, 16_767_216] as const;

export const SERVER_HELP = `An EventStoreDB-compatible server with its files in one directory.

  npm run eventstore -- [options]

  --data-dir <folder>   the folder of the files; created if missing    (${DEFAULT_DIRECTORY})
  --memory              keep everything in memory only; lost at the end
  --host <address>      the address to listen on                       (127.0.0.1)
  --port <n>            the port to listen on; 0 chooses a free one     (${DEFAULT_PORT})
  --advertise <address> host:port for clients that discover, if it is not the address it listens on
  --max-append-size <n> maximum bytes of an append, from ${APPEND_BYTES.join(' to ')}     (${APPEND_BYTES_MAX})
  --tls-cert <file>     the certificate in PEM, with intermediate certificates
  --tls-key <file>      its private key in PEM
  --user <name>         a user, with the password in the environment variable ${PASSWORD_VARIABLE}; needs TLS
  --users-file <file>   several users, one "name:password" per line; needs TLS
  --check               do not serve: verify all files, report all damage, and exit with 1 if there is any
  --help                print this text

Prints its connection string and serves until SIGTERM or SIGINT.
`;

/** The command line is wrong. The message explains how. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

export type ServerOptions = Readonly<{
  options: EmbeddedEventStoreOptions;
  /** The addition to a client's connection string that makes it trust a self-signed certificate. */
  urlSuffix: string;
  /** Whether to check the files instead of serving them. */
  check: boolean;
}>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Parses the command line; undefined for --help. Throws a UsageError. */
export function serverOptions(args: readonly string[], environment: Environment): ServerOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  if (values.memory && values['data-dir'] !== undefined)
    throw new UsageError('Give either --memory or --data-dir, not both.');
  if (values.memory && values.check)
    throw new UsageError('--check cannot be combined with --memory, which has no files.');
  const tls = tlsOf(values['tls-cert'], values['tls-key']);
  const options = {
    directory: values.memory ? 'memory' : resolve(values['data-dir'] ?? DEFAULT_DIRECTORY),
    host: values.host,
    port: wholeNumberOf('--port', values.port, PORTS),
    advertise: values.advertise === undefined ? undefined : endpointOf(values.advertise),
    appendBytesMax: wholeNumberOf('--max-append-size', values['max-append-size'], APPEND_BYTES),
    tls,
    users: usersOf(values, environment),
  };
  const isOwnAuthority = tls !== undefined && isSelfSigned(tls.certificate);
  return {
    options,
    check: values.check,
    urlSuffix: isOwnAuthority ? `&tlsCAFile=${resolve(values['tls-cert'] ?? '')}` : '',
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        'data-dir': text,
        memory: flag,
        host: { ...text, default: '127.0.0.1' },
        port: { ...text, default: String(DEFAULT_PORT) },
        advertise: text,
        'max-append-size': { ...text, default: String(APPEND_BYTES_MAX) },
        'tls-cert': text,
        'tls-key': text,
        user: text,
        'users-file': text,
        check: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n--help lists the options.`);
  }
}

function wholeNumberOf(option: string, text: string, [least, most]: readonly [number, number]): number {
  const number = Number(text);
  if (text !== '' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${option} must be a whole number from ${least} to ${most}, not "${text}".`);
}

function endpointOf(text: string): Endpoint {
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? [];
  if (host === undefined || port === undefined)
    throw new UsageError(`--advertise must be a host and a port, such as events.example:2113, not "${text}".`);
  return { host, port: wholeNumberOf('The port of --advertise', port, PORTS) };
}

function contentOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The file of ${option} cannot be read (${(error as Error).message}).`);
  }
}

function tlsOf(certificateFile: string | undefined, keyFile: string | undefined): Tls | undefined {
  if (certificateFile === undefined && keyFile === undefined) return undefined;
  if (certificateFile === undefined || keyFile === undefined)
    throw new UsageError('--tls-cert and --tls-key go together.');
  return { certificate: contentOf('--tls-cert', certificateFile), key: contentOf('--tls-key', keyFile) };
}

/** Whether a certificate is self-signed; false when it is unreadable, which the server reports later. */
function isSelfSigned(certificate: string): boolean {
  if (!certificate.includes('BEGIN CERTIFICATE')) return false;
  const parsed = new X509Certificate(certificate);
  return parsed.checkIssued(parsed);
}

function usersOf(values: { user?: string; 'users-file'?: string }, environment: Environment): Users | undefined {
  const users: Record<string, string> = {};
  const { user, 'users-file': file } = values;
  if (user !== undefined) {
    const password = environment[PASSWORD_VARIABLE];
    if (!password) throw new UsageError(`--user needs the password in the environment variable ${PASSWORD_VARIABLE}.`);
    users[user] = password;
  }
  if (file !== undefined) {
    for (const line of contentOf('--users-file', file).split(/\r?\n/).filter(Boolean)) {
      const [, name, password] = /^([^:]+):(.+)$/.exec(line) ?? [];
      if (name === undefined || password === undefined)
        throw new UsageError('--users-file must have one "name:password" on each line.');
      users[name] = password;
    }
  }
  return Object.keys(users).length > 0 ? users : undefined;
}
