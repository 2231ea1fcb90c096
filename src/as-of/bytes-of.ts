/**
 * Returns the approximate size of a JSON value as text, in bytes: the length of keys and strings, eight for any other
 * value. Uses neither recursion nor a copy: an event may nest hundreds of thousands of levels deep.
 */
export function bytesOf(json: unknown): number {
  let bytes = 0;
  const open: unknown[] = [json];
  while (open.length > 0) {
    const value = open.pop();
    bytes += 8;
    if (typeof value === 'string') bytes += value.length;
    else if (Array.isArray(value)) for (const member of value) open.push(member);
    else if (typeof value === 'object' && value !== null) {
      for (const name of Object.keys(value)) {
        bytes += name.length;
        open.push((value as Record<string, unknown>)[name]);
      }
    }
  }
  return bytes;
}

/**
 * Whether a JSON value nests at most `levelsMax` levels deep. Counts level by level, so deeper values are not visited.
 */
export function isWithinDepth(json: unknown, levelsMax: number): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; depth <= levelsMax; depth += 1) {
    const next: unknown[] = [];
    for (const value of level)
      if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) next.push(member);
    if (next.length === 0) return true;
    level = next;
  }
  return false;
}
