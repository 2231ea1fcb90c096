import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { PRIVATE_HEADERS } from '../../http/private-answers.js';
import type { Queryable } from '../../read-models/database.js';
import { Books, type BooksState } from '../books/books.js';
import { month, monthAfter, monthOf, nowSecond, view } from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { Closings } from '../../closings/closing-log.js';
import { frozenIn } from '../closings/frozen-books.js';
import { LIMITS } from '../limits.js';
import { Places } from '../places.js';
import { badQuery, freshness, whose } from '../query.js';
import { tooManyWaiting } from '../refusals.js';
import { sent } from '../sent.js';
import { beancount } from './beancount.js';
import type { ExportFormat } from './exported.js';
import { hledger } from './hledger.js';
import { exportJournal } from './journal-export.js';
import { csv, jsonLines } from './tables.js';

const FORMATS: Readonly<Record<string, ExportFormat>> = { beancount, hledger, csv, jsonl: jsonLines };

const asking = z.strictObject({
  ...freshness,
  format: z.enum(['beancount', 'hledger', 'csv', 'jsonl']),
  from: month.optional(),
  to: month.optional(),
  ...whose,
  view: view.default('frozen'),
});

/** Text is sent in chunks of up to this many characters. */
const CHUNK_CHARACTERS = 64 * 1024;
/** Postgres ends a transaction that is idle for 10 s, and a reader may be slow. */
const SIGN_OF_LIFE_MS = 3_000;

/** The journal as a file for accounting programs, streamed from one snapshot. */
@Controller('journal/export')
@NeedsScope('read')
export class ExportController {
  readonly #places = new Places({ ...LIMITS.exports, what: 'exports are in progress', full: tooManyWaiting });

  constructor(
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
    @Inject(Closings) private readonly closings: Closings,
  ) {}

  @Get()
  async export(
    @Query({ schema: asking })
    { format: name, from, to, livemode, account = '', view: shown, ...fresh }: z.output<typeof asking>,
    @AskedBy() asker: Asker,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { zone } = this.books.policy;
    const last = to ?? (from === undefined || from <= monthOf(nowSecond(), zone) ? monthOf(nowSecond(), zone) : from);
    if (from !== undefined && from > last) throw badQuery('to: must not be before from');
    const format = FORMATS[name] as ExportFormat;
    const headers = {
      ...PRIVATE_HEADERS,
      'content-type': format.mediaType,
      'content-disposition': `attachment; filename="journal-${last}.${format.extension}"`,
    };
    if (request.method === 'HEAD') return void reply.headers(headers).send();
    const closed = { from: from === undefined ? '1970-01' : monthAfter(from, -1), to: last };
    const frozen = shown === 'restated' ? [] : await frozenIn(this.closings, { livemode, account }, closed);
    let giveBack = (): void => undefined;
    try {
      await this.books.stream(fresh, asker, async (connection, state) => {
        giveBack = this.#places.take(asker.token);
        reply.hijack();
        const position = state.position === null ? {} : { 'ledger-position': state.position };
        reply.raw.writeHead(200, { ...headers, ...position });
        const wanted = {
          livemode,
          account,
          from: from ?? null,
          to: last,
          zone,
          frozen,
          closings: this.closings,
          ...placeOf(state),
        };
        await this.#send(connection, { texts: exportJournal(connection, format, wanted), asker, reply });
      });
    } catch (error) {
      if (!reply.raw.headersSent) throw error;
      // The reader detects that the file is truncated.
      reply.raw.destroy();
    } finally {
      giveBack();
    }
  }

  async #send(
    connection: Queryable,
    { texts, asker, reply }: Readonly<{ texts: AsyncIterable<string>; asker: Asker; reply: FastifyReply }>,
  ): Promise<void> {
    let chunk = '';
    for await (const piece of texts) {
      chunk += piece;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      asker.signal.throwIfAborted();
      await this.#patiently(connection, sent(reply.raw, chunk, asker.signal));
      chunk = '';
    }
    reply.raw.end(chunk);
  }

  /** Waits for the reader, and meanwhile keeps the transaction from timing out. */
  async #patiently(connection: Queryable, sending: Promise<void>): Promise<void> {
    const isSent = sending.then(() => true);
    while (!(await Promise.race([isSent, pause(SIGN_OF_LIFE_MS, false, { ref: false })])))
      await connection.query('select 1');
  }
}

const placeOf = ({ policy, position }: BooksState) => ({ policy, position });
