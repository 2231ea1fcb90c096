import { list, minor, object, orNull, page, ref, text, time, type Properties } from './words.js';
import { scope, booked, period, shownRestated, view } from './books.js';

export const revenueSchemas: Properties = {
  IncomeMonth: object({
    ...{ month: text, revenueMinor: minor, contraMinor: minor, otherMinor: minor },
    ...{ netMinor: minor, deferredMinor: minor },
  }),
  Incomes: object({ ...period, view, data: list(object({ ...scope, months: list(ref('IncomeMonth')) })), ...booked }),
  Recognised: object({ ...scope, key: orNull(text), revenueMinor: minor, contraMinor: minor, amountMinor: minor }),
  RecognisedRevenue: page('Recognised', { ...period, view, shownRestated, ...booked }),
  Deferred: object({
    ...scope,
    ...{ deferredMinor: minor, currentMinor: minor, longTermMinor: minor },
    by: list(object({ key: orNull(text), deferredMinor: minor })),
  }),
  DeferredRevenue: object({
    ...{ month: orNull(text), asOf: orNull(time), view, shownRestated, data: list(ref('Deferred')) },
    ...booked,
  }),
  Waterfalls: object({
    ...period,
    ...{ view, shownRestated },
    data: list(
      object({
        ...scope,
        booked: list(
          object({
            bookedMonth: text,
            months: list(object({ month: text, revenueMinor: minor, contraMinor: minor, amountMinor: minor })),
          }),
        ),
      }),
    ),
    ...booked,
  }),
};
