import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { customers } from '../../projections/customers.js';
import { entitlements } from '../../projections/entitlements.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { accessAnswer, type AccessAnswer, type Wanted } from '../access/answer.js';
import type { AccessFacts } from '../access/facts.js';
import type { AccessPolicy } from '../access/policy.js';
import type { Moment } from '../as-of/moment.js';
import { Database } from '../read-models/database.js';
import { accessFactsOf, findAccessRows } from './access-facts.js';
import { AsOf, asOfAnswer, freshnessOf, moment, momentOf, notKnownThen, rowsAt, type AsOfAnswer } from './as-of.js';
import { NeedsScope } from './auth.guard.js';
import { inSnapshot } from './lists.js';
import { notFound } from './not-found.js';
import { freshness, parseQuery, text } from './query.js';
import { ReadPosition } from './read-position.js';

export const ACCESS_POLICY = Symbol('AccessPolicy');

const question = z
  .strictObject({ ...freshness, ...moment, product: text, entitlement: text })
  .refine(({ product, entitlement }) => product === undefined || entitlement === undefined, { path: ['entitlement'], message: 'ask for a product or an entitlement, not for both' });

type Answered = { customer: string; at: Date } & AccessAnswer & { asOf?: AsOfAnswer };

/** Does this customer have access now, until when, and why? */
@Controller('customers')
@NeedsScope('read')
export class AccessController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(AsOf) private readonly past: AsOf,
    @Inject(ACCESS_POLICY) private readonly policy: AccessPolicy,
  ) {}

  /** For a moment of the past: what was to be answered at `trueAt`, else at the time `knownAt`, from what was true and known then. */
  @Get(':id/access')
  async access(@Param('id') customer: string, @Query() query: unknown): Promise<Answered> {
    const asked = parseQuery(question, query);
    await this.position.satisfy(freshnessOf(asked));
    const at = momentOf(asked);
    const time = asked.trueAt ?? (asked.knownAt instanceof Date ? asked.knownAt : new Date());
    const { facts, ...rest } = at === null ? { facts: await this.#facts(customer) } : await this.#pastFacts(customer, at);
    return { customer, at: time, ...accessAnswer(wantedOf(asked), facts, { policy: this.policy, at: time }), ...rest };
  }

  async #facts(customer: string): Promise<AccessFacts> {
    const facts = accessFactsOf(await inSnapshot(this.database, (connection) => findAccessRows(connection, customer)));
    if (facts === null) throw notFound('customer', customer);
    return facts;
  }

  async #pastFacts(customer: string, at: Moment): Promise<{ facts: AccessFacts; asOf: AsOfAnswer }> {
    const streams = await this.past.streamsOfCustomer(customer, ['customer', 'subscription']);
    const entitled = rowsAt(entitlements, streams, at);
    const facts = accessFactsOf({
      customers: rowsAt(customers, streams, at).customers,
      subscriptions: rowsAt(subscriptions, streams, at).subscriptions.filter((row) => row['customer'] === customer),
      entitlements: entitled.entitlements,
      summaries: entitled.entitlement_summaries,
    });
    if (facts === null) throw notKnownThen('customer', customer);
    return { facts, asOf: asOfAnswer(streams, at) };
  }
}

function wantedOf({ product, entitlement }: Pick<z.output<typeof question>, 'product' | 'entitlement'>): Wanted {
  if (product !== undefined) return { kind: 'product', product };
  return entitlement === undefined ? { kind: 'anything' } : { kind: 'entitlement', entitlement };
}
