/**
 * `Streams.BatchAppend`: one long call on which many appends travel, each under a correlation id, in one or several
 * messages, answered as they are done.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { inTime, WRITE_TIMEOUT_MS } from './append-calls.js';
import type { Expected } from './append-decision.js';
import { batchAnswer, type BatchOutcome } from './batch-append-answers.js';
import type { Shared, Streams } from './protocol.js';
import type { ProposedEvent } from './record.js';
import { expectedOf, proposedEventOf, sizeOf, streamNameOf, uuidOf } from './requests.js';
import { APPEND_BYTES_MAX, isRpcError, rpcErrorOf, shuttingDown, tooManyWrites } from './rpc-errors.js';
import type { Store } from './store.js';

/** Appends of one call that are begun and not finished. Their bytes are limited one by one. */
const UNFINISHED_MAX = 256;

/** An append of which more messages are to come, or which is being written. */
export type BatchAppend = {
  readonly correlationId: Shared.UUID;
  readonly stream: string;
  readonly expected: Expected;
  readonly deadlineMs: number;
  readonly events: ProposedEvent[];
  size: number;
  expiry?: NodeJS.Timeout;
};

const TIMEOUT: BatchOutcome = { kind: 'timeout' };

type Call = ServerDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>;

export class BatchAppendCall {
  /** Without those that are written at the moment. */
  readonly #unfinished = new Map<string, BatchAppend>();
  #writing = 0;
  #ended = false;
  #failed = false;

  constructor(
    private readonly store: Store,
    private readonly call: Call,
  ) {
    const fail = (error: unknown): void => this.#fail(error);
    const stop = (): void => fail(shuttingDown());
    store.stopping.addEventListener('abort', stop);
    call.on('data', (request: Streams.BatchAppendReq) => {
      try {
        this.#receive(request);
      } catch (error) {
        fail(error);
      }
    });
    call.on('drain', () => call.resume());
    call.on('end', () => {
      this.#ended = true;
      this.#endWhenAnswered();
    });
    call.once('cancelled', () => this.#close());
    call.once('close', () => {
      store.stopping.removeEventListener('abort', stop);
      this.#close();
    });
  }

  /** A message of an append that is not known, because it has expired or failed, is ignored. */
  #receive(request: Streams.BatchAppendReq): void {
    const key = uuidOf(request.getCorrelationId());
    const options = request.getOptions();
    const append = options ? this.#begin(key, request.getCorrelationId() as Shared.UUID, options) : this.#unfinished.get(key);
    if (!append) return;
    const failure = append.deadlineMs <= Date.now() ? TIMEOUT : add(append, request.getProposedMessagesList());
    if (failure) {
      this.#finish(key);
      return this.#answer(append, failure);
    }
    if (!request.getIsFinal()) return;
    this.#finish(key);
    void this.#write(append);
  }

  #begin(key: string, correlationId: Shared.UUID, options: Streams.BatchAppendReq.Options): BatchAppend {
    if (this.#unfinished.size >= UNFINISHED_MAX) throw tooManyWrites();
    const now = Date.now();
    const requested = options.getDeadline()?.toDate().getTime() ?? Infinity;
    const append: BatchAppend = {
      correlationId,
      stream: streamNameOf(options.getStreamIdentifier()),
      expected: expectedOf(options, options.getStreamPosition()),
      deadlineMs: Math.min(requested, now + WRITE_TIMEOUT_MS),
      events: [],
      size: 0,
    };
    append.expiry = setTimeout(() => {
      this.#finish(key);
      this.#answer(append, TIMEOUT);
    }, append.deadlineMs - now);
    this.#unfinished.set(key, append);
    return append;
  }

  #finish(key: string): void {
    clearTimeout(this.#unfinished.get(key)?.expiry);
    this.#unfinished.delete(key);
  }

  async #write(append: BatchAppend): Promise<void> {
    const { stream, expected, events, deadlineMs } = append;
    this.#writing += 1;
    try {
      this.#answer(append, await inTime(this.store.writes.write({ kind: 'append', stream, expected, events }), deadlineMs - Date.now()));
    } catch (error) {
      this.#fail(error);
    }
    this.#writing -= 1;
    this.#endWhenAnswered();
  }

  /** A client that does not take its answers is not heard until it does. */
  #answer(append: BatchAppend, outcome: BatchOutcome): void {
    if (this.#failed || this.call.cancelled || this.call.writableEnded || this.call.write(batchAnswer(append, outcome))) return;
    this.call.pause();
  }

  #endWhenAnswered(): void {
    if (this.#ended && !this.#failed && this.#writing === 0 && this.#unfinished.size === 0 && !this.call.writableEnded) this.call.end();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#close();
    this.call.emit('error', rpcErrorOf(error));
  }

  #close(): void {
    for (const key of [...this.#unfinished.keys()]) this.#finish(key);
  }
}

/** Adds the events of a message; returns why the append cannot be. */
function add(append: BatchAppend, proposed: readonly Streams.BatchAppendReq.ProposedMessage[]): BatchOutcome | undefined {
  try {
    for (const message of proposed) {
      const event = proposedEventOf(message);
      append.size += sizeOf(event);
      if (append.size > APPEND_BYTES_MAX) return { kind: 'tooLarge' };
      append.events.push(event);
    }
    return undefined;
  } catch (error) {
    if (isRpcError(error)) return { kind: 'badRequest', message: error.details };
    throw error;
  }
}
