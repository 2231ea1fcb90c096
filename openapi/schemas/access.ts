import { asOf, flag, list, minor, object, orNull, ref, text, time, type Properties } from './words.js';

export const accessSchemas: Properties = {
  PaidInvoice: object({
    invoice: text,
    currency: text,
    paidAt: orNull(time),
    amountPaidMinor: minor,
    amountRefundedMinor: minor,
    amountLostMinor: minor,
    amountDisputedMinor: minor,
    givenBackAt: orNull(time),
  }),
  AccessReason: {
    ...object(
      { rule: text },
      {
        customer: text,
        subscription: text,
        status: text,
        statusSince: time,
        statusEvent: text,
        pastDueSince: orNull(time),
        paid: list(ref('PaidInvoice')),
        isPaidAfterEnd: flag,
        clockTime: orNull(time),
        isStale: flag,
        entitlement: text,
        feature: text,
        lookupKey: text,
        changedBy: ref('ChangedBy'),
      },
    ),
    description: 'The rule, and its basis: a subscription, an entitlement, or nothing.',
  },
  Access: object(
    {
      customers: list(text),
      at: time,
      granted: flag,
      until: orNull(time),
      reason: ref('AccessReason'),
      isComplete: flag,
      products: list(text),
      entitlements: list(text),
      unseenSubscriptions: list(text),
      considered: list(
        object({
          granted: flag,
          until: orNull(time),
          products: list(text),
          refunded: orNull(flag),
          reason: ref('AccessReason'),
        }),
      ),
    },
    { customer: text, ...asOf },
  ),
};
