/** Stream metadata: the content of `$metadata` events on `$$<stream>` about `<stream>`. */

import type { ProposedEvent } from './record.js';

type Content = Pick<ProposedEvent, 'contentType' | 'data'>;

/** `$tb` of a soft-deleted stream; also the revision of a tombstone. */
export const REVISION_MAX = 0x7fff_ffff_ffff_ffffn;

/** Which events of a stream are visible. */
export type Retention = Readonly<{
  /** `$tb`: the first visible revision. */
  truncateBefore: bigint;
  /** `$maxCount`: the number of latest visible events; null for no limit. */
  maxCount: bigint | null;
  /** `$maxAge` in seconds; null for no limit. */
  maxAgeSeconds: bigint | null;
}>;

export const KEEP_ALL: Retention = { truncateBefore: 0n, maxCount: null, maxAgeSeconds: null };

/** Only the last metadata event counts. */
const METASTREAM_RETENTION: Retention = { ...KEEP_ALL, maxCount: 1n };

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
export const metastreamOf = (stream: string): string => `$$${stream}`;
export const isMetastream = (stream: string): boolean => stream.startsWith('$$');
export const originalStreamOf = (metastream: string): string => metastream.slice(2);
export const defaultRetention = (stream: string): Retention => (isMetastream(stream) ? METASTREAM_RETENTION : KEEP_ALL);

type MetadataJson = Readonly<Record<string, unknown>>;

/** Metadata that nests deeper is ignored. */
const DEPTH_MAX = 64;

/** Parses metadata; undefined unless it is JSON by its content type, an object, and not nested too deeply. */
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

/** Checks the depth level by level, since a client may nest deeper than the call stack. */
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

/** Reads a whole number. JSON loses digits beyond 2^53; only the largest matters, and is clamped back. */
function wholeNumber(value: unknown, min: bigint): bigint | null {
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  const whole = BigInt(value);
  if (whole < min) return null;
  return whole > REVISION_MAX ? REVISION_MAX : whole;
}

/** Returns the retention in a metadata event; undefined when it is not metadata. */
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

/** Returns the metadata with another `$tb`; only that when the content was not metadata. */
export function withTruncateBefore(content: Content, truncateBefore: bigint): Buffer {
  const { $tb: _, ...rest } = parseMetadata(content) ?? {};
  const others = JSON.stringify(rest).slice(1, -1);
  return Buffer.from(`{"$tb":${truncateBefore}${others === '' ? '' : `,${others}`}}`);
}

/** Returns the lowest visible revision of a stream, without regard to age. */
export function firstVisibleRevision(last: bigint, { truncateBefore, maxCount }: Retention): bigint {
  const byCount = maxCount === null ? 0n : last - maxCount + 1n;
  return truncateBefore > byCount ? truncateBefore : byCount;
}
