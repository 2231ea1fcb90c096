import type { Answer } from './answer.js';
import type { Resource } from './resource.js';

/** Under which key of their metadata objects bear the id of the team's own user or account; null: no key was named. */
export const REFERENCE_KEY = Symbol('ReferenceKey');

/** A text of SQL. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The condition that the metadata of a row has one of `count` values of an array under a key. Each is looked up by the index of metadata. */
export const hasReference = (key: string, values: string, count = 1): string => {
  const has = (at: number): string => `metadata @> jsonb_build_object(${quoted(key)}, (${values}::text[])[${at}])`;
  return `(${Array.from({ length: count }, (_, at) => has(at + 1)).join(' or ')})`;
};

/** An object with its reference, from its metadata. */
export const referring = (key: string | null, object: Answer): Answer => ({
  ...object,
  reference: referenceOf(key, object),
});

const referenceOf = (key: string | null, { metadata, clientReferenceId = null }: Answer): unknown =>
  clientReferenceId ?? (key === null ? null : (((metadata ?? {}) as Readonly<Record<string, unknown>>)[key] ?? null));

/**
 * A resource that answers, and is filtered by, the team's own reference. It is looked up when it is asked for: another key needs no
 * rebuild. A Checkout Session has a field of its own for it.
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
