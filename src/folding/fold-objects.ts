import {
  checkedRows,
  objectOf,
  type AnyProjection,
  type Fact,
  type Row,
  type RowsOf,
  type Tables,
} from '../../projections/projection.js';
import { foldAll, type Folded } from './fold.js';

/** Groups the facts of a stream by the object whose state they change, without those of no object. */
export function byObject(projection: AnyProjection, facts: readonly Fact[]): ReadonlyMap<string, readonly Fact[]> {
  const objects = new Map<string, Fact[]>();
  for (const fact of facts) {
    const object = objectOf(projection, fact);
    if (object === null) continue;
    const own = objects.get(object);
    if (own === undefined) objects.set(object, [fact]);
    else own.push(fact);
  }
  return objects;
}

/** Folds a whole stream, object by object, in any order of its facts. */
export function foldObjects(projection: AnyProjection, facts: readonly Fact[]): ReadonlyMap<string, Folded> {
  return new Map([...byObject(projection, facts)].map(([object, own]) => [object, foldAll(projection, own)]));
}

/** Returns the rows of all objects of a stream, in order of the objects' names. @throws BadValue */
export function rowsOfAll<T extends Tables>(
  projection: AnyProjection<T>,
  folded: ReadonlyMap<string, Pick<Folded, 'current'>>,
): RowsOf<T> {
  const all: Record<string, Row[]> = Object.fromEntries(Object.keys(projection.tables).map((name) => [name, []]));
  for (const [, { current }] of [...folded].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [name, rows] of Object.entries<readonly Row[]>(checkedRows(projection, current)))
      all[name]?.push(...rows);
  }
  return all as RowsOf<T>;
}
