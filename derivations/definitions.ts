import type { MoneyPolicy } from './policy.js';

/**
 * How others define MRR, as far as the fields of a policy say it: a field that is not named here is not known of them, or they leave it
 * to a setting. What no field says, such as MRR from invoices or with taxes, is not in it (docs/money.md, Other definitions).
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
