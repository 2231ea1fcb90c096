import { once } from 'node:events';
import { createServer } from 'node:net';

/** The service cannot listen on its configured address. The message says what to change. */
export class PortError extends Error {
  readonly code = 'PORT_TAKEN';
}

/**
 * Checks that the service can listen, before it creates secrets, folders and servers.
 * @throws PortError
 */
export async function assertPortIsFree(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw portErrorOf(error, { host, port });
  } finally {
    server.close();
  }
}

/** Returns an error that explains why a server cannot listen. */
export function portErrorOf(error: unknown, { host, port }: { host: string; port: number }): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new PortError(
      `Port ${port} of ${host} is in use by another program or another ledger. Stop it, or choose another port: PORT=${port + 1}.`,
    );
  if (code === 'EACCES')
    return new PortError(
      `This user account may not listen on port ${port} of ${host}. Choose a port from 1024 up: PORT=3000.`,
    );
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new PortError(
      `"${host}" is not an address of this machine. Set HOST to 127.0.0.1, or to 0.0.0.0 for all addresses.`,
    );
  return error;
}
