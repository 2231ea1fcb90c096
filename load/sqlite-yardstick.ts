import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import Database from 'libsql';
import { PRAGMAS, SCHEMA } from '../packages/embedded-eventstore/src/database.js';

/** Bare SQLite with the event store's own table and settings, without protocol and without revision checks. */
export class SqliteYardstick {
  readonly #database: Database.Database;
  readonly #insert: Database.Statement<unknown[]>;
  #position = 0;

  constructor(
    directory: string,
    private readonly eventBytes: number,
  ) {
    this.#database = new Database(join(directory, 'yardstick.db'));
    for (const pragma of PRAGMAS) this.#database.pragma(pragma);
    this.#database.exec(SCHEMA);
    this.#insert = this.#database.prepare('insert into events values (?, ?, ?, ?, ?, ?, ?, ?)');
  }

  /** Inserts this many rows in transactions of `rowsPerTransaction`; returns rows per second. */
  rowsPerSecond(rows: number, rowsPerTransaction: number): number {
    const frame = Buffer.alloc(this.eventBytes, 'x');
    const startedMs = performance.now();
    for (let written = 0; written < rows; written += rowsPerTransaction) {
      this.#database.exec('begin immediate');
      for (let row = 0; row < Math.min(rowsPerTransaction, rows - written); row += 1) this.#insertRow(frame);
      this.#database.exec('commit');
    }
    return rows / ((performance.now() - startedMs) / 1000);
  }

  close(): void {
    this.#database.close();
  }

  #insertRow(frame: Buffer): void {
    this.#position += frame.length;
    this.#insert.run(this.#position, 1, this.#position, randomUUID(), 'measured', Date.now(), 0, frame);
  }
}
