import { setTimeout as pause } from 'node:timers/promises';
import { build } from '../rebuild/build.js';
import { meet, showAll } from '../rebuild/meet.js';
import { LogEndSearch } from '../eventstore/log-end.js';
import { compareGenerations } from '../read-models/comparison.js';
import { abandon, beginRebuild, type Target } from '../read-models/generations.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { named, UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';
import { FindingsReport, printComparisons, type Comparison } from './findings.js';
import { ProgressBar } from './progress-bar.js';
import { verifyStreams } from '../catch-up/verify.js';

/** Each worker has its own connections, and takes 100 MB and more. */
const WORKERS_MAX = 32;

export const rebuildCommand: Command = {
  name: 'rebuild',
  usage: '[projection…]',
  summary: 'builds read models anew from the log, all or those named, without downtime',
  help: `Fills a new generation of tables from the first event on, brings it to where the shown one stands, and moves the views to it.
Services and readers go on all the while. The generation that was shown is kept for "rollback" for three days.
Killed, it goes on where it was when it is started again, within three days (a dry run: within an hour). Ctrl-C gives up and leaves
everything as it was.

  --dry-run           builds aside, changes nothing, and reports which rows would change, how, and by which Stripe event
  --stream <name>     with --dry-run: of this stream only, e.g. subscription-sub_123
  --examples <n>      rows that a report prints of each table                      (50)
  --fresh             begins anew instead of going on with what was begun, e.g. after the code has changed again
  --workers <n>       threads that share the streams out among them     (one for each core but one, four at most)
  --accept-parked     moves the views even though streams are parked in the new tables which are not in the old
  --json              the report as JSON
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
  run: async (given, { parts, ...rest }) => {
    const workers =
      given.values['workers'] === undefined
        ? {}
        : { workers: wholeNumber('workers', given.values['workers'], { min: 1, max: WORKERS_MAX }) };
    const context: Context = { ...rest, parts: { ...parts, ...workers } };
    if (given.values['stream'] !== undefined && given.values['dry-run'] !== true)
      throw new UsageError('--stream goes with --dry-run: a stream by itself is folded again by replaying it.');
    if (typeof given.values['stream'] === 'string') return compareStream(given.values['stream'], given, context);
    const dryRun = given.values['dry-run'] === true;
    const how = { fresh: given.values['fresh'] === true, aside: dryRun };
    const targets: Target[] = [];
    for (const projection of named(context.parts.projections, given.names))
      targets.push(await beginRebuild(context.parts.database, projection, how));
    return dryRun
      ? compareAside(targets, given, context)
      : replace(targets, { context, evenParked: given.values['accept-parked'] === true });
  },
};

/** Fills what is new, and lets generations take the place of those that are shown. */
export async function replace(
  targets: readonly Target[],
  { context, evenParked }: { context: Context; evenParked: boolean },
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
      atMeeting: (connection) => showAll(connection, replacing, { evenParked }),
    }),
  );
  if (met.kind !== 'met') return giveUp(replacing, met.kind, context);
  if (met.result.kind === 'shown') {
    context.print(`The views show the new rows of ${namesOf(replacing)}. "rollback" goes back.`);
    return 0;
  }
  const { streams } = met.result;
  await giveUp(replacing, 'refused', context);
  context.print(
    `${streams.length} streams are parked in the new tables which are not in the old, so nothing was changed: ${streams.slice(0, 20).join(', ')}${streams.length > 20 ? ', …' : ''}\nMend the projection, or move the views all the same with --accept-parked.`,
  );
  return 1;
}

/** A version that was never complete has no rows to be replaced: the service of its build takes it up when it is filled. */
async function buildFirst(targets: readonly Target[], context: Context): Promise<number> {
  const outcome = await withProgress(targets, context, (progress) =>
    build(context.parts, { ...progress, generations: targets.map(({ name }) => name) }),
  );
  if (outcome.kind === 'failed') throw new Error(outcome.cause);
  if (outcome.kind !== 'built') return giveUp(targets, outcome.kind, context);
  context.print(`${namesOf(targets)}: built, and ready for the services of this build.`);
  return 0;
}

async function compareAside(targets: readonly Target[], { values }: Given, context: Context): Promise<number> {
  const comparable = targets.filter(({ against }) => against !== null);
  for (const { name } of targets.filter(({ against }) => against === null))
    context.tell(`${name} is the first of its kind: there are no rows to compare it with.`);
  if (comparable.length === 0) return 0;
  const examplesMax = wholeNumber('examples', values['examples'], { min: 0, max: 1_000_000 });
  const met = await withProgress(comparable, context, (progress) =>
    meet(context.parts, comparable, {
      ...progress,
      // The snapshot is taken while both stand at one position; what the comparison then takes, nobody waits for.
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
  for (const projection of named(context.parts.projections, names)) {
    const shown = (await readCheckpoints(context.parts.database))
      .filter(
        (checkpoint) => checkpoint.projection === projection.name && checkpoint.shown && checkpoint.state === 'live',
      )
      .at(-1);
    if (shown === undefined) context.tell(`${projection.name} has no complete rows yet to compare with.`);
    else {
      const report = new FindingsReport({ print: context.print, json: values['json'] === true });
      await verifyStreams(
        context.parts,
        { projection, checkpoint: shown },
        { streams: [stream], found: (finding) => report.found(finding) },
      );
      report.folded(1);
      report.end();
    }
  }
  return 0;
}

const BUSY_WAIT_MS = 15_000;
const BUSY_POLL_MS = 500;

/** Runs a build with a bar; what another process has is waited for a while, for the lease of one that was killed runs out. */
export async function withProgress<T extends { kind: string }>(
  targets: readonly Target[],
  { parts, signal, tell }: Context,
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
  for (let told = false; ; told = true) {
    const outcome = await work({ signal, applied });
    if (outcome.kind !== 'busy' || performance.now() > deadline || signal.aborted) {
      bar.end();
      return outcome;
    }
    if (!told) tell('Another process moves these tables; waiting for it …');
    await pause(BUSY_POLL_MS);
  }
}

async function giveUp(
  targets: readonly Target[],
  kind: 'busy' | 'stopped' | 'refused',
  { parts, tell }: Context,
): Promise<number> {
  if (kind === 'busy') {
    tell(
      `Another process builds ${namesOf(targets)}: a service that starts with a new version does so by itself. "projections" tells how far it is.`,
    );
    return 1;
  }
  for (const target of targets) await abandon(parts.database, target);
  if (kind === 'stopped') tell('Given up. The views show what they showed before.');
  return 1;
}

const namesOf = (targets: readonly Target[]): string =>
  targets.map(({ generation: { projection } }) => projection.name).join(', ');
