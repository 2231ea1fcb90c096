import { answerOf, type Answer, type Row } from '../answer.js';

/**
 * All that is known of some payments, from whichever streams, in any order, and perhaps of others too. `links` ties objects to the
 * charges and intents (`member`) they name, or are named by.
 */
export type PaymentFacts = Readonly<{
  members: readonly Row[];
  links: readonly { readonly object: string; readonly id: string; readonly member: string }[];
  refunds: readonly Row[];
  refundEvidence: readonly Row[];
  disputes: readonly Row[];
  movements: readonly Row[];
  invoicePayments: readonly Row[];
  invoices: readonly Row[];
}>;

/**
 * One payment with its attempts, refunds, disputes, invoices and their subscriptions; a pure function of what is known, whichever came
 * first. A payment intent and the charges that are its attempts are one payment, named by the intent; a charge without an
 * intent is one by itself. `members` must have at least one row of this payment.
 */
export function paymentAnswer(payment: string, facts: PaymentFacts): Answer {
  const members = facts.members
    .filter((row) => row['payment'] === payment)
    .sort((a, b) => timeOf(a) - timeOf(b) || byId(a, b));
  const names = new Set([payment, ...members.map(({ id }) => String(id))]);
  const linked = new Set(
    facts.links.filter(({ member }) => names.has(member)).map(({ object, id }) => `${object} ${id}`),
  );
  const of = (object: string, rows: readonly Row[]): Row[] =>
    rows.filter(({ id }) => linked.has(`${object} ${String(id)}`)).sort(byId);
  const intent = members.find(({ object }) => object === 'payment_intent');
  const charges = members.filter(({ object }) => object === 'charge');
  return {
    id: payment,
    ...summaryOf(intent, charges),
    paymentIntent: intent === undefined ? null : answerOf(intent),
    charges: charges.map(answerOf),
    refunds: refundsOf(of('refund', facts.refunds), facts.refundEvidence, names),
    disputes: of('dispute', facts.disputes).map((dispute) => ({
      ...answerOf(dispute),
      movements: facts.movements
        .filter((movement) => movement['dispute'] === dispute['id'])
        .sort(byId)
        .map(answerOf),
    })),
    invoices: invoicesOf(of('invoice_payment', facts.invoicePayments), facts, linked),
  };
}

/** A row of the past has times as texts, one of Postgres as dates. */
const timeOf = ({ created_at: at }: Row): number =>
  at === null ? Number.NEGATIVE_INFINITY : new Date(at as Date | string).getTime();
const byId = (a: Row, b: Row): number => (String(a['id']) < String(b['id']) ? -1 : 1);

/**
 * A payment has succeeded when its intent says so, or one of its charges has received money; else the intent tells how far it
 * is, or the latest attempt. Money received counts once, whoever tells of it. (`statusIs` of the queries is the same rule of the status, for lists.)
 */
function summaryOf(intent: Row | undefined, charges: readonly Row[]): Answer {
  const sum = (field: string): number => charges.reduce((total, charge) => total + Number(charge[field]), 0);
  const latest = charges.at(-1);
  const newest = intent ?? latest;
  const receivedMinor = sum('amount_received_minor');
  const isOver = intent?.['status'] === 'succeeded' || intent?.['status'] === 'canceled';
  return {
    status: receivedMinor > 0 && !isOver ? 'succeeded' : newest?.['status'],
    customer: newest?.['customer'] ?? latest?.['customer'] ?? null,
    currency: newest?.['currency'],
    amountMinor: Number(newest?.['amount_minor']),
    amountReceivedMinor: Math.max(receivedMinor, Number(intent?.['amount_received_minor'] ?? 0)),
    /** As the charges have it, since refunds may be older than their own events; null when no charge is known. */
    amountRefundedMinor: charges.length === 0 ? null : sum('amount_refunded_minor'),
    livemode: newest?.['livemode'],
    account: newest?.['account'],
  };
}

/** Each refund once: from its own events, else from a charge that lists it. Credit notes are named where they tell of it. */
function refundsOf(refunds: readonly Row[], evidence: readonly Row[], names: ReadonlySet<string>): Answer[] {
  const known = new Set(refunds.map(({ id }) => id));
  const listed = evidence
    .filter(({ refund, source }) => names.has(String(source)) && !known.has(refund))
    .map(({ refund, source: _, source_object: __, invoice: ___, ...row }) => ({ id: refund, ...row }))
    .sort(byId);
  const notes = evidence.filter((row) => row['source_object'] === 'credit_note');
  return [...refunds, ...listed].map((row) => ({
    ...answerOf(row),
    creditNotes: notes
      .filter(({ refund }) => refund === row.id)
      .map(({ source }) => String(source))
      .sort(),
  }));
}

/** The invoices that it paid, or was meant to pay: those it names or is named by, and those that invoice payments tie it to. */
function invoicesOf(
  invoicePayments: readonly Row[],
  { invoices }: PaymentFacts,
  linked: ReadonlySet<string>,
): Answer[] {
  const named = [...linked].filter((name) => name.startsWith('invoice ')).map((name) => name.slice('invoice '.length));
  const ids = [...new Set([...named, ...invoicePayments.map(({ invoice }) => String(invoice))])].sort();
  return ids.map((id) => {
    const invoice = invoices.find((row) => row['id'] === id);
    return {
      id,
      number: invoice?.['number'] ?? null,
      status: invoice?.['status'] ?? null,
      subscription: invoice?.['subscription'] ?? null,
      invoicePayments: invoicePayments.filter((row) => row['invoice'] === id).map(answerOf),
    };
  });
}
