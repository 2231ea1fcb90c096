import type { AnyProjection } from '../../projections/projection.js';
import { compareRows, type RowDifference } from '../read-models/comparison.js';
import type { Queryable } from '../read-models/database.js';
import { readLines, type Line } from '../read-models/lines.js';
import { findParked } from '../read-models/parked-streams.js';
import type { StreamRows } from '../read-models/rows.js';
import { lineOf, type Generation } from '../read-models/schema.js';
import type { ReadEvent } from './facts.js';
import type { Parts } from './held-lines.js';
import { foldWhole } from './stream-fold.js';
import { pagesOf, withoutRepeats } from './stream-pages.js';

/** What was found wrong with the rows of some streams. `unfoldable`: this build cannot fold the stream, though it is not parked. */
export type Verified = Readonly<{
  streams: number;
  /** Streams that are parked: their rows are known to be old. */
  parked: readonly string[];
  unfoldable: readonly Readonly<{ stream: string; cause: string }>[];
  differences: readonly (RowDifference & { projection: string })[];
}>;

/** What is verified: rows of the tables of a line, by this build's projection of that name. */
export type Verification = Readonly<{ projection: AnyProjection; line: Pick<Line, 'version' | 'generation'>; streams: readonly string[] }>;

/** Folds streams afresh from the log and compares what comes out with the rows that are there, as of one moment. */
export function verifyStreams({ store, database }: Parts, { projection, line: { version, generation }, streams }: Verification): Promise<Verified> {
  const rows: Generation = { projection: { ...projection, version }, generation };
  return database.transaction(async (connection) => {
    await connection.query('set transaction isolation level repeatable read read only');
    const line = (await readLines(connection)).find((one) => one.line === lineOf(rows));
    if (line === undefined) throw new Error(`There are no tables of ${lineOf(rows)}.`);
    const parked = (await findParked(connection, [line.line], streams)).get(line.line) ?? new Set();
    const folds: Fold[] = [];
    for (const stream of streams.filter((one) => !parked.has(one))) {
      const pages = pagesOf(store, stream, { projection, upTo: line.at?.position ?? -1n, counted: (page) => withoutRepeats(connection, page) });
      folds.push({ stream, ...(await foldPages(projection, pages)) });
    }
    return {
      streams: streams.length,
      parked: [...parked],
      unfoldable: folds.flatMap(({ stream, cause }) => (cause === null ? [] : [{ stream, cause }])),
      differences: await differencesOf(connection, rows, folds.filter(({ cause }) => cause === null)),
    };
  });
}

type Fold = Readonly<{ stream: string; rows: StreamRows['rows']; cause: string | null }>;

async function foldPages(projection: AnyProjection, pages: AsyncIterable<readonly ReadEvent[]>): Promise<Omit<Fold, 'stream'>> {
  const known: (readonly ReadEvent[])[] = [];
  for await (const page of pages) if (page.length > 0) known.push(page);
  if (known.length === 0) return { rows: {}, cause: null };
  const folded = await foldWhole(projection, known);
  return folded.kind === 'folded' ? { rows: folded.written.rows, cause: null } : { rows: {}, cause: folded.parked.cause };
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
