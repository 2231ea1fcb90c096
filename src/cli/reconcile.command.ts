import { setTimeout as pause } from 'node:timers/promises';
import { endOfRun, findingsOf, type ShownFinding } from '../reconcile/findings.js';
import { Reconcile, type Reconciled } from '../reconcile/reconcile.js';
import { beginRun } from '../reconcile/run-log.js';
import { RESOURCES } from '../stripe-api/resources.js';
import { textOption, UsageError, wholeNumber, type Command } from './command.js';
import { onStripe, STRIPE_HELP, STRIPE_OPTIONS, WAIT_HELP, waitOf } from './on-stripe.js';

const MAX = { min: 1, max: 100_000 };
const MAX_DEFAULT = 100;

export const reconcileCommand: Command = {
  help: `Compares the ledger with Stripe, and changes nothing unless --repair is given. Events that were not delivered come first. What
differs then is looked at again a minute later; only what differs in the same way is a finding. By default it looks at what
can still change money or access: open subscriptions and invoices. When more than 5 % of at least 100 objects differ it
stops, and repairs nothing. Exits with 1 when it finds something, and with 2 when it could not compare.

  --all               compare everything that Stripe lists
  --only <objects>    compare these alone, e.g. subscription,invoice
  --repair            append the missing events, and for each finding what Stripe showed
  --max <n>           repair at most n objects                                        (${MAX_DEFAULT})
  --json              print each finding as a line of JSON; the last line sums up
${WAIT_HELP}${STRIPE_HELP}`,
  options: {
    ...STRIPE_OPTIONS,
    all: { type: 'boolean' },
    only: { type: 'string' },
    repair: { type: 'boolean' },
    max: { type: 'string' },
    wait: { type: 'string' },
    json: { type: 'boolean' },
  },
  check(given) {
    waitOf(given);
    if (given.values['max'] !== undefined) wholeNumber('max', given.values['max'], MAX);
    const unknown = onlyOf(textOption(given, 'only')).find((name) => !RESOURCES.some(({ object }) => object === name));
    if (unknown !== undefined) throw new UsageError(`--only: there is no "${unknown}".`);
  },
  run: (given, context) =>
    onStripe(given, context, async (stripe) => {
      const { max } = given.values;
      const { store, session, key } = stripe;
      const { account, livemode, apiVersion, at } = session;
      const options = {
        all: given.values['all'] === true,
        only: onlyOf(textOption(given, 'only')),
        repair: given.values['repair'] === true,
        max: max === undefined ? MAX_DEFAULT : wholeNumber('max', max, MAX),
      };
      const run = await beginRun(store, { kind: 'reconcile', account, livemode, key, apiVersion, at, options });
      context.report(`run ${run.id} of ${account}, API version ${apiVersion}`);
      const reconciled = await new Reconcile(stripe, {
        ...options,
        run: run.id,
        wait: async () => {
          const seconds = waitOf(given);
          context.report(`looking again in ${seconds} s`);
          await pause(seconds * 1_000, undefined, { signal: context.signal }).catch(() => undefined);
        },
        report: (text) => context.report(text),
      }).run();
      await endOfRun(store, run, reconciled);
      const found = findingsOf(reconciled);
      print(reconciled, found, { isJson: given.values['json'] === true, print: context.print });
      if (reconciled.kind === 'stopped' && reconciled.findings.length === 0) return COULD_NOT_RUN;
      return found.length === 0 ? 0 : 1;
    }),
};

const COULD_NOT_RUN = 2;
const SHOWN_MAX = 200;
const onlyOf = (text = ''): readonly string[] => text.split(',').filter((name) => name !== '');

function print(
  { kind, why, recovered, findings, counts }: Reconciled,
  found: readonly ShownFinding[],
  { isJson, print: line }: { isJson: boolean; print: (text: string) => void },
): void {
  const missing = recovered?.missed ?? [];
  if (isJson) {
    for (const finding of found) line(JSON.stringify(finding));
    line(JSON.stringify({ kind, why, missing: missing.length, findings: findings.length, counts }));
    return;
  }
  for (const finding of found.slice(0, SHOWN_MAX)) for (const text of linesOf(finding)) line(text);
  if (found.length > SHOWN_MAX) line(`… and ${found.length - SHOWN_MAX} more: --json prints all.`);
  const causes = counted(missing.map(({ cause }) => cause));
  const looks = Object.entries(counts).map(([verdict, count]) => `${verdict} ${count}`);
  line(`events:  ${recovered?.listed ?? 0} listed, ${missing.length} missing${causes === '' ? '' : ` (${causes})`}`);
  line(`objects: ${looks.join(', ') || 'none were compared'}`);
  line(`found:   ${counted(findings.map(({ verdict }) => verdict)) || 'nothing that differs'}`);
  if (why !== null) line(`Stopped: ${why}`);
  else if (found.length > 0) line(endOf(found));
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
