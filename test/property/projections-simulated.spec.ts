import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { differences, expectedRow } from '../../load/expected-row.js';
import { projections } from '../../projections/index.js';
import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import { answerOf, type Answer } from '../../src/api/answer.js';
import { foldAll } from '../../src/catch-up/fold.js';
import { kindOf } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { factFrom } from '../support/facts.js';
import type { StripeObject } from '../support/stripe-simulator/json.js';
import { lives, type SimulatedLife } from '../support/stripe-simulator/simulator.js';

const life = fc.record({ seed: fc.nat(), subscriptions: fc.constant(1), apiVersion: fc.constant('mixed' as const) }).map((options) => [...lives(options)][0] as SimulatedLife);

/** The facts of each stream of a life, in true order. */
function factsByStream({ events }: SimulatedLife): Fact[][] {
  const readable = events.filter(({ stripeEvent }) => kindOf(asStripeEvent(stripeEvent)) !== 'other');
  return [...new Set(readable.map(({ stream }) => stream))].map((stream) => readable.filter((event) => event.stream === stream).map(({ stripeEvent }) => factFrom(stripeEvent)));
}

const rowsAfter = (projection: AnyProjection, facts: readonly Fact[]) => projection.rows(foldAll(projection, facts.filter(({ snapshot }) => handles(projection, snapshot.kind))).current);

/** The rows of the table named like a projection, over all streams of a life, as the API answers them. */
const answersAfter = (name: string, one: SimulatedLife): Answer[] => {
  const projection = projections.find((candidate) => candidate.name === name) as AnyProjection;
  return factsByStream(one).flatMap((facts) => rowsAfter(projection, facts)[name] ?? []).map(answerOf);
};

/** The last that the simulator tells of each object of a kind: what it has in its books. */
const lastObjects = ({ events }: SimulatedLife, object: string): StripeObject[] =>
  [...new Map(events.map(({ stripeEvent }) => stripeEvent.data.object).filter((told) => told.object === object).map((told) => [told.id, told])).values()];

const time = (seconds: unknown): string | null => (typeof seconds === 'number' ? new Date(seconds * 1000).toISOString() : null);

/** Reads an invoice's row off Stripe's object, independently of the service's own reading. */
function expectedInvoice(told: StripeObject): Readonly<Record<string, unknown>> {
  const invoice = told as unknown as Record<string, number | string | null> & { status_transitions: Record<string, number | null>; lines: { data: { id: string; amount: number }[] }; parent?: { subscription_details: { subscription: string } } };
  return {
    id: invoice.id, number: invoice['number'], status: invoice['status'], customer: invoice['customer'], subscription: invoice.parent?.subscription_details.subscription ?? invoice['subscription'], currency: invoice['currency'],
    subtotalMinor: invoice['subtotal'], totalMinor: invoice['total'], amountDueMinor: invoice['amount_due'], amountPaidMinor: invoice['amount_paid'], amountRemainingMinor: invoice['amount_remaining'],
    startingBalanceMinor: invoice['starting_balance'], endingBalanceMinor: invoice['ending_balance'], billingReason: invoice['billing_reason'], attemptCount: invoice['attempt_count'],
    nextPaymentAttempt: time(invoice['next_payment_attempt']), periodStart: time(invoice['period_start']), periodEnd: time(invoice['period_end']),
    finalizedAt: time(invoice.status_transitions['finalized_at']), paidAt: time(invoice.status_transitions['paid_at']), voidedAt: time(invoice.status_transitions['voided_at']), markedUncollectibleAt: time(invoice.status_transitions['marked_uncollectible_at']),
    lines: invoice.lines.data.map(({ id, amount }) => ({ id, amountMinor: amount })).sort((a, b) => (a.id < b.id ? -1 : 1)), isDeleted: false,
  };
}

