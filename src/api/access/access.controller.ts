import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import type { Wanted } from '../../access/answer.js';
import type { AccessPolicy } from '../../access/policy.js';
import type { Queryable } from '../../read-models/database.js';
import { REFERENCE_KEY } from '../reference.js';
import { accessFactsOf, customersWithEmail, customersWithReference, findAccessRows } from './access-facts.js';
import { answerAccess, type AnsweredAccess } from './access-question.js';
import { AnswersJson } from '../answer.js';
import { freshnessOf, moment, momentOf } from '../past/as-of.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { notFound } from '../not-found.js';
import { PastThreads } from '../past/past-threads.js';
import { freshness, pathId, text } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

export const ACCESS_POLICY = Symbol('AccessPolicy');

const wanted = { ...freshness, ...moment, product: text, entitlement: text };
type Asked = Readonly<{ product?: string | undefined; entitlement?: string | undefined }>;
const isOneThing = ({ product, entitlement }: Asked): boolean => product === undefined || entitlement === undefined;
const ONE_THING = { path: ['entitlement'], message: 'give a product or an entitlement, not both' };

const question = z.strictObject(wanted).refine(isOneThing, ONE_THING);
const questionOfSomebody = z
  .strictObject({ ...wanted, customer: text, email: text, reference: text })
  .refine(isOneThing, ONE_THING)
  .refine(
    ({ customer, email, reference }) => [customer, email, reference].filter((one) => one !== undefined).length === 1,
    {
      path: ['customer'],
      message: 'name the customer by customer, reference or email',
    },
  );

/** Finds the customers of a question: one, or all that share an e-mail address or reference. */
type Whose = (connection: Queryable) => Promise<readonly string[]>;

/** Answers whether a customer has access now, until when, and why. */
@Controller()
@NeedsScope('access')
export class AccessController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly past: PastThreads,
    @Inject(ACCESS_POLICY) private readonly policy: AccessPolicy,
    @Inject(REFERENCE_KEY) private readonly referenceKey: string | null,
  ) {}

  /** For code that decides: every answer is 200, and access is denied to unknown customers. */
  @Get('access')
  @AnswersJson()
  async access(
    @Query({ schema: questionOfSomebody }) asked: z.output<typeof questionOfSomebody>,
    @AskedBy() asker: Asker,
  ): Promise<AnsweredAccess | Buffer> {
    const { customer, email, reference } = asked;
    const whose: Whose = (connection) => {
      if (email !== undefined) return customersWithEmail(connection, email);
      if (reference !== undefined) return customersWithReference(connection, this.referenceKey, reference);
      return Promise.resolve([String(customer)]);
    };
    return this.#answer({ ...asked, whose, customer: null }, asker);
  }

  /** The same for one customer. @throws ProblemError 404 when nothing is known of it */
  @Get('customers/:id/access')
  @AnswersJson()
  async ofCustomer(
    @Param('id', { schema: pathId }) customer: string,
    @Query({ schema: question }) asked: z.output<typeof question>,
    @AskedBy() asker: Asker,
  ): Promise<AnsweredAccess | Buffer> {
    return this.#answer({ ...asked, whose: () => Promise.resolve([customer]), customer }, asker);
  }

  /** For a past moment, answers as of `trueAt`, else as of the time `knownAt`, from what was true and known then. */
  async #answer(
    { whose, customer, ...asked }: z.output<typeof question> & { whose: Whose; customer: string | null },
    asker: Asker,
  ): Promise<AnsweredAccess | Buffer> {
    await this.position.satisfy(freshnessOf(asked), asker);
    const time = asked.trueAt ?? (asked.knownAt instanceof Date ? asked.knownAt : null);
    const question = { wanted: wantedOf(asked), policy: this.policy, time, customer };
    const at = momentOf(asked);
    const reads = this.reads.by(asker);
    if (at !== null) {
      const customers = await reads.snapshot(whose);
      return this.past.ask({ kind: 'access', at, ...question, customers }, asker);
    }
    const answer = await reads.snapshot(async (connection) => {
      const customers = await whose(connection);
      const facts = accessFactsOf(customers, await findAccessRows(connection, customers, question));
      return answerAccess({ ...question, customers }, facts);
    });
    if (answer === null) throw notFound('customer', String(customer));
    return answer;
  }
}

function wantedOf({ product, entitlement }: Asked): Wanted {
  if (product !== undefined) return { kind: 'product', product };
  return entitlement === undefined ? { kind: 'anything' } : { kind: 'entitlement', entitlement };
}
