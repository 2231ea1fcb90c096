import type { ComponentChildren } from 'preact';
import { pageOfObject } from '../places.js';
import { Facts, Table } from './layout.js';
import { Id, Money, Status, Time } from './text.js';

type Fields = Readonly<Record<string, unknown>>;

/** Fields that reference another object, with its Stripe kind. */
const NAMES: Readonly<Record<string, string>> = {
  customer: 'customer',
  subscription: 'subscription',
  invoice: 'invoice',
  latestInvoice: 'invoice',
  charge: 'charge',
  payment: 'payment_intent',
  paymentIntent: 'payment_intent',
  refund: 'refund',
  dispute: 'dispute',
  product: 'product',
  price: 'price',
  defaultPrice: 'price',
  coupon: 'coupon',
  promotionCode: 'promotion_code',
  paymentMethod: 'payment_method',
  defaultPaymentMethod: 'payment_method',
  schedule: 'subscription_schedule',
  creditNote: 'credit_note',
};
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Labels of fields with an unclear name. */
const LABELS: Readonly<Record<string, string>> = { livemode: 'Mode' };
/** A Stripe enum value such as `charge_automatically`; ids contain other characters. */
const WORDS = /^[a-z]+(_[a-z]+)+$/;

/** `amountPaidMinor` → `Amount paid` */
function labelOf(name: string): string {
  if (Object.hasOwn(LABELS, name)) return LABELS[name] ?? name;
  const words = name
    .replace(/Minor$/, '')
    .replace(/([A-Z])/g, ' $1')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function valueOf(name: string, value: unknown, currency: string | null): ComponentChildren {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'number')
    return name.endsWith('Minor') ? <Money minor={value} currency={currency} /> : String(value);
  if (name === 'livemode') return value === true ? 'live' : 'test';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'string') return null;
  if (name === 'status') return <Status of={value} />;
  if (TIME.test(value)) return <Time at={value} />;
  const kind = NAMES[name];
  if (kind !== undefined) return <Id id={value} href={pageOfObject({ kind, id: value })} />;
  if (name === 'currency') return value.toUpperCase();
  return WORDS.test(value) ? value.replaceAll('_', ' ') : value;
}

const isRows = (value: unknown): value is readonly Fields[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one));

/** A table of parts, such as invoice lines, with the columns that any of them has. */
function Rows({ of, label, currency }: { of: readonly Fields[]; label: string; currency: string | null }) {
  const shown = (value: unknown): boolean => value !== null && value !== undefined && value !== '';
  const fields = [...new Set(of.flatMap((one) => Object.keys(one)))].filter((field) =>
    of.some((one) => shown(one[field]) && (!Array.isArray(one[field]) || one[field].length > 0)),
  );
  return (
    <Table
      label={label}
      columns={fields.map((field) => (field.endsWith('Minor') ? [labelOf(field), 'number'] : labelOf(field)))}
    >
      {of.map((one, at) => (
        <tr key={at}>
          {fields.map((field) => (
            <td key={field} class={field.endsWith('Minor') ? 'number' : ''}>
              {valueOf(field, one[field], typeof one['currency'] === 'string' ? one['currency'] : currency) ??
                (typeof one[field] === 'object' && one[field] !== null ? JSON.stringify(one[field]) : null)}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}

/** An object of the API, field by field; nested lists become tables below, other nested values JSON. */
export function ObjectFacts({ of }: { of: Fields }) {
  const currency = typeof of['currency'] === 'string' ? of['currency'] : null;
  const own = Object.entries(of).filter(([name]) => name !== 'changedBy' && name !== 'id');
  const whole = own.filter(([, value]) => typeof value === 'object' && value !== null && Object.keys(value).length > 0);
  return (
    <>
      <Facts of={own.map(([name, value]) => [labelOf(name), valueOf(name, value, currency)] as const)} />
      {whole.map(([name, value]) => (
        <details key={name}>
          <summary>
            {labelOf(name)}
            {Array.isArray(value) ? ` (${value.length})` : ''}
          </summary>
          {isRows(value) ? (
            <Rows of={value} label={labelOf(name)} currency={currency} />
          ) : (
            <pre tabIndex={0} role="region" aria-label={labelOf(name)}>
              <code>{JSON.stringify(value, null, 2)}</code>
            </pre>
          )}
        </details>
      ))}
    </>
  );
}
