import { definitions } from '../../derivations/definitions.js';
import { measures, movedByMonth, type Measured } from '../../derivations/measures.js';
import { defaultPolicy, type MoneyPolicy } from '../../derivations/policy.js';
import { decimal } from '../api/exports/exported.js';
import { loadMoneyPolicy } from '../config/config.js';
import { Closings } from '../closings/closing-log.js';
import { lastClosedMonths, restatedOf, type RestatedMonth } from '../closings/restated.js';
import { comparePolicies, type PolicyComparison, type Total } from '../deriving/compare-policies.js';
import { variableOf } from '../config/money.js';
import { textOption, UsageError, wholeNumber, type Command, type Given } from './command.js';
import { textOfRestated } from './findings.js';
import { checkReport, compareFile, fileOf } from './money-compare-report.js';
import { tableOf, timeOption } from './texts.js';

const TOP = { min: 0, max: 10_000 };

type What = keyof typeof measures;
type Scope = Pick<Measured, 'livemode' | 'account' | 'currency'>;
/** A field of the policy that differs in the comparison. */
type Difference = Readonly<{ field: string; before: unknown; after: unknown }>;

export const moneyCompareCommand: Command = {
  help: `Derives MRR or the books by another definition from the same facts, and shows the result and the customers that make the
difference. Given a Stripe report, compares it with the ledger line by line. Changes nothing; services may run meanwhile.
Reads the current policy from MONEY_… and MRR_…, as the service does.

  mrr                 the MRR of each currency (the default)
  journal             the balance of every account
  revenue             the net revenue of each month after refunds, disputes, credit notes, write-offs and recoveries,
                      to the end of the month of --as-of

  <file.csv>          a Stripe report, recognized by its columns: subscription_item_change_events of Sigma, debits and credits of Revenue
                      Recognition, or an itemised balance report. Exit code 1 when a line differs

  --with <name>       as others define MRR, as far as our policy can say it: ${Object.keys(definitions).join(', ')};
                      default: the policy without any variable set
  --set <field=value> another value of a field, e.g. mrrDiscounts=none; several with commas: mrrTrials=yes,mrrPaused=keep;
                      without a value as if its variable were not set: mrrPastDueDays=
  --as-of <time>      what counts up to a time, or an age like 30d  (now)
  --top <n>           how many customers, and lines of a report, to name  (20)
  --account <id>      of a report: the connected account that it is of; your own unless given
  --test              of a report: it is of test mode
  --json              as JSON, in minor units
`,
  takesNames: true,
  options: {
    with: { type: 'string' },
    set: { type: 'string' },
    'as-of': { type: 'string' },
    top: { type: 'string', default: '20' },
    account: { type: 'string' },
    test: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  check(given) {
    if (fileOf(given) !== null) return checkReport(given);
    if (given.values['account'] !== undefined || given.values['test'] === true)
      throw new UsageError('--account and --test need a Stripe report: money compare report.csv --test.');
    whatOf(given);
    policyOf(given, defaultPolicy);
    timeOption('as-of', textOption(given, 'as-of'));
    wholeNumber('top', given.values['top'], TOP);
  },
  async run(given, context) {
    const file = fileOf(given);
    if (file !== null) return compareFile(given, context, file);
    const { parts, signal, print, report } = context;
    const { store, database, deriver } = parts;
    const what = whatOf(given);
    // The policy in force, with which this command's deriver was created.
    const inForce = deriver.policy as MoneyPolicy;
    const policy = policyOf(given, inForce);
    const fields = differencesOf(inForce, policy);
    const until = timeOption('as-of', textOption(given, 'as-of')) ?? new Date().toISOString();
    const top = wholeNumber('top', given.values['top'], TOP);
    const closings = new Closings(store);
    if (what !== 'mrr') await closings.refresh();
    const closed = lastClosedMonths(closings);
    const compared = await comparePolicies(database, {
      ...{ deriver, measure: measures[what], policy, until, top },
      ...(closed.size === 0 ? {} : { beside: movedByMonth }),
      signal,
    });
    if (compared === 'stopped') return 1;
    if (compared === 'not_ready')
      throw new UsageError('The books are not derived yet. Start the service; "projections" shows how far they are.');
    const { beside, ...found } = compared;
    const closedMonths = restatedOf(beside.map(monthFrom), closed);
    print(
      given.values['json'] === true
        ? JSON.stringify({ what, until, policy: fields, ...found, closedMonths }, inNumbers, 2)
        : [
            textOf(what, { until, fields, compared }),
            ...(closed.size === 0 ? [] : [textOfRestated(closedMonths)]),
          ].join('\n\n'),
    );
    if (!compared.isComplete)
      report(`Not complete: ${compared.failedKeys} keys cannot be derived, or some changes have not been derived yet.`);
    return 0;
  },
};

/** Splits a name such as `2026-01 Income:Revenue`; the own account is ''. */
const monthFrom = ({ name, account, before, after, ...total }: Total): RestatedMonth => ({
  ...{ ...total, before: String(before), after: String(after) },
  ...{ account: account === '' ? null : account, month: name.slice(0, 7), name: name.slice(8) },
});

const isWhat = (name: string): name is What => Object.hasOwn(measures, name);

function whatOf({ names }: Given): What {
  const [what = 'mrr', ...rest] = names;
  if (!isWhat(what) || rest.length > 0)
    throw new UsageError(
      `money compare needs one of ${Object.keys(measures).join(', ')}: money compare mrr --with stripe.`,
    );
  return what;
}

/** The policy to compare with: the one in force, changed by a definition and --set. @throws UsageError */
function policyOf(given: Given, inForce: MoneyPolicy): MoneyPolicy {
  const [name, fields] = [textOption(given, 'with'), textOption(given, 'set')];
  if (name === undefined && fields === undefined)
    throw new UsageError('money compare needs --with <name> or --set <field=value>: money compare --with stripe.');
  return {
    ...inForce,
    ...(name === undefined ? {} : definitionOf(name)),
    ...(fields === undefined ? {} : setBy(fields)),
  };
}

function definitionOf(name: string): Partial<MoneyPolicy> {
  if (name === 'default') return defaultPolicy;
  const found = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (found === undefined)
    throw new UsageError(`Unknown definition "${name}". Definitions: default, ${Object.keys(definitions).join(', ')}.`);
  return found;
}

/** Parses fields in the form of their variables. */
function setBy(text: string): Partial<MoneyPolicy> {
  const pairs = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    const [field, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (at < 0 || !Object.hasOwn(defaultPolicy, field))
      throw new UsageError(
        `--set takes <field>=<value>, not "${pair}". The fields are: ${Object.keys(defaultPolicy).join(', ')}.`,
      );
    return [field, value];
  });
  const fields = pairs.filter(([, value]) => value !== '');
  const unset = pairs.filter(([, value]) => value === '');
  try {
    const policy = loadMoneyPolicy(Object.fromEntries(fields.map(([field, value]) => [variableOf(field), value])));
    return Object.fromEntries([
      ...fields.map(([field]) => [field, policy[field as keyof MoneyPolicy]] as const),
      ...unset.map(([field]) => [field, defaultPolicy[field as keyof MoneyPolicy]] as const),
    ]);
  } catch (error) {
    throw new UsageError(`--set: ${(error as Error).message}`);
  }
}

