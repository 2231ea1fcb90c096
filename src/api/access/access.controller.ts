import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { accessAnswer, type AccessAnswer, type Wanted } from '../../access/answer.js';
import type { AccessPolicy } from '../../access/policy.js';
import { accessFactsOf, findAccessRows } from './access-facts.js';
import { AnswersJson } from '../answer.js';
import { freshnessOf, moment, momentOf } from '../past/as-of.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { notFound } from '../not-found.js';
import { PastThreads } from '../past/past-threads.js';
import { freshness, parseQuery, pathId, text } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

export const ACCESS_POLICY = Symbol('AccessPolicy');

const question = z
  .strictObject({ ...freshness, ...moment, product: text, entitlement: text })
  .refine(({ product, entitlement }) => product === undefined || entitlement === undefined, {
    path: ['entitlement'],
    message: 'ask for a product or an entitlement, not for both',
  });

type Answered = { customer: string; at: Date } & AccessAnswer;

/** Does this customer have access now, until when, and why? */
@Controller('customers')
@NeedsScope('read')
export class AccessController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly past: PastThreads,
    @Inject(ACCESS_POLICY) private readonly policy: AccessPolicy,
  ) {}

  /** For a moment of the past: what was to be answered at `trueAt`, else at the time `knownAt`, from what was true and known then. */
  @Get(':id/access')
  @AnswersJson()
  async access(
    @Param('id', pathId) customer: string,
    @Query() query: unknown,
    @AskedBy() asker: Asker,
  ): Promise<Answered | Buffer> {
    const asked = parseQuery(question, query);
    await this.position.satisfy(freshnessOf(asked), asker);
    const at = momentOf(asked);
    const time = asked.trueAt ?? (asked.knownAt instanceof Date ? asked.knownAt : new Date());
    const wanted = wantedOf(asked);
    if (at !== null) return this.past.ask({ kind: 'access', customer, wanted, policy: this.policy, time, at }, asker);
    const facts = accessFactsOf(
      await this.reads.by(asker).snapshot((connection) => findAccessRows(connection, customer)),
    );
    if (facts === null) throw notFound('customer', customer);
    return { customer, at: time, ...accessAnswer(wanted, facts, { policy: this.policy, at: time }) };
  }
}

function wantedOf({ product, entitlement }: Pick<z.output<typeof question>, 'product' | 'entitlement'>): Wanted {
  if (product !== undefined) return { kind: 'product', product };
  return entitlement === undefined ? { kind: 'anything' } : { kind: 'entitlement', entitlement };
}
