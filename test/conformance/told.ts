import type { Look } from '../../src/reconcile/look.js';
import {
  BASIL,
  charge,
  creditNote,
  invoicePayment,
  isBasilOrLater,
  refund,
  stripeEvent,
} from '../support/stripe-objects.js';
import { randomId, START, subscriptionObject } from '../support/subscription-events.js';

/** Unix seconds of `2026-01-15` or `2026-01-15 12:00` in UTC. */
export const second = (time: string): number =>
  Date.parse(`${time.replace(' ', 'T')}${time.includes(' ') ? ':00' : 'T00:00:00'}Z`) / 1000;

/** An event for the webhook, or an object as Stripe's API returned it. */
export type Sent =
  Readonly<{ kind: 'event'; body: ReturnType<typeof stripeEvent> }> | Readonly<{ kind: 'look'; look: Look }>;

export type LineTold = Readonly<{
  id?: string;
  amount: number;
  from?: string;
  to?: string;
  tax?: number;
  inclusive?: number;
  /** The invoice item that was booked before. */
  item?: string;
  /** Additional fields of the line. */
  fields?: Readonly<Record<string, unknown>>;
}>;

type Movement = Readonly<{ id: string; at: string; amount: number; fee?: number; currency?: string }>;
type Fields = Readonly<Record<string, unknown>>;
type Version = Readonly<{ version?: string }>;
type InvoiceState = Record<string, unknown> & {
  id: string;
  object: string;
  status: string;
  amount_paid: number;
  amount_remaining: number;
};

/**
 * The Stripe events of one example in Stripe's order, in a separate account. `id` turns names such as `in_1` into
 * unique ids, and `named` reverses that.
 */
export class Told {
  readonly whose = { account: randomId('acct'), livemode: true };
  readonly sent: Sent[] = [];
  readonly #suffix = `x${this.whose.account.slice('acct_'.length)}`;
  readonly #invoices = new Map<string, InvoiceState>();

  id(name: string): string {
    return `${name}${this.#suffix}`;
  }

