import type {
  CouponTerms,
  CreditNoteSnapshot,
  DiscountFacts,
  FeeDetail,
  InvoiceLine,
  InvoiceSnapshot,
  PriceTerms,
  SchedulePhase,
  SubscriptionItem,
  SubscriptionScheduleSnapshot,
  SubscriptionSnapshot,
  Tier,
} from '../src/events/normalise.js';
import type { JsonSchema } from './columns.js';

/** The JSON schemas of JSON columns. The compiler checks that each has exactly the members of its type. */

type Members<T> = { readonly [Name in keyof T]-?: JsonSchema };

/** An object with these members; `title` is its name in the API document. */
const object = <T extends object>(title: string, properties: Members<T>): JsonSchema => ({
  title,
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

const text: JsonSchema = { type: 'string' };
const flag: JsonSchema = { type: 'boolean' };
const textOrNull: JsonSchema = { type: ['string', 'null'] };
const timeOrNull: JsonSchema = { type: ['string', 'null'], format: 'date-time' };
const time: JsonSchema = { type: 'string', format: 'date-time' };
const countOrNull: JsonSchema = { type: ['integer', 'null'] };
const minor: JsonSchema = { type: 'integer', description: 'In minor units of the currency beside it.' };
const minorOrNull: JsonSchema = { ...minor, type: ['integer', 'null'] };
const decimalOrNull: JsonSchema = { ...textOrNull, description: 'A decimal as text, in minor units.' };

export const metadata: JsonSchema = { type: 'object', additionalProperties: text };

export const couponTerms = object<CouponTerms>('CouponTerms', {
  percentOff: textOrNull,
  amountOffMinor: minorOrNull,
  currency: textOrNull,
  duration: textOrNull,
  durationInMonths: countOrNull,
  products: { type: ['array', 'null'], items: text },
});

export const discount = object<DiscountFacts>('Discount', {
  id: textOrNull,
  coupon: textOrNull,
  terms: { ...couponTerms, type: ['object', 'null'] },
  promotionCode: textOrNull,
  startsAt: timeOrNull,
  endsAt: timeOrNull,
});

export const tier = object<Tier>('Tier', {
  upTo: countOrNull,
  unitAmountDecimal: decimalOrNull,
  flatAmountDecimal: decimalOrNull,
});

export const transformQuantity = object<NonNullable<PriceTerms['transformQuantity']>>('TransformQuantity', {
  divideBy: { type: 'integer' },
  round: text,
});

const priceTerms: Members<PriceTerms> = {
  product: textOrNull,
  currency: textOrNull,
  interval: textOrNull,
  intervalCount: countOrNull,
  unitAmountMinor: minorOrNull,
  unitAmountDecimal: decimalOrNull,
  usageType: text,
  billingScheme: text,
  tiers: { type: ['array', 'null'], items: tier },
  tiersMode: textOrNull,
  transformQuantity: { ...transformQuantity, type: ['object', 'null'] },
};

export const subscriptionItem = object<SubscriptionItem>('SubscriptionItem', {
  id: textOrNull,
  ...priceTerms,
  price: textOrNull,
  quantity: countOrNull,
  periodStart: timeOrNull,
  periodEnd: timeOrNull,
  discounts: listOf(discount),
});

export const pauseCollection = object<NonNullable<SubscriptionSnapshot['pauseCollection']>>('PauseCollection', {
  behavior: text,
  resumesAt: timeOrNull,
});

export const invoiceLine = object<InvoiceLine>('InvoiceLine', {
  id: text,
  invoiceItem: textOrNull,
  amountMinor: minor,
  currency: text,
  quantity: countOrNull,
  quantityDecimal: textOrNull,
  description: textOrNull,
  price: textOrNull,
  product: textOrNull,
  unitAmountDecimal: decimalOrNull,
  isProration: flag,
  periodStart: timeOrNull,
  periodEnd: timeOrNull,
  subscription: textOrNull,
  subscriptionItem: textOrNull,
  discounts: listOf(discount),
  taxMinor: minorOrNull,
  taxInclusiveMinor: minorOrNull,
  creditMinor: minor,
  discountMinor: minorOrNull,
});

export const finalizationError = object<NonNullable<InvoiceSnapshot['finalizationError']>>('FinalizationError', {
  code: textOrNull,
  type: textOrNull,
  message: textOrNull,
});

export const schedulePhase = object<SchedulePhase>('SchedulePhase', {
  startsAt: timeOrNull,
  endsAt: timeOrNull,
  trialEndsAt: timeOrNull,
  items: listOf(
    object<SchedulePhase['items'][number]>('SchedulePhaseItem', { price: textOrNull, quantity: countOrNull }),
  ),
});

export const currentPhase = object<NonNullable<SubscriptionScheduleSnapshot['currentPhase']>>('CurrentPhase', {
  startsAt: time,
  endsAt: time,
});

export const feeDetail = object<FeeDetail>('FeeDetail', { type: text, amountMinor: minor, currency: text });

export const refundOfCreditNote = object<CreditNoteSnapshot['refunds'][number]>('RefundOfCreditNote', {
  refund: text,
  amountMinor: minorOrNull,
});
