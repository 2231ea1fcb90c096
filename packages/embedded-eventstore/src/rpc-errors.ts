/** The errors of calls, with the trailers that the official clients recognise. */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Expected } from './append-decision.js';
import { ExpressionError } from './expressions.js';
import { DamagedRecordError, StorageFailedError } from './storage-errors.js';

type Trailers = Readonly<Record<string, string>>;

/** Longer details, which contain a very long stream name, do not fit into a call's trailers. */
const DETAILS_MAX = 4_096;

/** Trailers hold printable ASCII up to this length. */
const TRAILER = /^[ -~]{0,4096}$/;

/**
 * Builds an error. When a stream name does not fit into a trailer, the real server fails without an explanation; this
 * server explains it.
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

/** The real server's answer to unexpected requests. */
export const unknown = (details: string): ServiceError => rpcError(status.UNKNOWN, details);

/** A read at a position where nothing can be read. */
export const unexpectedResult = (result: string): ServiceError => unknown(`Unexpected ${result}`);

export const unimplemented = (details: string): ServiceError => rpcError(status.UNIMPLEMENTED, details);

export const shuttingDown = (): ServiceError => rpcError(status.UNAVAILABLE, 'The event store is shutting down.');

/** The real server signals missing credentials by the trailer, and wrong ones by the status; this sends both. */
export const accessDenied = (): ServiceError =>
  rpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

export const unauthenticated = (): ServiceError => rpcError(status.UNAUTHENTICATED, 'Unauthenticated');

/** The outcome of a write is not known in time. The write may still happen. */
export const timeout = (): ServiceError => rpcError(status.ABORTED, 'Operation timed out');

/** Returns the error that ends a call: damaged data and failed storage by name, any other fault as internal. */
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

/** The protocol's numbers of the symbolic expected revisions. */
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
