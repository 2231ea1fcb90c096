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
  help: `Compares the ledger with Stripe; changes nothing without --repair. Undelivered events are recovered first. Objects that
still differ are read again a minute later, and only those that differ in the same way are findings. By default it
compares what can still change money or access: open subscriptions and invoices. If more than 5 % of at least 100 objects
differ, it stops and repairs nothing. Objects that the key may not read are left out. Exits with 1 when it found a
difference or left something out, and with 2 when it could not compare.

  --all               compare everything that Stripe lists
  --only <objects>    compare only these, e.g. subscription,invoice
  --money             compare charges, refunds, payouts and the balance to the minor unit; reads and records balance
                      transactions and the contents of payouts, for which Stripe sends no events
  --sample <n>        compare n random objects of the log and state the confidence of the result
  --repair            append the missing events and, for each finding, the object as Stripe has it
  --max <n>           repair at most n objects                                        (${MAX_DEFAULT})
  --json              print each finding as a line of JSON; the last line is a summary
  --csv               print CSV with one line for each field that differs
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
      throw new UsageError(`--money cannot be combined with --${other}.`);
    if (given.values['csv'] === true && given.values['json'] === true)
      throw new UsageError('Give --json or --csv, not both.');
    const unknown = onlyOf(textOption(given, 'only')).find((name) => !RESOURCES.some(({ object }) => object === name));
    if (unknown !== undefined) throw new UsageError(`--only: unknown object "${unknown}".`);
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
            context.report(`reading again in ${seconds} s`);
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
        for (const { field, ledger, stripe: atStripe } of rows)
          line(
            `${cause}: ${object} ${id}  ${field} ${shown(ledger)} in the ledger, ${shown(atStripe)} at Stripe (minor units)`,
          );
      if (found.length > SHOWN_MAX) line(`… and ${found.length - SHOWN_MAX} more; --json prints all.`);
      line(`transactions: ${listed} listed, ${appended} of them new to the log`);
      for (const [currency, minor] of unexplained)
        line(
          `balance ${currency}: ${minor === 0n ? 'equal to the sum of all transactions' : `${minor} more than the sum of all transactions`}`,
        );
      if (why !== null) line(`Stopped: ${why}`);
      else line(found.length === 0 ? 'Everything adds up to the minor unit.' : `${found.length} differences.`);
  }
  if (kind === 'stopped') return COULD_NOT_RUN;
  return found.length === 0 ? 0 : 1;
}

/** The size of `--sample`. @throws UsageError */
function sampleOf({ values }: Given): number | undefined {
  const { sample } = values;
  if (sample === undefined) return undefined;
  if (values['all'] === true || values['only'] !== undefined)
    throw new UsageError('--sample cannot be combined with --all or --only.');
  return wholeNumber('sample', sample, MAX);
}

const formatOf = ({ values }: Given): 'text' | 'json' | 'csv' =>
  values['json'] === true ? 'json' : values['csv'] === true ? 'csv' : 'text';

/** What a sample implies for all objects: the one-sided bound of Wilson's interval. */
function sureness({ counts, findings }: Reconciled): string {
  const compared = Object.entries(counts).reduce((sum, [verdict, n]) => (verdict === 'unknown' ? sum : sum + n), 0);
  if (compared === 0) return 'None of the sampled objects could be compared.';
  const differ = findings.filter(({ verdict }) => verdict !== 'unknown').length;
  const [share, z] = [differ / compared, 1.645];
  const spread = z * Math.sqrt((share * (1 - share)) / compared + (z * z) / (4 * compared * compared));
  const most = (share + (z * z) / (2 * compared) + spread) / (1 + (z * z) / compared);
  return `${differ} of ${compared} differ; with 95 % confidence, fewer than ${(100 * most).toFixed(most < 0.01 ? 2 : 1)} % of all objects do.`;
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
  if (found.length > SHOWN_MAX) line(`… and ${found.length - SHOWN_MAX} more; --json prints all.`);
  const causes = counted(missing.map(({ cause }) => cause));
  const looks = Object.entries(counts).map(([verdict, count]) => `${verdict} ${count}`);
  line(`events:  ${recovered?.listed ?? 0} listed, ${missing.length} missing${causes === '' ? '' : ` (${causes})`}`);
  line(`objects: ${looks.join(', ') || 'none were compared'}${looks.length > 0 ? ' (first reading)' : ''}`);
  line(`found:   ${foundText(kind, findings, unconfirmed)}`);
  for (const [object, reason] of Object.entries(skipped)) line(`left out: ${object}: ${reason}`);
  if (why !== null) line(`Stopped: ${why}`);
  else if (found.length > 0) line(endOf(found));
}

/** The findings as text, with the number of differences that were not checked again. */
function foundText(kind: Reconciled['kind'], findings: Reconciled['findings'], unconfirmed: number): string {
  const found = counted(findings.map(({ verdict }) => verdict));
  if (kind === 'reconciled') return found || 'no differences';
  const open = unconfirmed === 0 ? '' : `; ${unconfirmed} differed but were not read again`;
  return `${found || 'nothing is known'}${open}`;
}

function endOf(found: readonly ShownFinding[]): string {
  const repaired = found.filter((finding) => finding.repaired !== null).length;
  return repaired === 0
    ? 'Nothing was changed. "reconcile --repair" appends the missing events and the objects as Stripe has them.'
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
