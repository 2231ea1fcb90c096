import { CHANGES } from '../../src/api/closings/corrections.js';
import { closingRequest, reopeningRequest } from '../../src/api/closings/closings.controller.js';
import {
  asSchema,
  decimal,
  flag,
  list,
  minor,
  object,
  oneOf,
  orNull,
  page,
  ref,
  text,
  time,
  whole,
  type Properties,
} from './words.js';
import { booked, whose } from './books.js';

const closing: Properties = {
  ...whose,
  ...{ month: text, zone: text, position: decimal, policy: text, build: text, by: text, closedAt: time },
  accepted: list(oneOf('parked', 'unexplained')),
  ...{ previous: orNull(text), hash: text },
};
/** The stored rows of a closing, and the policy. */
const closedRows: Properties = {
  rows: object({
    ...{ name: text, hash: text },
    chunks: object({ entries: whole, revenue: whole, schedules: whole, booked: whole }, { corrections: whole }),
  }),
  rules: { type: 'object', additionalProperties: true, description: 'The policy that the books followed.' },
};

export const closingsSchemas: Properties = {
  Closing: object(closing, closedRows),
  Closings: page('Closing'),
  ClosedMonths: object({ data: list(ref('Closing')) }),
  ClosingWithBalances: object(
    {
      ...closing,
      balances: list(object({ currency: text, accounts: list(ref('AccountBalance')) })),
    },
    closedRows,
  ),
  Corrections: object({
    ...{ ...whose, month: text, position: decimal },
    accounts: list(object({ currency: text, name: text, closedMinor: minor, nowMinor: minor, changeMinor: minor })),
    ...{ data: list(ref('Correction')), nextCursor: orNull(text) },
    ...booked,
  }),
  PostedCorrections: object({
    ...{ ...whose, month: text, data: list(ref('Correction')), nextCursor: orNull(text), isKept: flag },
    ...booked,
  }),
  Correction: {
    ...object({
      ...{ id: text, kind: text, change: oneOf(...CHANGES), month: text, effectiveAt: time },
      ...{ object: orNull(text), book: orNull(text), invoice: orNull(text), customer: orNull(text) },
      ...{ stripeEvent: orNull(text), position: orNull(decimal) },
      postings: list(object({ name: text, currency: text, amountMinor: minor })),
    }),
    description:
      'A correction of closed months: the amounts of an entry now, less its amounts when its month was closed.',
  },
  ClosingRequest: asSchema(closingRequest),
  ReopeningRequest: asSchema(reopeningRequest),
  Reopening: object({ ...whose, month: text, by: text, reopenedAt: time, reason: orNull(text) }),
};