/** What the rows of a projection must say of the simulator's objects, by their kinds. */
const books: Readonly<Record<string, { objects: readonly string[]; expected: (told: StripeObject) => Readonly<Record<string, unknown>> }>> = {
  invoices: { objects: ['invoice'], expected: expectedInvoice },
  payments: { objects: ['charge', 'payment_intent'], expected: (told) => ({ id: told.id, object: told.object, status: told['status'], customer: told['customer'], amountMinor: told['amount'], amountRefundedMinor: told['amount_refunded'] ?? null, payment: told['payment_intent'] ?? told.id }) },
  refunds: { objects: ['refund'], expected: (told) => ({ id: told.id, status: told['status'], amountMinor: told['amount'], charge: told['charge'], failureReason: told['failure_reason'] ?? null }) },
  disputes: { objects: ['dispute'], expected: (told) => ({ id: told.id, status: told['status'], amountMinor: told['amount'], charge: told['charge'], reason: told['reason'] }) },
  invoice_payments: { objects: ['invoice_payment'], expected: (told) => ({ id: told.id, invoice: told['invoice'], status: told['status'], amountPaidMinor: told['amount_paid'] ?? 0 }) },
  customers: { objects: ['customer'], expected: (told) => ({ id: told.id, email: told['email'], name: told['name'], balanceMinor: told['balance'], isDelinquent: told['delinquent'], isDeleted: false }) },
};

describe('the read models of a simulated life', () => {
  it('are the same for every order of arrival, in every projection', () => {
    fc.assert(fc.property(life.chain((one) => fc.tuple(...factsByStream(one).map((facts) => fc.tuple(fc.constant(facts), fc.shuffledSubarray(facts, { minLength: facts.length }))))), (streams) => {
      for (const [facts, arrived] of streams) for (const projection of projections) expect(rowsAfter(projection, arrived)).toEqual(rowsAfter(projection, facts));
    }));
  });

  it('end with the subscription that the simulator has in its books', () => {
    fc.assert(fc.property(life, (one) => {
      const answers = answersAfter('subscriptions', one);
      expect(answers).toHaveLength(1);
      expect(differences(expectedRow(one.stripeSubscription), answers[0])).toEqual([]);
    }));
  });

  it('tell a churn risk of exactly the subscriptions that end past due, with what their failed invoices still ask for', () => {
    fc.assert(fc.property(life, (one) => {
      const { id, status } = one.stripeSubscription as unknown as { id: string; status: string };
      const owed = (lastObjects(one, 'invoice') as unknown as { status: string; attempt_count: number; amount_remaining: number }[]).filter((invoice) => invoice.status === 'open' && invoice.attempt_count > 0);
      const expected = ['past_due', 'unpaid'].includes(status) ? [{ id, status, amountMinor: owed.reduce((sum, invoice) => sum + invoice.amount_remaining, 0), overdueInvoices: owed.length }] : [];
      expect(answersAfter('churn_risk', one)).toEqual(expected.map((risk) => expect.objectContaining(risk)));
    }));
  });

  it.each(Object.entries(books))('have all that the simulator has in its books of %s, as it stands there', (name, { objects, expected }) => {
    fc.assert(fc.property(life, (one) => {
      const answers = answersAfter(name, one);
      const told = objects.flatMap((object) => lastObjects(one, object));
      expect(answers.map(({ id }) => id).sort()).toEqual(told.map(({ id }) => id).sort());
      for (const object of told) expect(differences(expected(object), answers.find(({ id }) => id === object.id))).toEqual([]);
    }));
  });

  it('tie every charge to its payment intent, and every invoice payment to its invoice', () => {
    fc.assert(fc.property(life, (one) => {
      const linked = new Set(answersAfter('links', one).map(({ object, id, targetKind, target }) => `${String(object)} ${String(id)} ${String(targetKind)} ${String(target)}`));
      const unlinked = lastObjects(one, 'charge').filter((charge) => charge['payment_intent'] !== null && !linked.has(`charge ${charge.id} payment ${String(charge['payment_intent'])}`));
      expect(unlinked.map(({ id }) => id)).toEqual([]);
      const paid = lastObjects(one, 'invoice_payment').filter((payment) => !linked.has(`invoice_payment ${payment.id} invoice ${String(payment['invoice'])}`));
      expect(paid.map(({ id }) => id)).toEqual([]);
    }));
  });
});
