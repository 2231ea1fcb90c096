import { setTimeout as pause } from 'node:timers/promises';
import { UsageError } from './command.js';

/** A problem answered by the service. */
export class ProblemAnswer extends Error {
  readonly code = 'PROBLEM';

  constructor(
    readonly status: number,
    { title, detail }: { title?: unknown; detail?: unknown },
  ) {
    const texts = [title, detail].filter((text) => typeof text === 'string' && text !== '');
    super(texts.length === 0 ? `The service answered ${status}.` : [...new Set(texts)].join(': '));
  }
}

/** Parameters of a query; undefined ones are omitted. */
export type Query = Readonly<Record<string, string | undefined>>;

type Following = Readonly<{
  query: Query;
  signal: AbortSignal;
  /** Called once, when the first connection is open. */
  connected: () => void;
  reconnecting: () => void;
}>;

const ANSWER_WITHIN_MS = 30_000;
/** The service sends a heartbeat every 10 s. */
const SILENT_MS_MAX = 30_000;
const RECONNECT_AFTER_MS = 1_000;

/** A client of the HTTP API of a running service. */
export class ServiceClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
    /** For requests that change something; by default the same token. */
    private readonly adminToken = token,
  ) {}

  /** Returns a JSON answer. @throws ProblemAnswer, UsageError when no service answers */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await (await this.#ask(path, { query, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).json()) as T;
  }

  /** Posts JSON and returns the answer. @throws as `get` */
  async post<T>(path: string, body: object): Promise<T> {
    return (await (await this.#ask(path, { body, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).json()) as T;
  }

  /** Returns the bytes of an answer. @throws as `get` */
  async bytes(path: string): Promise<Buffer> {
    const response = await this.#ask(path, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return Buffer.from(await response.arrayBuffer());
  }

  /** Yields the bytes of an answer as they arrive; fails where the service ends it early. @throws as `get` */
  async *pieces(path: string, query: Query, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { body } = await this.#ask(path, { query, signal });
    if (body !== null) yield* body;
  }

  /** Yields the items of all pages of a list. */
  async *list<T>(path: string, query: Query): AsyncGenerator<T> {
    for (let cursor: string | undefined; ;) {
      const page = await this.get<{ data: T[]; nextCursor: string | null }>(path, { ...query, cursor });
      yield* page.data;
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  }

  /**
   * Follows server-sent events until `signal` aborts; reconnects after the last event when the connection breaks.
   * @throws as `get`, before the first connection
   */
  async *follow<T>(path: string, { query, signal, connected, reconnecting }: Following): AsyncGenerator<T> {
    let lastId: string | undefined;
    let [isFirst, isUp] = [true, false];
    while (!signal.aborted) {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(), SILENT_MS_MAX);
      try {
        const response = await this.#ask(path, { query, lastId, signal: AbortSignal.any([signal, silence.signal]) });
        if (isFirst) connected();
        [isFirst, isUp] = [false, true];
        for await (const { id, data } of serverSentEvents(response, () => void timer.refresh())) {
          lastId = id ?? lastId;
          yield JSON.parse(data) as T;
        }
      } catch (error) {
        const mayPass = !(error instanceof ProblemAnswer) || error.status >= 500;
        if (!signal.aborted && (isFirst || !mayPass)) throw error;
      } finally {
        clearTimeout(timer);
      }
      if (signal.aborted) return;
      if (isUp) reconnecting();
      isUp = false;
      await pause(RECONNECT_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #ask(
    path: string,
    {
      query = {},
      body,
      lastId,
      signal,
    }: { query?: Query; body?: object; lastId?: string | undefined; signal: AbortSignal },
  ): Promise<Response> {
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const headers = {
      authorization: `Bearer ${body === undefined ? this.token : this.adminToken}`,
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    // A token must not follow a redirect to another server.
    const response = await fetch(url, { headers, signal, redirect: 'manual', ...sent }).catch((error: unknown) => {
      if (signal.aborted && (error as Error).name === 'AbortError') throw error;
      throw new UsageError(
        `No service answers on ${this.url}. Start the service, or set --url, LEDGER_URL, or HOST and PORT.`,
      );
    });
    if (!response.ok)
      throw new ProblemAnswer(response.status, (await response.json().catch(() => ({}))) as { title?: unknown });
    return response;
  }
}

/** Yields each event of a stream. `alive` is called for any data received. */
async function* serverSentEvents(
  { body }: Response,
  alive: () => void,
): AsyncGenerator<{ id: string | undefined; data: string }> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  let event: { id?: string; data: string[] } = { data: [] };
  for await (const chunk of body) {
    alive();
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (event.data.length > 0) yield { id: event.id, data: event.data.join('\n') };
        event = { data: [] };
      } else if (line.startsWith('id: ')) event.id = line.slice(4);
      else if (line.startsWith('data: ')) event.data.push(line.slice(6));
    }
  }
}
