import type { MoneyPolicy } from '../policy.js';
import { earnedBy } from '../revenue/earned.js';
import { Schedule } from '../revenue/schedule.js';
import { portion, split, sumOf } from '../rounding.js';
import { secondOf, secondOrNull } from '../time.js';
import type { InvoiceItemRow, InvoiceLineRow, InvoiceRow } from './facts.js';

/** An amount taken from a line: its gross and tax, and the cuts of its schedules. */
export type TakenOfLine = Readonly<{
  line: BookLine;
  grossMinor: number;
  taxMinor: number;
  contraMinor: number;
  cutMinor: number;
  cuts: readonly Readonly<{ schedule: Schedule; amountMinor: number; contraMinor: number }>[];
}>;

/** An invoice line in the book: what may still be taken from it, and its revenue schedules. */
export class BookLine {
  grossLeftMinor: number;
  taxLeftMinor: number;

  constructor(
    readonly id: string,
    readonly grossMinor: number,
    readonly taxMinor: number,
    /** The invoice item that was booked before the invoice; null: none. */
    readonly item: InvoiceItemRow | null,
    readonly inference: string | null,
    /** Its revenue. */
    readonly schedule: Schedule,
    /** Its discount, where the policy books discounts apart. */
    readonly discount: Schedule | null,
  ) {
    this.grossLeftMinor = grossMinor;
    this.taxLeftMinor = taxMinor;
  }

  get netMinor(): number {
    return this.grossMinor - this.taxMinor;
  }

  get netLeftMinor(): number {
    return this.grossLeftMinor - this.taxLeftMinor;
  }

  get schedules(): readonly Schedule[] {
    return this.discount === null ? [this.schedule] : [this.schedule, this.discount];
  }

  /**
   * Takes a part of the line. The tax is `told`, or follows from the line's proportion; the last part takes all that is
   * left.
   */
  take(grossMinor: number, at: number, stated: number | null): TakenOfLine {
    const isLast = grossMinor === this.grossLeftMinor;
    const asked = isLast ? this.taxLeftMinor : (stated ?? this.taxOf(grossMinor));
    const netMax = this.netLeftMinor;
    // Takes no more net than is left, and none of the opposite sign.
    const least = grossMinor - netMax;
    const taxMinor = clamp(asked, Math.min(least, this.taxLeftMinor), Math.max(least, this.taxLeftMinor));
    const parts = split(
      grossMinor - taxMinor,
      this.schedules.map(({ leftMinor }) => leftMinor),
    );
    const cuts = this.schedules.map((schedule, place) => {
      const amountMinor = parts[place] ?? 0;
      return { schedule, amountMinor, ...schedule.take(amountMinor, at) };
    });
    this.grossLeftMinor -= grossMinor;
    this.taxLeftMinor -= taxMinor;
    const contraMinor = sumOf(cuts.map((cut) => cut.contraMinor));
    return { line: this, grossMinor, taxMinor, contraMinor, cutMinor: grossMinor - taxMinor - contraMinor, cuts };
  }

  give({ grossMinor, taxMinor, cuts }: TakenOfLine, at: number): void {
    for (const { schedule, amountMinor, contraMinor } of cuts) schedule.give(amountMinor, contraMinor, at);
    this.grossLeftMinor += grossMinor;
    this.taxLeftMinor += taxMinor;
  }

