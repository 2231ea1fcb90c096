import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.js';

/** An HTTP answer read from a socket. */
export type RawAnswer = Readonly<{
  status: number;
  headers: Headers;
  body: { code?: string; outcome?: string; detail?: string };
}>;

/** A connection on which a test sends any bytes at any pace, and reads the answers. */
export class RawConnection {
  /** Why the connection broke, e.g. EPIPE; undefined until then. */
  error: NodeJS.ErrnoException | undefined;
  isClosed = false;
  readonly #socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#received += text;
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Resolves when the system has accepted the bytes, or the connection has broken. */
  send(data: string | Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.write(data, () => resolve()));
  }

  head(method: string, path: string, headers: Readonly<Record<string, string | number>>): Promise<void> {
    const lines = Object.entries({ host: 'ledger', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.send(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** Reads nothing until `resume`, like a client that sends everything before it reads. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The next complete answer. */
  answer(): Promise<RawAnswer> {
    return until('an answer', async () => this.#take() ?? this.#failIfClosed());
  }

  closed(): Promise<unknown> {
    return until('the connection closes', async () => this.isClosed);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(): RawAnswer | undefined {
    const [head = '', ...rest] = this.#received.split('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const headers = new Headers(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }),
    );
    const after = Buffer.from(rest.join('\r\n\r\n'));
    const length = Number(headers.get('content-length'));
    if (rest.length === 0 || after.length < length) return undefined;
    this.#received = after.toString('utf8', length);
    const body = JSON.parse(after.toString('utf8', 0, length)) as RawAnswer['body'];
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }

  #failIfClosed(): undefined {
    if (!this.isClosed) return undefined;
    throw new Error(`The connection closed without an answer: ${this.error?.code ?? this.#received}`);
  }
}
