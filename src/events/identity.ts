import { field, isJsonObject, type Json, type JsonObject } from './json.js';

/**
 * The longest id that may name a stream, in UTF-16 code units; Stripe's longest, those of Checkout Sessions, have 66.
 */
const idLengthMax = 255;
/** The longest id that a row can hold, in bytes of UTF-8. */
const idBytesMax = 600;
/** Excludes control characters, line separators and lone surrogates, which UTF-8 cannot encode. */
const printable = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;
/** Test events that the dashboard sends have ids such as `sub_00000000000000`, the same for everyone. */
const zeros = /_0{14,}$/;
/** Ids cut short for display, as in `pm_1M9HtjJDP...`. */
const abbreviated = /(?:\.\.\.|…)$/;

/** Whether a string can be stored as an id: not empty, of bounded length, printable. */
export function isIdText(id: Json): id is string {
  return (
    typeof id === 'string' &&
    id.length <= idLengthMax &&
    // A UTF-16 code unit takes at most three bytes in UTF-8, so short ids need no byte count.
    (3 * id.length <= idBytesMax || Buffer.byteLength(id) <= idBytesMax) &&
    printable.test(id)
  );
}

/**
 * Whether an id names one Stripe object: it is no placeholder of zeros, not abbreviated, and a stream name can hold it.
 */
export function isRealId(id: Json): id is string {
  return isIdText(id) && !zeros.test(id) && !abbreviated.test(id);
}

/** The id behind an expandable field: the string itself or the `id` of the expanded object; null when there is none. */
export function idOf(reference: Json): string | null {
  const id = isJsonObject(reference) ? field(reference, 'id') : reference;
  return typeof id === 'string' ? id : null;
}

/**
 * Returns the subscription that an invoice, an upcoming invoice or an invoice item names:
 * `parent.subscription_details.subscription` since 2025-03-31.basil, `subscription` before; null when there is none.
 * `lines` are not consulted because they change.
 */
export function subscriptionOf(invoiceOrItem: JsonObject): string | null {
  const parent = field(invoiceOrItem, 'parent');
  const details = isJsonObject(parent) ? field(parent, 'subscription_details') : null;
  return (
    idOf(field(invoiceOrItem, 'subscription')) ?? (isJsonObject(details) ? idOf(field(details, 'subscription')) : null)
  );
}

/**
 * Whether an object is the preview of an upcoming invoice: it has no id or, since 2025-09-30.clover, a placeholder id.
 */
export function isPreviewInvoice(object: JsonObject): boolean {
  const id = field(object, 'id');
  return (
    field(object, 'object') === 'invoice' && (id === null || (typeof id === 'string' && id.startsWith('upcoming_in')))
  );
}

/**
 * Returns the owner of an object that has no id of its own: the charge of a dispute (2013), the subscription or
 * customer of an upcoming invoice, the customer of an old discount, an entitlement summary or a billing alert. Null
 * when it names none.
 */
export function ownerOf(object: JsonObject): { readonly object: string; readonly id: string } | null {
  const name = field(object, 'object');
  const subscription = name === 'invoice' || name === 'invoiceitem' ? subscriptionOf(object) : null;
  if (subscription !== null) return { object: 'subscription', id: subscription };
  const charge = name === 'dispute' ? idOf(field(object, 'charge')) : null;
  if (charge !== null) return { object: 'charge', id: charge };
  const customer = idOf(field(object, 'customer'));
  return customer === null ? null : { object: 'customer', id: customer };
}
