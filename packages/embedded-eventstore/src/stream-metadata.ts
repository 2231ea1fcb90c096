/** Stream metadata: what `$metadata` events on `$$<stream>` say about `<stream>`. */

import type { ProposedEvent } from './record.js';

type Content = Pick<ProposedEvent, 'contentType' | 'data'>;

/** `$tb` of a soft-deleted stream; also the revision of a tombstone. */
export const REVISION_MAX = 0x7fff_ffff_ffff_ffffn;

/** Which events of a stream are still to be seen. */
export type Retention = Readonly<{
  /** `$tb`: the first visible revision. */
  truncateBefore: bigint;
  /** `$maxCount`: the number of last events to be seen; null is no limit. */
  maxCount: bigint | null;
  /** `$maxAge` in seconds; null is no limit. */
  maxAgeSeconds: bigint | null;
}>;

export const KEEP_ALL: Retention = { truncateBefore: 0n, maxCount: null, maxAgeSeconds: null };

/** The last metadata is the metadata. */
const METASTREAM_RETENTION: Retention = { ...KEEP_ALL, maxCount: 1n };

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
export const metastreamOf = (stream: string): string => `$$${stream}`;
export const isMetastream = (stream: string): boolean => stream.startsWith('$$');
export const originalStreamOf = (metastream: string): string => metastream.slice(2);
export const defaultRetention = (stream: string): Retention => (isMetastream(stream) ? METASTREAM_RETENTION : KEEP_ALL);

type MetadataJson = Readonly<Record<string, unknown>>;

/** Deeper nesting is not read. */
const DEPTH_MAX = 64;

/** What metadata says, if it is metadata: JSON by its content type, an object, and not nested too deeply. */
function parseMetadata({ contentType, data }: Content): MetadataJson | undefined {
  if (contentType !== 'application/json') return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return isObject(parsed) && (parsed['$acl'] === undefined || isObject(parsed['$acl'])) && isShallow(parsed)
      ? parsed
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isObject = (value: unknown): value is MetadataJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Level by level, since a client may nest deeper than calls can. */
function isShallow(metadata: MetadataJson): boolean {
  let level: object[] = [metadata];
  for (let depth = 1; depth <= DEPTH_MAX && level.length > 0; depth += 1) {
    level = level.flatMap((each) =>
      Object.values<unknown>(each as Record<string, unknown>).filter(
        (value) => typeof value === 'object' && value !== null,
      ),
    );
  }
  return level.length === 0;
}

/** Numbers beyond 2^53 lose digits in JSON; the only one that matters is the largest, which is clamped back. */
function wholeNumber(value: unknown, min: bigint): bigint | null {
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  const whole = BigInt(value);
  if (whole < min) return null;
  return whole > REVISION_MAX ? REVISION_MAX : whole;
}

/** What the content of a metadata event says; undefined when it is no metadata. */
export function parseRetention(content: Content): Retention | undefined {
  const json = parseMetadata(content);
  return (
    json && {
      truncateBefore: wholeNumber(json['$tb'], 0n) ?? 0n,
      maxCount: wholeNumber(json['$maxCount'], 1n),
      maxAgeSeconds: wholeNumber(json['$maxAge'], 1n),
    }
  );
}

/** The same metadata with another `$tb`; without anything else when it was no metadata. */
export function withTruncateBefore(content: Content, truncateBefore: bigint): Buffer {
  const { $tb: _, ...rest } = parseMetadata(content) ?? {};
  const others = JSON.stringify(rest).slice(1, -1);
  return Buffer.from(`{"$tb":${truncateBefore}${others === '' ? '' : `,${others}`}}`);
}

/** The lowest revision of a stream that is still to be seen, age aside. */
export function firstVisibleRevision(last: bigint, { truncateBefore, maxCount }: Retention): bigint {
  const byCount = maxCount === null ? 0n : last - maxCount + 1n;
  return truncateBefore > byCount ? truncateBefore : byCount;
}
