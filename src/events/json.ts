/** A JSON value, as `JSON.parse` returns it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. Its keys are its own properties; `__proto__` is a key like any other. */
export type JsonObject = { readonly [key: string]: Json };

/** Whether a value is a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an object's own key, else null: an inherited name such as `constructor` is not a field. */
export function field(object: JsonObject, name: string): Json {
  return Object.hasOwn(object, name) ? (object[name] as Json) : null;
}

/**
 * Returns the canonical text of a JSON value: keys sorted by code unit, no white space. Equal values have equal texts
 * whatever their key order, and parsing the text returns the value.
 *
 * Uses an explicit stack: a body of a few hundred kilobytes of `[` is valid JSON and would overflow a recursive
 * function. Every event is hashed before it is stored, so this must cost less than `JSON.stringify` of a sorted copy.
 */
export function canonicalJson(value: Json): string {
  if (!isContainer(value)) return scalar(value);
  const stack: Open[] = [];
  let open = opened(value);
  let text = open.keys === null ? '[' : '{';
  for (;;) {
    if (open.done === open.size) {
      text += open.keys === null ? ']' : '}';
      const outer = stack.pop();
      if (outer === undefined) return text;
      open = outer;
      continue;
    }
    if (open.done > 0) text += ',';
    const key = open.keys === null ? open.done : (open.keys[open.done] as string);
    if (typeof key === 'string') text += label(key);
    open.done += 1;
    const member = (open.value as JsonObject)[key] as Json;
    if (!isContainer(member)) text += scalar(member);
    else {
      stack.push(open);
      open = opened(member);
      text += open.keys === null ? '[' : '{';
    }
  }
}

/** A list or hash being written: its keys in order (null for a list), and how many members are done. */
type Open = {
  readonly value: readonly Json[] | JsonObject;
  readonly keys: readonly string[] | null;
  readonly size: number;
  done: number;
};

function opened(value: readonly Json[] | JsonObject): Open {
  if (isArray(value)) return { value, keys: null, size: value.length, done: 0 };
  const keys = sorted(Object.keys(value));
  return { value, keys, size: keys.length, done: 0 };
}

/** Sorts in place by code unit. Insertion sort is twice as fast on Stripe's small, nearly sorted hashes. */
function sorted(keys: string[]): string[] {
  if (keys.length > 100) return keys.sort();
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] as string;
    let at = i;
    for (; at > 0 && (keys[at - 1] as string) > key; at -= 1) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}

function isContainer(value: Json): value is readonly Json[] | JsonObject {
  return typeof value === 'object' && value !== null;
}

function isArray(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

function scalar(value: null | boolean | number | string): string {
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' ? JSON.stringify(value) : String(value);
}

/** Caches Stripe's field names, which recur. Bounded, because users choose the names in metadata. */
const labels = new Map<string, string>();
const labelsMax = 5_000;

function label(key: string): string {
  const known = labels.get(key);
  if (known !== undefined) return known;
  const written = `${quote(key)}:`;
  if (labels.size < labelsMax && key.length < 64) labels.set(key, written);
  return written;
}

const needsEscape = /[^ !#-[\]-~]/;

/** Returns a JSON string. Nearly all of Stripe's strings are plain ASCII, which needs no escape. */
function quote(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Matches numbers that a double may change: 16 characters or more, or an exponent. All others survive unchanged. */
const longNumber = /[:,[\s]-?[0-9](?:[0-9.]{15}|[0-9.]*[eE])/;
const bareNumber = /^[-0-9]/;

/** Whether `JSON.parse` may change a number of a JSON text; digits inside strings can cause false positives. */
export const mayLoseDigits = (text: string): boolean => longNumber.test(text) || bareNumber.test(text);

/** Returns the JSON text with each number that a double cannot hold as a string: the mark, then the original. */
export function withNumbersAsText(text: string, mark: string): string {
  const token = /"|-?[0-9][0-9.eE+-]*/g;
  let written = '';
  let done = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    if (found[0] === '"') token.lastIndex = endOfString(text, token.lastIndex);
    else if (!survives(found[0])) {
      written += `${text.slice(done, found.index)}"${mark}${found[0]}"`;
      done = token.lastIndex;
    }
  }
  return written + text.slice(done);
}

/** The index after the closing quote of a string. A pattern that matches whole strings would overflow on long ones. */
function endOfString(text: string, from: number): number {
  const special = /["\\]/g;
  special.lastIndex = from;
  for (let found = special.exec(text); found !== null; found = special.exec(text)) {
    if (found[0] === '"') return special.lastIndex;
    special.lastIndex += 1;
  }
  return text.length;
}

/** Whether `JSON.parse` keeps a number's value, however it is written. */
function survives(source: string): boolean {
  const value = Number(source);
  return Number.isFinite(value) && decimal(source) === decimal(String(value));
}

/** Sign, significant digits and power of ten, `-12345e-2`: the same text for equal numbers. */
function decimal(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)\.?(\d*)(?:e(.*))?$/i.exec(source) ?? [];
  const digits = whole + fraction;
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start += 1;
  while (start < end && digits[end - 1] === '0') end -= 1;
  if (start === end) return '0';
  return `${sign}${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
