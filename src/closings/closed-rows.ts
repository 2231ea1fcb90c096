/** The rows that a month was closed with, in the event store: what its figures consist of stays known, whatever becomes of the books. */
import { createHash, hash, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, letGo } from '../eventstore/own-streams.js';
import { readStream } from '../eventstore/read.js';
import { StoreUnavailable } from '../eventstore/store-errors.js';

/**
 * What is kept of a closed month: the entries of the journal and what lines earned in it, the schedules of lines that were deferred at its
 * end, of it and all months before it what was earned by the month that billed it, and what it has of corrections of closed months.
 */
export const CLOSED_PARTS = ['entries', 'revenue', 'schedules', 'booked', 'corrections'] as const;
export type ClosedPart = (typeof CLOSED_PARTS)[number];

/**
 * Where the rows of a closing are: one stream for each part, with so many events; the hash is over all of them. A part that a closing does not
 * speak of was not kept when it was written.
 */
export type ClosedRows = Readonly<{
  name: string;
  chunks: Readonly<Partial<Record<ClosedPart, number>>>;
  hash: string;
}>;

/** A row as it was answered then: times as ISO 8601, amounts as numbers. */
export type ClosedRow = Readonly<Record<string, unknown>>;

/** Rows of a closing are not all there, or not as they were written. */
export class ClosedRowsLost extends Error {
  readonly code = 'CLOSED_ROWS_LOST';
}

const TYPE = 'ledger.closed_rows';
/** A chunk is packed when its rows have so many characters; ten to one, as a rule. */
const CHUNK_CHARACTERS = 1_000_000;
const [packed, unpacked] = [promisify(gzip), promisify(gunzip)];
const streamOf = (name: string, part: ClosedPart): string => `ledger-closed-${name}-${part}`;

type Chunk = Readonly<{ rows: string }>;

/** Writes the rows of one closing, part by part, to streams that nobody knows of before the closing names them. */
export class ClosedRowsWriter {
  readonly #name = randomUUID();
  readonly #hash = createHash('sha256');
  readonly #chunks = { entries: 0, revenue: 0, schedules: 0, booked: 0, corrections: 0 };

  constructor(private readonly store: EventStore) {}

  /** All rows of a part, at once. Parts come in their order. @throws StoreUnavailable */
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

  /** Lets what was written go, when no closing will name it. */
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

/** The rows of a part, in the order in which they were written. @throws ClosedRowsLost */
export async function* closedRowsOf(
  store: EventStore,
  { name, chunks }: ClosedRows,
  part: ClosedPart,
): AsyncGenerator<ClosedRow> {
  for await (const text of chunksOf(store, { name, chunks }, part)) yield* JSON.parse(text) as ClosedRow[];
}

/** What is wrong with the rows of a closing; null where nothing is. */
export async function faultOfRows(store: EventStore, rows: ClosedRows): Promise<string | null> {
  const sum = createHash('sha256');
  try {
    for (const part of CLOSED_PARTS)
      for await (const text of chunksOf(store, rows, part)) sum.update(hash('sha256', text));
  } catch (error) {
    if (error instanceof ClosedRowsLost) return error.message;
    throw error;
  }
  return sum.digest('hex') === rows.hash ? null : 'Its rows have another hash than was written with it.';
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
    throw new ClosedRowsLost(`Of its ${part} there are ${count} events of ${written} in ${streamOf(name, part)}.`);
}
