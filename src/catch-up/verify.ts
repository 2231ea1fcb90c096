import type { AnyProjection } from '../../projections/projection.js';
import { compareRows, type RowDifference } from '../read-models/comparison.js';
import type { Queryable } from '../read-models/database.js';
import { readLines, type Line } from '../read-models/lines.js';
import { findParked } from '../read-models/parked-streams.js';
import { writtenOf, type StreamRows } from '../read-models/rows.js';
import { lineOf, type Generation } from '../read-models/schema.js';
import { isAway } from './away.js';
import type { Parts } from './held-lines.js';
import { emptyRows, foldWhole } from './stream-fold.js';
import { pagesOf, withoutRepeats, type Remains } from './stream-pages.js';
import type { GoneStream } from './writing.js';

/** What was found about the rows of some streams. */
export type Verified = Readonly<{
  streams: number;
  /** Streams that are parked: their rows are known to be old. */
  parked: readonly string[];
  /** Streams that this build cannot read or fold, though they are not parked. */
  unfoldable: readonly Readonly<{ stream: string; cause: string }>[];
  /** Streams of which the store has nothing (`none`), or not the first events (`some`), any more: no fault by itself. */
  gone: readonly GoneStream[];
  differences: readonly (RowDifference & { projection: string })[];
}>;

/** What is verified: rows of the tables of a line, by this build's projection of that name. */
export type Verification = Readonly<{ projection: AnyProjection; line: Pick<Line, 'version' | 'generation'>; streams: readonly string[] }>;

/** Rows are compared when as many characters of JSON are in memory. */
const COMPARED_SIZE_MAX = 16 * 1024 * 1024;

/** Folds streams afresh from the log and compares what comes out with the rows that are there, as of one moment. */
export function verifyStreams({ store, database }: Parts, { projection, line: { version, generation }, streams }: Verification): Promise<Verified> {
  const rows: Generation = { projection: { ...projection, version }, generation };
  return database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read read only');
    const line = (await readLines(connection)).find((one) => one.line === lineOf(rows));
    if (line === undefined) throw new Error(`There are no tables of ${lineOf(rows)}.`);
    const parked = (await findParked(connection, [line.line], streams)).get(line.line) ?? new Set();
    const found = { unfoldable: [] as Verified['unfoldable'][number][], gone: [] as GoneStream[], differences: [] as Verified['differences'][number][] };
    let folds: Fold[] = [];
    let size = 0;
    const compareFolds = async (): Promise<void> => {
      found.differences.push(...(await differencesOf(connection, rows, folds)));
      [folds, size] = [[], 0];
    };
    for (const stream of streams.filter((one) => !parked.has(one))) {
      const pages = pagesOf(store, stream, { projection, upTo: line.at?.position ?? -1n, counted: (page) => withoutRepeats(connection, page) });
      const fold = await foldPages(rows, stream, pages);
      if (fold.remains !== 'all') found.gone.push({ stream, remains: fold.remains });
      if (fold.kind === 'failed') {
        found.unfoldable.push({ stream, cause: fold.cause });
        continue;
      }
      folds.push(fold);
      size += fold.size;
      if (size >= COMPARED_SIZE_MAX) await compareFolds();
    }
    await compareFolds();
    return { streams: streams.length, parked: [...parked], ...found };
  });
}

type Fold = Readonly<{ stream: string; rows: StreamRows['rows']; size: number }>;
type Failed = Readonly<{ kind: 'failed'; cause: string; remains: Remains }>;
type Pages = ReturnType<typeof pagesOf>;

/** Whatever is thrown concerns this stream, unless store or database are away. */
async function foldPages(generation: Generation, stream: string, pages: Pages): Promise<(Fold & Readonly<{ kind: 'folded'; remains: Remains }>) | Failed> {
  const { projection } = generation;
  try {
    const folded = await foldWhole(projection, pages);
    if (folded.kind === 'parked') return { kind: 'failed', cause: folded.parked.cause, remains: 'all' };
    const written = folded.kind === 'empty' ? emptyRows(projection, stream) : folded.written;
    const texts = Object.values(writtenOf(generation, written, null).texts).flatMap((table) => [...table.values()]);
    return { kind: 'folded', stream, rows: written.rows, size: texts.reduce((sum, text) => sum + text.length, 0), remains: folded.remains ?? 'all' };
  } catch (error) {
    if (isAway(error)) throw error;
    return { kind: 'failed', cause: String(error), remains: 'all' };
  }
}

async function differencesOf(connection: Queryable, generation: Generation, folds: readonly Fold[]): Promise<Verified['differences']> {
  const found: Verified['differences'][number][] = [];
  for (const name of Object.keys(generation.projection.tables)) {
    const rows = folds.flatMap(({ stream, rows: own }) => (own[name] ?? []).map((row) => ({ ...row, stream })));
    const differences = await compareRows(connection, generation, { name, streams: folds.map(({ stream }) => stream), rows });
    found.push(...differences.map((difference) => ({ ...difference, projection: generation.projection.name })));
  }
  return found;
}
