import { idOf } from './identity.js';
import { field, isJsonObject, type Json, type JsonObject } from './json.js';
import { storable } from './storable.js';
import { isSecond } from './stripe-event.js';

/** A snapshot lacks a required field, or has one of a type that no API version uses; `field` is its path. */
export class UnreadableSnapshot extends Error {
  readonly code = 'UNREADABLE_SNAPSHOT';

  constructor(
    readonly field: string,
    expected: string,
    found: Json,
  ) {
    super(`The snapshot's "${field}" is ${describe(found)}, not ${expected}.`);
    this.name = 'UnreadableSnapshot';
  }
}

/** The user's metadata on an object: text by key. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * Reads the fields of one hash of a Stripe object. A field that is null or missing is absent; a field of the wrong type
 * throws `UnreadableSnapshot` and never counts as absent. Strings are returned in a form that Postgres can store.
 */
export class Fields {
  constructor(
    readonly object: JsonObject,
    private readonly path: string,
  ) {}

  /** Whether a field is present and not null. */
  has(name: string): boolean {
    return field(this.object, name) !== null;
  }

  /** A required string. Methods that accept several names try them in order: one per API version, the newest first. */
  text(name: string): string {
    return this.required(this.textOrNull(name), name, 'a string');
  }

  textOrNull(...names: readonly string[]): string | null {
    return this.read(names, (value) => (typeof value === 'string' ? storable(value) : null), 'a string');
  }

  /** The id of an expandable field, which holds the id or the object. */
  id(name: string): string {
    return this.required(this.idOrNull(name), name, 'an id or an object with an id');
  }

  /** Treats an expanded object without an id (a card of 2012, for example) as absent. */
  idOrNull(...names: readonly string[]): string | null {
    return this.read(
      names.filter((name) => !isNameless(field(this.object, name))),
      (value) => (idOf(value) === null ? null : storable(idOf(value) as string)),
      'an id or an object with an id',
    );
  }

  integer(name: string): number {
    return this.required(this.integerOrNull(name), name, 'an integer');
  }

  /** An exact integer: money in minor units, a quantity. */
  integerOrNull(...names: readonly string[]): number | null {
    return this.read(names, (value) => (Number.isSafeInteger(value) ? (value as number) : null), 'an integer');
  }

  /** A number that Stripe writes as a string because it may have a fraction. */
  decimalOrNull(...names: readonly string[]): string | null {
    return this.read(
      names,
      (value) => (typeof value === 'string' || typeof value === 'number' ? storable(String(value)) : null),
      'a decimal',
    );
  }

  flag(name: string, whenAbsent: boolean): boolean {
    return this.read([name], (value) => (typeof value === 'boolean' ? value : null), 'true or false') ?? whenAbsent;
  }

  time(name: string): string {
    return this.required(this.timeOrNull(name), name, 'a time in seconds');
  }

  /** A time as ISO 8601 in UTC, from Stripe's seconds since 1970. */
  timeOrNull(...names: readonly string[]): string | null {
    return this.read(names, (value) => (isSecond(value) ? isoTime(value) : null), 'a time in seconds');
  }

  /** The user's metadata, text by key; null where the API version does not show it. */
  metadataOrNull(): Metadata | null {
    const entries = this.read(
      ['metadata'],
      (value) => (isJsonObject(value) ? Object.entries(value) : null),
      'an object',
    );
    return (
      entries && Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
    );
  }

  /** A nested hash. */
  hashOrNull(name: string): Fields | null {
    return this.read(
      [name],
      (value) => (isJsonObject(value) ? new Fields(value, this.pathOf(name)) : null),
      'an object',
    );
  }

  /** The object of an expanded field; null when the field holds only an id. */
  expandedOrNull(name: string): Fields | null {
    return typeof field(this.object, name) === 'string' ? null : this.hashOrNull(name);
  }

  /** The hashes of an array, or of the `data` of a list object; none when absent. */
  hashes(name: string): readonly Fields[] {
    return this.values(name, (value, path) => (isJsonObject(value) ? new Fields(value, path) : null), 'an object');
  }

  /** The entries of a list of expandable fields: ids, or hashes where expanded. */
  references(name: string): readonly (string | Fields)[] {
    const reference = (value: Json, path: string): string | Fields | null =>
      typeof value === 'string' ? storable(value) : isJsonObject(value) ? new Fields(value, path) : null;
    return this.values(name, reference, 'an id or an object');
  }

  /** Whether a list object has more entries than the event shows. */
  isTruncated(name: string): boolean {
    const list = field(this.object, name);
    return isJsonObject(list) && field(list, 'has_more') === true;
  }

  /** The value of the first of `names` that is present; null when none is. */
  private read<T>(names: readonly string[], as: (value: Json) => T | null, expected: string): T | null {
    for (const name of names) {
      const value = field(this.object, name);
      if (value === null) continue;
      const read = as(value);
      if (read === null) throw new UnreadableSnapshot(this.pathOf(name), expected, value);
      return read;
    }
    return null;
  }

  private required<T>(value: T | null, name: string, expected: string): T {
    if (value === null) throw new UnreadableSnapshot(this.pathOf(name), expected, null);
    return value;
  }

  private values<T>(name: string, as: (value: Json, path: string) => T | null, expected: string): readonly T[] {
    const list = (value: Json): readonly Json[] | null => (Array.isArray(value) ? (value as readonly Json[]) : null);
    const values =
      this.read([name], (value) => list(isJsonObject(value) ? field(value, 'data') : value), 'a list') ?? [];
    return values.map((value, index) => {
      const path = `${this.pathOf(name)}[${index}]`;
      const entry = as(value, path);
      if (entry === null) throw new UnreadableSnapshot(path, expected, value);
      return entry;
    });
  }

  private pathOf(name: string): string {
    return `${this.path}.${name}`;
  }
}

/** ISO 8601 in UTC, as Postgres reads a timestamptz. `second` counts from 1970. Dates are cached, because few occur. */
export function isoTime(second: number): string {
  const day = Math.floor(second / SECONDS_A_DAY);
  let date = dates.get(day);
  if (date === undefined) {
    date = new Date(day * SECONDS_A_DAY * 1000).toISOString().slice(0, -'00:00:00.000Z'.length);
    if (dates.size < DATES_MAX) dates.set(day, date);
  }
  const rest = second - day * SECONDS_A_DAY;
  return `${date}${twoDigits(rest / 3600)}:${twoDigits((rest / 60) % 60)}:${twoDigits(rest % 60)}.000Z`;
}

const SECONDS_A_DAY = 86_400;
const dates = new Map<number, string>();
const DATES_MAX = 10_000;

const twoDigits = (value: number): string => (value < 10 ? `0${Math.floor(value)}` : String(Math.floor(value)));

const isNameless = (value: Json): boolean => isJsonObject(value) && field(value, 'id') === null;

function describe(found: Json): string {
  if (found === null) return 'absent';
  return Array.isArray(found) ? 'an array' : `a ${typeof found}`;
}
