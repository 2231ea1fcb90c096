import { z, type ZodType } from 'zod';
import { defaultPolicy, policyChoices, type MoneyPolicy } from '../../derivations/policy.js';

/** The variable of a policy field: `MONEY_REFUND_TAX` for `refundTax`, `MRR_CHURNS` for `mrrChurns`. */
export const variableOf = (name: string): string => {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return name.startsWith('mrr') ? snake : `MONEY_${snake}`;
};

const wholeNumber = (max: number) => {
  const error = `must be a whole number from 0 to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value <= max, { error });
};

const zone = z.string().refine(isZone, 'must be a time zone such as Europe/Berlin or UTC');

/**
 * Whether ICU knows a time zone by this name. Offsets such as +01:00 are rejected: they have no daylight saving time.
 */
function isZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

/** The schema of each policy field. */
const fields: Readonly<Record<keyof MoneyPolicy, ZodType>> = {
  ...(Object.fromEntries(
    Object.entries(policyChoices).map(([name, choices]) => [
      name,
      z.enum(choices as readonly string[] as [string], { error: `must be one of ${choices.join(', ')}` }),
    ]),
  ) as unknown as Record<keyof typeof policyChoices, ZodType>),
  zone,
  mrrPastDueDays: wholeNumber(3_650),
  mrrGroupMinutes: wholeNumber(10_080),
  mrrReactivationDays: wholeNumber(36_500),
};

/** The variables of the policy for journal, revenue and MRR. */
export const moneyVariables: Readonly<Record<string, ZodType>> = Object.fromEntries(
  Object.entries(fields).map(([name, field]) => [variableOf(name), field.optional()]),
);

/** Returns the money policy that these values set; unset fields have their default. */
export const moneyPolicyOf = (values: Readonly<Record<string, unknown>>): MoneyPolicy => ({
  ...defaultPolicy,
  ...(Object.fromEntries(
    Object.keys(fields)
      .map((name) => [name, values[variableOf(name)]])
      .filter(([, value]) => value !== undefined),
  ) as Partial<MoneyPolicy>),
});

/** The fields of a policy that differ from the default, by variable name. */
export const variablesOf = (policy: MoneyPolicy): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    (Object.keys(defaultPolicy) as (keyof MoneyPolicy)[])
      .filter((name) => policy[name] !== defaultPolicy[name])
      .map((name) => [variableOf(name), policy[name]]),
  );
