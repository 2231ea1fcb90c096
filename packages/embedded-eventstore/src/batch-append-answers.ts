/** Answers of a BatchAppend call. An error is a `google.rpc.Status` whose detail is one of EventStoreDB's messages. */
import type { TimelyOutcome } from './append-calls.js';
import type { Expected } from './append-decision.js';
import { any, code, empty, shared, status, streams, type Shared, type Status, type Streams } from './protocol.js';
import { expectedNumber } from './rpc-errors.js';

export type BatchOutcome =
  | TimelyOutcome
  | Readonly<{ kind: 'accessDenied' }>
  | Readonly<{ kind: 'tooLarge'; bytesMax: number }>
  | Readonly<{ kind: 'badRequest'; message: string }>;

export type Answered = Readonly<{ correlationId: Shared.UUID; stream: string; expected: Expected }>;

const { BatchAppendResp } = streams;

/** Builds an answer. It repeats correlation id and stream, which the client needs. */
export function batchAnswer(
  { correlationId, stream, expected }: Answered,
  outcome: BatchOutcome,
): Streams.BatchAppendResp {
  const answer = new BatchAppendResp().setCorrelationId(correlationId).setStreamIdentifier(identifierOf(stream));
  if (expected.kind === 'revision') answer.setStreamPosition(String(expected.revision));
  if (expected.kind === 'any') answer.setAny(new empty.Empty());
  if (expected.kind === 'noStream') answer.setNoStream(new empty.Empty());
  if (expected.kind === 'streamExists') answer.setStreamExists(new empty.Empty());
  return outcome.kind === 'written' ? answer.setSuccess(successOf(outcome)) : answer.setError(errorOf(stream, outcome));
}

const identifierOf = (stream: string): Shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream));

function successOf({
  revision,
  position,
}: Extract<BatchOutcome, { kind: 'written' }>): Streams.BatchAppendResp.Success {
  const success = new BatchAppendResp.Success();
  if (revision < 0n) success.setNoStream(new empty.Empty());
  else success.setCurrentRevision(String(revision));
  if (position === undefined) return success.setNoPosition(new empty.Empty());
  return success.setPosition(
    new shared.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );
}

function errorOf(stream: string, outcome: Exclude<BatchOutcome, { kind: 'written' }>): Status.Status {
  switch (outcome.kind) {
    case 'wrongExpectedRevision': {
      const message = `WrongExpectedVersion: expected ${expectedNumber(outcome.expected)}, actual ${outcome.current}`;
      return statusWith(code.Code.ALREADY_EXISTS, message, [
        'WrongExpectedVersion',
        wrongExpectedVersion(outcome.expected, outcome.current),
      ]);
    }
    case 'streamDeleted':
      return statusWith(code.Code.NOT_FOUND, `Stream '${stream}' is deleted.`, [
        'StreamDeleted',
        new shared.StreamDeleted().setStreamIdentifier(identifierOf(stream)),
      ]);
    case 'damaged':
      return statusWith(code.Code.DATA_LOSS, outcome.error.message, [
        'BadRequest',
        new shared.BadRequest().setMessage(outcome.error.message),
      ]);
    case 'timeout':
      return statusWith(code.Code.DEADLINE_EXCEEDED, 'Timeout', ['Timeout', new shared.Timeout()]);
    case 'accessDenied':
      return statusWith(code.Code.PERMISSION_DENIED, 'Access Denied', ['AccessDenied', new shared.AccessDenied()]);
    case 'tooLarge':
      return statusWith(code.Code.INVALID_ARGUMENT, 'Maximum Append Size Exceeded', [
        'MaximumAppendSizeExceeded',
        new shared.MaximumAppendSizeExceeded().setMaxappendsize(outcome.bytesMax),
      ]);
    case 'badRequest':
      return statusWith(code.Code.INVALID_ARGUMENT, outcome.message, [
        'BadRequest',
        new shared.BadRequest().setMessage(outcome.message),
      ]);
  }
}

type Detail = readonly [name: string, message: { serializeBinary(): Uint8Array }];

function statusWith(number: Status.Status.AsObject['code'], message: string, [name, detail]: Detail): Status.Status {
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), `event_store.client.${name}`);
  return new status.Status().setCode(number).setMessage(message).setDetails(packed);
}

function wrongExpectedVersion(expected: Expected, current: bigint): Shared.WrongExpectedVersion {
  const answer = new shared.WrongExpectedVersion();
  if (current < 0n) answer.setCurrentNoStream(new empty.Empty());
  else answer.setCurrentStreamRevision(String(current));
  switch (expected.kind) {
    case 'any':
      return answer.setExpectedAny(new empty.Empty());
    case 'streamExists':
      return answer.setExpectedStreamExists(new empty.Empty());
    case 'noStream':
      return answer.setExpectedNoStream(new empty.Empty());
    case 'revision':
      return answer.setExpectedStreamPosition(String(expected.revision));
  }
}
