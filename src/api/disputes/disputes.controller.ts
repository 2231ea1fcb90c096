import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { disputes } from '../../../projections/disputes.js';
import type { Queryable } from '../../read-models/database.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { findById, listById, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { created, freshness, listingOf, origin, paging, pathId, text } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const reading = z.strictObject(freshness);
const listing = z.strictObject({
  ...freshness,
  ...paging,
  ...origin,
  ...created,
  status: text,
  charge: text,
  paymentIntent: text,
});

const DISPUTES = rowsWithStaleness(disputes, 'disputes');

/** What the ledger knows of disputes, with the money that each has moved. */
@Controller('disputes')
@NeedsScope('read')
export class DisputesController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get(':id')
  async one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Answer> {
    await this.position.satisfy(asked, asker);
    return this.reads.by(asker).snapshot(async (connection) => {
      const row = await findById(connection, DISPUTES, id);
      if (row === null) throw notFound('dispute', id);
      return { ...answerOf(row), movements: (await movementsOf(connection, [id])).get(id) ?? [] };
    });
  }

  @Get()
  async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page> {
    const { paymentIntent, ...wanted } = asked;
    await this.position.satisfy(wanted, asker);
    const { filter, ...rest } = listingOf(wanted);
    return this.reads.by(asker).snapshot(async (connection) => {
      const page = await listById(connection, DISPUTES, {
        ...rest,
        filter: { ...filter, payment_intent: paymentIntent },
      });
      const movements = await movementsOf(
        connection,
        page.data.map(({ id }) => String(id)),
      );
      return { ...page, data: page.data.map((one) => ({ ...one, movements: movements.get(String(one['id'])) ?? [] })) };
    });
  }
}

/** The movements of money of each of these disputes. */
async function movementsOf(connection: Queryable, ids: readonly string[]): Promise<Map<string, Answer[]>> {
  const { rows } = await connection.query<Row>(
    `select * from ${rowsWithStaleness(disputes, 'dispute_movements')} where dispute = any($1) order by id`,
    [ids],
  );
  const movements = new Map<string, Answer[]>(ids.map((id) => [id, []]));
  for (const row of rows) movements.get(String(row['dispute']))?.push(answerOf(row));
  return movements;
}
