import type { MoneyPolicy } from './policy.js';

/**
 * How other products define MRR, as fields of a policy. A missing field is unknown, or is a setting there; what no
 * field expresses, such as MRR from invoices or with taxes, is left out (docs/money.md, Other definitions).
 */
export const definitions: Readonly<Record<string, Partial<MoneyPolicy>>> = {
  stripe: {
    ...{ mrrDiscounts: 'forever', mrrTrials: 'no', mrrChurns: 'cancel', mrrMetered: 'excluded' },
    ...{ mrrPastDueDays: null, mrrReactivationDays: null },
  },
  chartmogul: {
    ...{ mrrDiscounts: 'all', mrrChurns: 'end', mrrPaused: 'keep', mrrMetered: 'excluded' },
    ...{ mrrPastDueDays: null, mrrGroupMinutes: 60 },
  },
  profitwell: { mrrDiscounts: 'all', mrrChurns: 'end', mrrMetered: 'trailing', mrrReactivationDays: null },
  baremetrics: { mrrPastDueDays: 30 },
  maxio: { mrrPaused: 'drop', mrrMetered: 'excluded', mrrReactivationDays: 90 },
  paddle: { mrrDiscounts: 'none', mrrMetered: 'excluded' },
  chargebee: { mrrDiscounts: 'all' },
};
