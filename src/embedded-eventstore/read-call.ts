/** `Streams.Read`: reads and catch-up subscriptions of a stream and of `$all`. */
import { randomUUID } from 'node:crypto';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { cursorOfAll, cursorOfStream, readabilityOf, type Cursor, type From } from './cursors.js';
import { createFraming } from './event-frames.js';
import { Outlet } from './outlet.js';
import { shared, streams, type ReadCall, type Streams } from './protocol.js';
import { readRequestOf, type ReadRequest } from './requests.js';
import { rpcErrorOf, streamDeleted } from './rpc-errors.js';
import type { Store } from './store.js';

const { ReadResp } = streams;

const encode = (response: Streams.ReadResp): Buffer => Buffer.from(response.serializeBinary());

const confirmation = (): Buffer =>
  encode(new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID())));

const checkpoint = (position: bigint): Buffer => {
  const at = String(position);
  return encode(new ReadResp().setCheckpoint(new ReadResp.Checkpoint().setCommitPosition(at).setPreparePosition(at)));
};

const caughtUp = (): Buffer => encode(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));

const streamNotFound = (stream: string): Buffer => {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
  return encode(new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(identifier)));
};

export async function handleRead(store: Store, call: ReadCall): Promise<void> {
  try {
    const request = readRequestOf(call.request);
    const outlet = new Outlet(call, store.stopping);
    if (request.count === undefined) await subscribe(store, request, outlet);
    else await read(store, request, outlet);
    store.stopping.throwIfAborted();
    call.end();
  } catch (error) {
    call.emit('error', rpcErrorOf(error));
  }
}

/** Events already there, up to the count asked for. */
async function read({ log }: Store, request: ReadRequest, outlet: Outlet): Promise<void> {
  const { stream, direction, from, filter } = request;
  if (stream !== undefined) {
    const readability = readabilityOf(log, log.stream(stream));
    if (readability === 'deleted') throw streamDeleted(stream);
    if (readability === 'notFound') return outlet.send([streamNotFound(stream)]);
  }
  const cursor = stream === undefined ? cursorOfAll(log, direction, from) : cursorOfStream(log, direction, { name: stream, from });
  const frame = createFraming(log, request);
  let remaining = Number(request.count);
  while (remaining > 0 && outlet.open) {
    const page = cursor.next(filter ? Infinity : remaining);
    if (page.length === 0) return;
    const wanted = filter ? page.filter((event) => filter.matches(event)).slice(0, remaining) : page;
    remaining -= wanted.length;
    await outlet.send(wanted.map(frame));
    if (remaining > 0) await othersTurn();
  }
}

/** A subscription names the last event that it has seen, a cursor the next one to read. */
function cursorAfter({ log }: Store, { stream, from }: ReadRequest): Cursor {
  const next: From = from.kind === 'at' ? { kind: 'at', at: from.at + 1n } : from;
  return stream === undefined ? cursorOfAll(log, 'forwards', next) : cursorOfStream(log, 'forwards', { name: stream, from: next });
}

/** When a filtered subscription is due a checkpoint: after so many events, whether they match or not. */
class CheckpointCounter {
  #considered = 0;
  #last: bigint | undefined;

  constructor(private readonly every: number) {}

  /** True when the count is full. */
  consider(position: bigint): boolean {
    this.#last = position;
    this.#considered += 1;
    return this.#considered >= this.every;
  }

  /** The position of the last event considered, unless a checkpoint has said so already. */
  take(): bigint | undefined {
    if (this.#considered === 0) return undefined;
    this.#considered = 0;
    return this.#last;
  }
}

/** Events already there and those to come. Live events are read from the log like old ones, so that a slow client makes nothing pile up. */
async function subscribe(store: Store, request: ReadRequest, outlet: Outlet): Promise<void> {
  const { log, changes } = store;
  const { stream, filter } = request;
  const cursor = cursorAfter(store, request);
  const frame = createFraming(log, request);
  const counter = new CheckpointCounter(filter?.checkpointEvery ?? Infinity);
  const checkpointDue = (): Buffer[] => {
    const position = filter && counter.take();
    return position === undefined ? [] : [checkpoint(position)];
  };

  await outlet.send([confirmation()]);
  let live = false;
  while (outlet.open) {
    if (stream !== undefined && readabilityOf(log, log.stream(stream)) === 'deleted') throw streamDeleted(stream);
    const page = cursor.next(Infinity);
    const batch: Buffer[] = [];
    for (const event of page) {
      if (!filter || filter.matches(event)) batch.push(frame(event));
      if (counter.consider(event.position)) batch.push(...checkpointDue());
    }
    await outlet.send(batch);
    if (page.length > 0) await othersTurn();
    else if (live) await outlet.wait((wake) => changes.wait(stream, wake));
    else {
      live = true;
      await outlet.send([...checkpointDue(), caughtUp()]);
    }
  }
}
