import { creditNote, DAHLIA, OLD, stripeEvent } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const line = {
  id: 'cnli_1',
  object: 'credit_note_line_item',
  invoice_line_item: 'il_1',
  amount: 500,
  discount_amount: 50,
};

export const creditNotesScenarios: readonly Scenario[] = [OLD, DAHLIA].flatMap((apiVersion) => [
  {
    title: `has the credit note of ${apiVersion}`,
    given: [],
    when: stripeEvent('credit_note.created', creditNote('cn_1', { refund: 're_1' }), { apiVersion }),
    then: {
      credit_notes: [
        {
          id: 'cn_1',
          invoice: 'in_1',
          customer: 'cus_1',
          status: 'issued',
          amount_minor: 500,
          created_at: '2026-01-01T00:00:00.000Z',
        },
      ],
    },
  },
  {
    title: `takes back of a line what is left after its discount, at ${apiVersion}`,
    given: [],
    when: stripeEvent('credit_note.created', creditNote('cn_1', { lines: { data: [line] } }), { apiVersion }),
    then: {
      credit_note_lines: [{ credit_note: 'cn_1', id: 'cnli_1', invoice_line: 'il_1', gross_minor: 450, tax_minor: 0 }],
    },
  },
  {
    title: `does not bring back a credit note that was voided, at ${apiVersion}`,
    given: [stripeEvent('credit_note.voided', creditNote('cn_1', { status: 'void' }), { apiVersion })],
    when: stripeEvent('credit_note.updated', creditNote('cn_1'), { apiVersion, after: 9 }),
    then: 'unchanged' as const,
  },
]);
