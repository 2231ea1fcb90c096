import type { RawEvent } from '../raw-event.js';
import { isTombstone } from './tombstone.js';

/** The target differs from the source, at this stream and revision. */
export class CopyDifference extends Error {
  readonly code = 'COPY_DIFFERENCE';

  constructor(
    readonly stream: string,
    readonly revision: bigint,
    what: string,
  ) {
    super(`Revision ${revision} of stream "${stream}": ${what}`);
  }
}

export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const placeOf = ({ stream, revision }: RawEvent): string => `revision ${revision} of stream "${stream}"`;

/** Names the parts in which two events differ. Tombstones only need the same place: each store writes its own. */
export function differencesOf(source: RawEvent, target: RawEvent): string[] {
  if (isTombstone(source) && isTombstone(target)) return [];
  const differences: string[] = [];
  if (source.id !== target.id) differences.push('id');
  if (source.type !== target.type) differences.push('type');
  if (source.contentType !== target.contentType) differences.push('content type');
  if (!sameBytes(source.data, target.data)) differences.push('data');
  if (!sameBytes(source.metadata, target.metadata)) differences.push('metadata');
  return differences;
}

/** @throws CopyDifference unless the target's event equals the source's, in the same place. */
export function assertSame(source: RawEvent, target: RawEvent): void {
  if (source.stream !== target.stream || source.revision !== target.revision) {
    throw new CopyDifference(
      source.stream,
      source.revision,
      `where the source has it, the target has ${placeOf(target)}.`,
    );
  }
  const differences = differencesOf(source, target);
  if (differences.length > 0)
    throw new CopyDifference(
      source.stream,
      source.revision,
      `the target has another ${differences.join(' and another ')}.`,
    );
}
