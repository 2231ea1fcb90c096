/** How the embedded servers listen, so that they know their clients and the clients know them. */
import { randomBytes } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertUnread, privateFolder } from '../private-files.js';

/**
 * Sockets lie in folders that no other account may enter. Where there are none, both servers listen at a port of
 * 127.0.0.1
 * and show the certificate, which clients know from its file; the event store wants a password, as Postgres does
 * anyway.
 */
export type Transport = Readonly<{ kind: 'sockets'; eventstoreSocket: string }> | Readonly<{ kind: 'tls' } & TlsFiles>;
export type TlsFiles = Readonly<{ certificate: string; key: string; certificateFile: string; password: string }>;

/** `auto` takes sockets where they can be had; `tcp` never. */
export type TransportChoice = 'auto' | 'tcp';

/** The user of the event store that listens at a port. */
export const EVENTSTORE_USER = 'ledger';

/** The longest path of a socket in bytes: `sun_path` of the system less its end. */
const SOCKET_PATH_MAX = process.platform === 'linux' ? 107 : 103;
/** Where Postgres puts its own, the longer of the two. */
const POSTGRES_SOCKET = join('postgres', '.s.PGSQL.5432');

const VALID_UNTIL = new Date('2126-01-01T00:00:00Z');

/**
 * Decides, and makes certificate and password at the first start that needs them. Whoever calls this holds the lock.
 */
export async function transportOf(dataDirectory: string, choice: TransportChoice): Promise<Transport> {
  const directory = realpathSync(dataDirectory);
  const isShort = Buffer.byteLength(join(directory, POSTGRES_SOCKET)) <= SOCKET_PATH_MAX;
  if (choice === 'auto' && process.platform !== 'win32' && isShort) {
    return { kind: 'sockets', eventstoreSocket: join(directory, 'eventstore', 'socket') };
  }
  return { kind: 'tls', ...(await tlsFilesOf(join(directory, 'tls'))) };
}

const NAMES = { certificate: 'certificate.pem', key: 'key.pem', password: 'password' } as const;
type Name = keyof typeof NAMES;

async function tlsFilesOf(folder: string): Promise<TlsFiles> {
  privateFolder(folder, { ownNames: /^(certificate\.pem|key\.pem|password)$/ });
  const files = Object.fromEntries(Object.entries(NAMES).map(([name, file]) => [name, join(folder, file)])) as Record<
    Name,
    string
  >;
  const known = readAll(files);
  if (known !== undefined) return { ...known, certificateFile: files.certificate };
  const made = { ...(await makeCertificate()), password: randomBytes(24).toString('hex') };
  for (const name of ['certificate', 'key', 'password'] as const)
    writeFileSync(files[name], made[name], { mode: 0o600 });
  return { ...made, certificateFile: files.certificate };
}

/**
 * Undefined when one is missing or empty, as after the end of a process that was just making them: all are made anew
 * then.
 */
function readAll(files: Record<Name, string>): Record<Name, string> | undefined {
  const read = Object.entries(files).map(([name, file]) => {
    assertUnread(file);
    return [name, readIfThere(file)] as const;
  });
  return read.every(([, content]) => content !== '') ? (Object.fromEntries(read) as Record<Name, string>) : undefined;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** A certificate for this machine's own address that is its own authority. */
async function makeCertificate(): Promise<{ certificate: string; key: string }> {
  const { generate } = await import('selfsigned');
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
