import { hash } from 'node:crypto';
import { canonicalJson, field, isJsonObject, type Json, type JsonObject } from './json.js';

/**
 * What differs between two renderings of an object that has not changed: addresses signed by the second of rendering, secrets that a key
 * with less rights is not shown, and what counts up or goes by time without an event. Paths of fields, by the name of the object.
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
/** No object of Stripe's nests so deeply; what does is compared whole. */
const DEPTH_MAX = 64;

/** An object, with the objects inside of it, without what differs from one rendering to the next. */
export const withoutRenderTime = (object: JsonObject): JsonObject => stripped(object, 0) as JsonObject;

/** SHA-256 (hex) of what an object of Stripe's API says, whenever it was rendered. */
export const objectHash = (object: JsonObject): string => hash('sha256', canonicalJson(withoutRenderTime(object)));

/** The value itself where nothing has to go: most of an object is not copied. */
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
