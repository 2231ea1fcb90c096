/** Where the server listens, and how its clients reach it and know that it is the right one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.js';

/** TLS at a port of 127.0.0.1, for a platform without sockets or a path that is too long for one. */
export type TlsListening = Readonly<{
  /** In PEM; its own authority. */
  certificate: string;
  key: string;
  /** The file that clients find the certificate in. */
  certificateFile: string;
  /** Taken if it is free, else another is. */
  port?: number | undefined;
}>;

/** Where a running server listens: the path of its socket, or its port on 127.0.0.1. */
export type Address = Readonly<{ socket: string }> | Readonly<{ port: number }>;

/** The number in the name of a socket; nothing listens at this port. */
const SOCKET_NUMBER = 5432;

/** The socket of the server in `directory`, whose folder only the account of Postgres may enter. */
export const socketIn = (directory: string): string => join(directory, `.s.PGSQL.${SOCKET_NUMBER}`);

/**
 * The URL by which clients log in. Without the certificate, a client of this URL sends nothing to who listens at the
 * port.
 */
export async function urlOf(
  { directory, dataDirectory }: Cluster,
  address: Address,
  certificateFile: string,
): Promise<string> {
  const password = await readFile(passwordFileIn(dataDirectory), 'utf8');
  if ('socket' in address) return `postgres://ledger:${password}@${encodeURIComponent(directory)}/ledger`;
  const security = `sslmode=verify-full&sslrootcert=${encodeURIComponent(certificateFile)}`;
  return `postgres://ledger:${password}@127.0.0.1:${address.port}/ledger?${security}`;
}

export const passwordFileIn = (dataDirectory: string): string => join(dataDirectory, 'ledger.password');

/** The files of certificate and key where the server reads them. */
export const tlsFilesIn = (dataDirectory: string) => ({
  certificate: join(dataDirectory, 'server.crt'),
  key: join(dataDirectory, 'server.key'),
});

/** What of the server's settings says where it listens. A relative folder is taken from the data directory. */
export function listeningSettings(address: Address): Record<string, string | number> {
  if ('socket' in address) {
    return {
      listen_addresses: "''",
      unix_socket_directories: '..',
      unix_socket_permissions: '0700',
      port: SOCKET_NUMBER,
    };
  }
  return { listen_addresses: '127.0.0.1', unix_socket_directories: "''", port: address.port, ssl: 'on' };
}
