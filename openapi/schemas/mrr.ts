import { KINDS } from '../../derivations/mrr/mrr.js';
import { WORTH_CHANGES } from '../../src/api/mrr/worth-of-day.js';
import { MRR, SUBSCRIPTION_MRR } from '../../src/api/books/views.js';
import {
  counted,
  fieldsOf,
  flag,
  list,
  minor,
  object,
  oneOf,
  orNull,
  page,
  ref,
  row,
  text,
  time,
  whole,
  type Properties,
} from './words.js';
import { scope, booked, period } from './books.js';

const growth: Properties = Object.fromEntries(KINDS.map((kind) => [`${kind}Minor`, minor]));
const movementFields: Properties = {
  ...fieldsOf(MRR.tables.mrr_movements, ['day', 'parts']),
  isIncomplete: flag,
  parts: list(
    object({
      ...{ subscription: text, item: text, at: time, cause: text, amountMinor: minor },
      ...{ by: orNull(text), stripeEventId: text },
    }),
  ),
};
const itemFields: Properties = {
  ...fieldsOf(SUBSCRIPTION_MRR.tables.mrr_items, ['no', 'livemode', 'account']),
  isIncomplete: flag,
};
const stepFields: Properties = Object.fromEntries(
  Object.entries(fieldsOf(MRR.tables.mrr_steps, ['day', 'livemode', 'account'])).filter(
    ([name]) => !name.includes('Change'),
  ),
);

export const mrrSchemas: Properties = {
  MrrPeriod: object({
    ...{ start: text, end: text, mrrMinor: minor, annualMinor: minor, customers: whole, subscribers: whole },
    ...growth,
  }),
  MrrOverTime: object({
    ...period,
    interval: oneOf('day', 'week', 'month'),
    data: list(object({ ...scope, unknownItems: whole, periods: list(ref('MrrPeriod')) })),
    ...booked,
  }),
  MrrMovement: row(movementFields),
  MrrMovements: page('MrrMovement', { ...booked, ...counted }),
  MrrMovementWithBooks: row({ ...movementFields, ...booked }),
  Rate: {
    ...object({ part: whole, whole, percent: orNull(text) }),
    description: 'A part of a whole, in percent with two decimals; null when the whole is zero.',
  },
  Retention: object({
    ...scope,
    ...growth,
    ...{ startMinor: minor, endMinor: minor, startCustomers: whole, endCustomers: whole },
    ...Object.fromEntries(
      ['nrr', 'grr', 'logoChurn', 'grossChurn', 'netChurn', 'quickRatio'].map((name) => [name, ref('Rate')]),
    ),
    ...{ arpaMinor: orNull(minor), ltvMinor: orNull(minor) },
  }),
  Retentions: object({ ...period, data: list(ref('Retention')), ...booked }),
  MrrCohorts: object({
    ...period,
    until: text,
    data: list(
      object({
        ...scope,
        cohorts: list(
          object({
            ...{ month: text, size: whole, startMinor: minor },
            months: list(object({ month: text, customers: whole, mrrMinor: minor })),
          }),
        ),
      }),
    ),
    ...booked,
  }),
  CommittedMrr: object({
    ...{ at: time, until: time, withinDays: whole },
    data: list(
      object({
        ...{ ...scope, mrrMinor: minor, changesMinor: minor, endingMinor: minor, endingSubscriptions: whole },
        ...{ committedMinor: minor, scheduledSubscriptions: whole },
      }),
    ),
    ...booked,
  }),
  MrrTrials: object({
    ...period,
    withinDays: whole,
    data: list(
      object({
        ...{ livemode: flag, account: orNull(text), currency: orNull(text) },
        ...{ ended: whole, converted: whole, conversion: ref('Rate') },
      }),
    ),
    ...booked,
  }),
  MrrTrialsEnded: object({
    ...period,
    withinDays: whole,
    data: list(
      object({
        ...{ subscription: text, customer: text, livemode: flag, account: orNull(text), currency: orNull(text) },
        ...{ startedAt: time, endedAt: time, convertedAt: orNull(time), isConverted: flag },
      }),
    ),
    nextCursor: orNull(text),
    ...booked,
  }),
  MrrCustomers: object({
    on: text,
    data: list(
      object({ ...scope, customer: text, startMinor: minor, mrrMinor: minor, change: oneOf(...WORTH_CHANGES) }),
    ),
    nextCursor: orNull(text),
    ...booked,
  }),
  MrrItem: object(itemFields),
  CustomerMrr: object({
    customer: text,
    steps: list(object({ ...stepFields, isIncomplete: flag })),
    items: list(ref('MrrItem')),
    ...booked,
  }),
  SubscriptionMrr: object({
    subscription: text,
    items: list(ref('MrrItem')),
    changes: list(
      object({
        ...fieldsOf(SUBSCRIPTION_MRR.tables.mrr_parts, ['no', 'livemode', 'account']),
        isIncomplete: flag,
        changedBy: ref('ChangedBy'),
      }),
    ),
    trials: list(
      object({
        ...fieldsOf(SUBSCRIPTION_MRR.tables.mrr_trials, ['no', 'livemode', 'account']),
        isIncomplete: flag,
      }),
    ),
    ...booked,
  }),
};
