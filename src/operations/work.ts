/** Runs each kind of operation through the functions that the command line also calls. */
import type { ReadModel } from '../../projections/projection.js';
import { FindingCounts } from '../catch-up/finding-counts.js';
import { isFault, type Finding } from '../catch-up/verify.js';
import { verifyShown, type Which } from '../catch-up/verify-shown.js';
import { readEventAt } from '../eventstore/read.js';
import type { Target } from '../read-models/generations.js';
import { replayParked, type Replay } from '../read-models/replay.js';
import type { Parts } from '../rebuild/held.js';
import { BuildProgress, withLogEnd } from '../rebuild/progress.js';
import { beginReturn, beginTargets } from '../rebuild/targets.js';
import { compareAside, replace, type Comparison, type Watch } from '../rebuild/rebuilding.js';
import type { OperationProgress, OperationRequest } from './operation.js';

/** The outcome of the work. `stopped`: it was cancelled, or its process is stopping. */
export type Worked =
  | Readonly<{ kind: 'succeeded'; result: Readonly<Record<string, unknown>> }>
  /** `result`: a partial result, if any. */
  | Readonly<{ kind: 'failed'; cause: string; result?: Readonly<Record<string, unknown>> }>
  | Readonly<{ kind: 'stopped' }>;

type Context = Readonly<{
  parts: Parts;
  signal: AbortSignal;
  /** Whether an earlier process has started it. */
  isResumed: boolean;
  /** Whether another process will resume it after the signal. */
  isReleased(): boolean;
  progressed(progress: OperationProgress): void;
}>;

/** The request names something unknown to this build. */
class Unknown extends Error {}

const REPLAY_WITHIN_MS = 3_600_000;
const FAULT_EXAMPLES_MAX = 100;
/** The maximum size of a result; an event of the log holds at most 1 MiB. */
const RESULT_BYTES_MAX = 256 * 1024;

/** Runs a request. After its process ended, it resumes, or starts over. */
export async function work(request: OperationRequest, context: Context): Promise<Worked> {
  try {
    switch (request.kind) {
      case 'rebuild':
        return await rebuild(request, context);
      case 'dry_run':
        return await dryRun(request, context);
      case 'rollback':
        return await rollback(request, context);
      case 'replay':
        return await replay(request, context);
      case 'verify':
        return await verify(request, context);
    }
  } catch (error) {
    if (error instanceof Unknown) return { kind: 'failed', cause: error.message };
    throw error;
  }
}

type Of<K extends OperationRequest['kind']> = Extract<OperationRequest, { kind: K }>;

const modelsOf = ({ projections, deriver }: Parts): readonly ReadModel[] => [...projections, ...deriver.derivations];

function named<M extends ReadModel>(projections: readonly M[], names: readonly string[] | undefined): readonly M[] {
  if (names === undefined || names.length === 0) return projections;
  return [...new Set(names)].map((name) => {
    const found = projections.find((projection) => projection.name === name);
    if (found === undefined)
      throw new Unknown(
        `Unknown projection "${name}". Projections of this build: ${projections.map((one) => one.name).join(', ')}.`,
      );
    return found;
  });
}

const STOPPED: Worked = { kind: 'stopped' };
const namesOf = (targets: readonly Target[]): string[] => targets.map(({ generation }) => generation.projection.name);

const watching =
  ({ parts, signal, progressed }: Context): Watch =>
  () => {
    const progress = new BuildProgress();
    const applied = withLogEnd(parts.store, (batch, end) => {
      progress.advance(batch, end);
      const { events: done, eventsPerSecond, share, secondsLeft } = progress.now();
      progressed({ done, unit: 'events', perSecond: Math.round(eventsPerSecond), share, secondsLeft });
    });
    return { signal, applied, waiting: () => undefined, ended: () => undefined };
  };

async function targetsOf(
  { projections, fresh }: Of<'rebuild'> | Of<'dry_run'>,
  { parts, isResumed }: Context,
  aside: boolean,
): Promise<Target[]> {
  return beginTargets(parts, named(modelsOf(parts), projections), { fresh: fresh && !isResumed, aside });
}

async function rebuild(request: Of<'rebuild'>, context: Context): Promise<Worked> {
  return moveViews(await targetsOf(request, context, false), context, request.acceptParked);
}

async function rollback({ projection: name }: Of<'rollback'>, context: Context): Promise<Worked> {
  const [projection] = named(modelsOf(context.parts), [name]);
  if (projection === undefined) throw new Error('A name stands for one projection.');
  const targets = await beginReturn(context.parts, projection);
  return targets === null
    ? { kind: 'failed', cause: `No earlier generation of ${name} is kept. A rebuild builds a new one.` }
    : moveViews(targets, context, true);
}

