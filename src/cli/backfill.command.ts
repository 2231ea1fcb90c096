import { unfinishedBackfill } from '../reconcile/asking.js';
import type { BackfillEnd, BackfillState } from '../reconcile/backfill.js';
import { runBackfill, startedBy } from '../reconcile/run-kinds.js';
import { beginRun, hasEnded, latestRuns, readRun, type Run } from '../reconcile/run-log.js';
import { RESOURCES } from '../stripe-api/resources.js';
import { textOption, UsageError, type Command, type Context, type Given } from './command.js';
import { onStripe, STRIPE_HELP, STRIPE_OPTIONS, WAIT_HELP, waitOf, type StripeContext } from './on-stripe.js';

const STOPPED_EXIT = 1;
/** A backfill resumes a run only among the latest 200; an older one starts again. */
const LOOK_BACK = 200;

export const backfillCommand: Command = {
  help: `Reads everything that Stripe has for the account, starting with the events of the last 30 days, and records what the log
lacks. Webhooks may arrive meanwhile. You can stop or kill it at any time; the same command resumes it. A second run
appends nothing if nothing changed at Stripe. Exits with 1 when something was left out.

  --only <objects>    read only these, e.g. customer,subscription,invoice
  --with <objects>    also read these: ${RESOURCES.filter(({ when }) => when === 'wanted')
    .map(({ object }) => object)
    .join(', ')}
  --since <date>      leave out objects created before this date, e.g. 2025-01-01
  --dry-run           compare only; append nothing except the record of the run
  --resume <run>      resume this run (default: the last run, if unfinished and started with the same options)
  --new               start a new run even if an earlier one is unfinished
  --json              print the result as JSON
${WAIT_HELP}${STRIPE_HELP}`,
  options: {
    ...STRIPE_OPTIONS,
    only: { type: 'string' },
    with: { type: 'string' },
    since: { type: 'string' },
    wait: { type: 'string' },
    'dry-run': { type: 'boolean' },
    resume: { type: 'string' },
    new: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  check(given) {
    for (const option of ['only', 'with'] as const) objectsOf(given, option);
    sinceOf(given);
    waitOf(given);
  },
  run: (given, context) =>
    onStripe(given, context, async (stripe) => {
      const run = await runOf(given, stripe);
      context.report(`run ${run.id} of ${stripe.session.account}, API version ${stripe.session.apiVersion}`);
      const began = performance.now();
      const end = await stripe.at(run, (atWork) =>
        runBackfill({ ...stripe, laterMs: waitOf(given) * 1_000 }, atWork, {
          progress: (state, estimates) => {
            for (const line of linesOf(state, estimates)) context.report(line);
          },
          waiting: (why) => context.report(`waiting for Stripe: ${why}`),
        }),
      );
      return printEnd(end, { given, context, seconds: (performance.now() - began) / 1_000 });
    }),
};

/** Returns the run to resume, or a new one. */
async function runOf(given: Given, { store, session, key }: StripeContext): Promise<Run> {
  const wanted = textOption(given, 'resume');
  if (wanted !== undefined) {
    const run = await readRun(store, wanted);
    if (run === null) throw new UsageError(`There is no run ${wanted}. "runs" lists all runs.`);
    if (run.started === null && hasEnded(run))
      throw new UsageError(
        `Run ${wanted} was stopped before it started, so there is nothing to resume. Start a new run.`,
      );
    if (run.started === null) throw new UsageError(`Run ${wanted} has not started yet. A service will start it.`);
    const { account } = run.started;
    if (account !== session.account)
      throw new UsageError(
        `Run ${wanted} belongs to ${account}. Select its key with --key, or give --accounts ${account}.`,
      );
    return run;
  }
  const only = objectsOf(given, 'only');
  const more = objectsOf(given, 'with');
  const since = sinceOf(given);
  const options = {
    ...(only.length > 0 ? { only } : {}),
    ...(more.length > 0 ? { with: more } : {}),
    ...(since === null ? {} : { since }),
    ...(given.values['dry-run'] === true ? { dryRun: true } : {}),
  };
  if (given.values['new'] !== true) {
    const { account, livemode } = session;
    const own = (await latestRuns(store, { max: LOOK_BACK })).filter(
      ({ started }) => started?.account === account && started.livemode === livemode,
    );
    const unfinished = unfinishedBackfill(own, options);
    if (unfinished !== null) return unfinished;
  }
  return beginRun(store, startedBy(session, { kind: 'backfill', key, options }));
}

function objectsOf(given: Given, option: 'only' | 'with'): readonly string[] {
  const names = (textOption(given, option) ?? '').split(',').filter((name) => name !== '');
  const known = RESOURCES.map(({ object }) => object);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--${option}: unknown object "${unknown}". Known objects: ${known.join(', ')}.`);
  return names;
}

function sinceOf(given: Given): number | null {
  const text = textOption(given, 'since');
  if (text === undefined) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`--since must be a date, e.g. 2025-01-01, not "${text}".`);
  return Math.floor(at / 1_000);
}

/** The progress of each list being read. */
function linesOf(
  { phase, open, counts, events, requests }: BackfillState,
  estimates: Readonly<Record<string, number>>,
) {
  const reading = new Set(open.map(({ object }) => object));
  const lists = [...reading].slice(0, 4).map((object) => {
    const listed = counts[object]?.['listed'] ?? 0;
    const about = Math.max(estimates[object] ?? 0, listed);
    if (about === 0) return `  ${object.padEnd(22)} not started`;
    const share = Math.floor((100 * listed) / about);
    return `  ${object.padEnd(22)} ${String(share).padStart(3)} %  ${listed} of about ${about}, appended ${counts[object]?.['appended'] ?? 0}`;
  });
  return [`${phase}: ${requests} requests, ${events.listed} events (${events.appended} were missing)`, ...lists];
}

function printEnd(
  { run, state, kind, why }: BackfillEnd,
  { given, context, seconds }: { given: Given; context: Context; seconds: number },
): number {
  const { counts, events, skipped, requests, later } = state;
  const total = (what: string): number => Object.values(counts).reduce((sum, own) => sum + (own[what] ?? 0), 0);
  const complete = kind === 'finished' && Object.keys(skipped).length === 0 && later.length === 0;
  if (given.values['json'] === true)
    context.print(
      JSON.stringify({
        run: run.id,
        account: run.started.account,
        kind,
        why,
        complete,
        counts,
        events,
        skipped,
        later,
        requests,
      }),
    );
  else {
    for (const [object, own] of Object.entries(counts)) {
      const verdicts = Object.entries(own).filter(([name]) => name !== 'listed' && name !== 'appended');
      context.print(
        `${object.padEnd(24)} ${own['listed'] ?? 0} listed, ${own['appended'] ?? 0} appended  (${verdicts.map(([name, count]) => `${name} ${count}`).join(', ')})`,
      );
    }
    context.print(`events                   ${events.listed} listed, ${events.appended} appended`);
    for (const [object, reason] of Object.entries(skipped)) context.print(`left out: ${object}: ${reason}`);
    if (later.length > 0) context.print(`still changing: ${later.length} objects. Run the command again to read them.`);
    context.print(
      `${kind === 'finished' ? 'Finished' : `Stopped: ${why}`}. ${total('listed')} objects, ${total('appended')} appended, with ${requests} requests in ${Math.round(seconds)} s.`,
    );
  }
  return complete ? 0 : STOPPED_EXIT;
}
