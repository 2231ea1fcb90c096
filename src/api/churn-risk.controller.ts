import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { churnRisk } from '../../projections/churn-risk.js';
import { Database } from '../read-models/database.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import type { Answer } from './answer.js';
import { NeedsScope } from './auth.guard.js';
import { inSnapshot, listById, type Page } from './lists.js';
import { failureCodesOf } from './payment-queries.js';
import { freshness, listingOf, origin, paging, parseQuery, text, time } from './query.js';
import { ReadPosition } from './read-position.js';

const listing = z
  .strictObject({ ...freshness, ...paging, ...origin, customer: text, currency: text, minAmountMinor: z.coerce.number().int().min(0).optional(), since: time.optional(), until: time.optional() })
  .refine(({ minAmountMinor, currency }) => minAmountMinor === undefined || currency !== undefined, { path: ['minAmountMinor'], error: 'needs currency too: minor units of one currency say nothing of another' });

const CHURN_RISK = rowsWithStaleness(churnRisk, 'churn_risk');

/** Which subscriptions are about to be lost for want of payment. */
@Controller('churn-risk')
@NeedsScope('read')
export class ChurnRiskController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page> {
    const { minAmountMinor, since, until, ...wanted } = parseQuery(listing, query);
    await this.position.satisfy(wanted);
    const bounds = { atLeast: { amount_minor: minAmountMinor, past_due_since: since }, atMost: { past_due_since: until } };
    return inSnapshot(this.database, async (connection) => {
      const page = await listById(connection, CHURN_RISK, { ...listingOf(wanted), ...bounds });
      const invoices = page.data.map(({ lastFailedInvoice }) => lastFailedInvoice).filter((id) => id !== null);
      const codes = await failureCodesOf(connection, invoices.map(String));
      return { ...page, data: page.data.map((risk) => withLastFailure(risk, codes)) };
    });
  }
}

/** The columns of the last failure as one object, with the reason where it is known. */
function withLastFailure({ lastFailedInvoice: invoice, lastFailedAt: at, lastFailedAttempt: attempt, nextPaymentAttempt: nextAttempt, ...risk }: Answer, codes: ReadonlyMap<string, string>): Answer {
  return { ...risk, lastFailure: invoice === null ? null : { invoice, at, attempt, nextAttempt, code: codes.get(String(invoice)) ?? null } };
}
