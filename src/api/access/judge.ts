import { accessAnswer, type AccessAnswer } from '../../access/answer.js';
import { nextChangeAt } from '../../access/next-change.js';
import type { AccessPolicy } from '../../access/policy.js';
import { ProblemError } from '../../http/problem.js';
import type { Queryable } from '../../read-models/database.js';
import { referring } from '../reference.js';
import { accessFactsOf, findAccessRows } from './access-facts.js';

/** What holds for a customer at a time, the same as `GET /v1/access` answers, and when that next changes by itself. */
export type Judgement = Readonly<{ answer: AccessAnswer; reference: string | null; nextAt: Date | null }>;

type Options = Readonly<{ policy: AccessPolicy; referenceKey: string | null }>;

/** Judges customers by the live rows. One that has more rows than an answer takes is left out. */
export const judgeBy =
  ({ policy, referenceKey }: Options) =>
  async (connection: Queryable, customers: readonly string[], at: Date): Promise<ReadonlyMap<string, Judgement>> => {
    const question = { wanted: { kind: 'anything' }, time: null } as const;
    const judge = async (ids: readonly string[]): Promise<[string, Judgement][]> => {
      const rows = await findAccessRows(connection, ids, question);
      return ids.map((customer) => {
        const facts = accessFactsOf([customer], rows);
        const answer = accessAnswer(question.wanted, facts, { policy, at });
        const row = rows.customers.find(({ id }) => id === customer);
        const { reference } = referring(referenceKey, row ?? {}) as { reference: unknown };
        return [
          customer,
          {
            answer,
            reference: typeof reference === 'string' ? reference : null,
            nextAt: nextChangeAt(answer, facts, at),
          },
        ];
      });
    };
    const judged: [string, Judgement][] = [];
    try {
      judged.push(...(await judge(customers)));
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      for (const customer of customers)
        judged.push(
          ...(await judge([customer]).catch((one: unknown) => {
            if (!isTooLarge(one)) throw one;
            return [];
          })),
        );
    }
    return new Map(judged);
  };

const isTooLarge = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code === 'customer_too_large';
