import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import Stripe from 'stripe';

/** A complete answer as received. */
export type WireAnswer = Readonly<{
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  bytes: Buffer;
}>;

/** 100 Stripe objects take some hundred kilobytes; a larger answer than this is not a page of them. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const SOCKETS_MAX = 16;

type NodeClient = ReturnType<typeof Stripe.createNodeHttpClient>;

/**
 * The HTTP client of the `stripe` package: each call is exactly one request, so that rates and budgets hold on the
 * wire. The bytes of every answer are kept, including errors.
 */
export class Wire {
  readonly #agent: HttpAgent;
  readonly #inner: NodeClient;
  /** The bytes of errors, by the `error` object that the package keeps. */
  readonly #errors = new WeakMap<object, Buffer>();

  constructor(secure: boolean) {
    const options = { keepAlive: true, maxSockets: SOCKETS_MAX };
    this.#agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
    this.#inner = Stripe.createNodeHttpClient(this.#agent);
  }

  /** The body of an error that the package threw; null when the error is not an answer. */
  bytesOf(raw: unknown): Buffer | null {
    return typeof raw === 'object' && raw !== null ? (this.#errors.get(raw) ?? null) : null;
  }

  close(): void {
    this.#agent.destroy();
  }

  getClientName(): string {
    return this.#inner.getClientName();
  }

  async makeRequest(...request: Parameters<NodeClient['makeRequest']>): ReturnType<NodeClient['makeRequest']> {
    const timeoutMs = request[7];
    let response;
    try {
      response = await this.#inner.makeRequest(...request);
    } catch (error) {
      throw withoutRepeat(error);
    }
    const status = response.getStatusCode();
    const headers = response.getHeaders();
    const message = response.getRawResponse() as IncomingMessage;
    const bytes = await wholeBody(message, timeoutMs).catch((error: unknown) => {
      throw withoutRepeat(error);
    });
    return {
      getStatusCode: () => status,
      getHeaders: () => headers,
      getRawResponse: () => message,
      toStream: () => ({ status, headers, bytes }) as unknown as NodeJS.ReadableStream,
      toJSON: () => new Promise((resolve) => resolve(this.#parsed(bytes))),
    };
  }

  /** Parses a 4xx or 5xx answer. Without an `error` it is not Stripe's, and the package would take it for success. */
  #parsed(bytes: Buffer): unknown {
    const body = JSON.parse(bytes.toString('utf8')) as { error?: unknown } | null;
    const error = body?.error;
    if (typeof error !== 'object' || error === null) throw new Error('an error response without an error object');
    this.#errors.set(error, bytes);
    return body;
  }
}

/**
 * Hides the code of a closed connection, because the package retries when it knows it; only a timeout keeps its code.
 */
function withoutRepeat(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === Stripe.HttpClient.TIMEOUT_ERROR_CODE) return error as Error;
  return new Error([code, message].filter(Boolean).join(': '), { cause: error });
}

/** Returns the body once complete. @throws when it does not arrive in time, or is truncated or too large */
async function wholeBody(message: IncomingMessage, timeoutMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const deadline = setTimeout(() => message.destroy(Stripe.HttpClient.makeTimeoutError()), timeoutMs);
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > ANSWER_BYTES_MAX) throw new Error(`the response exceeds ${ANSWER_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(deadline);
  }
  if (!message.complete) throw new Error('the response ended early');
  return Buffer.concat(chunks, size);
}
