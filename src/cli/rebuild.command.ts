import { withLogEnd } from '../rebuild/progress.js';
import { compareAside, replace, type Watch } from '../rebuild/rebuilding.js';
import { beginTargets } from '../rebuild/targets.js';
import type { Target } from '../read-models/generations.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { modelsOf, named, UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';
import { assertStreamExists, NOTHING_TO_COMPARE } from './streams.js';
import { FindingsReport, printComparisons } from './findings.js';
import { ProgressBar } from './progress-bar.js';
import { verifyStreams } from '../catch-up/verify.js';

/** Each worker has its own connections, and needs at least 100 MB. */
const WORKERS_MAX = 32;

export const rebuildCommand: Command = {
  help: `Fills a new generation of tables from the first event, lets it catch up with the live generation, and switches the views
to it. Services and readers continue meanwhile. The replaced generation is kept for "rollback" for three days.
If the command is killed, run it again within three days to resume (a dry run: within an hour). Ctrl-C cancels the rebuild
and leaves everything as it was.

  --dry-run           change nothing; report which rows would change, how, and by which Stripe event
  --stream <name>     with --dry-run: check this stream only, e.g. subscription-sub_123; takes milliseconds
  --examples <n>      print at most n rows of each table                           (50)
  --fresh             start over instead of resuming, e.g. after the code has changed again
  --workers <n>       number of worker threads                (the number of cores less one, at most 4)
  --accept-parked     switch the views even if streams are parked in the new tables but not in the old ones
  --json              print the report as JSON
`,
  takesNames: true,
  options: {
    'dry-run': { type: 'boolean' },
    stream: { type: 'string' },
    examples: { type: 'string', default: '50' },
    fresh: { type: 'boolean' },
    workers: { type: 'string' },
    'accept-parked': { type: 'boolean' },
    json: { type: 'boolean' },
  },
  check({ values }) {
    if (values['stream'] !== undefined && values['dry-run'] !== true)
      throw new UsageError('--stream needs --dry-run. To fold one parked stream again, use "parked replay".');
    workersOf(values);
    wholeNumber('examples', values['examples'], EXAMPLES);
  },
  run: async (given, { parts, ...rest }) => {
    const context: Context = { ...rest, parts: { ...parts, ...workersOf(given.values) } };
    if (typeof given.values['stream'] === 'string') return compareStream(given.values['stream'], given, context);
    const dryRun = given.values['dry-run'] === true;
    const how = { fresh: given.values['fresh'] === true, aside: dryRun };
    const targets = await beginTargets(context.parts, named(modelsOf(context.parts), given.names), how);
    return dryRun
      ? compareAndPrint(targets, given, context)
      : replaceAndPrint(targets, {
          context,
          acceptsParked: given.values['accept-parked'] === true,
          shown: `The views now show the new rows of ${namesOf(targets.filter(({ replaces }) => replaces))}. "rollback <projection>" switches back to the old rows.`,
        });
  },
};

const EXAMPLES = { min: 0, max: 1_000_000 };
const workersOf = ({ workers }: Given['values']): { workers?: number } =>
  workers === undefined ? {} : { workers: wholeNumber('workers', workers, { min: 1, max: WORKERS_MAX }) };

/** Moves the views to the targets, and prints the result; `shown` is the text for views that have moved. */
export async function replaceAndPrint(
  targets: readonly Target[],
  { context, acceptsParked, shown }: { context: Context; acceptsParked: boolean; shown: string },
): Promise<number> {
  const replaced = await replace(context.parts, targets, { watch: withBar(context), acceptsParked });
  switch (replaced.kind) {
    case 'replaced':
      if (replaced.built.length > 0)
        context.print(`${namesOf(replaced.built)}: built. Services of this build use it when they start.`);
      if (replaced.shown.length > 0) context.print(shown);
      return 0;
    case 'parked': {
      const { streams } = replaced;
      context.print(
        `${streams.length} streams are parked in the new tables but not in the old ones, so nothing was changed: ${streams.slice(0, 20).join(', ')}${streams.length > 20 ? ', …' : ''}\nFix the projection, or switch the views anyway with --accept-parked.`,
      );
      return 1;
    }
    default:
      return reportGivenUp(replaced, context);
  }
}

async function compareAndPrint(targets: readonly Target[], { values }: Given, context: Context): Promise<number> {
  const examplesMax = wholeNumber('examples', values['examples'], EXAMPLES);
  const compared = await compareAside(context.parts, targets, { watch: withBar(context), examplesMax });
  if (compared.kind !== 'compared') return reportGivenUp(compared, context);
  for (const { name } of compared.first)
    context.report(`${name} is the first generation, so there are no rows to compare it with.`);
  if (compared.comparisons.length > 0)
    printComparisons(compared.comparisons, { print: context.print, json: values['json'] === true });
  return 0;
}

async function compareStream(stream: string, { names, values }: Given, context: Context): Promise<number> {
  await assertStreamExists(stream, context);
  let compared = 0;
  for (const projection of named(context.parts.projections, names)) {
    const shown = (await readCheckpoints(context.parts.database))
      .filter(
        (checkpoint) => checkpoint.projection === projection.name && checkpoint.shown && checkpoint.state === 'live',
      )
      .at(-1);
    if (shown === undefined) context.report(`${projection.name} has no complete generation yet to compare with.`);
    else {
      compared += 1;
      const report = new FindingsReport({ print: context.print, json: values['json'] === true });
      await verifyStreams(
        context.parts,
        { projection, checkpoint: shown },
        { streams: [stream], found: (finding) => report.found(finding) },
      );
      report.beginPage(1);
      report.folded({ streams: 1, projections: 1 });
      report.end();
    }
  }
  if (compared === 0) throw new UsageError(NOTHING_TO_COMPARE);
  return 0;
}

/** Shows a progress bar. */
const withBar =
  ({ parts, signal, report }: Context): Watch =>
  (targets) => {
    const bar = new ProgressBar(namesOf(targets), process.stderr);
    return {
      signal,
      applied: withLogEnd(parts.store, (batch, end) => bar.advance(batch, end)),
      waiting: () => report('Another process is switching these tables; waiting for it …'),
      ended: () => bar.end(),
    };
  };

function reportGivenUp(
  { kind, targets }: Readonly<{ kind: 'busy' | 'stopped'; targets: readonly Target[] }>,
  { report }: Context,
): number {
  report(
    kind === 'busy'
      ? `Another process is building ${namesOf(targets)}, such as a service started with a new version. "projections" shows the progress.`
      : 'Cancelled. The views are unchanged.',
  );
  return 1;
}

const namesOf = (targets: readonly Target[]): string =>
  targets.map(({ generation: { projection } }) => projection.name).join(', ');
