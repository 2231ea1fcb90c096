import { paymentStatus, type Part } from '../../../derivations/settling/received.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { timeOrNull } from '../values.js';
import { paymentMoney, refundsKnown, type PaymentRows } from './payment-money.js';

/**
 * What is known of some payments, and perhaps of others, from any streams in any order. `links` are those of the
 * payments and their invoices.
 */
export type PaymentFacts = Readonly<{
  members: readonly Row[];
  links: readonly Link[];
  refunds: readonly Row[];
  refundEvidence: readonly Row[];
  disputes: readonly Row[];
  movements: readonly Row[];
  /** Both kinds: with events of their own, and only listed on an invoice; see `invoicePaymentsKnown`. */
  invoicePayments: readonly Row[];
  invoices: readonly Row[];
}>;

/** A row of links. */
export type Link = Readonly<{ object: string; id: string; target_kind: string; target: string }>;

/**
 * Returns one payment with its attempts, refunds, disputes, invoices and their subscriptions. Pure, and independent of
 * the order of arrival. A payment intent and its charges (the attempts) are one payment, named by the intent; a charge
 * without an intent is a payment of its own. A payment without rows of its own is described by its invoice payments.
 */
export function paymentAnswer(payment: string, facts: PaymentFacts): Answer {
  const members = facts.members
    .filter((row) => row['payment'] === payment)
    .sort((a, b) => timeOf(a) - timeOf(b) || byId(a, b));
  const names = namesOf(payment, members, facts.links);
  const linked = linkedTo(names, facts.links);
  const of = (object: string, rows: readonly Row[]): Row[] =>
    rows.filter(({ id }) => linked.has(`${object} ${String(id)}`)).sort(byId);
  const intent = members.find(({ object }) => object === 'payment_intent');
  const charges = members.filter(({ object }) => object === 'charge');
  const invoicePayments = facts.invoicePayments
    .filter((tie) => [tie['payment_intent'], tie['charge'], tie['payment_record']].some((id) => names.has(String(id))))
    .sort(byId);
  const invoices = invoiceIdsOf(linked, invoicePayments);
  const refunds = refundsKnown(of('refund', facts.refunds), evidenceOf(facts, { names, invoices }));
  const disputes = of('dispute', facts.disputes);
  const ofDisputes = new Set(disputes.map(({ id }) => id));
  const movements = facts.movements.filter(({ dispute }) => ofDisputes.has(dispute)).sort(byId);
  const tiedMinor = paidByTies(invoicePayments, intent);
  return {
    id: payment,
    isOutOfBand: invoicePayments.some((tie) => tie['payment_record'] === payment),
    ...(members.length === 0
      ? summaryOfTied(invoicePayments, { tiedMinor, invoices: facts.invoices })
      : summaryOf({ intent, charges, tiedMinor })),
    ...paymentMoney({ intent, charges, refunds, disputes, movements, tiedMinor }),
    isDisputed: disputes.length > 0 || charges.some((charge) => charge['is_disputed'] === true),
    paymentIntent: intent === undefined ? null : answerOf(intent),
    charges: charges.map((charge) => ({ ...answerOf(charge), isDisputed: isDisputed(charge, disputes) })),
    refunds: withCreditNotes(refunds, facts.refundEvidence),
    disputes: disputes.map((dispute) => ({
      ...answerOf(dispute),
      movements: movements.filter((movement) => movement['dispute'] === dispute['id']).map(answerOf),
    })),
    invoices: invoices.map((id) => paidInvoice(id, invoicePayments, facts.invoices)),
  };
}

/** The ids of a payment's parts; a charge may be known only from its intent. */
function namesOf(payment: string, members: readonly Row[], links: readonly Link[]): ReadonlySet<string> {
  const attempts = links.filter(
    ({ object, id, target_kind: kind }) => object === 'payment_intent' && id === payment && kind === 'payment',
  );
  return new Set([payment, ...members.map(({ id }) => String(id)), ...attempts.map(({ target }) => target)]);
}

/** The objects that name one of these parts, and the invoices that the parts name, by kind and id. */
function linkedTo(names: ReadonlySet<string>, links: readonly Link[]): ReadonlySet<string> {
  const linked = links.flatMap(({ object, id, target_kind: kind, target }) => {
    if (kind === 'payment' && names.has(target)) return [`${object} ${id}`];
    return kind === 'invoice' && isPart(object) && names.has(id) ? [`invoice ${target}`] : [];
  });
  return new Set(linked);
}

