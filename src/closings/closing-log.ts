/**
 * Closings in the event store. A single stream ensures that a month is closed once, and closings survive a loss of
 * Postgres.
 */
import { randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn } from '../eventstore/own-streams.js';
import { readEventAt, readStream } from '../eventstore/read.js';
import { StoreUnavailable } from '../eventstore/store-errors.js';
import { ClosedRowsWriter, closedRowsOf, faultOfRows, type ClosedPart, type ClosedRow } from './closed-rows.js';
import { faultOf, nameOfBooks, type Closing, type Reopening, type Whose } from './closing.js';

const STREAM = 'ledger-closings';
const CLOSED = 'ledger.month_closed';
const REOPENED = 'ledger.month_reopened';

/** A closing without its balances, and its revision in the stream. */
export type ClosedMonth = Omit<Closing, 'balances'> & Readonly<{ revision: bigint }>;

/**
 * A closing that differs from what was written, or does not follow the one before it; or a reopening of a month that is
 * not the last closed one.
 */
export type ClosingFault = Readonly<{ month: string; revision: bigint; cause: string }> & Whose;

/**
 * The closed months of all books, read from the log. Balances are read on demand, to limit memory; a refresh reads only
 * new events.
 */
export class Closings {
  readonly #books = new Map<string, { whose: Whose; closed: ClosedMonth[] }>();
  readonly #faults: ClosingFault[] = [];
  #revision = -1n;
  #reading: Promise<void> = Promise.resolve();

  constructor(private readonly store: EventStore) {}

  /**
   * Reads the events since the last refresh; returns the revision reached.
   * @throws StoreUnavailable when the event store is unavailable
   */
  async refresh(): Promise<bigint> {
    const reading = this.#reading.catch(() => undefined).then(() => this.#read());
    this.#reading = reading;
    await reading;
    return this.#revision;
  }

  /** The closed months of the books, in order. */
  of(whose: Whose): readonly ClosedMonth[] {
    return this.#books.get(nameOfBooks(whose))?.closed ?? [];
  }

  /** The books with closed months. */
  get books(): readonly Whose[] {
    return [...this.#books.values()].filter(({ closed }) => closed.length > 0).map(({ whose }) => whose);
  }

  get faults(): readonly ClosingFault[] {
    return this.#faults;
  }

  /** Reads a closing with its balances. */
  async read({ revision, month }: ClosedMonth): Promise<Closing> {
    const event = await readEventAt(this.store, STREAM, revision);
    if (event === null) throw new Error(`The closing of ${month}, ${STREAM}@${revision}, is missing.`);
    return event.data as Closing;
  }

  /** Yields the rows of a part of a closing; none if it has no rows. */
  async *rowsOf<T = ClosedRow>({ rows }: Pick<Closing, 'rows'>, part: ClosedPart): AsyncGenerator<T> {
    if (rows !== undefined) yield* closedRowsOf(this.store, rows, part) as AsyncGenerator<T>;
  }

  /** The fault in the rows of a closing; null: none. */
  async faultOfRows({ rows }: Pick<Closing, 'rows'>): Promise<string | null> {
    return rows === undefined ? null : faultOfRows(this.store, rows);
  }

  /** Returns a writer for the rows of a new closing. */
  rowsWriter(): ClosedRowsWriter {
    return new ClosedRowsWriter(this.store);
  }

  /**
   * Appends closings, or a reopening, at the revision that the decision was based on; `moved`: another event was
   * appended meanwhile.
   * @throws StoreUnavailable
   */
  async append(
    events: readonly (Readonly<{ kind: 'closed'; data: Closing }> | Readonly<{ kind: 'reopened'; data: Reopening }>)[],
    revision: bigint,
  ): Promise<'written' | 'moved' | 'too_large'> {
    const written = await appendOwn(this.store, STREAM, {
      events: events.map(({ kind, data }) => ({
        eventId: randomUUID(),
        type: kind === 'closed' ? CLOSED : REOPENED,
        data,
      })),
      revision,
    });
    if (written.kind === 'written') return 'written';
    if (written.kind === 'wrong_expected_revision') return 'moved';
    if (written.kind === 'too_large') return 'too_large';
    throw new StoreUnavailable(`Writing a closing: ${written.kind}.`);
  }

  async #read(): Promise<void> {
    for await (const event of readStream(this.store, STREAM, { from: this.#revision + 1n })) {
      if (event.type === CLOSED) this.#close(event.data as Closing, event.revision);
      else if (event.type === REOPENED) this.#reopen(event.data as Reopening, event.revision);
      else throw new Error(`${STREAM}@${event.revision} has the type ${event.type}, which this build does not know.`);
      this.#revision = event.revision;
    }
  }

  #close(closing: Closing, revision: bigint): void {
    const { balances: _, ...rest } = closing;
    const { livemode, account, month } = closing;
    const closed = this.#closedOf(closing);
    const cause = faultOf(closing, closed.at(-1) ?? null);
    if (cause !== null) this.#faults.push({ livemode, account, month, revision, cause });
    closed.push({ ...rest, revision });
  }

  #reopen({ livemode, account, month }: Reopening, revision: bigint): void {
    const closed = this.#closedOf({ livemode, account });
    if (closed.at(-1)?.month === month) closed.pop();
    else
      this.#faults.push({
        livemode,
        account,
        month,
        revision,
        cause: 'It reopens a month that was not the last closed one.',
      });
  }

  #closedOf({ livemode, account }: Whose): ClosedMonth[] {
    const name = nameOfBooks({ livemode, account });
    const own = this.#books.get(name) ?? { whose: { livemode, account }, closed: [] };
    this.#books.set(name, own);
    return own.closed;
  }
}
