/** A JSON value, as `JSON.parse` returns it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. Its keys are its own properties; `__proto__` is a key like any other. */
export type JsonObject = { readonly [key: string]: Json };

/** Whether a value is a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an object's own key; null when it is missing, so that `constructor` is no field of anything. */
export function field(object: JsonObject, name: string): Json {
  return Object.hasOwn(object, name) ? (object[name] as Json) : null;
}

/**
 * The one text of a JSON value: keys sorted by code unit, no white space. Equal values have equal texts
 * whatever the order of their keys, and parsing the text gives the value back.
 */
export function canonicalJson(value: Json): string {
  return write(value, false);
}

/**
 * Like `canonicalJson`, but without the keys whose value is null: Stripe's API versions differ in whether a field
 * that is not set is null or absent, and `previous_attributes` shows a field that was absent before as null.
 */
export function canonicalJsonWithoutNulls(value: Json): string {
  return write(value, true);
}

/** A list or hash that is being written: its keys in order (null for a list), and how many members are done. */
type Open = { readonly value: readonly Json[] | JsonObject; readonly keys: readonly string[] | null; done: number; isEmpty: boolean };

/** Keeps its own stack: a body of a few hundred kilobytes of `[` is valid JSON and would overflow that of a recursion. */
function write(root: Json, withoutNulls: boolean): string {
  if (!isContainer(root)) return scalar(root);
  const stack: Open[] = [];
  let open = opened(root);
  let text = open.keys === null ? '[' : '{';
  for (;;) {
    if (open.done === (open.keys ?? open.value).length) {
      text += open.keys === null ? ']' : '}';
      const outer = stack.pop();
      if (outer === undefined) return text;
      open = outer;
      continue;
    }
    const key = open.keys?.[open.done];
    const member = (open.value as JsonObject)[key ?? open.done] as Json;
    open.done += 1;
    if (withoutNulls && member === null && key !== undefined) continue;
    text += (open.isEmpty ? '' : ',') + (key === undefined ? '' : `${quote(key)}:`);
    open.isEmpty = false;
    if (!isContainer(member)) text += scalar(member);
    else {
      stack.push(open);
      open = opened(member);
      text += open.keys === null ? '[' : '{';
    }
  }
}

function opened(value: readonly Json[] | JsonObject): Open {
  return { value, keys: Array.isArray(value) ? null : Object.keys(value).sort(), done: 0, isEmpty: true };
}

function isContainer(value: Json): value is readonly Json[] | JsonObject {
  return typeof value === 'object' && value !== null;
}

function scalar(value: null | boolean | number | string): string {
  return typeof value === 'string' ? quote(value) : JSON.stringify(value);
}

const needsEscape = /[^ !#-[\]-~]/;

/** A JSON string. Nearly all of Stripe's are plain ASCII, which needs no escape and so no call of `JSON.stringify`. */
function quote(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}
