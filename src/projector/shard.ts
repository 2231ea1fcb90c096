/** The share of streams that one of several workers projects. */
export type Shard = Readonly<{ index: number; count: number }>;

/** Returns the shard of a stream, by a hash of its name (FNV-1a). A stream's metadata is in the same shard. */
export function shardOf(stream: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = stream.startsWith('$$') ? 2 : 0; at < stream.length; at += 1)
    hash = Math.imul(hash ^ stream.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % count;
}
