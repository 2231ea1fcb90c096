/** `Streams.Read`: reads of a stream and of `$all`, and subscriptions. */
import { cursorOfAll, cursorOfStream, placeOf, readabilityOf } from './cursors.js';
import { createFraming } from './event-frames.js';
import { matching } from './filters.js';
import { Outlet } from './outlet.js';
import type { ReadCall } from './protocol.js';
import { streamNotFound } from './read-answers.js';
import { readRequestOf, type ReadRequest } from './requests.js';
import { rpcErrorOf, streamDeleted, unexpectedResult } from './rpc-errors.js';
import type { Store } from './store.js';
import { subscribe } from './subscription.js';

export async function handleRead(store: Store, call: ReadCall): Promise<void> {
  try {
    const outlet = new Outlet(call, store.stopping);
    await store.turns.take();
    const request = readRequestOf(call.request);
    if (request.count === undefined) await subscribe(store, request, outlet);
    else await read(store, request, outlet);
    store.stopping.throwIfAborted();
    call.end();
  } catch (error) {
    call.emit('error', rpcErrorOf(error));
  }
}

/** Sends existing events, up to the requested count. */
async function read({ log, turns }: Store, request: ReadRequest, outlet: Outlet): Promise<void> {
  const { stream, direction, from, filter } = request;
  assertReadable({ log }, request);
  if (stream !== undefined) {
    const readability = readabilityOf(log, log.stream(stream));
    if (readability === 'deleted') throw streamDeleted(stream);
    if (readability === 'notFound') return outlet.send([streamNotFound(stream)]);
  }
  const cursor =
    stream === undefined ? cursorOfAll(log, direction, from) : cursorOfStream(log, direction, { name: stream, from });
  const frame = createFraming(log, request);
  let remaining = Number(request.count);
  while (remaining > 0 && outlet.open) {
    const page = cursor.next(filter ? Infinity : remaining);
    if (page.length === 0) return;
    const matches = filter && (await matching(filter, page, () => outlet.turn(turns)));
    const wanted = matches ? page.filter((_, index) => matches[index]).slice(0, remaining) : page;
    remaining -= wanted.length;
    await outlet.send(wanted.map(frame));
    if (remaining > 0) await turns.take();
  }
}

/**
 * Throws when nothing can be read there: forwards from a stream's end, inside a record, or backwards from beyond the
 * end.
 */
function assertReadable({ log }: Pick<Store, 'log'>, { stream, direction, from }: ReadRequest): void {
  if (stream !== undefined) {
    if (direction === 'forwards' && from.kind === 'end') throw unexpectedResult('ReadStreamResult: Error');
    return;
  }
  const place = from.kind === 'at' ? placeOf(log, direction, from.at) : 'valid';
  if (place === 'inside') throw unexpectedResult('ReadAllResult: InvalidPosition');
  if (place === 'beyond' && direction === 'backwards') throw unexpectedResult('ReadAllResult: Error');
}
