/** How the embedded servers listen, and how servers and clients authenticate each other. */
import { randomBytes } from 'node:crypto';
import { readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertUnread, privateFolder } from '../../packages/private-files/src/index.js';
import { notInstalled } from './errors.js';

/**
 * Sockets are in folders that no other account can enter. Without sockets, both servers listen on ports of 127.0.0.1
 * with certificates that clients verify against files; the event store then requires a password, as Postgres always
 * does.
 */
export type Transport =
  | Readonly<{ kind: 'sockets'; eventstoreSocket: string }>
  | Readonly<{ kind: 'tls'; eventstore: TlsServer & Readonly<{ password: string }>; database: TlsServer }>;

/** Certificate and key in PEM, and the file from which clients read the certificate. */
export type TlsServer = Readonly<{ certificate: string; key: string; certificateFile: string }>;

/** `auto` uses sockets where possible; `tcp` never. */
export type TransportChoice = 'auto' | 'tcp';

/** The user of the event store when it listens on a port. */
export const EVENTSTORE_USER = 'ledger';

/** The longest path of a socket in bytes: the size of the system's `sun_path`, less its terminator. */
const SOCKET_PATH_MAX = process.platform === 'linux' ? 107 : 103;
/** The socket path of Postgres, the longer of the two. */
const POSTGRES_SOCKET = join('postgres', '.s.PGSQL.5432');

const VALID_UNTIL = new Date('2126-01-01T00:00:00Z');

/** Chooses the transport, and creates certificates and password when first needed. The caller holds the lock. */
export async function transportOf(dataDirectory: string, choice: TransportChoice): Promise<Transport> {
  const directory = realpathSync(dataDirectory);
  const isShort = Buffer.byteLength(join(directory, POSTGRES_SOCKET)) <= SOCKET_PATH_MAX;
  if (choice === 'auto' && process.platform !== 'win32' && isShort) {
    return { kind: 'sockets', eventstoreSocket: join(directory, 'eventstore', 'socket') };
  }
  return tlsOf(join(directory, 'tls'));
}

const OWN_NAMES = /^(eventstore|postgres)\.(pem|key|password)$/;

/** Each server has its own certificate: under root, Postgres' account must not impersonate the event store. */
async function tlsOf(folder: string): Promise<Transport> {
  privateFolder(folder, { ownNames: OWN_NAMES });
  const eventstore = {
    ...(await serverOf(join(folder, 'eventstore'))),
    password: passwordOf(join(folder, 'eventstore.password')),
  };
  return { kind: 'tls', eventstore, database: await serverOf(join(folder, 'postgres')) };
}

/** Reads key and certificate, or makes both if either is missing: a process may have ended while making them. */
async function serverOf(path: string): Promise<TlsServer> {
  const files = { certificate: `${path}.pem`, key: `${path}.key` };
  const known = { certificate: readIfThere(files.certificate), key: readIfThere(files.key) };
  if (known.certificate !== '' && known.key !== '') return { ...known, certificateFile: files.certificate };
  const made = await makeCertificate();
  replace(files.key, made.key);
  replace(files.certificate, made.certificate);
  return { ...made, certificateFile: files.certificate };
}

function passwordOf(file: string): string {
  const known = readIfThere(file);
  if (known !== '') return known;
  const made = randomBytes(24).toString('hex');
  replace(file, made);
  return made;
}

function replace(file: string, content: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
}

function readIfThere(file: string): string {
  assertUnread(file);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Makes a self-signed certificate for localhost and 127.0.0.1. */
async function makeCertificate(): Promise<{ certificate: string; key: string }> {
  const { generate } = await import('selfsigned').catch((cause: unknown) => {
    throw notInstalled('selfsigned', cause);
  });
  const made = await generate([{ name: 'commonName', value: 'subscription-ledger' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: VALID_UNTIL,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { certificate: made.cert, key: made.private };
}