  /** The text with ids replaced by their names. */
  named(text: string): string {
    return text.replaceAll(this.#suffix, '');
  }

  event(
    type: string,
    object: Parameters<typeof stripeEvent>[1],
    at: string,
    { previous, version = BASIL, id }: Version & Readonly<{ previous?: object; id?: string }> = {},
  ): this {
    const body = stripeEvent(type, object, {
      ...{ ...this.whose, after: second(at) - START, apiVersion: version },
      ...(previous === undefined ? {} : { previous }),
      ...(id === undefined ? {} : { id }),
    });
    this.sent.push({ kind: 'event', body });
    return this;
  }

  /** Adds an object as Stripe's API returned it, without an event. */
  observed(object: Fields & { id: string; object: string }): this {
    const asked = Math.floor(Date.now() / 1000);
    const times = { asked, answered: asked, stands: asked - 10, requestId: null, isByClock: false };
    this.sent.push({
      kind: 'look',
      look: {
        ...{ ...this.whose, ...times, source: 'observation', name: object.object, id: object.id, apiVersion: BASIL },
        object: object as Look['object'],
        bytes: Buffer.from(JSON.stringify(object)),
      },
    });
    return this;
  }

  /** Adds a balance transaction as the API returns it. */
  transaction(
    id: string,
    category: string,
    at: string,
    {
      amount,
      fee = 0,
      source,
      currency = 'usd',
    }: Readonly<Record<'amount', number> & { fee?: number; source?: string; currency?: string }>,
  ): this {
    return this.observed({
      ...{ id: this.id(id), object: 'balance_transaction', type: category, reporting_category: category },
      ...{ amount, fee, net: amount - fee, currency, exchange_rate: null, status: 'available' },
      ...{ source: source === undefined ? null : this.id(source), created: second(at), available_on: second(at) },
      fee_details: fee === 0 ? [] : [{ type: 'stripe_fee', amount: fee, currency, application: null }],
    });
  }

  finalized(
    at: string,
    lines: readonly LineTold[],
    {
      inv = 'in_1',
      balance: [starting, ending] = [0, 0],
      version = BASIL,
      hasMore = false,
      ...fields
    }: Readonly<{ inv?: string; balance?: readonly [number, number]; hasMore?: boolean }> & Version & Fields = {},
  ): this {
    const state = this.#invoice(at, lines, { inv, starting, ending, version, hasMore });
    this.#invoices.set(inv, { ...state, ...fields });
    return this.#invoiceSays('invoice.finalized', at, { inv, version });
  }

  /** Changes fields of an invoice and sends the event. */
  changed(
    type: string,
    at: string,
    fields: Fields,
    { inv = 'in_1', version = BASIL }: Readonly<{ inv?: string }> & Version = {},
  ): this {
    const state = this.#stateOf(inv);
    const previous = Object.fromEntries(Object.keys(fields).map((name) => [name, state[name]]));
    Object.assign(state, fields);
    return this.#invoiceSays(type, at, { inv, version, previous });
  }

  voided(at: string): this {
    return this.changed('invoice.voided', at, { status: 'void', ...this.#reached('voided_at', at) });
  }

  uncollectible(at: string): this {
    const reached = this.#reached('marked_uncollectible_at', at);
    return this.changed('invoice.marked_uncollectible', at, { status: 'uncollectible', ...reached });
  }

  charged(
    at: string,
    amount: number,
    { ch = 'ch_1', version = BASIL, ...fields }: { ch?: string } & Version & Fields = {},
  ): this {
    const object = charge(this.id(ch), version, {
      ...{ amount, amount_captured: amount, currency: 'usd', customer: this.id('cus_1'), created: second(at) },
      ...{ balance_transaction: null, ...fields },
    });
    return this.event('charge.succeeded', object, at, { version });
  }

  /** Applies a payment to an invoice and sends the event. */
  applied(
    at: string,
    amount: number,
    { ch = 'ch_1', inpay = 'inpay_1', inv = 'in_1' }: Readonly<{ ch?: string; inpay?: string; inv?: string }> = {},
  ): this {
    this.event('invoice_payment.paid', this.#tie(inpay, { at, amount, ch, inv }), at);
    const state = this.#stateOf(inv);
    const remaining = Math.max(0, state.amount_remaining - amount);
    const over = Math.max(0, amount - state.amount_remaining);
    const amounts = { amount_paid: state.amount_paid + amount - over, amount_remaining: remaining };
    if (remaining > 0) return this.changed('invoice.updated', at, amounts, { inv });
    const all = {
      ...amounts,
      ...(over === 0 ? {} : { amount_overpaid: over }),
      status: 'paid',
      ...this.#reached('paid_at', at, inv),
    };
    return this.changed('invoice.paid', at, all, { inv });
  }

  paid(at: string, amount: number, names: Readonly<{ ch?: string; inpay?: string; inv?: string }> = {}): this {
    return this.charged(at, amount, names.ch === undefined ? {} : { ch: names.ch }).applied(at, amount, names);
  }

  /** Detaches a payment from an invoice, which is open again. */
  detached(
    at: string,
    amount: number,
    {
      ch = 'ch_1',
      inpay = 'inpay_1',
      inv = 'in_1',
      paidAt = at,
    }: Readonly<Record<'paidAt', string> & { ch?: string; inpay?: string; inv?: string }>,
  ): this {
    const tie = { ...this.#tie(inpay, { at: paidAt, amount, ch, inv }), status: 'canceled' };
    this.event('invoice_payment.detached', tie, at);
    const { amount_paid: paid, amount_remaining: remaining } = this.#stateOf(inv);
    const amounts = { amount_paid: paid - amount, amount_remaining: remaining + amount };
    return this.changed('invoice.updated', at, { ...amounts, status: 'open' }, { inv });
  }

  refunded(re: string, at: string, amount: number, { ch = 'ch_1', ...fields }: Fields & { ch?: string } = {}): this {
    const object = refund(this.id(re), {
      ...{ amount, currency: 'usd', charge: this.id(ch), created: second(at), balance_transaction: null, ...fields },
    });
    return this.event('refund.created', object, at);
  }

  /** A dispute with all movements so far; each call adds one. */
  disputed(type: string, amount: number, movements: readonly Movement[], { ch = 'ch_1', currency = 'usd' } = {}): this {
    const last = movements.at(-1) as Movement;
    const object = {
      ...{ id: this.id('dp_1'), object: 'dispute', amount, currency, charge: this.id(ch), payment_intent: null },
      ...{
        status: movements.length > 1 ? 'won' : 'needs_response',
        reason: 'fraudulent',
        evidence_details: { due_by: null },
      },
      created: second((movements[0] as Movement).at),
      balance_transactions: movements.map((one) => ({
        ...{ id: this.id(one.id), object: 'balance_transaction', amount: one.amount, fee: one.fee ?? 0 },
        ...{ net: one.amount - (one.fee ?? 0), currency: one.currency ?? 'usd', created: second(one.at) },
      })),
    };
    return this.event(`charge.dispute.${type}`, object, last.at);
  }

  credited(
    at: string,
    fields: Readonly<{
      before?: number;
      after?: number;
      lines?: readonly Readonly<{ line: string; amount: number }>[];
    }> &
      Fields,
  ): this {
    return this.event('credit_note.created', this.#note(at, fields), at);
  }

  noteVoided(at: string, created: string, fields: Readonly<{ before?: number; after?: number }>): this {
    return this.event(
      'credit_note.voided',
      { ...this.#note(created, fields), status: 'void', voided_at: second(at) },
      at,
    );
  }

  item(ii: string, at: string, amount: number, from: string, to: string): this {
    const object = {
      ...{
        id: this.id(ii),
        object: 'invoiceitem',
        amount,
        currency: 'usd',
        customer: this.id('cus_1'),
        date: second(at),
      },
      ...{ description: 'Proration', discountable: false, discounts: [], invoice: null, parent: null, proration: true },
      ...{ period: { start: second(from), end: second(to) }, quantity: 1, tax_rates: [], test_clock: null },
      pricing: {
        type: 'price_details',
        price_details: { price: 'price_1', product: 'prod_1' },
        unit_amount_decimal: String(amount),
      },
    };
    return this.event('invoiceitem.created', object, at);
  }

  payout(at: string, amount: number, { status = 'in_transit', type = 'created', created = at } = {}): this {
    const object = {
      ...{
        id: this.id('po_1'),
        object: 'payout',
        amount,
        currency: 'usd',
        status,
        automatic: true,
        method: 'standard',
      },
      ...{
        created: second(created),
        arrival_date: second(at),
        balance_transaction: null,
        failure_balance_transaction: null,
      },
      ...{ reconciliation_status: 'in_progress', type: 'bank_account' },
    };
    return this.event(`payout.${type}`, object, at);
  }

  transfer(at: string, amount: number, { reversed = 0, ch = null as string | null, created = at } = {}): this {
    const object = {
      ...{ id: this.id('tr_1'), object: 'transfer', amount, amount_reversed: reversed, currency: 'usd' },
      ...{ created: second(created), destination: 'acct_connected', reversed: reversed === amount },
      ...{ balance_transaction: null, source_transaction: ch === null ? null : this.id(ch) },
    };
    return this.event(reversed === 0 ? 'transfer.created' : 'transfer.reversed', object, at);
  }

  fee(at: string, amount: number, { refunded = 0, created = at } = {}): this {
    const object = {
      ...{ id: this.id('fee_1'), object: 'application_fee', amount, amount_refunded: refunded, currency: 'usd' },
      ...{ created: second(created), charge: this.id('ch_connected'), refunded: refunded === amount },
      ...{ account: 'acct_connected', application: 'ca_1', balance_transaction: null },
    };
    return this.event(refunded === 0 ? 'application_fee.created' : 'application_fee.refunded', object, at);
  }

  /** The customer with a new balance, and its previous one. */
  customer(at: string, balance: number, before?: number): this {
    const object = {
      ...{ id: this.id('cus_1'), object: 'customer', balance, currency: 'usd', created: second('2026-01-01') },
      ...{
        email: 'ada@example.com',
        name: 'Ada',
        delinquent: false,
        invoice_settings: { default_payment_method: null },
      },
    };
    if (before === undefined) return this.event('customer.created', object, at);
    return this.event('customer.updated', object, at, { previous: { balance: before } });
  }

  /** A subscription's state from some time on; `items` by amount. */
  subscribed(
    at: string,
    type: 'created' | 'updated' | 'deleted',
    {
      sub = 'sub_1',
      customer = 'cus_1',
      items,
      currency = 'usd',
      ...fields
    }: Readonly<{ sub?: string; customer?: string; currency?: string; items: readonly ItemTold[]; id?: string }> &
      Fields,
  ): this {
    const { id, ...told } = fields as Fields & { id?: string };
    const base = subscriptionObject(this.id(sub));
    const object = {
      ...base,
      ...{ customer: this.id(customer), currency, created: second(at), start_date: second(at), discounts: [] },
      items: {
        ...base.items,
        data: items.map((one, place) => this.#itemOf(base.items.data[0], one, { sub, currency, place })),
      },
      ...told,
    };
    return this.event(`customer.subscription.${type}`, object, at, id === undefined ? {} : { id });
  }

  /** The current state of an invoice. */
  invoice(inv = 'in_1'): InvoiceState {
    return structuredClone(this.#stateOf(inv));
  }

  #stateOf(inv: string): InvoiceState {
    const state = this.#invoices.get(inv);
    if (state === undefined) throw new Error(`${inv} was not finalised.`);
    return state;
  }

  #itemOf(
    base: ReturnType<typeof subscriptionObject>['items']['data'][number] | undefined,
    { amount, quantity = 1, interval = 'month', count = 1, price, ...more }: ItemTold,
    { sub, currency, place }: Readonly<{ sub: string; currency: string; place: number }>,
  ) {
    const { item = {}, ...terms } = more as Fields & { item?: Fields };
    return {
      ...base,
      ...{ id: this.id(`si_${place + 1}_${sub}`), quantity, subscription: this.id(sub), discounts: [], ...item },
      price: {
        ...{ id: price ?? `price_${amount}_${interval}_${count}`, object: 'price', currency, product: 'prod_1' },
        ...{ unit_amount: amount, unit_amount_decimal: amount === null ? null : String(amount), active: true },
        ...{ billing_scheme: 'per_unit', type: 'recurring', ...terms },
        recurring: { interval, interval_count: count, usage_type: 'licensed' },
      },
    };
  }

  #invoice(
    at: string,
    lines: readonly LineTold[],
    {
      inv,
      starting,
      ending,
      version,
      hasMore,
    }: Readonly<Record<'starting' | 'ending', number>> & Readonly<{ inv: string; version: string; hasMore: boolean }>,
  ): InvoiceState {
    const sum = (of: (line: LineTold) => number): number => lines.reduce((all, line) => all + of(line), 0);
    const total = sum(({ amount, tax = 0 }) => amount + tax);
    const due = total + starting - ending;
    const isNew = isBasilOrLater(version);
    const taxes = lines.flatMap(taxesOf(isNew));
    return {
      ...{
        id: this.id(inv),
        object: 'invoice',
        customer: this.id('cus_1'),
        currency: 'usd',
        number: `N-${this.id(inv)}`,
      },
      ...{ status: due === 0 ? 'paid' : 'open', subtotal: sum(({ amount }) => amount), total, amount_due: due },
      ...{
        amount_paid: 0,
        amount_remaining: due,
        starting_balance: starting,
        ending_balance: ending,
        attempt_count: 0,
      },
      ...{ billing_reason: 'manual', collection_method: 'charge_automatically', created: second(at) },
      ...{
        period_start: second(at),
        period_end: second(at),
        ...(isNew ? { parent: null } : { charge: null, paid: due === 0 }),
      },
      status_transitions: {
        ...{ finalized_at: second(at), paid_at: due === 0 ? second(at) : null, voided_at: null },
        marked_uncollectible_at: null,
      },
      [isNew ? 'total_taxes' : 'total_tax_amounts']: taxes,
      lines: {
        object: 'list',
        has_more: hasMore,
        data: lines.map((line, place) => this.#line(line, { at, place, isNew })),
      },
    };
  }

  #line(
    { id, amount, from, to, item, fields, ...line }: LineTold,
    { at, place, isNew }: Readonly<{ at: string; place: number; isNew: boolean }>,
  ) {
    const taxes = taxesOf(isNew)({ amount, ...line });
    const parent = {
      type: 'invoice_item_details',
      invoice_item_details: { invoice_item: this.id(item ?? ''), proration: true },
    };
    return {
      ...{
        id: this.id(id ?? `il_${place + 1}`),
        object: 'line_item',
        amount,
        currency: 'usd',
        quantity: 1,
        description: 'A line',
      },
      period: { start: second(from ?? at), end: second(to ?? at) },
      ...(isNew ? { taxes, parent: item === undefined ? null : parent } : { tax_amounts: taxes }),
      pricing: {
        type: 'price_details',
        price_details: { price: 'price_1', product: 'prod_1' },
        unit_amount_decimal: String(amount),
      },
      ...fields,
    };
  }

  #invoiceSays(
    type: string,
    at: string,
    { inv, version, previous }: Readonly<{ inv: string; version: string; previous?: object }>,
  ): this {
    return this.event(type, this.invoice(inv), at, { version, ...(previous === undefined ? {} : { previous }) });
  }

  #reached(stage: string, at: string, inv = 'in_1') {
    const before = this.#stateOf(inv)['status_transitions'] as Fields;
    return { status_transitions: { ...before, [stage]: second(at) } };
  }

  #tie(inpay: string, { at, amount, ch, inv }: Readonly<{ at: string; amount: number; ch: string; inv: string }>) {
    return invoicePayment(this.id(inpay), {
      ...{
        invoice: this.id(inv),
        status: 'paid',
        currency: this.#stateOf(inv)['currency'],
        amount_requested: amount,
        amount_paid: amount,
      },
      ...{ created: second(at), payment: { type: 'charge', charge: this.id(ch) } },
      status_transitions: { paid_at: second(at), canceled_at: null },
    });
  }

  #note(
    at: string,
    {
      before = 0,
      after = 0,
      lines = [],
      ...fields
    }: Readonly<{ before?: number; after?: number; lines?: readonly Readonly<{ line: string; amount: number }>[] }> &
      Fields,
  ) {
    const amount = before + after;
    return creditNote(this.id('cn_1'), {
      ...{ invoice: this.id('in_1'), customer: this.id('cus_1'), currency: 'usd', created: second(at) },
      ...{ amount, subtotal: amount, total: amount, type: before > 0 ? 'pre_payment' : 'post_payment' },
      ...{ pre_payment_amount: before, post_payment_amount: after, out_of_band_amount: null, refunds: [] },
      lines: {
        ...{ object: 'list', has_more: false },
        data: lines.map(({ line, amount: of }, place) => ({
          ...{ id: this.id(`cnli_${place}`), object: 'credit_note_line_item', type: 'invoice_line_item' },
          ...{ invoice_line_item: this.id(line), amount: of, discount_amount: 0, taxes: [] },
        })),
      },
      ...fields,
    });
  }
}

export type ItemTold = Readonly<{
  amount: number | null;
  quantity?: number;
  interval?: string;
  count?: number;
  price?: string;
  /** Fields of the item itself, such as its discounts. */
  item?: Fields;
}> &
  Fields;

const taxesOf =
  (isNew: boolean) =>
  ({ tax, inclusive }: LineTold) => [
    ...(tax === undefined ? [] : [{ amount: tax, ...(isNew ? { tax_behavior: 'exclusive' } : { inclusive: false }) }]),
    ...(inclusive === undefined
      ? []
      : [{ amount: inclusive, ...(isNew ? { tax_behavior: 'inclusive' } : { inclusive: true }) }]),
  ];
