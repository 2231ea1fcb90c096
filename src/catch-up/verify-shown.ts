import type { AnyProjection, ReadModel } from '../../projections/projection.js';
import { isOwn } from '../deriving/derived.js';
import type { Deriver } from '../deriving/deriver.js';
import { verifyDerived } from '../deriving/verify-keys.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import type { Database, Queryable } from '../read-models/database.js';
import { allStreams, sampleStreams } from '../read-models/event-index.js';
import { strayStreams } from '../read-models/rows.js';
import type { FindingCounts } from './finding-counts.js';
import { verifyStreams, type Verifiable } from './verify.js';

/** The streams to verify: all, including rows of streams missing in the log; a random sample; or one. */
export type Which = Readonly<{ kind: 'all' } | { kind: 'sample'; count: number } | { kind: 'stream'; stream: string }>;

type Parts = Readonly<{
  store: EventStore;
  database: Database;
  projections: readonly AnyProjection[];
  deriver: Deriver;
}>;

type Verification = Readonly<{
  /** The projections and derivations to verify. */
  models: readonly ReadModel[];
  which: Which;
  /** Stops after the current page. */
  signal: AbortSignal;
  counts: FindingCounts;
  /** Called and awaited after each read model of a page. */
  folded(): Promise<void> | void;
}>;

const STREAMS_AT_ONCE = 100;
/** The most streams with rows but without events that are listed per projection. */
const STRAYS_MAX = 1_000;

/**
 * Folds streams again and compares them with the displayed rows of these projections; derives the keys of these
 * derivations again and compares those. For all streams, this covers every key and every sum.
 */
export async function verifyShown(
  parts: Parts,
  verification: Verification,
): Promise<'verified' | 'nothing_to_compare'> {
  const { database } = parts;
  const { models, which, signal } = verification;
  const checkpoints = await readCheckpoints(database);
  const shown = parts.projections.flatMap((projection) => {
    const checkpoint = checkpoints.find(
      (one) => one.shown && one.projection === projection.name && one.version === projection.version,
    );
    return checkpoint === undefined || !models.includes(projection) ? [] : [{ projection, checkpoint }];
  });
  if (shown.length === 0 && !(await hasDerived(parts, models))) return 'nothing_to_compare';
  if (shown.length > 0 || which.kind !== 'all') {
    for await (const streams of pagesOf(which, database)) {
      await verifyPage(parts, verification, { shown, streams });
      if (which.kind !== 'all') await verifyKeys(parts, verification, streams);
      if (signal.aborted) return 'verified';
    }
  }
  if (which.kind !== 'all') return 'verified';
  await verifyKeys(parts, verification, null);
  for (const one of shown) {
    const generation = { projection: one.projection, generation: one.checkpoint.generation };
    const streams = await strayStreams(database, generation, STRAYS_MAX);
    await verifyPage(parts, verification, { shown: [one], streams });
  }
  return 'verified';
}

const hasDerived = async ({ database, deriver }: Parts, models: readonly ReadModel[]): Promise<boolean> =>
  (await deriver.read(database)).some(
    (one) => isOwn(one) && one.shown && one.state === 'live' && models.includes(one.generation.projection),
  );

/** Derives keys again: those of these streams, or all. Also determines keys of models that are only read by others. */
async function verifyKeys(
  { database, deriver }: Parts,
  { models, signal, counts, folded }: Verification,
  streams: readonly string[] | null,
): Promise<void> {
  let owners = streams;
  for (const derived of (await deriver.read(database)).filter(isOwn)) {
    const isWanted = models.includes(derived.generation.projection);
    if (!derived.shown || derived.state !== 'live' || (!isWanted && owners === null)) continue;
    const keys = await verifyDerived(
      database,
      {
        deriver,
        derived,
        signal,
        found: (fault) => {
          if (isWanted) counts.found(fault);
        },
        compared: async (count) => {
          if (!isWanted) return;
          counts.derived(count);
          await folded();
        },
      },
      owners,
    );
    if (owners !== null) owners = [...owners, ...keys];
    if (signal.aborted) return;
  }
}

async function verifyPage(
  parts: Parts,
  { counts, folded }: Verification,
  { shown, streams }: { shown: readonly Verifiable[]; streams: readonly string[] },
): Promise<void> {
  counts.beginPage(streams.length);
  for (const one of shown) {
    await verifyStreams(parts, one, { streams, found: (finding) => void counts.found(finding) });
    counts.folded({ streams: streams.length, projections: shown.length });
    await folded();
  }
}

async function* pagesOf(which: Which, database: Queryable): AsyncGenerator<readonly string[]> {
  if (which.kind === 'stream') {
    yield [which.stream];
  } else if (which.kind === 'sample') {
    const streams = await sampleStreams(database, which.count);
    for (let at = 0; at < streams.length; at += STREAMS_AT_ONCE) yield streams.slice(at, at + STREAMS_AT_ONCE);
  } else {
    yield* allStreams(database, STREAMS_AT_ONCE);
  }
}