const differencesOf = (before: MoneyPolicy, after: MoneyPolicy): Difference[] =>
  (Object.keys(defaultPolicy) as (keyof MoneyPolicy)[])
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field, before: before[field], after: after[field] }));

/** Amounts beyond the exact range of numbers stay text. */
const inNumbers = (_: string, value: unknown): unknown =>
  typeof value !== 'bigint' ? value : Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

const money = (minor: bigint, currency: string): string => decimal(Number(minor), currency);
const signed = (minor: bigint, currency: string): string => (minor > 0n ? '+' : '') + money(minor, currency);
const titleOf = ({ livemode, account, currency }: Scope): string =>
  `${currency.toUpperCase()}, ${livemode ? 'live' : 'test'} mode${account === '' ? '' : `, ${account}`}`;

function textOf(
  what: What,
  { until, fields, compared }: Readonly<{ until: string; fields: readonly Difference[]; compared: PolicyComparison }>,
): string {
  if (fields.length === 0) return 'The policies are the same, so nothing differs.';
  const { totals, customers, differentCustomers } = compared;
  const rules = fields.map(
    ({ field, before, after }) => `${field} ${valueText(after)} instead of ${valueText(before)}`,
  );
  const titles = [...new Set(totals.map(titleOf))];
  return [
    `As of ${until}, with ${rules.join(', ')}`,
    ...titles.map((title) => {
      const own = totals.filter((total) => titleOf(total) === title);
      const rows = own.map(({ name, currency, before, after }) => [
        name,
        ...[money(before, currency), money(after, currency), signed(after - before, currency)],
      ]);
      return `${title}\n${tableOf([HEADINGS[what], 'now', 'then', 'difference'], rows)}`;
    }),
    ...(totals.length === 0 ? ['There are no amounts.'] : []),
    ...(customers.length === 0
      ? ['No customer differs.']
      : [
          tableOf(
            ['customer', HEADINGS[what], 'difference', ''],
            customers.map(({ customer, name, change, ...scope }) => [
              ...[customer === '' ? '(none)' : customer, name, signed(change, scope.currency), titleOf(scope)],
            ]),
          ),
        ]),
    ...(customers.length === 0 ? [] : [`${differentCustomers} customers differ in total; --top lists more.`]),
  ].join('\n\n');
}

const HEADINGS: Readonly<Record<What, string>> = { mrr: 'of', journal: 'account', revenue: 'month' };
const valueText = (value: unknown): string => (value === null ? 'unset' : String(value));
