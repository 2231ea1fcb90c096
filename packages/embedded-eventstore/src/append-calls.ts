/** `Streams.Append`, `Delete` and `Tombstone`. */
import type { sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { WriteOutcome } from './appends.js';
import type { Expected } from './append-decision.js';
import { shared, streams, type Streams } from './protocol.js';
import { expectedOf, proposedEventOf, sizeOf, streamNameOf } from './requests.js';
import { appendTooLarge, rpcErrorOf, streamDeleted, timeout, unknown, wrongExpectedRevision } from './rpc-errors.js';
import type { Store } from './store.js';

/** The server's own limit for a write, from its arrival to its answer. */
export const WRITE_TIMEOUT_MS = 2_000;

/** The most events in one append: all other appends wait while they are written. */
export const APPEND_EVENTS_MAX = 32_768;

const { AppendResp } = streams;

/** The outcome of a write, or `timeout` when it is not known in time. The write may still happen. */
export type TimelyOutcome = WriteOutcome | Readonly<{ kind: 'timeout' }>;

export async function inTime(outcome: Promise<WriteOutcome>, timeoutMs = WRITE_TIMEOUT_MS): Promise<TimelyOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<TimelyOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'timeout' }), timeoutMs);
  });
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}

/** Collects the events of one append, up to the limit. Ends when the server stops. */
async function collect(call: AsyncIterable<Streams.AppendReq>, { stopping, appendBytesMax }: Store) {
  let options: Streams.AppendReq.Options | undefined;
  const events = [];
  let size = 0;
  for await (const request of call) {
    stopping.throwIfAborted();
    options ??= request.getOptions();
    const proposed = request.getProposedMessage();
    if (!proposed) continue;
    const event = proposedEventOf(proposed);
    size += sizeOf(event);
    if (size > appendBytesMax || events.length === APPEND_EVENTS_MAX) throw appendTooLarge(appendBytesMax);
    events.push(event);
  }
  if (!options) throw unknown('An append begins with its options.');
  return {
    stream: streamNameOf(options.getStreamIdentifier()),
    expected: expectedOf(options, options.getRevision()),
    events,
  };
}

function appendResponse(outcome: Exclude<WriteOutcome, { kind: 'streamDeleted' | 'damaged' }>): Streams.AppendResp {
  if (outcome.kind === 'wrongExpectedRevision')
    return new AppendResp().setWrongExpectedVersion(wrongExpectedVersion(outcome.expected, outcome.current));
  const success = new AppendResp.Success();
  if (outcome.revision < 0n) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(outcome.revision));
  if (outcome.position === undefined) success.setNoPosition(new shared.Empty());
  else
    success.setPosition(
      new AppendResp.Position()
        .setCommitPosition(String(outcome.position))
        .setPreparePosition(String(outcome.position)),
    );
  return new AppendResp().setSuccess(success);
}

function wrongExpectedVersion(expected: Expected, current: bigint): Streams.AppendResp.WrongExpectedVersion {
  const answer = new AppendResp.WrongExpectedVersion();
  if (current < 0n) answer.setCurrentNoStream(new shared.Empty());
  else answer.setCurrentRevision(String(current));
  switch (expected.kind) {
    case 'any':
      return answer.setExpectedAny(new shared.Empty());
    case 'streamExists':
      return answer.setExpectedStreamExists(new shared.Empty());
    case 'noStream':
      return answer.setExpectedNoStream(new shared.Empty());
    case 'revision':
      return answer.setExpectedRevision(String(expected.revision));
  }
}

export async function handleAppend(
  store: Store,
  call: ServerReadableStream<Streams.AppendReq, Streams.AppendResp>,
  callback: sendUnaryData<Streams.AppendResp>,
): Promise<void> {
  try {
    const append = await collect(call, store);
    const outcome = await inTime(store.writes.write({ kind: 'append', ...append }));
    if (outcome.kind === 'timeout') throw timeout();
    if (outcome.kind === 'streamDeleted') throw streamDeleted(append.stream);
    if (outcome.kind === 'damaged') throw outcome.error;
    callback(null, appendResponse(outcome));
  } catch (error) {
    callback(rpcErrorOf(error));
  }
}

/** Deletes a stream and returns the position of the delete. */
async function remove(
  store: Store,
  kind: 'delete' | 'tombstone',
  options: Streams.DeleteReq.Options | Streams.TombstoneReq.Options | undefined,
): Promise<string> {
  if (!options) throw unknown('A delete needs options.');
  const stream = streamNameOf(options.getStreamIdentifier());
  const outcome = await inTime(
    store.writes.write({ kind, stream, expected: expectedOf(options, options.getRevision()) }),
  );
  if (outcome.kind === 'timeout') throw timeout();
  if (outcome.kind === 'streamDeleted') throw streamDeleted(stream);
  if (outcome.kind === 'damaged') throw outcome.error;
  if (outcome.kind === 'wrongExpectedRevision') throw wrongExpectedRevision(stream, outcome.expected, outcome.current);
  return String(outcome.position);
}

export async function handleDelete(
  store: Store,
  call: ServerUnaryCall<Streams.DeleteReq, Streams.DeleteResp>,
  callback: sendUnaryData<Streams.DeleteResp>,
): Promise<void> {
  try {
    const at = await remove(store, 'delete', call.request.getOptions());
    const position = new streams.DeleteResp.Position().setCommitPosition(at).setPreparePosition(at);
    callback(null, new streams.DeleteResp().setPosition(position));
  } catch (error) {
    callback(rpcErrorOf(error));
  }
}

export async function handleTombstone(
  store: Store,
  call: ServerUnaryCall<Streams.TombstoneReq, Streams.TombstoneResp>,
  callback: sendUnaryData<Streams.TombstoneResp>,
): Promise<void> {
  try {
    const at = await remove(store, 'tombstone', call.request.getOptions());
    const position = new streams.TombstoneResp.Position().setCommitPosition(at).setPreparePosition(at);
    callback(null, new streams.TombstoneResp().setPosition(position));
  } catch (error) {
    callback(rpcErrorOf(error));
  }
}
