import type { JsonSchema } from '../projections/columns.js';
import { RESOURCES } from '../src/api/all-lists.js';
import { CHECKOUT_SESSIONS } from '../src/api/checkout/checkout-sessions.js';
import type { Resource } from '../src/api/resource.js';
import { accessChangesSchemas } from './schemas/access-changes.js';
import { accessSchemas } from './schemas/access.js';
import { billingSchemas } from './schemas/billing.js';
import { booksSchemas } from './schemas/books.js';
import { closingsSchemas } from './schemas/closings.js';
import { eventsSchemas } from './schemas/events.js';
import { findingSchemas } from './schemas/finding.js';
import { journalSchemas } from './schemas/journal.js';
import { mrrSchemas } from './schemas/mrr.js';
import { paymentsSchemas } from './schemas/payments.js';
import { projectingSchemas } from './schemas/projecting.js';
import { revenueSchemas } from './schemas/revenue.js';
import { serviceSchemas } from './schemas/service.js';
import { settlementSchemas } from './schemas/settlement.js';
import { sharedSchemas } from './schemas/shared.js';
import { stripeSideSchemas } from './schemas/stripe.js';
import { counted, fieldsOf, orNull, page, ref, reference, row, type Properties } from './schemas/words.js';

/** Resources that answer exactly the columns of their table. */
export const plain = [CHECKOUT_SESSIONS, ...RESOURCES].filter(({ complete }) => complete === undefined);
/**
 * The schema's name: `PaymentMethod` for the kind `payment method`, `UpcomingInvoice` for `upcoming invoice of the
 * subscription`.
 */
export const schemaNameOf = ({ kind }: Resource): string =>
  kind.replace(/ of the .*/, '').replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase());
const ofPlain: Properties = Object.fromEntries(
  plain.flatMap((resource) => [
    [schemaNameOf(resource), row(fieldsOf(resource.table), resource === CHECKOUT_SESSIONS ? reference : {})],
    [`${schemaNameOf(resource)}Page`, page(schemaNameOf(resource), counted)],
  ]),
);

const all: Properties = {
  ...ofPlain,
  ...accessChangesSchemas,
  ...accessSchemas,
  ...billingSchemas,
  ...booksSchemas,
  ...closingsSchemas,
  ...eventsSchemas,
  ...findingSchemas,
  ...journalSchemas,
  ...mrrSchemas,
  ...paymentsSchemas,
  ...projectingSchemas,
  ...revenueSchemas,
  ...serviceSchemas,
  ...settlementSchemas,
  ...sharedSchemas,
  ...stripeSideSchemas,
};

/** The titled schemas inside a schema: members of JSON columns, shared by several tables. */
const titledIn = (schema: unknown): [title: string, schema: JsonSchema][] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const { title, ...rest } = schema as JsonSchema;
  const inner = Object.values(rest).flatMap(titledIn);
  return typeof title === 'string' ? [...inner, [title, { ...rest, type: 'object' }]] : inner;
};

/** Replaces titled schemas by references to components. */
const apart = (schema: unknown): unknown => {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(apart);
  const { title, type } = schema as JsonSchema;
  if (typeof title !== 'string')
    return Object.fromEntries(Object.entries(schema).map(([name, one]) => [name, apart(one)]));
  return Array.isArray(type) ? orNull(ref(title)) : ref(title);
};

const named = Object.entries({ ...all, ...Object.fromEntries(titledIn(all)) });
/** Every schema of the API's answers by name, sorted by it. No answer has additional members. */
export const schemas = apart(Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))) as Properties;
