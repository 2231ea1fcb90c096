/** The rows behind a closed month's figures, kept in the event store, so that they do not change with the books. */
import { createHash, hash, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, letGo } from '../eventstore/own-streams.js';
import { readStream } from '../eventstore/read.js';
import { StoreUnavailable } from '../eventstore/store-errors.js';

/**
 * The rows kept for a closed month: its journal entries and the revenue that lines earned in it; the schedules of lines
 * deferred at its end; the revenue of it and all months before it, by the month that billed it; and its corrections of
 * closed months.
 */
export const CLOSED_PARTS = ['entries', 'revenue', 'schedules', 'booked', 'corrections'] as const;
export type ClosedPart = (typeof CLOSED_PARTS)[number];

/**
 * Where the rows of a closing are: one stream per part, with its number of events; the hash covers all of them. A
 * missing part was not kept when the closing was written.
 */
export type ClosedRows = Readonly<{
  name: string;
  chunks: Readonly<Partial<Record<ClosedPart, number>>>;
  hash: string;
}>;

/** A row as answered at the closing: times as ISO 8601, amounts as numbers. */
export type ClosedRow = Readonly<Record<string, unknown>>;

/** Thrown when rows of a closing are missing. */
export class ClosedRowsLost extends Error {
  readonly code = 'CLOSED_ROWS_LOST';
}

const TYPE = 'ledger.closed_rows';
/** The size at which a chunk of rows is compressed and appended; compression is about 10:1. */
const CHUNK_CHARACTERS = 1_000_000;
const [packed, unpacked] = [promisify(gzip), promisify(gunzip)];
const streamOf = (name: string, part: ClosedPart): string => `ledger-closed-${name}-${part}`;

type Chunk = Readonly<{ rows: string }>;

/** Writes the rows of one closing, part by part, to new streams that the closing names later. */
export class ClosedRowsWriter {
  readonly #name = randomUUID();
  readonly #hash = createHash('sha256');
  readonly #chunks = { entries: 0, revenue: 0, schedules: 0, booked: 0, corrections: 0 };

  constructor(private readonly store: EventStore) {}

  /**
   * Writes all rows of a part in one call; parts follow the order of `CLOSED_PARTS`.
   * @throws StoreUnavailable
   */
  async write(part: ClosedPart, rows: AsyncIterable<ClosedRow>): Promise<void> {
    let texts: string[] = [];
    let characters = 0;
    for await (const row of rows) {
      const text = JSON.stringify(row);
      texts.push(text);
      characters += text.length;
      if (characters < CHUNK_CHARACTERS) continue;
      await this.#append(part, texts);
      [texts, characters] = [[], 0];
    }
    if (texts.length > 0) await this.#append(part, texts);
  }

  end(): ClosedRows {
    return { name: this.#name, chunks: this.#chunks, hash: this.#hash.digest('hex') };
  }

  /** Deletes the rows written, when no closing will name them. */
  async discard(): Promise<void> {
    for (const part of CLOSED_PARTS)
      if (this.#chunks[part] > 0) await letGo(this.store, streamOf(this.#name, part), this.#chunks[part]);
  }

  async #append(part: ClosedPart, texts: readonly string[]): Promise<void> {
    const text = `[${texts.join(',')}]`;
    this.#hash.update(hash('sha256', text));
    const data: Chunk = { rows: (await packed(text)).toString('base64') };
    const stream = streamOf(this.#name, part);
    const events = [{ eventId: randomUUID(), type: TYPE, data }];
    const written = await appendOwn(this.store, stream, { events, revision: BigInt(this.#chunks[part]) - 1n });
    if (written.kind !== 'written') throw new StoreUnavailable(`Writing the rows of a closing: ${written.kind}.`);
    this.#chunks[part] += 1;
  }
}

/**
 * Yields the rows of a part in the order of writing.
 * @throws ClosedRowsLost
 */
export async function* closedRowsOf(
  store: EventStore,
  { name, chunks }: ClosedRows,
  part: ClosedPart,
): AsyncGenerator<ClosedRow> {
  for await (const text of chunksOf(store, { name, chunks }, part)) yield* JSON.parse(text) as ClosedRow[];
}

/** The fault in the rows of a closing; null: none. */
export async function faultOfRows(store: EventStore, rows: ClosedRows): Promise<string | null> {
  const sum = createHash('sha256');
  try {
    for (const part of CLOSED_PARTS)
      for await (const text of chunksOf(store, rows, part)) sum.update(hash('sha256', text));
  } catch (error) {
    if (error instanceof ClosedRowsLost) return error.message;
    throw error;
  }
  return sum.digest('hex') === rows.hash ? null : 'The hash of its rows differs from the recorded hash.';
}

async function* chunksOf(
  store: EventStore,
  { name, chunks }: Pick<ClosedRows, 'name' | 'chunks'>,
  part: ClosedPart,
): AsyncGenerator<string> {
  const written = chunks[part] ?? 0;
  if (written === 0) return;
  let count = 0;
  for await (const event of readStream(store, streamOf(name, part))) {
    count += 1;
    yield String(await unpacked(Buffer.from((event.data as Chunk).rows, 'base64')));
  }
  if (count !== written)
    throw new ClosedRowsLost(`Only ${count} of ${written} events of its ${part} are in ${streamOf(name, part)}.`);
}