  private taxOf(grossMinor: number): number {
    if (this.grossMinor === 0 || this.taxMinor === 0) return 0;
    const size = portion(Math.abs(grossMinor), { part: Math.abs(this.taxMinor), whole: Math.abs(this.grossMinor) });
    return grossMinor < 0 !== (this.taxMinor < 0 !== this.grossMinor < 0) ? -size : size;
  }
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** A line before its schedules are built. `netMinor` is without tax and after discounts. */
type Charge = Readonly<{
  id: string;
  grossMinor: number;
  taxMinor: number;
  discountMinor: number;
  periodStart: number | null;
  periodEnd: number | null;
  item: string | null;
  inference: string | null;
}>;

type Facts = Readonly<{
  invoice: InvoiceRow;
  lines: readonly InvoiceLineRow[];
  items: readonly InvoiceItemRow[];
}>;

/** The lines of a finalised invoice. They add up to its total: a difference becomes a line of its own. */
export function bookLines({ invoice, lines, items }: Facts, finalizedAt: number, policy: MoneyPolicy): BookLine[] {
  const earned = earnedBy(policy);
  const booked = new Map(policy.unbilled === 'items' ? items.map((item) => [item.id, item] as const) : []);
  return chargesOf(invoice, lines).map((charge) => {
    const { id, grossMinor, taxMinor, discountMinor, inference } = charge;
    const item = charge.item === null ? null : (booked.get(charge.item) ?? null);
    const bookedAt = item?.created_at == null ? finalizedAt : Math.min(secondOf(item.created_at), finalizedAt);
    const { periodStart: start, periodEnd: end } = charge;
    const service = start === null || end === null ? null : { start, end };
    const earnsFrom = policy.catchUp === 'no' && service !== null ? Math.min(service.start, bookedAt) : bookedAt;
    const net = grossMinor - taxMinor;
    const isBeside = policy.discounts === 'contra' && discountMinor !== 0 && item === null;
    const own = isBeside ? net + discountMinor : net;
    const schedule = new Schedule(service, bookedAt, earnsFrom, item === null ? own : item.amount_minor, earned);
    if (item !== null) schedule.become(own, finalizedAt);
    const discount = isBeside ? new Schedule(service, bookedAt, earnsFrom, -discountMinor, earned) : null;
    return new BookLine(id, grossMinor, taxMinor, item, inference, schedule, discount);
  });
}

function chargesOf(invoice: InvoiceRow, shown: readonly InvoiceLineRow[]): Charge[] {
  // Splits depend on the order of lines, so sort by id.
  const lines = [...shown].sort((a, b) => (a.id < b.id ? -1 : 1));
  const discounts = stated(
    lines,
    (line) => line.discount_minor,
    invoice.has_all_lines ? (invoice.discount_minor ?? 0) : 0,
  );
  const isTaxKnown = lines.some((line) => line.tax_minor !== null);
  const amountMinor = sumOf(
    lines.map((line, place) => line.amount_minor - (discounts[place] ?? 0) - line.credit_minor),
  );
  const taxMinor = invoice.has_all_lines && !isTaxKnown ? (invoice.tax_minor ?? 0) - invoice.shipping_tax_minor : 0;
  // If only the invoice states the tax, the total shows whether amounts include it.
  const isInclusive = !isTaxKnown && amountMinor + invoice.shipping_minor === invoice.total_minor;
  const taxes = stated(lines, (line) => line.tax_minor, taxMinor);
  const charges = lines.map((line, place): Charge => {
    const [discountMinor, tax] = [discounts[place] ?? 0, taxes[place] ?? 0];
    const inclusive = isInclusive ? tax : (line.tax_inclusive_minor ?? 0);
    return {
      id: line.id,
      grossMinor: line.amount_minor - discountMinor - line.credit_minor + tax - inclusive,
      taxMinor: tax,
      discountMinor,
      periodStart: secondOrNull(line.period_start),
      periodEnd: secondOrNull(line.period_end),
      item: line.invoice_item,
      inference: null,
    };
  });
  return [...charges, ...shippingOf(invoice), ...restOf(invoice, charges)];
}

/** The amount of each line; if no line states one, its share of the invoice's amount. */
function stated(
  lines: readonly InvoiceLineRow[],
  of: (line: InvoiceLineRow) => number | null,
  wholeMinor: number,
): readonly number[] {
  const own = lines.map(of);
  if (wholeMinor === 0 || own.some((amount) => amount !== null)) return own.map((amount) => amount ?? 0);
  return split(
    wholeMinor,
    lines.map((line) => line.amount_minor),
  );
}

const once = { discountMinor: 0, periodStart: null, periodEnd: null, item: null };

const shippingOf = ({ id, shipping_minor: grossMinor, shipping_tax_minor: taxMinor }: InvoiceRow): Charge[] =>
  grossMinor === 0 ? [] : [{ ...once, id: `${id}:shipping`, grossMinor, taxMinor, inference: null }];

/**
 * The rest of the total. Lines missing from events become one line over the period of the known ones; a difference
 * between complete lines and the total has no period.
 */
function restOf(invoice: InvoiceRow, charges: readonly Charge[]): Charge[] {
  const known = [...charges, ...shippingOf(invoice)];
  const grossMinor = invoice.total_minor - sumOf(known.map((charge) => charge.grossMinor));
  if (grossMinor === 0) return [];
  if (invoice.has_all_lines)
    return [
      { ...once, id: `${invoice.id}:rest`, grossMinor, taxMinor: 0, inference: 'lines do not add up to the total' },
    ];
  const taxMinor = (invoice.tax_minor ?? 0) - sumOf(known.map((charge) => charge.taxMinor));
  const starts = charges.flatMap(({ periodStart }) => periodStart ?? []);
  const ends = charges.flatMap(({ periodEnd }) => periodEnd ?? []);
  return [
    {
      ...once,
      id: `${invoice.id}:unseen`,
      grossMinor,
      taxMinor,
      periodStart: starts.length === 0 ? null : Math.min(...starts),
      periodEnd: ends.length === 0 ? null : Math.max(...ends),
      inference: 'lines that no event shows',
    },
  ];
}
