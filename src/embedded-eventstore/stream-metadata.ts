/** Stream metadata: what `$metadata` events on `$$<stream>` say about `<stream>`. */

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

/** Metadata is the client's own JSON: what is not an object says nothing. */
function parseObject(data: Uint8Array): MetadataJson {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as MetadataJson) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Numbers beyond 2^53 lose digits in JSON; the only one that matters is the largest, which is clamped back. */
function wholeNumber(value: unknown, min: bigint): bigint | null {
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  const whole = BigInt(value);
  if (whole < min) return null;
  return whole > REVISION_MAX ? REVISION_MAX : whole;
}

export function parseRetention(data: Uint8Array): Retention {
  const json = parseObject(data);
  return {
    truncateBefore: wholeNumber(json['$tb'], 0n) ?? 0n,
    maxCount: wholeNumber(json['$maxCount'], 1n),
    maxAgeSeconds: wholeNumber(json['$maxAge'], 1n),
  };
}

/** The same metadata with another `$tb`. */
export function withTruncateBefore(data: Uint8Array, truncateBefore: bigint): Buffer {
  const { $tb: _, ...rest } = parseObject(data);
  const others = JSON.stringify(rest).slice(1, -1);
  return Buffer.from(`{"$tb":${truncateBefore}${others === '' ? '' : `,${others}`}}`);
}

/** The lowest revision of a stream that is still to be seen, age aside. */
export function firstVisibleRevision(last: bigint, { truncateBefore, maxCount }: Retention): bigint {
  const byCount = maxCount === null ? 0n : last - maxCount + 1n;
  return truncateBefore > byCount ? truncateBefore : byCount;
}
