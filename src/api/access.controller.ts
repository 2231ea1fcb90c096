import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { accessAnswer, type AccessAnswer, type Wanted } from '../access/answer.js';
import type { AccessPolicy } from '../access/policy.js';
import { Database } from '../read-models/database.js';
import { accessFactsOf, findAccessRows } from './access-facts.js';
import { NeedsScope } from './auth.guard.js';
import { inSnapshot } from './lists.js';
import { notFound } from './not-found.js';
import { freshness, parseQuery, text } from './query.js';
import { ReadPosition } from './read-position.js';

export const ACCESS_POLICY = Symbol('AccessPolicy');

const question = z
  .strictObject({ ...freshness, product: text, entitlement: text })
  .refine(({ product, entitlement }) => product === undefined || entitlement === undefined, { path: ['entitlement'], message: 'ask for a product or an entitlement, not for both' });

/** Does this customer have access now, until when, and why? */
@Controller('customers')
@NeedsScope('read')
export class AccessController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(ACCESS_POLICY) private readonly policy: AccessPolicy,
  ) {}

  @Get(':id/access')
  async access(@Param('id') customer: string, @Query() query: unknown): Promise<{ customer: string; at: Date } & AccessAnswer> {
    const asked = parseQuery(question, query);
    await this.position.satisfy(asked);
    const facts = accessFactsOf(await inSnapshot(this.database, (connection) => findAccessRows(connection, customer)));
    if (facts === null) throw notFound('customer', customer);
    const at = new Date();
    return { customer, at, ...accessAnswer(wantedOf(asked), facts, { policy: this.policy, at }) };
  }
}

function wantedOf({ product, entitlement }: Pick<z.output<typeof question>, 'product' | 'entitlement'>): Wanted {
  if (product !== undefined) return { kind: 'product', product };
  return entitlement === undefined ? { kind: 'anything' } : { kind: 'entitlement', entitlement };
}
