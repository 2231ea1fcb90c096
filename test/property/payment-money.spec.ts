import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { disputes } from '../../projections/disputes.js';
import { invoicePayments } from '../../projections/invoice-payments.js';
import { invoices } from '../../projections/invoices.js';
import { links } from '../../projections/links.js';
import { payments } from '../../projections/payments.js';
import { refunds } from '../../projections/refunds.js';
import { answersAbout, type Link } from '../../src/api/payments/payment-answer.js';
import { rowsAfter } from '../support/facts.js';
import {
  BASIL,
  charge,
  creditNote,
  dispute,
  invoicePayment,
  paymentIntent,
  refund,
  stripeEvent,
} from '../support/stripe-objects.js';
import { START } from '../support/subscription-events.js';

type Event = ReturnType<typeof stripeEvent>;

/** The possible status sequences of a refund. */
const WAYS = [
  ['succeeded'],
  ['pending'],
  ['requires_action'],
  ['pending', 'succeeded'],
  ['pending', 'failed'],
  ['succeeded', 'failed'],
  ['requires_action', 'canceled'],
] as const;
/** The possible status sequences of a dispute. Its last status determines the money it has withdrawn. */
const DISPUTES = {
  none: [],
  'an inquiry that is closed': ['warning_needs_response', 'warning_closed'],
  open: ['needs_response'],
  lost: ['needs_response', 'under_review', 'lost'],
  won: ['needs_response', 'won'],
} as const;

const AUTHORISED = 2_000;
const refundMade = fc.record({
  amount: fc.integer({ min: 1, max: 300 }),
  way: fc.constantFrom(...WAYS),
  /** Which of its earlier events came besides the last one, as bits; null: none came, not even the last. */
  came: fc.option(fc.nat(7)),
  isNoted: fc.boolean(),
});
const story = fc.record({
  captured: fc.constantFrom(AUTHORISED, 1_700),
  refunds: fc.array(refundMade, { maxLength: 4 }),
  disputed: fc.constantFrom(...(Object.keys(DISPUTES) as (keyof typeof DISPUTES)[])),
  cameOfDispute: fc.nat(7),
  cameOfCharge: fc.nat(31),
  hasIntent: fc.boolean(),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

const lastOf = <T>(list: readonly T[]): T => list.at(-1) as T;

/**
 * The events of a story that came: at least the last of each object, except for refunds that only the charge reports.
 */
function told({ captured, refunds: made, disputed, cameOfDispute, cameOfCharge, hasIntent }: Story): Event[] {
  const of = { charge: 'ch_1', payment_intent: 'pi_1' };
  const shown = (after: number, refunded: number) =>
    stripeEvent(
      'charge.refunded',
      charge('ch_1', BASIL, {
        payment_intent: 'pi_1',
        amount: AUTHORISED,
        amount_captured: captured,
        // Stripe's total includes what was not captured, and what fails later.
        amount_refunded: AUTHORISED - captured + refunded,
      }),
      { after },
    );
  let counted = 0;
  const ofCharge = [shown(0, 0)];
  const others: Event[] = [];
  for (const [n, { amount, way, came, isNoted }] of made.entries()) {
    const [id, at] = [`re_${n}`, 100 * (n + 1)];
    counted += amount;
    ofCharge.push(shown(at, counted));
    const own = way.map((status, step) =>
      stripeEvent(
        step === 0 ? 'refund.created' : 'refund.updated',
        refund(id, { ...of, amount, status, created: START + at }),
        {
          after: at + step * 1_000,
        },
      ),
    );
    if (!isSilent({ way, came }))
      others.push(...own.filter((event, step) => event === lastOf(own) || (Number(came) >> step) % 2 === 1));
    if (isNoted)
      others.push(
        stripeEvent(
          'credit_note.created',
          creditNote(`cn_${n}`, { amount, refunds: [{ refund: id, amount_refunded: amount }] }),
          { after: at },
        ),
      );
  }
  const statuses = DISPUTES[disputed];
  for (const [step, status] of statuses.entries())
    if (status === lastOf(statuses) || (cameOfDispute >> step) % 2 === 1)
      others.push(
        stripeEvent('charge.dispute.updated', dispute('dp_1', { ...of, amount: captured, status }), {
          after: 5_000 + step,
        }),
      );
  // The charge's last event always comes, since it is the only report of some refunds.
  others.push(...ofCharge.filter((event, at) => event === lastOf(ofCharge) || (cameOfCharge >> at) % 2 === 1));
  others.push(
    stripeEvent(
      'invoice_payment.paid',
      invoicePayment('inpay_1', {
        invoice: 'in_1',
        status: 'paid',
        payment: { type: 'payment_intent', payment_intent: 'pi_1' },
      }),
    ),
  );
  if (hasIntent)
    others.push(
      stripeEvent(
        'payment_intent.succeeded',
        paymentIntent('pi_1', BASIL, {
          status: 'succeeded',
          amount: AUTHORISED,
          amount_received: captured,
          latest_charge: 'ch_1',
        }),
      ),
    );
  return others;
}

/** Only a successful refund may be known from its charge alone, since the charge does not report failures. */
const isSilent = ({ way, came }: Pick<Story['refunds'][number], 'way' | 'came'>): boolean =>
  came === null && way.length === 1 && way[0] === 'succeeded';

function answerAfter(events: readonly Event[]) {
  const [answer] = answersAbout(['pi_1'], {
    members: rowsAfter(payments, events),
    links: rowsAfter(links, events) as unknown as readonly Link[],
    refunds: rowsAfter(refunds, events),
    refundEvidence: rowsAfter(refunds, events, 'refund_evidence'),
    disputes: rowsAfter(disputes, events),
    movements: rowsAfter(disputes, events, 'dispute_movements'),
    invoicePayments: rowsAfter(invoicePayments, events, 'invoice_payments'),
    invoices: rowsAfter(invoices, events),
  });
  return answer;
}

describe('what became of a payment’s money', () => {
  it('follows from the last events of refunds and disputes, whichever other events came, in any order', () => {
    fc.assert(
      fc.property(
        story.chain((one) =>
          fc.tuple(fc.constant(one), fc.shuffledSubarray(told(one), { minLength: told(one).length })),
        ),
        ([{ captured, refunds: made, disputed }, events]) => {
          const sumOf = (...statuses: string[]) =>
            made.reduce((sum, { amount, way }) => sum + (statuses.includes(lastOf(way)) ? amount : 0), 0);
          const taken = disputed === 'open' || disputed === 'lost' ? captured : 0;
          expect(answerAfter(events)).toMatchObject({
            amountReceivedMinor: captured,
            amountRefundedMinor: sumOf('succeeded'),
            amountRefundPendingMinor: sumOf('pending', 'requires_action'),
            amountDisputedMinor: taken,
            amountNetMinor: captured - sumOf('succeeded') - taken,
            isDisputed: disputed !== 'none',
          });
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
