/** The errors of calls, with the trailers by which the official clients recognise them. */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Expected } from './append-decision.js';
import { ExpressionError } from './expressions.js';
import { DamagedRecordError, StorageFailedError } from './storage-errors.js';

type Trailers = Readonly<Record<string, string>>;

/** Longer texts, which name a stream with a very long name, do not fit into the end of a call. */
const DETAILS_MAX = 4_096;

/** Trailers carry this much of printable ASCII. */
const TRAILER = /^[ -~]{0,4096}$/;

/**
 * Where a stream's name cannot stand in a trailer the real server fails with an error that says nothing; this one
 * explains it, too.
 */
function rpcError(code: status, text: string, trailers: Trailers = {}): ServiceError {
  const metadata = new Metadata();
  const details = text.slice(0, DETAILS_MAX);
  if (!Object.values(trailers).every((value) => TRAILER.test(value)))
    return Object.assign(new Error(details), { code: status.UNKNOWN, details, metadata });
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export const isRpcError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && 'metadata' in error;

export const invalidArgument = (details: string): ServiceError => rpcError(status.INVALID_ARGUMENT, details);

/** What the real server answers to requests that it did not expect. */
export const unknown = (details: string): ServiceError => rpcError(status.UNKNOWN, details);

/** A read of a place where nothing can be read. */
export const unexpectedResult = (result: string): ServiceError => unknown(`Unexpected ${result}`);

export const unimplemented = (details: string): ServiceError => rpcError(status.UNIMPLEMENTED, details);

export const shuttingDown = (): ServiceError => rpcError(status.UNAVAILABLE, 'The event store is shutting down.');

/** Real servers deny by the trailer what needs credentials, and by the status what comes with wrong ones. */
export const accessDenied = (): ServiceError =>
  rpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

export const unauthenticated = (): ServiceError => rpcError(status.UNAUTHENTICATED, 'Unauthenticated');

/** The outcome of a write is not known in time; it may still happen. */
export const timeout = (): ServiceError => rpcError(status.ABORTED, 'Operation timed out');

/** What a call ends with: damaged data and failed storage say so, a fault of ours is an internal error. */
export function rpcErrorOf(error: unknown): ServiceError {
  if (isRpcError(error)) return error;
  if (error instanceof ExpressionError) return invalidArgument(error.message);
  if (error instanceof DamagedRecordError) return rpcError(status.DATA_LOSS, error.message);
  if (error instanceof StorageFailedError) return rpcError(status.UNAVAILABLE, error.message);
  return rpcError(status.INTERNAL, error instanceof Error ? error.message : String(error));
}

export const tooManyWrites = (): ServiceError =>
  rpcError(status.RESOURCE_EXHAUSTED, 'Too many appends are begun and not finished on this call.');

export const missingMetadata = (): ServiceError =>
  rpcError(status.INVALID_ARGUMENT, 'An event needs a type and a content type.', {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });

export const appendTooLarge = (bytesMax: number): ServiceError =>
  rpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${bytesMax} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(bytesMax),
  });

export const streamDeleted = (stream: string): ServiceError =>
  rpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

/** Expected revisions without a number, as the protocol counts them. */
const EXPECTED_NUMBERS = { noStream: -1n, any: -2n, streamExists: -4n } as const;

export const expectedNumber = (expected: Expected): bigint =>
  expected.kind === 'revision' ? expected.revision : EXPECTED_NUMBERS[expected.kind];

export function wrongExpectedRevision(stream: string, expected: Expected, current: bigint): ServiceError {
  const details = `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expectedNumber(expected)}, Actual version: ${current}`;
  return rpcError(status.FAILED_PRECONDITION, details, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': String(expectedNumber(expected)),
    'actual-version': String(current),
  });
}
