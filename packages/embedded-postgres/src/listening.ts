/** Where the server listens, and how clients connect to it and authenticate it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.js';

/** TLS on a port of 127.0.0.1, for a platform without sockets or a path too long for one. */
export type TlsListening = Readonly<{
  /** Self-signed, in PEM. */
  certificate: string;
  key: string;
  /** The file from which clients read the certificate. */
  certificateFile: string;
  /** Used if it is free, else another port. */
  port?: number | undefined;
}>;

/** Where a running server listens: the path of its socket, or its port on 127.0.0.1. */
export type Address = Readonly<{ socket: string }> | Readonly<{ port: number }>;

/** The number in the socket's name. It is not a port that anything listens on. */
const SOCKET_NUMBER = 5432;

/** The socket of the server in `directory`, which only Postgres' account may enter. */
export const socketIn = (directory: string): string => join(directory, `.s.PGSQL.${SOCKET_NUMBER}`);

/**
 * Returns the URL for clients. A client of this URL sends nothing to a port whose server cannot show the certificate.
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

/** The server's certificate and key files. */
export const tlsFilesIn = (dataDirectory: string) => ({
  certificate: join(dataDirectory, 'server.crt'),
  key: join(dataDirectory, 'server.key'),
});

/** Returns the server settings for an address. A relative folder is resolved from the data directory. */
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
