/** Connection strings of EventStoreDB: `esdb://`, `esdb+discover://`, several hosts, TLS, a user. */
import type { EventStoreDBClient } from '@eventstore/db-client';
import { parseConnectionString } from '@eventstore/db-client/dist/Client/parseConnectionString.js';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withoutReference } from '../server-address.js';

/**
 * The arguments of the official client's constructor: settings that name one node, several or a DNS name; TLS; a user.
 */
type ClientArguments = ConstructorParameters<typeof EventStoreDBClient>;

/** Where a client connects, and as which user. */
export type Connection = Readonly<{
  settings: ClientArguments[0];
  /** Certificates in PEM; `insecure` disables TLS. */
  tls: Readonly<{ insecure: boolean; rootCertificate?: Buffer; userCertFile?: Buffer; userKeyFile?: Buffer }>;
  user: ClientArguments[2];
  /** The connection string as given, including any reference to endpoints.json. */
  url: string;
  /** All host names or addresses in the string; none for a socket. */
  hosts: readonly string[];
}>;

/** The connection string is invalid; the message says why, and contains no password. */
export class ConnectionStringError extends Error {
  readonly code = 'CONNECTION_STRING_INVALID';
}

/** An embedded store on a Unix domain socket: the rest is the path, as in a file URL. */
const SOCKET = /^esdb\+unix:/;

const SHAPE = /^(esdb(?:\+discover)?:\/\/)(?:([^:@/?]+):([^@]*)@)?(.*)$/s;

/**
 * Parses a connection string as the official client does.
 * @throws ConnectionStringError when it is invalid, or when a file that it names cannot be read.
 */
export function connectionOf(url: string): Connection {
  if (SOCKET.test(url))
    return {
      settings: { endpoint: `unix:${socketOf(url)}` },
      tls: { insecure: true },
      user: undefined,
      url,
      hosts: [],
    };
  const [, scheme, name, password, rest] = SHAPE.exec(withoutReference(url.trim())) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new ConnectionStringError(
      'An EventStoreDB connection string looks like esdb://host:2113?tls=false, or esdb://user:password@a:2113,b:2113.',
    );
  }
  const { hosts, dnsDiscover, tls, tlsCAFile, userCertFile, userKeyFile, ...options } = parsed(scheme, rest);
  const [first] = hosts;
  if (first === undefined) throw new ConnectionStringError('The EventStoreDB connection string names no host.');
  return {
    settings: {
      ...options,
      ...(dnsDiscover ? { discover: first } : hosts.length > 1 ? { endpoints: hosts } : { endpoint: first }),
    } as ClientArguments[0],
    tls: {
      insecure: tls === false,
      ...(tls !== false && tlsCAFile !== undefined && { rootCertificate: contentOf('tlsCAFile', tlsCAFile) }),
      ...userCertificateOf(userCertFile, userKeyFile),
    },
    user:
      name === undefined || password === undefined
        ? undefined
        : { username: decodeURIComponent(name), password: decodeURIComponent(password) },
    url,
    hosts: hosts.map(({ address }) => address),
  };
}

function socketOf(url: string): string {
  try {
    return fileURLToPath(url.replace(SOCKET, 'file:'));
  } catch (error) {
    throw new ConnectionStringError(
      `The EventStoreDB connection string names no socket (${(error as Error).message}).`,
    );
  }
}

/** The client's own parser repeats the string in warnings and errors, so user and password are removed first. */
function parsed(scheme: string, rest: string): ReturnType<typeof parseConnectionString> {
  try {
    return parseConnectionString(`${scheme}${rest}`);
  } catch (error) {
    throw new ConnectionStringError(`The EventStoreDB connection string cannot be read: ${(error as Error).message}`);
  }
}

function userCertificateOf(
  certificate: string | undefined,
  key: string | undefined,
): { userCertFile?: Buffer; userKeyFile?: Buffer } {
  if (certificate === undefined && key === undefined) return {};
  if (certificate === undefined || key === undefined)
    throw new ConnectionStringError('userCertFile and userKeyFile of a connection string go together.');
  return { userCertFile: contentOf('userCertFile', certificate), userKeyFile: contentOf('userKeyFile', key) };
}

function contentOf(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConnectionStringError(`The file of ${option} cannot be read (${(error as Error).message}).`);
  }
}
