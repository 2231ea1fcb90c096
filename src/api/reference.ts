import type { Answer } from './answer.js';
import type { Resource } from './resource.js';

/** The metadata key under which objects hold the user's own id of a user or account; null: not configured. */
export const REFERENCE_KEY = Symbol('ReferenceKey');

/** A SQL string literal. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * SQL: the metadata of a row has one of `count` values of an array under a key. One condition per value, so that each
 * uses the metadata index.
 */
export const hasReference = (key: string, values: string, count = 1): string => {
  const has = (at: number): string => `metadata @> jsonb_build_object(${quoted(key)}, (${values}::text[])[${at}])`;
  return `(${Array.from({ length: count }, (_, at) => has(at + 1)).join(' or ')})`;
};

/** Returns an object with its reference, from its metadata. */
export const referring = (key: string | null, object: Answer): Answer => ({
  ...object,
  reference: referenceOf(key, object),
});

const referenceOf = (key: string | null, { metadata, clientReferenceId = null }: Answer): unknown =>
  clientReferenceId ?? (key === null ? null : (((metadata ?? {}) as Readonly<Record<string, unknown>>)[key] ?? null));

/**
 * Returns a resource that answers the user's own reference, and filters by it. The reference is read at request time,
 * so a change of the key needs no rebuild. A Checkout Session has a field of its own for it.
 */
export function withReference(resource: Resource, key: string | null): Resource {
  const hasOwnField = Object.hasOwn(resource.table.columns, 'client_reference_id');
  const conditions = (values: string, count: number): string[] => [
    ...(hasOwnField ? [`client_reference_id = any(${values}::text[])`] : []),
    ...(key === null ? [] : [hasReference(key, values, count)]),
  ];
  const isAnswered = hasOwnField || key !== null;
  return {
    ...resource,
    own: {
      ...resource.own,
      ...(isAnswered ? { reference: (values, count) => `(${conditions(values, count).join(' or ')})` } : {}),
    },
    complete: async (connection, found, isOne) => {
      const whole = (await resource.complete?.(connection, found, isOne)) ?? found;
      return whole.map((one) => referring(key, one));
    },
  };
}
