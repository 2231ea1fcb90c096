import { count, id, text } from '../../projections/columns.js';
import type { Row } from '../../projections/projection.js';
import { defineDerivation, standingOn, type FactRows, type Policy } from '../../derivations/derivation.js';
import { notes, tallies } from './test-projections.js';

/** The key of an object in the simulated streams, `notes-a/x`: streams share it. A claimed row has its own key. */
export const keyOfNote = (note: string): string => note.split('/')[1] ?? note;
const streamOfNote = (note: string): string => note.split('/')[0] ?? note;

type Noted = Readonly<{ id: string; note: string; count: number }>;
type Facts = Readonly<{
  notes: readonly Noted[];
  noted: readonly Noted[];
  tallies: readonly Readonly<{ count: number }>[];
}>;

const TIMES = 3;
/** Every nth count of events on the objects of one key makes the derivation fail. */
const CURSED_EVERY = 13;

/** Whether a row of notes cannot determine the keys it concerns. */
export const isMute = ({ note, count: counted }: Row): boolean => note === 'rejected' && Number(counted) % 2 === 1;

/**
 * Sums over objects of several streams, and over objects with the same content, which changes. Tallies are joined by
 * the objects of their streams.
 */
const sums = defineDerivation({
  name: 'sums',
  version: 1,
  reads: ['notes', 'tallies'],
  tables: {
    sums: {
      columns: { id: id(), objects: count(), events: count(), of_streams: count(), longest: text().orNull() },
      key: ['id'],
      indexes: [],
    },
    said: { columns: { id: id(), note: text(), sum_id: text() }, key: ['id'], indexes: [] },
  },
  rollups: {
    said_by_note: {
      of: 'said',
      columns: { note: id(), events: count() },
      key: ['note'],
      indexes: [],
      add: (row: Row) => (row['note'] === 'fragile' ? null : { note: row['note'], events: 2 }),
    },
  },
  keysOf: {
    notes: (row) => {
      if (isMute(row)) throw new Error('The row does not tell.');
      return [keyOfNote(String(row['id'])), `says ${String(row['note'])}`];
    },
    tallies: ({ id: stream }) => [String(stream)],
  },
  reach: {
    objects: `select distinct coalesce(nullif(split_part(id, '/', 2), ''), id) as key from {notes} where split_part(id, '/', 1) = any($1)`,
  },
  facts: {
    notes: `select coalesce(nullif(split_part(id, '/', 2), ''), id) as key, id, note, count, stream from {notes}
            where coalesce(nullif(split_part(id, '/', 2), ''), id) = any($1) order by id`,
    noted: `select 'says ' || note as key, id, note, count, stream from {notes} where 'says ' || note = any($1) order by id`,
    tallies: `select split_part(n.id, '/', 2) as key, t.count, t.stream from {notes} n join {tallies} t on t.id = split_part(n.id, '/', 1)
              where split_part(n.id, '/', 2) = any($1) order by n.id`,
  },
  derive(key, { notes: named, noted, tallies: of }: Facts, policy: Policy) {
    const own = [...named, ...noted];
    const factor = Number(policy['factor'] ?? 1);
    const events = own.reduce((sum, one) => sum + one.count, 0);
    if (events > 0 && events % CURSED_EVERY === 0) throw new Error('So many cannot be derived.');
    return {
      sums:
        own.length === 0
          ? []
          : [
              {
                id: key,
                objects: own.length,
                events: factor * events,
                of_streams: of.reduce((sum, one) => sum + one.count, 0),
                longest: own.reduce((long, one) => (one.count > long.count ? one : long)).id,
              },
            ],
      said: own.map((one) => ({ id: `${key} ${one.id}`, note: one.note, sum_id: key })),
    };
  },
});

/** A derivation of a derivation: the objects of all keys of one length. */
const lengths = defineDerivation({
  name: 'lengths',
  version: 1,
  reads: ['sums'],
  tables: { lengths: { columns: { id: id(), objects: count(), events: count() }, key: ['id'], indexes: [] } },
  keysOf: { sums: ({ id: key }) => [String(String(key).length)] },
  facts: {
    sums: `select length(id)::text as key, objects, events, is_incomplete from {sums} where length(id)::text = any($1) order by id`,
  },
  derive: (key, { sums: own }: { sums: readonly Readonly<{ objects: number; events: number }>[] }) => ({
    lengths:
      own.length === 0
        ? []
        : [
            {
              id: key,
              objects: own.reduce((sum, one) => sum + one.objects, 0),
              events: own.reduce((sum, one) => sum + one.events, 0),
            },
          ],
  }),
});

export const testDerivations = standingOn([notes, tallies], [sums, lengths]);
export const POLICIES: readonly Policy[] = [{ factor: 1 }, { factor: TIMES }];

/** The facts by key, found without SQL by searching all rows. */
export function factsByKey(derivation: string, rows: Readonly<Record<string, readonly Row[]>>): Map<string, FactRows> {
  const facts = new Map<string, Record<string, Row[]>>();
  const add = (key: string, name: string, row: Row): void => {
    const own = facts.get(key) ?? { notes: [], noted: [], tallies: [], sums: [] };
    facts.set(key, own);
    own[name]?.push(row);
  };
  if (derivation === 'lengths')
    for (const row of rows['sums'] ?? []) add(String(String(row['id']).length), 'sums', row);
  else
    for (const row of rows['notes'] ?? []) {
      const note = String(row['id']);
      add(keyOfNote(note), 'notes', row);
      add(`says ${String(row['note'])}`, 'noted', row);
      if (!note.includes('/')) continue;
      const tally = (rows['tallies'] ?? []).find((one) => one['id'] === streamOfNote(note));
      if (tally !== undefined) add(keyOfNote(note), 'tallies', tally);
    }
  return facts;
}
