import { hash } from 'node:crypto';
import { canonicalJson, field, isJsonObject, type Json, type JsonObject } from './json.js';

/**
 * Fields that differ between two renderings of an unchanged object: URLs signed at the time of rendering, secrets
 * hidden from restricted keys, and values that change over time without an event. Paths of fields, by object name.
 */
export const renderTimeFields: Readonly<Record<string, readonly string[]>> = {
  invoice: ['hosted_invoice_url', 'invoice_pdf', 'confirmation_secret'],
  credit_note: ['pdf'],
  charge: ['receipt_url'],
  payment_intent: ['client_secret'],
  setup_intent: ['client_secret'],
  'checkout.session': ['client_secret', 'url'],
  customer: ['next_invoice_sequence'],
  coupon: ['times_redeemed', 'valid'],
  promotion_code: ['times_redeemed'],
  dispute: ['evidence_details.past_due'],
  balance_transaction: ['status'],
};

const pathsOf = new Map(
  Object.entries(renderTimeFields).map(([object, paths]) => [object, paths.map((path) => path.split('.'))] as const),
);
/** No Stripe object nests this deeply; deeper values are compared whole. */
const DEPTH_MAX = 64;

/** Returns an object without the fields, at any depth, that differ from one rendering to the next. */
export const withoutRenderTime = (object: JsonObject): JsonObject => stripped(object, 0) as JsonObject;

/** SHA-256 (hex) of an object of Stripe's API, independent of the time of rendering. */
export const objectHash = (object: JsonObject): string => hash('sha256', canonicalJson(withoutRenderTime(object)));

/** Returns the value itself where nothing is removed, so that most of an object is not copied. */
function stripped(value: Json, depth: number): Json {
  if (depth > DEPTH_MAX) return value;
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    const entries = list.map((entry) => stripped(entry, depth + 1));
    return entries.every((entry, at) => entry === list[at]) ? list : entries;
  }
  if (!isJsonObject(value)) return value;
  const paths = pathsOf.get(String(field(value, 'object')));
  const bare = paths === undefined ? value : paths.reduce(withoutPath, value);
  const changed: [string, Json][] = [];
  for (const name of Object.keys(bare)) {
    const inner = bare[name] as Json;
    if (!isContainer(inner)) continue;
    const kept = stripped(inner, depth + 1);
    if (kept !== inner) changed.push([name, kept]);
  }
  return changed.length === 0 ? bare : { ...bare, ...Object.fromEntries(changed) };
}

const isContainer = (value: Json): boolean => typeof value === 'object' && value !== null;

function withoutPath(object: JsonObject, [first, ...rest]: readonly string[]): JsonObject {
  if (first === undefined || !Object.hasOwn(object, first)) return object;
  const { [first]: inner, ...others } = object;
  return rest.length > 0 && isJsonObject(inner) ? { ...others, [first]: withoutPath(inner, rest) } : others;
}
