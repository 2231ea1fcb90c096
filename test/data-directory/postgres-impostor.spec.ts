/**
 * An impostor on Postgres's port receives no password. It counts as an unavailable Postgres, as does a port without a
 * listener.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { transportOf } from '../../src/data-directory/transport.js';
import { Database, isUnavailable } from '../../src/read-models/database.js';
import { testTls } from '../support/tls.js';
import { scratchFolder } from '../support/scratch.js';

const PASSWORD = 'not-for-impostors';
/** AuthenticationCleartextPassword: a client that accepts it sends its password in plain text. */
const ASK_FOR_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
let certificateFile: string;
let server: Server | undefined;
let heard: Buffer[];

beforeEach(async () => {
  scratch = await scratchFolder();
  const transport = await transportOf(scratch.path, 'tcp');
  if (transport.kind !== 'tls') throw new Error('The transport tcp has a certificate.');
  certificateFile = transport.database.certificateFile;
  heard = [];
});
afterEach(async () => {
  server?.close();
  await scratch.remove();
});

/** Listens in place of Postgres; the URL is that of a Postgres with the certificate. */
async function impostor(answer: (socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => heard.push(chunk));
    socket.once('data', () => answer(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return urlAt((server.address() as AddressInfo).port);
}

const urlAt = (port: number): string =>
  `postgres://ledger:${PASSWORD}@127.0.0.1:${port}/ledger?sslmode=verify-full&sslrootcert=${encodeURIComponent(certificateFile)}`;

async function failureOf(url: string): Promise<unknown> {
  const database = new Database(url, { connectionsMax: 1, onIdleError: () => undefined });
  try {
    return await database.query('select 1').then(
      () => 'no failure',
      (error: unknown) => error,
    );
  } finally {
    await database.close();
  }
}

const asked = (socket: Socket): void => {
  socket.on('data', (chunk) => heard.push(chunk));
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.write(ASK_FOR_PASSWORD));
};

describe('a connection to Postgres at a port', () => {
  it.each<[string, (socket: Socket) => void]>([
    [
      'has no TLS',
      (socket) => {
        socket.write('N');
        asked(socket);
      },
    ],
    ['asks for the password at once', (socket) => void socket.write(ASK_FOR_PASSWORD)],
    [
      'shows another certificate',
      (socket) => {
        socket.removeAllListeners('data');
        socket.write('S');
        asked(new TLSSocket(socket, { isServer: true, cert: testTls.certificate, key: testTls.key }));
      },
    ],
  ])('tells nothing to somebody who %s', async (_what, answer) => {
    const error = await failureOf(await impostor(answer));
    expect(error).not.toBe('no failure');
    expect(isUnavailable(error)).toBe(true);
    expect(Buffer.concat(heard).toString('latin1')).not.toContain(PASSWORD);
  });

  it('without a listener, or a missing socket, is an unavailable Postgres', async () => {
    const port = Number(new URL(await impostor(() => undefined)).port);
    server?.close();
    expect(isUnavailable(await failureOf(urlAt(port)))).toBe(true);
    expect(
      isUnavailable(await failureOf(`postgres://ledger:x@${encodeURIComponent(join(scratch.path, 'nowhere'))}/ledger`)),
    ).toBe(true);
  });
});
