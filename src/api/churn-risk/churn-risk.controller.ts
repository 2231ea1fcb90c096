import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { churnRisk } from '../../../projections/churn-risk.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import type { Answer } from '../answer.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { listById, type Page } from '../lists.js';
import { failureCodesOf } from '../payments/payment-queries.js';
import { freshness, listingOf, origin, paging, text, time, wholeNumber } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const listing = z
  .strictObject({
    ...freshness,
    ...paging,
    ...origin,
    customer: text,
    currency: text,
    minAmountMinor: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).optional(),
    since: time.optional(),
    until: time.optional(),
  })
  .refine(({ minAmountMinor, currency }) => minAmountMinor === undefined || currency !== undefined, {
    path: ['minAmountMinor'],
    error: 'needs currency too: minor units of one currency say nothing of another',
  });

const CHURN_RISK = rowsWithStaleness(churnRisk, 'churn_risk');

/** Which subscriptions are about to be lost for want of payment. */
@Controller('churn-risk')
@NeedsScope('read')
export class ChurnRiskController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get()
  async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page> {
    const { minAmountMinor, since, until, ...wanted } = asked;
    await this.position.satisfy(wanted, asker);
    const bounds = {
      atLeast: { amount_minor: minAmountMinor, past_due_since: since },
      atMost: { past_due_since: until },
    };
    return this.reads.by(asker).snapshot(async (connection) => {
      const page = await listById(connection, CHURN_RISK, { ...listingOf(wanted), ...bounds });
      const invoices = page.data.map(({ lastFailedInvoice }) => lastFailedInvoice).filter((id) => id !== null);
      const codes = await failureCodesOf(connection, invoices.map(String));
      return { ...page, data: page.data.map((risk) => withLastFailure(risk, codes)) };
    });
  }
}

/** The columns of the last failure as one object, with the reason where it is known. */
function withLastFailure(
  {
    lastFailedInvoice: invoice,
    lastFailedAt: at,
    lastFailedAttempt: attempt,
    nextPaymentAttempt: nextAttempt,
    ...risk
  }: Answer,
  codes: ReadonlyMap<string, string>,
): Answer {
  return {
    ...risk,
    lastFailure:
      invoice === null ? null : { invoice, at, attempt, nextAttempt, code: codes.get(String(invoice)) ?? null },
  };
}
