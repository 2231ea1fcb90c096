import assert from 'node:assert/strict';
import type { RowKey, RowText } from '../folding/row-texts.js';
import { nameOfGeneration, type Generation } from '../read-models/schema.js';
import { atEvent, type ParkedStream } from '../read-models/parked-streams.js';
import type { Claim, Parked, StreamWrite } from './ports.js';

/**
 * The owner of a row that two streams claim: the stream with the greater name. This rule does not depend on the order
 * of arrival, and gives an invoice to its subscription's stream. The other stream keeps its other rows, and is parked.
 */
export const ownerOf = (one: string, other: string): string => (one > other ? one : other);

/** Settles rows claimed by two streams of one batch: the loser writes its other rows, and is parked. */
export function settleWithin(writes: readonly StreamWrite[]): StreamWrite[] {
  const claims: Claim[] = [];
  const claimants = new Map<string, StreamWrite>();
  for (const write of writes) {
    for (const row of write.puts) {
      const name = `${nameOfGeneration(write.generation)} ${row.table} ${row.key}`;
      const other = claimants.get(name);
      assert(
        other?.stream !== write.stream,
        `Two objects of ${write.stream} claim the row ${row.key} of ${row.table}.`,
      );
      if (other === undefined || ownerOf(write.stream, other.stream) === write.stream) claimants.set(name, write);
      if (other === undefined) continue;
      const [winner, loser] = ownerOf(write.stream, other.stream) === write.stream ? [write, other] : [other, write];
      claims.push({ ...row, generation: loser.generation, stream: loser.stream, owner: winner.stream });
    }
  }
  return claims.length === 0 ? [...writes] : settle(writes, claims);
}

/**
 * Settles claims between the streams of a batch and the current owners of the rows. A stream that loses to one waiting
 * to be folded again waits too, because that stream may give up the row.
 */
export function settle(
  writes: readonly StreamWrite[],
  claims: readonly Claim[],
  waiting: ReadonlySet<string> = new Set(),
): StreamWrite[] {
  const settled = new Map(writes.map((write) => [nameOf(write), write]));
  for (const claim of claims) {
    const { generation, stream, owner } = claim;
    const write = settled.get(nameOf(claim));
    assert(write !== undefined, `${stream} claims a row but was not written.`);
    if (ownerOf(stream, owner) === owner) {
      settled.set(nameOf(claim), {
        ...write,
        puts: write.puts.filter((row) => !isSame(row, claim)),
        parking: {
          ...parkedFor(claim, { loser: stream, winner: owner }),
          ...(waiting.has(owner) ? { kind: 'waiting' } : {}),
        },
      });
      continue;
    }
    settled.set(nameOf(claim), { ...write, taken: [...write.taken, { table: claim.table, key: claim.key, owner }] });
    const loser = settled.get(nameOf({ generation, stream: owner })) ?? nothingOf(generation, owner);
    settled.set(nameOf(loser), { ...loser, parking: parkedFor(claim, { loser: owner, winner: stream }) });
  }
  return [...settled.values()];
}

/** Returns a write that changes nothing. */
export const nothingOf = (generation: Generation, stream: string, known: Parked | null = null): StreamWrite => ({
  generation,
  stream,
  known,
  replaces: false,
  states: [],
  puts: [],
  gone: [],
  taken: [],
  parking: 'keep',
});

const parkedFor = ({ table, key }: RowKey, { loser, winner }: { loser: string; winner: string }): ParkedStream => ({
  kind: 'whole',
  stream: loser,
  ...atEvent(undefined),
  cause: `Two streams claim the row ${key} of ${table}: it belongs to ${winner}.`,
  stack: null,
});

const isSame = (row: RowText, { table, key }: RowKey): boolean => row.table === table && row.key === key;
const nameOf = ({ generation, stream }: Pick<StreamWrite, 'generation' | 'stream'>): string =>
  `${nameOfGeneration(generation)} ${stream}`;
