import type { Document, Operation } from './document.js';
import type { JsonSchema } from '../projections/columns.js';

/**
 * Returns the changes in a later document that break a client of an earlier one: removed routes, fields, types and enum
 * values, and parameters that are removed, newly required or narrower. Additions never break a client.
 */
export function breakingChanges(before: Document, after: Document): string[] {
  const routes = Object.entries(before.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const now = after.paths[path]?.[method];
      const route = `${method.toUpperCase()} ${path}`;
      return now === undefined
        ? [`${route} is gone`]
        : [...ofParameters(route, operation, now), ...ofAnswer(route, operation, now)];
    }),
  );
  const answers = Object.entries(before.components.schemas).flatMap(([name, schema]) => {
    const now = after.components.schemas[name];
    return now === undefined ? [`the schema ${name} is gone`] : ofSchema(name, schema, now);
  });
  return [...routes, ...answers];
}

function ofParameters(route: string, before: Operation, after: Operation): string[] {
  const named = ({ parameters }: Operation, name: string) => parameters.find((parameter) => parameter.name === name);
  const gone = before.parameters
    .filter(({ name }) => named(after, name) === undefined)
    .map(({ name }) => `${route} takes no ${name} any more`);
  const wanted = after.parameters
    .filter(({ name, required }) => required && named(before, name)?.required !== true)
    .map(({ name }) => `${route} wants ${name} now`);
  const narrower = before.parameters.flatMap(({ name, schema }) => {
    const now = named(after, name)?.schema;
    return now === undefined ? [] : narrowedTo(schema, now).map((what) => `${route} takes in ${name} ${what}`);
  });
  return [...gone, ...wanted, ...narrower];
}

/** Returns what a parameter accepted before and rejects now. */
function narrowedTo(before: JsonSchema, after: JsonSchema): string[] {
  const types = typesOf(before).filter((type) => typesOf(after).length > 0 && !typesOf(after).includes(type));
  const bound = (schema: JsonSchema, name: string): number | undefined => schema[name] as number | undefined;
  const lower = ['maximum', 'maxLength', 'maxItems'].filter(
    (name) => (bound(after, name) ?? Infinity) < (bound(before, name) ?? Infinity),
  );
  const higher = ['minimum', 'minLength', 'minItems'].filter(
    (name) => (bound(after, name) ?? -Infinity) > (bound(before, name) ?? -Infinity),
  );
  return [
    ...types.map((type) => `no ${type} any more`),
    ...wordsGone(before, after).map((word) => `no ${word} any more`),
    ...(wordsOf(before).length === 0 && wordsOf(after).length > 0 ? [`only ${wordsOf(after).join(', ')} now`] : []),
    ...[...lower, ...higher].map((name) => `less by its ${name}`),
  ];
}

/** The enum values that were removed; none if the later schema accepts any value. */
function wordsGone(before: JsonSchema, after: JsonSchema): string[] {
  const now = wordsOf(after);
  return now.length === 0 ? [] : wordsOf(before).filter((word) => !now.includes(word));
}

const wordsOf = (schema: JsonSchema): string[] =>
  ['enum', 'x-extensible-enum'].flatMap((name) => (schema[name] as unknown[] | undefined) ?? []).map(String);

function ofAnswer(route: string, before: Operation, after: Operation): string[] {
  const schemasOf = ({ responses }: Operation): string[] =>
    Object.entries(responses).flatMap(([status, { content }]) =>
      Object.entries(content).map(([media, { schema }]) => `${status} ${media} ${String(schema?.['$ref'] ?? '')}`),
    );
  const now = schemasOf(after);
  return (
    schemasOf(before)
      // An answer described only by its media type may get a schema.
      .filter((answer) => !now.some((one) => one === answer || (answer.endsWith(' ') && one.startsWith(answer))))
      .map((answer) => `${route} answers no ${answer.trim()} any more`)
  );
}

/**
 * Returns the breaking changes of an answer: fields that were removed or became optional, and values with more types.
 */
function ofSchema(where: string, before: JsonSchema, after: JsonSchema): string[] {
  const had = membersOf(before);
  const has = membersOf(after);
  const required = (schema: JsonSchema): readonly string[] => (schema['required'] as string[] | undefined) ?? [];
  const fields = Object.entries(had).flatMap(([name, schema]) => {
    const now = has[name];
    if (now === undefined) return [`${where}.${name} is gone`];
    const absent = required(before).includes(name) && !required(after).includes(name);
    return [...(absent ? [`${where}.${name} may be absent now`] : []), ...ofSchema(`${where}.${name}`, schema, now)];
  });
  const words = wordsGone(before, after).map((word) => `${where} knows no ${word} any more`);
  const was = typesOf(before);
  const isOpen = was.includes('object') && before['properties'] === undefined;
  const added = typesOf(after).filter(
    (type) => was.length > 0 && !was.includes(type) && !(isOpen && type.startsWith('#')),
  );
  const types = added.length === 0 ? [] : [`${where} may be ${added.join(' or ')} now`];
  const items =
    before['items'] !== undefined && after['items'] !== undefined
      ? ofSchema(`${where}[]`, before['items'] as JsonSchema, after['items'] as JsonSchema)
      : [];
  return [...types, ...words, ...fields, ...items];
}

const membersOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema['properties'] as Record<string, JsonSchema> | undefined) ?? {};

/** The types and named schemas of a value. */
function typesOf(schema: JsonSchema): string[] {
  if (typeof schema['$ref'] === 'string') return [schema['$ref']];
  const variants = schema['anyOf'] as JsonSchema[] | undefined;
  if (variants !== undefined) return variants.flatMap(typesOf);
  return [schema['type'] ?? []].flat().map(String);
}
