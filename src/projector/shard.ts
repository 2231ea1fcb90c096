/** A part of all streams, which one of several workers projects. */
export type Shard = Readonly<{ index: number; count: number }>;

/** The shard of a stream, by a hash of its name (FNV-1a). The stream's metadata falls to the same shard. */
export function shardOf(stream: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = stream.startsWith('$$') ? 2 : 0; at < stream.length; at += 1)
    hash = Math.imul(hash ^ stream.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % count;
}