async function moveViews(targets: readonly Target[], context: Context, acceptsParked: boolean): Promise<Worked> {
  const replaced = await replace(context.parts, targets, {
    watch: watching(context),
    isKept: context.isReleased,
    acceptsParked,
  });
  if (replaced.kind === 'replaced')
    return { kind: 'succeeded', result: { shown: namesOf(replaced.shown), built: namesOf(replaced.built) } };
  if (replaced.kind === 'parked')
    return {
      kind: 'failed',
      cause: 'Streams are parked in the new tables but not in the old ones, so nothing was changed.',
      result: { newlyParked: replaced.streams.slice(0, FAULT_EXAMPLES_MAX), newlyParkedCount: replaced.streams.length },
    };
  return replaced.kind === 'stopped' ? STOPPED : busy(replaced.targets);
}

const busy = (targets: readonly Target[]): Worked => ({
  kind: 'failed',
  cause: `Another process is building ${namesOf(targets).join(', ')}. Try again when it is done.`,
});

async function dryRun(request: Of<'dry_run'>, context: Context): Promise<Worked> {
  const targets = await targetsOf(request, context, true);
  const compared = await compareAside(context.parts, targets, {
    watch: watching(context),
    isKept: context.isReleased,
    examplesMax: request.examples,
  });
  if (compared.kind === 'compared')
    return {
      kind: 'succeeded',
      result: { comparisons: bounded(compared.comparisons, request.examples), first: namesOf(compared.first) },
    };
  return compared.kind === 'stopped' ? STOPPED : busy(compared.targets);
}

/** Keeps as many examples as fit. */
function bounded(comparisons: readonly Comparison[], examples: number): readonly Comparison[] {
  const cut = comparisons.map((one) => ({
    ...one,
    tables: one.tables.map((table) => ({ ...table, examples: table.examples.slice(0, examples) })),
  }));
  return examples === 0 || Buffer.byteLength(JSON.stringify(cut)) <= RESULT_BYTES_MAX
    ? cut
    : bounded(comparisons, Math.floor(examples / 2));
}

async function replay({ projection, cause }: Of<'replay'>, { parts, signal }: Context): Promise<Worked> {
  const replayed: Replay | null = await replayParked(parts.database, { projection, cause }, REPLAY_WITHIN_MS, signal);
  if (replayed === null) return { kind: 'succeeded', result: { outcome: 'none_parked', streams: [], hasMore: false } };
  if (replayed.outcome === 'wanted' && signal.aborted) return STOPPED;
  return {
    kind: 'succeeded',
    result: {
      outcome: replayed.outcome,
      /** Streams that are parked again. */
      streams: replayed.parked.slice(0, FAULT_EXAMPLES_MAX).map(({ name, stream }) => ({ generation: name, stream })),
      hasMore: replayed.parked.length > FAULT_EXAMPLES_MAX,
    },
  };
}

async function verify(request: Of<'verify'>, { parts, signal, progressed }: Context): Promise<Worked> {
  const { stream, sample } = request;
  if (stream !== undefined && (await readEventAt(parts.store, stream, 0n)) === null)
    throw new Unknown(`The stream "${stream}" has no events.`);
  const which: Which =
    stream !== undefined
      ? { kind: 'stream', stream }
      : sample === undefined
        ? { kind: 'all' }
        : { kind: 'sample', count: sample };
  const counts = new ExemplifiedCounts();
  const startedAt = performance.now();
  const verified = await verifyShown(parts, {
    models: named(modelsOf(parts), request.projections),
    which,
    signal,
    counts,
    folded: () => {
      const done = counts.counts.streams;
      const perSecond = Math.round(done / ((performance.now() - startedAt) / 1000));
      progressed({ done, unit: 'streams', perSecond, share: null, secondsLeft: null });
    },
  });
  if (signal.aborted) return STOPPED;
  if (verified === 'nothing_to_compare' || counts.isEmpty)
    return { kind: 'failed', cause: 'Nothing was checked: the read models have no rows yet.' };
  const { difference, unfoldable } = counts.counts;
  const result = { isRight: difference + unfoldable === 0, ...counts.counts, examples: counts.examples };
  return { kind: 'succeeded', result };
}

/** Counts findings and keeps some examples. */
class ExemplifiedCounts extends FindingCounts {
  readonly examples: Finding[] = [];
  #bytes = 0;

  override found(finding: Finding): boolean {
    const isNew = super.found(finding);
    if (!isNew || !isFault(finding) || this.examples.length >= FAULT_EXAMPLES_MAX) return isNew;
    this.#bytes += Buffer.byteLength(JSON.stringify(finding));
    if (this.#bytes <= RESULT_BYTES_MAX) this.examples.push(finding);
    return isNew;
  }
}
