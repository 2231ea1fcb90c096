import { finalizationError } from '../../projections/shapes.js';
import { list, minor, object, oneOf, orNull, page, text, time, whole, type Properties } from './words.js';

const findingDetails: Properties = {
  subscription: orNull(text),
  invoice: text,
  status: text,
  dueDate: orNull(time),
  attemptCount: whole,
  nextPaymentAttempt: orNull(time),
  currency: text,
  amountRemainingMinor: minor,
  amountPaidMinor: minor,
  totalMinor: minor,
  error: finalizationError,
  namedBy: text,
  paidAt: orNull(time),
  endedAt: time,
  lastEvent: text,
  lastEventAt: time,
  others: list(text),
  email: text,
  paymentMethod: orNull(text),
  last4: orNull(text),
  expiresAt: orNull(time),
  because: oneOf('no_payment_method', 'removed', 'expires'),
};

export const findingSchemas: Properties = {
  Find: object({
    data: list(object({ kind: text, id: text, title: orNull(text), href: text, by: text })),
    searched: list(text),
  }),
  FindingLists: object({ data: list(object({ name: text, says: text, href: text })) }),
  Finding: object({
    kind: oneOf('invoice', 'subscription', 'customer'),
    id: text,
    at: time,
    customer: orNull(text),
    details: {
      ...object({}, findingDetails),
      description: 'The evidence. Which fields are present depends on the list.',
    },
    href: text,
  }),
  Findings: page('Finding'),
};
