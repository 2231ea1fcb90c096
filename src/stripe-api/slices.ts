const [QUOTE, BACKSLASH, COMMA, OPEN_HASH, CLOSE_HASH, OPEN_LIST, CLOSE_LIST] = Buffer.from('"\\,{}[]');

/**
 * Returns the bytes of each element of the list that a hash has under `key`: as sent, without surrounding white space.
 * Null when the hash has no such list. The text must be valid JSON: this only looks for its delimiters.
 */
export function slicesOf(text: Buffer, key: string): Buffer[] | null {
  const from = startOfList(text, key);
  if (from === null) return null;
  const slices: Buffer[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === QUOTE) at = endOfString(text, at);
    else if (byte === OPEN_HASH || byte === OPEN_LIST) depth += 1;
    else if (depth > 0 && (byte === CLOSE_HASH || byte === CLOSE_LIST)) depth -= 1;
    else if (depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) {
      const slice = trimmed(text.subarray(start, at));
      if (slice.length > 0) slices.push(slice);
      if (byte === CLOSE_LIST) return slices;
      start = at + 1;
    }
  }
  return null;
}

/** The index after the `[` of the list under a key of the outermost hash. */
function startOfList(text: Buffer, key: string): number | null {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === OPEN_HASH || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE_HASH || byte === CLOSE_LIST) depth -= 1;
    else if (byte === QUOTE) {
      const end = endOfString(text, at);
      const isKey = depth === 1 && text.toString('utf8', at + 1, end) === key;
      const opening = isKey ? /^\s*:\s*\[/.exec(text.toString('latin1', end + 1, end + 64)) : null;
      if (opening !== null) return end + 1 + opening[0].length;
      at = end;
    }
  }
  return null;
}

/** The index of the closing quote of the string that starts at `at`. */
function endOfString(text: Buffer, at: number): number {
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === BACKSLASH) end += 1;
    else if (text[end] === QUOTE) return end;
  }
  return text.length;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function trimmed(slice: Buffer): Buffer {
  let [start, end] = [0, slice.length];
  while (start < end && isSpace(slice[start])) start += 1;
  while (end > start && isSpace(slice[end - 1])) end -= 1;
  return slice.subarray(start, end);
}
