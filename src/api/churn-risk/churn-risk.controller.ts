import { Controller, Get, Inject, Query } from '@nestjs/common';
import type { z } from 'zod';
import { churnRisk } from '../../../projections/churn-risk.js';
import type { Answer } from '../answer.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { listingOf, listQuery, type Page } from '../lists.js';
import { failureCodesOf } from '../payments/payment-queries.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';
import { findSome, resourceOf } from '../resource.js';

/** Which subscriptions are past due, the latest first. */
export const CHURN_RISK = resourceOf(churnRisk, 'churn_risk', {
  name: 'churn-risk',
  kind: 'subscription at risk',
  complete: async (connection, found) => {
    const invoices = found.map(({ lastFailedInvoice }) => lastFailedInvoice).filter((id) => id !== null);
    const codes = await failureCodesOf(connection, invoices.map(String));
    return found.map((risk) => withLastFailure(risk, codes));
  },
});

const listing = listQuery(CHURN_RISK).refine(
  ({ minAmountMinor, currency }) => minAmountMinor === undefined || currency !== undefined,
  {
    path: ['minAmountMinor'],
    error: 'needs currency too: minor units of one currency say nothing of another',
  },
);

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
    const wanted = listingOf(CHURN_RISK, asked);
    await this.position.satisfy(asked, asker);
    return this.reads.by(asker).snapshot((connection) => findSome(connection, CHURN_RISK, wanted));
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
