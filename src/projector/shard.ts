/** A part of all streams, which one of several workers projects. */
export type Shard = Readonly<{ index: number; count: number }>;

/** Whether a stream falls to a shard; by a hash of its name (FNV-1a). */
export function isIn({ index, count }: Shard, stream: string): boolean {
  if (count === 1) return true;
  let hash = 0x811c9dc5;
  for (let at = 0; at < stream.length; at += 1) hash = Math.imul(hash ^ stream.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % count === index;
}
