import { count, id, money, text } from '../../projections/columns.js';
import { invoices } from '../../projections/invoices.js';
import { products } from '../../projections/products.js';
import type { Row } from '../../projections/projection.js';
import { defineDerivation, standingOn, type Policy } from '../../derivations/derivation.js';

export const toyProjections = [invoices, products];

type OpenRow = Readonly<{ id: string; customer: string; amount_remaining_minor: number; status: string }>;
type Facts = Readonly<{ invoices: readonly OpenRow[]; products: readonly Readonly<{ name: string }>[] }>;

/** The group of a test's customers, from their ids: `cus_1x7` belongs to `cus_1`. */
export const groupOf = (customer: string): string => customer.split('x')[0] ?? customer;

/** A customer with this in its name makes the derivation throw. */
export const CURSED = 'cursed';

/** An invoice with this in its name cannot determine its customer unless it is paid. */
export const MUTE = 'mute';

/**
 * Customers with these in their names exceed a limit: of facts, of text, of the function's time, and of the query's
 * time.
 */
export const [MANIFOLD, VERBOSE, ENDLESS, SLOW] = ['manifold', 'verbose', 'endless', 'slow'];

/** The open amount per customer, and the name of a product that concerns a thousand keys. */
const openAmounts = defineDerivation({
  name: 'open_amounts',
  version: 1,
  reads: ['invoices', 'products'],
  tables: {
    open_amounts: {
      columns: { customer: id(), open_minor: money(), invoices: count(), newest: text().orNull() },
      key: ['customer'],
      indexes: [],
    },
    open_invoices: { columns: { id: id(), amount_minor: money() }, key: ['id'], indexes: [] },
  },
  rollups: {
    open_by_group: {
      of: 'open_amounts',
      columns: { group_name: id(), open_minor: money(), invoices: count() },
      key: ['group_name'],
      indexes: [],
      add: (row: Row) => ({
        group_name: groupOf(String(row['customer'])),
        open_minor: row['open_minor'],
        invoices: row['invoices'],
      }),
    },
  },
  keysOf: {
    invoices: ({ id: invoice, customer, status }) => {
      if (String(invoice).includes(MUTE) && status !== 'paid') throw new Error('A mute invoice.');
      return customer === null ? [] : [String(customer)];
    },
    products: ({ id: product, description }) =>
      Array.from({ length: Number(description ?? 0) }, (_, at) => `${String(product)}x${at}`),
  },
  facts: {
    invoices: `select customer as key, id, customer, status, amount_remaining_minor, stream from {invoices}
      cross join generate_series(1, case when customer like '%${MANIFOLD}%' then 2000 when customer like '%${SLOW}%' and pg_sleep(3) is not null then 1 else 1 end)
      where customer = any($1) order by id`,
    products: `select given.key, name from unnest($1::text[]) as given(key) join {products} on id = split_part(given.key, 'x', 1) where given.key like 'prod_%'`,
  },
  derive(key, { invoices: own, products: named }: Facts, policy: Policy) {
    if (named.length > 0)
      return {
        open_amounts: named.map(({ name }) => ({ customer: key, open_minor: 0, invoices: 0, newest: name })),
        open_invoices: [],
      };
    const open = own.filter(({ status }) => status === 'open');
    if (open.some(({ id: invoice }) => invoice.includes(CURSED))) throw new Error('A cursed invoice.');
    if (key.includes(ENDLESS)) for (;;);
    const newest = key.includes(VERBOSE) ? 'x'.repeat(2 * 1024 * 1024) : (open.at(-1)?.id ?? null);
    const factor = Number(policy['factor'] ?? 1);
    return {
      open_amounts:
        open.length === 0
          ? []
          : [
              {
                customer: key,
                open_minor: factor * open.reduce((sum, one) => sum + one.amount_remaining_minor, 0),
                invoices: open.length,
                newest,
              },
            ],
      open_invoices: (key.includes(MANIFOLD) ? [] : open).map((one) => ({
        id: one.id,
        amount_minor: factor * one.amount_remaining_minor,
      })),
    };
  },
});

/** The debtors of a group, derived from derived rows. */
const debtors = defineDerivation({
  name: 'debtors',
  version: 1,
  reads: ['open_amounts'],
  tables: {
    debtors: {
      columns: { group_name: id(), customers: count(), open_minor: money() },
      key: ['group_name'],
      indexes: [],
    },
  },
  keysOf: { open_amounts: ({ customer }) => [groupOf(String(customer))] },
  facts: {
    open: `select given.key, open_minor, is_incomplete from unnest($1::text[]) as given(key) join {open_amounts} on split_part(customer, 'x', 1) = given.key`,
  },
  derive: (key, { open }: { open: readonly Readonly<{ open_minor: number }>[] }) => ({
    debtors:
      open.length === 0
        ? []
        : [
            {
              group_name: key,
              customers: open.length,
              open_minor: open.reduce((sum, one) => sum + one.open_minor, 0),
            },
          ],
  }),
});

export const toyDerivations = standingOn(toyProjections, [openAmounts, debtors]);
