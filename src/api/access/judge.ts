import { accessAnswer, type AccessAnswer } from '../../access/answer.js';
import { nextChangeAt } from '../../access/next-change.js';
import type { AccessPolicy } from '../../access/policy.js';
import type { Queryable } from '../../read-models/database.js';
import { referring } from '../reference.js';
import { accessFactsOf, findAccessRows } from './access-facts.js';

/** A customer's access at a time, as `GET /v1/access` answers it, and when it changes next without an event. */
export type Judgement = Readonly<{ answer: AccessAnswer; reference: string | null; nextAt: Date | null }>;

type Options = Readonly<{ policy: AccessPolicy; referenceKey: string | null }>;

/** Judges customers by the live rows. @throws ProblemError when one of them has more rows than an answer may read */
export const judgeBy =
  ({ policy, referenceKey }: Options) =>
  async (connection: Queryable, customers: readonly string[], at: Date): Promise<ReadonlyMap<string, Judgement>> => {
    const question = { wanted: { kind: 'anything' }, time: null } as const;
    const rows = await findAccessRows(connection, customers, question);
    return new Map(
      customers.map((customer) => {
        const facts = accessFactsOf([customer], rows);
        const answer = accessAnswer(question.wanted, facts, { policy, at });
        const row = rows.customers.find(({ id }) => id === customer);
        const { reference } = referring(referenceKey, row ?? {}) as { reference: unknown };
        const nextAt = nextChangeAt(answer, facts, at);
        return [customer, { answer, reference: typeof reference === 'string' ? reference : null, nextAt }];
      }),
    );
  };