const timeOf = ({ created_at: at }: Row): number => timeOrNull(at)?.getTime() ?? Number.NEGATIVE_INFINITY;
const byId = (a: Row, b: Row): number => (String(a['id']) < String(b['id']) ? -1 : 1);

/** What a payment paid according to invoice payments that are newer than the intent's last event. */
const paidByTies = (ties: readonly Row[], intent: Row | undefined): number =>
  ties
    .filter(
      ({ status, paid_at: at, stripe_event_created: eventAt }) =>
        status === 'paid' && (timeOrNull(at ?? eventAt) ?? 0) >= (timeOrNull(intent?.['stripe_event_created']) ?? 0),
    )
    .reduce((sum, tie) => sum + Number(tie['amount_paid_minor']), 0);

/** Whether a charge was made after the intent's last event, which therefore does not reflect it. */
const isAfter = (charge: Row, intent: Row | undefined): boolean =>
  intent !== undefined && timeOf(charge) > (timeOrNull(intent['stripe_event_created'])?.getTime() ?? 0);

/** Status and failure of a payment: until it succeeds, the latest failed attempt gives the reason. */
function summaryOf({ intent, charges, tiedMinor }: Pick<PaymentRows, 'intent' | 'charges' | 'tiedMinor'>): Answer {
  const latest = charges.at(-1);
  const newest = intent ?? latest;
  const status = paymentStatus(intent as Part | undefined, charges as unknown as readonly Part[], tiedMinor);
  const failed = [
    ...charges.filter((charge) => !isAfter(charge, intent)),
    intent,
    ...charges.filter((charge) => isAfter(charge, intent)),
  ].findLast((part) => (part?.['failure_code'] ?? null) !== null);
  const failure = status === 'succeeded' ? undefined : failed;
  const shown = [intent, latest].find((row) => (row?.['presentment_currency'] ?? null) !== null);
  return {
    status,
    customer: newest?.['customer'] ?? latest?.['customer'] ?? null,
    currency: newest?.['currency'],
    amountMinor: Number(newest?.['amount_minor']),
    presentment:
      shown === undefined
        ? null
        : { currency: shown['presentment_currency'], amountMinor: Number(shown['presentment_amount_minor']) },
    failureCode: failure?.['failure_code'] ?? null,
    declineCode: failure?.['decline_code'] ?? null,
    failureMessage: failure?.['failure_message'] ?? null,
    livemode: newest?.['livemode'],
    account: newest?.['account'],
  };
}

/** Status, customer and amounts of a payment known only from invoice payments, such as one outside Stripe. */
function summaryOfTied(
  ties: readonly Row[],
  { tiedMinor, invoices }: Readonly<{ tiedMinor: number; invoices: readonly Row[] }>,
): Answer {
  const [first] = ties;
  const requestedMinor = ties.reduce((sum, tie) => sum + Number(tie['amount_requested_minor']), 0);
  const unpaid = ties.every(({ status }) => status === 'canceled') ? 'canceled' : 'pending';
  return {
    status: ties.some(({ status }) => status === 'paid') ? 'succeeded' : unpaid,
    customer: invoices.find(({ id }) => ties.some(({ invoice }) => invoice === id))?.['customer'] ?? null,
    currency: first?.['currency'],
    amountMinor: Math.max(requestedMinor, tiedMinor),
    presentment: null,
    failureCode: null,
    declineCode: null,
    failureMessage: null,
    livemode: first?.['livemode'],
    account: first?.['account'],
  };
}

/** Whether a charge is disputed; its own flag may be older than the dispute. */
const isDisputed = (charge: Row, disputes: readonly Row[]): boolean =>
  charge['is_disputed'] === true || disputes.some((dispute) => dispute['charge'] === charge['id']);

/**
 * The evidence of this payment's refunds in charges and credit notes. A refund that only a credit note names counts if
 * the invoice has no other payment.
 */
