import { setTimeout as pause } from 'node:timers/promises';
import { build } from '../rebuild/build.js';
import { meet, showAll } from '../rebuild/meet.js';
import { LogEndSearch } from '../eventstore/log-end.js';
import { compareGenerations } from '../read-models/comparison.js';
import { abandon, beginRebuild, type Target } from '../read-models/generations.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { named, UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';
import { assertStreamExists, NOTHING_TO_COMPARE } from './streams.js';
import { FindingsReport, printComparisons, type Comparison } from './findings.js';
import { ProgressBar } from './progress-bar.js';
import { verifyStreams } from '../catch-up/verify.js';

/** Each worker has its own connections, and takes 100 MB and more. */
const WORKERS_MAX = 32;

export const rebuildCommand: Command = {
  help: `Fills a new generation of tables from the first event on, brings it level with the generation that is shown, and moves the
views to it. Services and readers continue meanwhile. The generation that was shown is kept for "rollback" for three days.
If the command is killed, run it again within three days to resume (a dry run: within an hour). Ctrl-C cancels the rebuild
and leaves everything as it was.

  --dry-run           build aside, change nothing, and report which rows would change, how, and by which Stripe event
  --stream <name>     with --dry-run: check this stream only, e.g. subscription-sub_123; takes milliseconds
  --examples <n>      how many rows of each table to print                         (50)
  --fresh             start over instead of resuming, e.g. after the code has changed again
  --workers <n>       threads that share the streams          (one for each core but one, four at most)
  --accept-parked     move the views even if streams are parked in the new tables that are not parked in the old ones
  --json              print the report as JSON
`,
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
      throw new UsageError('--stream needs --dry-run. To fold one stream again, replay it: "parked replay".');
    workersOf(values);
    wholeNumber('examples', values['examples'], EXAMPLES);
  },
  run: async (given, { parts, ...rest }) => {
    const context: Context = { ...rest, parts: { ...parts, ...workersOf(given.values) } };
    if (typeof given.values['stream'] === 'string') return compareStream(given.values['stream'], given, context);
    const dryRun = given.values['dry-run'] === true;
    const how = { fresh: given.values['fresh'] === true, aside: dryRun };
    const targets: Target[] = [];
    for (const projection of named(context.parts.projections, given.names))
      targets.push(await beginRebuild(context.parts.database, projection, how));
    return dryRun
      ? compareAside(targets, given, context)
      : replace(targets, {
          context,
          acceptsParked: given.values['accept-parked'] === true,
          shown: `The views show the new rows of ${namesOf(targets.filter(({ replaces }) => replaces))}. "rollback <projection>" shows the old ones again.`,
        });
  },
};

const EXAMPLES = { min: 0, max: 1_000_000 };
const workersOf = ({ workers }: Given['values']): { workers?: number } =>
  workers === undefined ? {} : { workers: wholeNumber('workers', workers, { min: 1, max: WORKERS_MAX }) };

/** Fills the tables of new versions, and moves the views from the generations that are shown to the targets. */
export async function replace(
  targets: readonly Target[],
  { context, acceptsParked, shown }: { context: Context; acceptsParked: boolean; shown: string },
): Promise<number> {
  const first = targets.filter(({ replaces }) => !replaces);
  if (first.length > 0) {
    const exit = await buildFirst(first, context);
    if (exit !== 0) return exit;
  }
  const replacing = targets.filter(({ replaces }) => replaces);
  if (replacing.length === 0) return 0;
  const met = await withProgress(replacing, context, (progress) =>
    meet(context.parts, replacing, {
      ...progress,
      atMeeting: (connection) => showAll(connection, replacing, { acceptsParked }),
    }),
  );
  if (met.kind !== 'met') return giveUp(replacing, met.kind, context);
  if (met.result.kind === 'shown') {
    context.print(shown);
    return 0;
  }
  const { streams } = met.result;
  await giveUp(replacing, 'refused', context);
  context.print(
    `${streams.length} streams are parked in the new tables but not in the old ones, so nothing was changed: ${streams.slice(0, 20).join(', ')}${streams.length > 20 ? ', …' : ''}\nFix the projection, or move the views anyway with --accept-parked.`,
  );
  return 1;
}

