import { setTimeout as pause } from 'node:timers/promises';
import { findingsOf, type ShownFinding } from '../reconcile/findings.js';
import type { Reconciled } from '../reconcile/reconcile.js';
import { runComparison, runMoney, startedBy } from '../reconcile/run-kinds.js';
import { beginRun } from '../reconcile/run-log.js';
import { RESOURCES } from '../stripe-api/resources.js';
import { textOption, UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';
import { onStripe, STRIPE_HELP, STRIPE_OPTIONS, WAIT_HELP, waitOf, type StripeContext } from './on-stripe.js';

const MAX = { min: 1, max: 100_000 };
const MAX_DEFAULT = 100;

export const reconcileCommand: Command = {
  help: `Compares the ledger with Stripe, and changes nothing unless --repair is given. Events that were not delivered come first. What
differs then is looked at again a minute later; only what differs in the same way is a finding. By default it looks at what
can still change money or access: open subscriptions and invoices. When more than 5 % of at least 100 objects differ it
stops, and repairs nothing. What the key may not read is left out. Exits with 1 when it finds something or left something
out, and with 2 when it could not compare.

  --all               compare everything that Stripe lists
  --only <objects>    compare these alone, e.g. subscription,invoice
  --money             compare what moved money, to the unit: charges, refunds, payouts, the balance. It asks for balance
                      transactions and what payouts consist of, and records them: no event tells of these
  --sample <n>        look at n objects of the log at random instead, and say how sure the result is
  --repair            append the missing events, and for each finding what Stripe showed
  --max <n>           repair at most n objects                                        (${MAX_DEFAULT})
  --json              print each finding as a line of JSON; the last line sums up
  --csv               print a line for each field that differs, for a spreadsheet
${WAIT_HELP}${STRIPE_HELP}`,
  options: {
    ...STRIPE_OPTIONS,
    all: { type: 'boolean' },
    only: { type: 'string' },
    repair: { type: 'boolean' },
    max: { type: 'string' },
    wait: { type: 'string' },
    json: { type: 'boolean' },
    sample: { type: 'string' },
    money: { type: 'boolean' },
    csv: { type: 'boolean' },
  },
  check(given) {
    waitOf(given);
    if (given.values['max'] !== undefined) wholeNumber('max', given.values['max'], MAX);
    sampleOf(given);
    const other = ['all', 'only', 'repair', 'max', 'sample'].find((option) => given.values[option] !== undefined);
    if (given.values['money'] === true && other !== undefined)
      throw new UsageError(`--money compares money alone: leave out --${other}.`);
    if (given.values['csv'] === true && given.values['json'] === true)
      throw new UsageError('Say --json or --csv, not both.');
    const unknown = onlyOf(textOption(given, 'only')).find((name) => !RESOURCES.some(({ object }) => object === name));
    if (unknown !== undefined) throw new UsageError(`--only: there is no "${unknown}".`);
  },
  run: (given, context) =>
    onStripe(given, context, async (stripe) => {
      if (given.values['money'] === true) return compareMoney(given, stripe, context);
      const { max } = given.values;
      const sample = sampleOf(given);
      const { store, session, key } = stripe;
      const options = {
        all: given.values['all'] === true,
        only: onlyOf(textOption(given, 'only')),
        repair: given.values['repair'] === true,
        max: max === undefined ? MAX_DEFAULT : wholeNumber('max', max, MAX),
        ...(sample === undefined ? {} : { sample }),
      };
      const run = await beginRun(store, startedBy(session, { kind: 'reconcile', key, options }));
      context.report(`run ${run.id} of ${session.account}, API version ${session.apiVersion}`);
      const reconciled = await stripe.at(run, (atWork) =>
        runComparison(stripe, atWork, {
          wait: async () => {
            const seconds = waitOf(given);
            context.report(`looking again in ${seconds} s`);
            await pause(seconds * 1_000, undefined, { signal: stripe.signal }).catch(() => undefined);
          },
          report: (text) => context.report(text),
        }),
      );
      const found = findingsOf(reconciled);
      print(reconciled, found, { format: formatOf(given), print: context.print, account: session.account });
      if (sample !== undefined && reconciled.kind === 'reconciled' && formatOf(given) === 'text')
        context.print(sureness(reconciled));
      if (reconciled.kind === 'stopped' && reconciled.findings.length === 0) return COULD_NOT_RUN;
      return found.length === 0 && Object.keys(reconciled.skipped).length === 0 ? 0 : 1;
    }),
};

async function compareMoney(given: Given, stripe: StripeContext, { report, print: line }: Context): Promise<number> {
  const { store, session, key } = stripe;
  const run = await beginRun(store, startedBy(session, { kind: 'money', key, options: {} }));
  report(`run ${run.id} of ${session.account}`);
  const { compared, found } = await stripe.at(run, (atWork) => runMoney(stripe, atWork, report));
  const { kind, why, listed, appended, unexplained } = compared;
  const amounts = Object.fromEntries([...unexplained].map(([currency, minor]) => [currency, String(minor)]));
  switch (formatOf(given)) {
    case 'json':
      for (const finding of found) line(JSON.stringify(finding));
      line(
        JSON.stringify({
          account: session.account,
          kind,
          why,
          listed,
          appended,
          unexplained: amounts,
          findings: found.length,
        }),
      );
      break;
    case 'csv':
      for (const text of csvOf(found)) line(text);
      break;
    case 'text':
      for (const { object, id, cause, rows } of found.slice(0, SHOWN_MAX))
        for (const { field, ledger, stripe: told } of rows)
          line(
            `${cause}: ${object} ${id}  ${field} ${shown(ledger)} in the ledger, ${shown(told)} at Stripe (minor units)`,
          );
      if (found.length > SHOWN_MAX) line(`… and ${found.length - SHOWN_MAX} more: --json prints all.`);
      line(`transactions: ${listed} listed, ${appended} of them were not recorded`);
      for (const [currency, minor] of unexplained)
        line(
          `balance ${currency}: ${minor === 0n ? 'all transactions add up to it' : `${minor} more than all transactions add up to`}`,
        );
      if (why !== null) line(`Stopped: ${why}`);
      else line(found.length === 0 ? 'All adds up, to the unit.' : `${found.length} things do not add up.`);
  }
  if (kind === 'stopped') return COULD_NOT_RUN;
  return found.length === 0 ? 0 : 1;
}

/** The size of `--sample`. @throws UsageError */
function sampleOf({ values }: Given): number | undefined {
  const { sample } = values;
  if (sample === undefined) return undefined;
  if (values['all'] === true || values['only'] !== undefined)
    throw new UsageError('--sample looks at random objects: leave out --all and --only.');
  return wholeNumber('sample', sample, MAX);
}

const formatOf = ({ values }: Given): 'text' | 'json' | 'csv' =>
  values['json'] === true ? 'json' : values['csv'] === true ? 'csv' : 'text';

/** What a sample implies for all objects: the one-sided bound of Wilson's interval. */
function sureness({ counts, findings }: Reconciled): string {
  const compared = Object.entries(counts).reduce((sum, [verdict, n]) => (verdict === 'unknown' ? sum : sum + n), 0);
  if (compared === 0) return 'No object of the sample could be compared.';
  const differ = findings.filter(({ verdict }) => verdict !== 'unknown').length;
  const [share, z] = [differ / compared, 1.645];
  const spread = z * Math.sqrt((share * (1 - share)) / compared + (z * z) / (4 * compared * compared));
  const most = (share + (z * z) / (2 * compared) + spread) / (1 + (z * z) / compared);
  return `${differ} of ${compared}: with 95 % confidence fewer than ${(100 * most).toFixed(most < 0.01 ? 2 : 1)} % differ.`;
}

const CSV_COLUMNS = [
  'verdict',
  'object',
  'id',
  'type',
  'after',
  'before',
  'cause',
  'repaired',
  'table',
  'key',
  'field',
];

/** One line per field that differs, and one for a finding without fields. */
function csvOf(found: readonly ShownFinding[]): string[] {
  const lines = found.flatMap(({ verdict, object, id, type, since, cause, repaired, rows }) => {
    const own = [verdict, object, id, type, since?.after, since?.before, cause, repaired === null ? 'no' : 'yes'];
    if (rows.length === 0) return [[...own, '', '', '', '', '']];
    return rows.map(({ table, key, field, ledger, stripe }) => [
      ...[...own, table, key, field],
      ...[shown(ledger), shown(stripe)],
    ]);
  });
  return [[...CSV_COLUMNS, 'ledger', 'stripe'], ...lines].map((cells) => cells.map(csvCell).join(','));
}

/** Escapes a text that starts like a formula: names come from Stripe's users. */
function csvCell(value: string | null | undefined): string {
  const text = (value ?? '').replace(/[\r\n]+/g, ' ');
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const COULD_NOT_RUN = 2;
const SHOWN_MAX = 200;
const onlyOf = (text = ''): readonly string[] => text.split(',').filter((name) => name !== '');

function print(
  { kind, why, recovered, findings, counts, unconfirmed, skipped }: Reconciled,
  found: readonly ShownFinding[],
  { format, print: line, account }: { format: 'text' | 'json' | 'csv'; print: (text: string) => void; account: string },
): void {
  const missing = recovered?.missed ?? [];
  if (format === 'csv') {
    for (const text of csvOf(found)) line(text);
    return;
  }
  if (format === 'json') {
    for (const finding of found) line(JSON.stringify(finding));
    line(
      JSON.stringify({
        ...{ account, kind, why, missing: missing.length, findings: findings.length },
        ...{ counts, unconfirmed, skipped },
      }),
    );
    return;
  }
  for (const finding of found.slice(0, SHOWN_MAX)) for (const text of linesOf(finding)) line(text);
  if (found.length > SHOWN_MAX) line(`… and ${found.length - SHOWN_MAX} more: --json prints all.`);
  const causes = counted(missing.map(({ cause }) => cause));
  const looks = Object.entries(counts).map(([verdict, count]) => `${verdict} ${count}`);
  line(`events:  ${recovered?.listed ?? 0} listed, ${missing.length} missing${causes === '' ? '' : ` (${causes})`}`);
  line(`objects: ${looks.join(', ') || 'none were compared'}${looks.length > 0 ? ' (at the first look)' : ''}`);
  line(`found:   ${foundText(kind, findings, unconfirmed)}`);
  for (const [object, reason] of Object.entries(skipped)) line(`left out: ${object}: ${reason}`);
  if (why !== null) line(`Stopped: ${why}`);
  else if (found.length > 0) line(endOf(found));
}

/** The findings as text, with the number of differences that were not checked again. */
function foundText(kind: Reconciled['kind'], findings: Reconciled['findings'], unconfirmed: number): string {
  const found = counted(findings.map(({ verdict }) => verdict));
  if (kind === 'reconciled') return found || 'nothing that differs';
  const open = unconfirmed === 0 ? '' : `; ${unconfirmed} differed, and were not looked at again`;
  return `${found || 'nothing is known'}${open}`;
}

function endOf(found: readonly ShownFinding[]): string {
  const repaired = found.filter((finding) => finding.repaired !== null).length;
  return repaired === 0
    ? 'Nothing was changed. "reconcile --repair" appends what is missing, and what Stripe shows.'
    : `${repaired} of ${found.length} were repaired.`;
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}

function linesOf({ verdict, object, id, type, rows, since, cause, repaired }: ShownFinding): string[] {
  const at = verdict === 'missing_event' ? `at ${since?.after}` : since && `between ${since.after} and ${since.before}`;
  return [
    [`${verdict}: ${object} ${id}`, type, at, cause, repaired && 'repaired'].filter(Boolean).join('  '),
    ...rows.map(
      ({ table, field, ledger, stripe }) =>
        `    ${table}.${field}: ${shown(ledger)} in the ledger, ${shown(stripe)} at Stripe`,
    ),
  ];
}

const shown = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
