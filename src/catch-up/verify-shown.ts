import type { AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import type { Database, Queryable } from '../read-models/database.js';
import { allStreams, sampleStreams } from '../read-models/event-index.js';
import { strayStreams } from '../read-models/rows.js';
import type { FindingCounts } from './finding-counts.js';
import { verifyStreams, type Verifiable } from './verify.js';

/** Which streams are verified: all, with the rows of streams that the log does not have; some at random; or one. */
export type Which = Readonly<{ kind: 'all' } | { kind: 'sample'; count: number } | { kind: 'stream'; stream: string }>;

type Verification = Readonly<{
  projections: readonly AnyProjection[];
  which: Which;
  /** Ends it after the page under way. */
  signal: AbortSignal;
  counts: FindingCounts;
  /** Told after each projection of a page; what it returns is waited for. */
  folded(): Promise<void> | void;
}>;

const STREAMS_AT_ONCE = 100;
/** How many streams that have rows and no events are listed for a projection: enough to see what happened. */
const STRAYS_MAX = 1_000;

/** Folds streams again and compares them with the rows that are shown of these projections. */
export async function verifyShown(
  parts: Readonly<{ store: EventStore; database: Database }>,
  verification: Verification,
): Promise<'verified' | 'nothing_to_compare'> {
  const { database } = parts;
  const { projections, which, signal } = verification;
  const checkpoints = await readCheckpoints(database);
  const shown = projections.flatMap((projection) => {
    const checkpoint = checkpoints.find(
      (one) => one.shown && one.projection === projection.name && one.version === projection.version,
    );
    return checkpoint === undefined ? [] : [{ projection, checkpoint }];
  });
  if (shown.length === 0) return 'nothing_to_compare';
  for await (const streams of pagesOf(which, database)) {
    await verifyPage(parts, verification, { shown, streams });
    if (signal.aborted) return 'verified';
  }
  if (which.kind !== 'all') return 'verified';
  for (const one of shown) {
    const generation = { projection: one.projection, generation: one.checkpoint.generation };
    const streams = await strayStreams(database, generation, STRAYS_MAX);
    await verifyPage(parts, verification, { shown: [one], streams });
  }
  return 'verified';
}

async function verifyPage(
  parts: Readonly<{ store: EventStore; database: Database }>,
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