/** A version that was never complete has no rows to replace: the service of its build uses it once it is filled. */
async function buildFirst(targets: readonly Target[], context: Context): Promise<number> {
  const outcome = await withProgress(targets, context, (progress) =>
    build(context.parts, { ...progress, generations: targets.map(({ name }) => name) }),
  );
  if (outcome.kind === 'failed') throw new Error(outcome.cause);
  if (outcome.kind !== 'built') return giveUp(targets, outcome.kind, context);
  context.print(`${namesOf(targets)}: built. The services of this build use it when they start.`);
  return 0;
}

async function compareAside(targets: readonly Target[], { values }: Given, context: Context): Promise<number> {
  const comparable = targets.filter(({ against }) => against !== null);
  for (const { name } of targets.filter(({ against }) => against === null))
    context.report(`${name} is the first generation: there are no rows to compare it with.`);
  if (comparable.length === 0) return 0;
  const examplesMax = wholeNumber('examples', values['examples'], EXAMPLES);
  const met = await withProgress(comparable, context, (progress) =>
    meet(context.parts, comparable, {
      ...progress,
      // The snapshot is taken while both stand at one position; nothing waits for the comparison.
      atMeeting: () => startComparing(comparable, { context, examplesMax }),
    }),
  );
  if (met.kind !== 'met') return giveUp(comparable, met.kind, context);
  const comparisons = await met.result.compared;
  for (const target of comparable) await abandon(context.parts.database, target);
  printComparisons(comparisons, { print: context.print, json: values['json'] === true });
  return 0;
}

/** Resolves when the snapshot of both sides is taken, with the comparison still to come. */
async function startComparing(
  targets: readonly Target[],
  { context, examplesMax }: { context: Context; examplesMax: number },
): Promise<{ compared: Promise<Comparison[]> }> {
  let compared: Promise<Comparison[]> | undefined;
  await new Promise<void>((taken, failed) => {
    compared = context.parts.database.transaction(async (connection) => {
      await connection.query('set transaction isolation level repeatable read read only');
      await connection.query('select 1 from ledger.checkpoints');
      taken();
      const comparisons: Comparison[] = [];
      for (const target of targets)
        comparisons.push({
          projection: target.generation.projection.name,
          version: target.generation.projection.version,
          tables: await compareGenerations(connection, target, examplesMax),
        });
      return comparisons;
    });
    compared.catch(failed);
  });
  if (compared === undefined) throw new Error('The comparison begins at once.');
  return { compared };
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
    if (shown === undefined) context.report(`${projection.name} has no complete rows yet to compare with.`);
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

const BUSY_WAIT_MS = 15_000;
const BUSY_POLL_MS = 500;

/** Runs a build with a progress bar. Waits a while for tables that another process moves: the lease of a killed one runs out. */
export async function withProgress<T extends { kind: string }>(
  targets: readonly Target[],
  { parts, signal, report }: Context,
  work: (progress: { signal: AbortSignal; applied: Parameters<typeof build>[1]['applied'] }) => Promise<T>,
): Promise<T> {
  const bar = new ProgressBar(namesOf(targets), process.stderr);
  const logEnd = new LogEndSearch(parts.store);
  let end: { position: bigint | null; at: number } = { position: null, at: -Infinity };
  const applied: Parameters<typeof build>[1]['applied'] = async (batch) => {
    if (performance.now() - end.at > 1_000) {
      const found = await logEnd.find();
      end = { position: found.kind === 'at' ? found.position : end.position, at: performance.now() };
    }
    bar.advance(batch, end.position);
  };
  const deadline = performance.now() + BUSY_WAIT_MS;
  for (let isReported = false; ; isReported = true) {
    const outcome = await work({ signal, applied });
    if (outcome.kind !== 'busy' || performance.now() > deadline || signal.aborted) {
      bar.end();
      return outcome;
    }
    if (!isReported) report('Another process moves these tables; waiting for it …');
    await pause(BUSY_POLL_MS);
  }
}

async function giveUp(
  targets: readonly Target[],
  kind: 'busy' | 'stopped' | 'refused',
  { parts, report }: Context,
): Promise<number> {
  if (kind === 'busy') {
    report(
      `Another process builds ${namesOf(targets)}; a service that starts with a new version does so. "projections" shows its progress.`,
    );
    return 1;
  }
  for (const target of targets) await abandon(parts.database, target);
  if (kind === 'stopped') report('Cancelled. The views show what they showed before.');
  return 1;
}

const namesOf = (targets: readonly Target[]): string =>
  targets.map(({ generation: { projection } }) => projection.name).join(', ');