function evidenceOf(
  { refunds, refundEvidence, links }: PaymentFacts,
  { names, invoices }: { names: ReadonlySet<string>; invoices: readonly string[] },
): Row[] {
  const own = new Set(refunds.map(({ id }) => id));
  const sole = invoices.filter((invoice) => partsOfInvoice(links, invoice).every((part) => names.has(part)));
  const listed = refundEvidence.filter(({ source }) => names.has(String(source)));
  const known = new Set(listed.map(({ refund }) => refund));
  const noted = refundEvidence.filter(
    ({ source_object: from, refund, invoice }) =>
      from === 'credit_note' && !own.has(refund) && !known.has(refund) && sole.includes(String(invoice)),
  );
  return [...listed, ...noted];
}

/** Adds to refunds the credit notes that name them. */
function withCreditNotes(refunds: readonly Row[], evidence: readonly Row[]): Answer[] {
  const notes = evidence.filter((row) => row['source_object'] === 'credit_note');
  return refunds.map((row) => ({
    ...answerOf(row),
    creditNotes: notes
      .filter(({ refund }) => refund === row['id'])
      .map(({ source }) => String(source))
      .sort(),
  }));
}

/** The invoices that the payment paid, or was meant to: linked in either direction, or through invoice payments. */
function invoiceIdsOf(linked: ReadonlySet<string>, invoicePayments: readonly Row[]): string[] {
  const named = [...linked].filter((name) => name.startsWith('invoice ')).map((name) => name.slice('invoice '.length));
  return [...new Set([...named, ...invoicePayments.map(({ invoice }) => String(invoice))])].sort();
}

function paidInvoice(id: string, invoicePayments: readonly Row[], invoices: readonly Row[]): Answer {
  const invoice = invoices.find((row) => row['id'] === id);
  return {
    id,
    number: invoice?.['number'] ?? null,
    status: invoice?.['status'] ?? null,
    subscription: invoice?.['subscription'] ?? null,
    invoicePayments: invoicePayments.filter((row) => row['invoice'] === id).map(answerOf),
  };
}

/** Returns the answers for payments and payment records by name, in this order; none for an unknown name. */
export function answersAbout(names: readonly string[], facts: PaymentFacts): Answer[] {
  const known = new Set(facts.members.map(({ payment }) => payment));
  const parts = new Set([...facts.members.map(({ id }) => String(id)), ...attemptsOf(facts)]);
  return names.flatMap((name) => {
    if (known.has(name)) return [paymentAnswer(name, facts)];
    const isTied = !parts.has(name) && facts.invoicePayments.some((row) => nameOfTie(row) === name);
    return isTied ? [paymentAnswer(name, facts)] : [];
  });
}

/** The charges that payment intents name. */
const attemptsOf = ({ links }: PaymentFacts): string[] =>
  links
    .filter(({ object, target_kind: kind }) => object === 'payment_intent' && kind === 'payment')
    .map(({ target }) => target);

/** The name that an invoice payment has for its payment. */
export const nameOfTie = (row: Row): unknown => row['payment_record'] ?? row['payment_intent'] ?? row['charge'];

/**
 * Returns the charges, payment intents and payment records linked to an invoice, in either direction or through invoice
 * payments; `links` are those of the invoice.
 */
export function partsOfInvoice(links: readonly Link[], invoice: string): string[] {
  const naming = links.filter((link) => link.target_kind === 'invoice' && link.target === invoice);
  const parts = naming.filter(({ object }) => isPart(object)).map(({ id }) => id);
  const paying = new Set(naming.filter(({ object }) => object === 'invoice_payment').map(({ id }) => id));
  const named = links.filter(
    ({ object, id, target_kind: kind }) =>
      kind === 'payment' &&
      ((object === 'invoice' && id === invoice) || (object === 'invoice_payment' && paying.has(id))),
  );
  return [...new Set([...parts, ...named.map(({ target }) => target)])];
}

/** Whether an object, by Stripe's name, is a part of a payment. */
const isPart = (object: string): boolean => object === 'charge' || object === 'payment_intent';

/** Returns each invoice payment once: from its own events, else as listed on its invoice. */
export function invoicePaymentsKnown(own: readonly Row[], evidence: readonly Row[]): Row[] {
  const known = new Set(own.map(({ id }) => id));
  return [...own, ...evidence.filter(({ id }) => !known.has(id))];
}
