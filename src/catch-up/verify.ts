import type { AnyProjection } from '../../projections/projection.js';
import { compareRows, type RowDifference } from '../read-models/comparison.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Database, Queryable } from '../read-models/database.js';
import { readCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import { findParked } from '../read-models/parked-streams.js';
import { findEvents } from '../read-models/event-index.js';
import { nameOfGeneration, type Generation } from '../read-models/schema.js';
import { isAway } from '../projector/away.js';
import { Refold } from '../projector/refold.js';
import { eventReader, PAGE_EVENTS, type GoneStream, type Remains } from '../projector/stream-reading.js';

/** A finding of a verification. */
export type Finding =
  /** A row differs from the fold of its stream. */
  | (Readonly<{ kind: 'difference'; projection: string }> & RowDifference)
  /** This build cannot read or fold a stream that is not parked. */
  | Readonly<{ kind: 'unfoldable'; projection: string; stream: string; cause: string }>
  /** A stream is parked: its rows are known to be stale, and are not compared. */
  | Readonly<{ kind: 'parked'; projection: string; stream: string }>
  /**
   * The store has lost all (`none` left) or the first events (`some` left) of a stream, which is not a fault in itself.
   */
  | (Readonly<{ kind: 'gone'; projection: string }> & GoneStream);

export type Found = (finding: Finding) => void;

/** A finding that proves the read models wrong. */
export type Fault = Extract<Finding, { kind: 'difference' | 'unfoldable' }>;
export const isFault = (finding: Finding): finding is Fault =>
  finding.kind === 'difference' || finding.kind === 'unfoldable';

type Parts = Readonly<{ store: EventStore; database: Database }>;

/** A generation to verify, with this build's projection of that name. */
export type Verifiable = Readonly<{
  projection: AnyProjection;
  checkpoint: Pick<Checkpoint, 'version' | 'generation'>;
}>;

/** Rows are compared whenever this many characters of JSON are in memory. */
const COMPARED_SIZE_MAX = 16 * 1024 * 1024;

/**
 * Folds streams again from the log and compares the result with their rows, as of one moment. It reports findings at
 * once and does not store them; the callback must not wait, since a transaction is open.
 */
export async function verifyStreams(
  { store, database }: Parts,
  { projection, checkpoint: { version, generation } }: Verifiable,
  { streams, found }: { streams: readonly string[]; found: Found },
): Promise<void> {
  const rows: Generation = { projection: { ...projection, version }, generation };
  await database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read read only');
    const checkpoint = (await readCheckpoints(connection)).find((one) => one.name === nameOfGeneration(rows));
    if (checkpoint === undefined) throw new Error(`There are no tables of ${nameOfGeneration(rows)}.`);
    const parked =
      (await findParked(connection, [checkpoint.name], streams)).get(checkpoint.name) ?? new Map<string, never>();
    const reader = eventReader(store, [projection]);
    const models = { findEvents: (ids: readonly string[]) => findEvents(connection, ids), lastFolded: async () => -1n };
    const upTo = checkpoint.at?.position ?? -1n;
    let folds: Fold[] = [];
    let size = 0;
    for (const stream of streams) {
      if (parked.has(stream) && parked.get(stream)?.kind !== 'passed') {
        found({ kind: 'parked', projection: projection.name, stream });
        continue;
      }
      const fold = await foldStream(
        rows,
        await Refold.begin({ reader, models, pageEvents: PAGE_EVENTS }, stream, [rows]),
        { stream, upTo },
      );
      if (fold.remains !== 'all') found({ kind: 'gone', projection: projection.name, stream, remains: fold.remains });
      if (fold.kind === 'failed') {
        found({ kind: 'unfoldable', projection: projection.name, stream, cause: fold.cause });
        continue;
      }
      folds.push(fold);
      size += fold.size;
      if (size < COMPARED_SIZE_MAX) continue;
      await compareFolds(connection, rows, { folds, found });
      [folds, size] = [[], 0];
    }
    await compareFolds(connection, rows, { folds, found });
  });
}

/** `texts`: rows as JSON, by table. */
type Fold = Readonly<{ stream: string; texts: ReadonlyMap<string, readonly string[]>; size: number }>;
type Failed = Readonly<{ kind: 'failed'; cause: string; remains: Remains }>;

/** Folds a stream. Any error belongs to this stream, unless the store or the database is unavailable. */
async function foldStream(
  generation: Generation,
  refold: Refold,
  { stream, upTo }: { stream: string; upTo: bigint },
): Promise<(Fold & Readonly<{ kind: 'folded'; remains: Remains }>) | Failed> {
  try {
    await refold.foldTo(upTo);
  } catch (error) {
    if (isAway(error)) throw error;
    return { kind: 'failed', cause: String(error), remains: 'all' };
  }
  const refolded = refold.of(generation);
  if (refolded === null || 'error' in refolded)
    return { kind: 'failed', cause: String(refolded?.error), remains: 'all' };
  const {
    folded: { objects, failure, unread },
    remains,
  } = refolded;
  const fault = failure ?? unread;
  if (fault !== null) return { kind: 'failed', cause: String(fault.error), remains: 'all' };
  const texts = new Map(
    Object.keys(generation.projection.tables).map((name) => [
      name,
      [...objects.values()].flatMap(({ rows }) => [...(rows.get(name)?.values() ?? [])]),
    ]),
  );
  return {
    kind: 'folded',
    stream,
    texts,
    size: [...texts.values()].flat().reduce((sum, text) => sum + text.length, 0),
    remains,
  };
}

async function compareFolds(
  connection: Queryable,
  generation: Generation,
  { folds, found }: { folds: readonly Fold[]; found: Found },
): Promise<void> {
  if (folds.length === 0) return;
  const streams = folds.map(({ stream }) => stream);
  for (const name of Object.keys(generation.projection.tables)) {
    const texts = folds.flatMap((fold) => fold.texts.get(name) ?? []);
    for await (const difference of compareRows(connection, generation, { name, streams, texts })) {
      found({ kind: 'difference', projection: generation.projection.name, ...difference });
    }
  }
}
