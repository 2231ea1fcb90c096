import { isFault, type MissedEvent } from '../reconcile/coverage.js';
import { runRecovery, startedBy } from '../reconcile/run-kinds.js';
import { beginRun } from '../reconcile/run-log.js';
import { textOption, UsageError, type Command } from './command.js';
import { onStripe, STRIPE_HELP, STRIPE_OPTIONS } from './on-stripe.js';

export const recoverCommand: Command = {
  help: `Compares the ids of all events that Stripe lists with those in the log, from the end of the last comparison, and appends the
events that were never delivered, byte for byte. It prints why each was missing. Exits with 1 when events were missing
that Stripe will not deliver.

  --since <date>      start there, e.g. after restoring a backup; Stripe lists events for 30 days
  --dry-run           append nothing
  --json              print each missing event as a line of JSON; the last line is a summary
${STRIPE_HELP}`,
  options: {
    ...STRIPE_OPTIONS,
    since: { type: 'string' },
    'dry-run': { type: 'boolean' },
    json: { type: 'boolean' },
  },
  check(given) {
    const since = textOption(given, 'since');
    if (since !== undefined && Number.isNaN(Date.parse(since)))
      throw new UsageError(`--since must be a date, e.g. 2026-11-01, not "${since}".`);
  },
  run: (given, context) =>
    onStripe(given, context, async (stripe) => {
      const { store, session, key } = stripe;
      const since = textOption(given, 'since');
      const isDryRun = given.values['dry-run'] === true;
      const options = {
        ...(since === undefined ? {} : { since: Math.floor(Date.parse(since) / 1_000) }),
        ...(isDryRun ? { dryRun: true } : {}),
      };
      const run = await beginRun(store, startedBy(session, { kind: 'recover', key, options }));
      const recovered = await stripe.at(run, (atWork) => runRecovery(stripe, atWork));
      if (recovered.kind === 'refused') throw new UsageError(recovered.message);
      if (recovered.kind === 'overtaken') {
        context.print('Another process is comparing the events of this account and covers this period.');
        return 0;
      }
      const { listed, missed, covered, gap, requests } = recovered;
      const isJson = given.values['json'] === true;
      for (const one of missed) context.print(isJson ? jsonOf(one) : lineOf(one));
      if (isJson)
        context.print(
          JSON.stringify({ account: session.account, listed, missing: missed.length, covered, gap, requests }),
        );
      else {
        if (gap !== null)
          context.print(
            `Gap from ${timeOf(gap.from)} to ${timeOf(gap.to)}: ${gap.cause}. Run "reconcile" to find what changed.`,
          );
        context.print(
          `${listed} events listed, ${missed.length} missing${isDryRun || missed.length === 0 ? '' : ' and appended'}.` +
            (covered === null || isDryRun ? '' : ` Complete from ${timeOf(covered.from)} to ${timeOf(covered.to)}.`),
        );
      }
      return missed.some(isFault) || gap !== null ? 1 : 0;
    }),
};

const timeOf = (seconds: number): string => new Date(seconds * 1_000).toISOString();
const jsonOf = ({ id, type, created, cause, appended }: MissedEvent): string =>
  JSON.stringify({
    verdict: 'missing_event',
    id,
    type,
    created: timeOf(created),
    cause,
    stream: appended?.stream ?? null,
    revision: appended === null ? null : String(appended.revision),
  });
const lineOf = ({ id, type, created, cause }: MissedEvent): string =>
  `missing: ${id}  ${type}  ${timeOf(created)}  ${cause}`;
