/**
 * `Streams.BatchAppend`: one long call that carries many appends. Each has a correlation id and one or several
 * messages, and is answered when it is done.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { APPEND_EVENTS_MAX, inTime, WRITE_TIMEOUT_MS } from './append-calls.js';
import type { Expected } from './append-decision.js';
import { batchAnswer, type BatchOutcome } from './batch-append-answers.js';
import type { Shared, Streams } from './protocol.js';
import type { ProposedEvent } from './record.js';
import { expectedOf, proposedEventOf, sizeOf, streamNameOf, uuidOf } from './requests.js';
import { isRpcError, rpcErrorOf, tooManyWrites } from './rpc-errors.js';
import type { Store } from './store.js';

/** The most incomplete appends of one call. The bytes of each are limited separately. */
const UNFINISHED_MAX = 256;
/** The most appends of one call that are being written. Beyond it the call is paused until some are answered. */
const WRITING_MAX = 1024;

/** The received part of an append. `expiry` is set while more messages are expected. */
type BatchAppend = {
  readonly correlationId: Shared.UUID;
  readonly stream: string;
  readonly expected: Expected;
  readonly deadlineMs: number;
  readonly events: ProposedEvent[];
  size: number;
  expiry?: NodeJS.Timeout;
};

const TIMEOUT: BatchOutcome = { kind: 'timeout' };
const ACCESS_DENIED: BatchOutcome = { kind: 'accessDenied' };

type Call = ServerDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>;

export class BatchAppendCall {
  /** Incomplete appends, without those being written. */
  readonly #unfinished = new Map<string, BatchAppend>();
  #writing = 0;
  #ended = false;
  #failed = false;

  constructor(
    private readonly store: Store,
    private readonly call: Call,
    private readonly mayWrite: boolean,
  ) {
    const fail = (error: unknown): void => this.#fail(error);
    const stop = (): void => fail(store.stopping.reason);
    store.stopping.addEventListener('abort', stop);
    call.on('data', (request: Streams.BatchAppendReq) => {
      try {
        this.#receive(request);
      } catch (error) {
        fail(error);
      }
    });
    call.on('drain', () => this.#hear());
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

  /** Ignores messages of an unknown append, which has expired or failed. */
  #receive(request: Streams.BatchAppendReq): void {
    const correlationId = request.getCorrelationId();
    const key = uuidOf(correlationId);
    const options = request.getOptions();
    const append = options ? begin(correlationId as Shared.UUID, options) : this.#unfinished.get(key);
    if (!append) return;
    const failure =
      this.#refusalOf(append) ?? add(append, request.getProposedMessagesList(), this.store.appendBytesMax);
    if (!failure && !request.getIsFinal()) return this.#expectMore(key, append);
    this.#forget(key);
    if (failure) this.#answer(append, failure);
    else void this.#write(append);
  }

  #refusalOf({ deadlineMs }: BatchAppend): BatchOutcome | undefined {
    if (!this.mayWrite) return ACCESS_DENIED;
    return deadlineMs <= Date.now() ? TIMEOUT : undefined;
  }

  #expectMore(key: string, append: BatchAppend): void {
    if (append.expiry) return;
    if (this.#unfinished.size >= UNFINISHED_MAX) throw tooManyWrites();
    this.#forget(key);
    this.#unfinished.set(key, append);
    append.expiry = setTimeout(() => {
      this.#forget(key);
      this.#answer(append, TIMEOUT);
      this.#endWhenAnswered();
    }, append.deadlineMs - Date.now());
  }

  #forget(key: string): void {
    clearTimeout(this.#unfinished.get(key)?.expiry);
    this.#unfinished.delete(key);
  }

  async #write(append: BatchAppend): Promise<void> {
    const { stream, expected, events, deadlineMs } = append;
    this.#writing += 1;
    this.#hear();
    try {
      this.#answer(
        append,
        await inTime(this.store.writes.write({ kind: 'append', stream, expected, events }), deadlineMs - Date.now()),
      );
    } catch (error) {
      this.#fail(error);
    }
    this.#writing -= 1;
    this.#hear();
    this.#endWhenAnswered();
  }

  #answer(append: BatchAppend, outcome: BatchOutcome): void {
    if (this.#failed || this.call.cancelled || this.call.writableEnded) return;
    this.call.write(batchAnswer(append, outcome));
    this.#hear();
  }

  /** Pauses a client that does not read its answers, or sends faster than the disk writes. */
  #hear(): void {
    if (this.call.writableNeedDrain || this.#writing >= WRITING_MAX) this.call.pause();
    else this.call.resume();
  }

  #endWhenAnswered(): void {
    if (this.#ended && !this.#failed && this.#writing === 0 && this.#unfinished.size === 0 && !this.call.writableEnded)
      this.call.end();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#close();
    this.call.emit('error', rpcErrorOf(error));
  }

  #close(): void {
    for (const key of [...this.#unfinished.keys()]) this.#forget(key);
  }
}

function begin(correlationId: Shared.UUID, options: Streams.BatchAppendReq.Options): BatchAppend {
  const requestedMs = options.getDeadline()?.toDate().getTime() ?? Infinity;
  return {
    correlationId,
    stream: streamNameOf(options.getStreamIdentifier()),
    expected: expectedOf(options, options.getStreamPosition()),
    deadlineMs: Math.min(requestedMs, Date.now() + WRITE_TIMEOUT_MS),
    events: [],
    size: 0,
  };
}

/** Adds the events of a message. Returns the reason when the append is refused. */
function add(
  append: BatchAppend,
  proposed: readonly Streams.BatchAppendReq.ProposedMessage[],
  bytesMax: number,
): BatchOutcome | undefined {
  try {
    for (const message of proposed) {
      const event = proposedEventOf(message);
      append.size += sizeOf(event);
      if (append.size > bytesMax || append.events.length === APPEND_EVENTS_MAX) return { kind: 'tooLarge', bytesMax };
      append.events.push(event);
    }
    return undefined;
  } catch (error) {
    if (isRpcError(error)) return { kind: 'badRequest', message: error.details };
    throw error;
  }
}
