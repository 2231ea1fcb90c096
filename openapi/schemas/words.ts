import { z } from 'zod';
import type { JsonSchema } from '../../projections/columns.js';
import type { Table } from '../../projections/projection.js';
import { fieldOf } from '../../projections/row.js';

export type Properties = Readonly<Record<string, JsonSchema>>;

export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const whole: JsonSchema = { type: 'integer' };
export const time: JsonSchema = { type: 'string', format: 'date-time' };
export const minor: JsonSchema = { type: 'integer', description: 'In minor units of the accompanying currency.' };
export const decimal: JsonSchema = { type: 'string', pattern: '^\\d+$' };
export const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
export const orNull = (schema: JsonSchema): JsonSchema =>
  typeof schema['type'] === 'string'
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] };
/** An extensible enum: programs ignore unknown values. */
export const oneOf = (...words: string[]): JsonSchema => ({ ...text, ...known(words) });
const known = (words: readonly string[]): JsonSchema => ({
  description: `One of ${words.join(', ')}; more may be added.`,
  'x-extensible-enum': words,
});

/** An object with exactly these members; those in `optional` may be absent. */
export const object = (properties: Properties, optional: Properties = {}): JsonSchema => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
  additionalProperties: false,
});

/** Columns that an answer has under `changedBy`, `stale` and `unread`. */
const APART = new Set(['stripe_event_id', 'stripe_event_type', 'stripe_event_created', 'api_version', 'unread_event']);

/** The fields of a row, from the columns of its table. */
export const fieldsOf = ({ columns }: Table, without: readonly string[] = []): Properties =>
  Object.fromEntries(
    Object.entries(columns)
      .filter(([column]) => !APART.has(column) && !without.includes(column))
      .map(([column, { schema, filters }]) => {
        const words = filters.flatMap((filter) => (filter.by === 'value' ? (filter.known ?? []) : []));
        return [fieldOf(column), words.length === 0 ? schema : { ...schema, ...known(words) }];
      }),
  );
/** Additional fields of a row whose stream is parked, or was read only in part. */
const STATE: Properties = { stale: ref('Stale'), unread: ref('Unread') };
export const row = (properties: Properties, optional: Properties = {}): JsonSchema =>
  object({ ...properties, changedBy: ref('ChangedBy') }, { ...optional, ...STATE });
/** Converts a request schema to JSON schema. */
export const asSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
export const page = (item: string, more: Properties = {}): JsonSchema =>
  object({ data: list(ref(item)), nextCursor: orNull(text) }, more);

/** The number of items over all pages, requested by `count=true`. */
export const counted: Properties = { count: object({ value: whole, isAtLeast: flag }) };

/** The user's own id of the object, from the metadata key REFERENCE_METADATA. */
export const reference = { reference: orNull(text) };
export const asOf = { asOf: ref('AsOf') };

/** An observation: when Stripe was asked and answered, the reason, and the run. */
export const observation: Properties = { askedAt: time, answeredAt: time, reason: orNull(text), run: orNull(text) };
