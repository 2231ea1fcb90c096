import { inSavepoint, type Queryable } from '../read-models/database.js';
import { atEvent, atRevision, park, unpark, type ParkedStream } from '../read-models/parked-streams.js';
import { deleteClaimed, findClaims, readStates, writeStreams, writtenOf, type Claim, type RowTexts, type WrittenStream } from '../read-models/rows.js';
import type { Generation } from '../read-models/schema.js';
import { foldTold, type Told } from './stream-fold.js';
import type { Remains } from './stream-pages.js';

/** A stream that the store has not got whole any more: it was deleted or tombstoned, or its limits hide its first events. */
export type GoneStream = Readonly<{ stream: string; remains: Exclude<Remains, 'all'> }>;

/**
 * What one batch does to one generation. `lastGood` is of the streams parked; `wasParked` are those of the streams written that are
 * parked so far; `gone` are those that were read again and are not whole.
 */
export type Change = {
  generation: Generation;
  written: WrittenStream[];
  parked: ParkedStream[];
  lastGood: WrittenStream[];
  wasParked: Set<string>;
  gone: GoneStream[];
  refolds: number;
  longestRefoldMs: number;
  ambiguous: number;
};

/** Writes what a batch does to all generations. */
export async function writeChanges(connection: Queryable, changes: readonly Change[]): Promise<void> {
  for (const { generation, written, parked, lastGood, wasParked } of changes) {
    if (written.length + lastGood.length > 0) await writeStreams(connection, generation, [...written, ...lastGood]);
    const unparked = written.map(({ stream }) => stream).filter((stream) => wasParked.has(stream));
    if (unparked.length > 0) await unpark(connection, generation, unparked);
    if (parked.length > 0) await park(connection, generation, parked);
  }
}

/** A stream with more events is left as it is, and so are all after this time: the transaction holds the lines meanwhile. */
const GO_BACK_EVENTS_MAX = 1_000n;
const GO_BACK_WITHIN_MS = 3_000;

/** What the first `events` events of a stream say to the projection of a generation. */
type ReadBack = (generation: Generation, stream: string, events: number) => Promise<readonly Told[]>;

/**
 * After Postgres rejected a batch: writes each stream by itself, so that only those that cannot be written are parked. Such a stream
 * keeps the rows of a shorter part of its events, and is parked at the first event with which Postgres rejects them.
 */
export async function writeOneByOne(connection: Queryable, changes: readonly Change[], readBack: ReadBack): Promise<void> {
  const deadline = performance.now() + GO_BACK_WITHIN_MS;
  for (const change of changes) {
    const { generation, written, lastGood } = change;
    [change.written, change.lastGood] = [[], []];
    const toldOf = async ({ stream, revision }: WrittenStream): Promise<readonly Told[]> =>
      (revision < GO_BACK_EVENTS_MAX && performance.now() < deadline ? await readBack(generation, stream, Number(revision) + 1) : []);
    for (const one of written) {
      const tried = await tryToWrite(connection, change, { one, isGood: true });
      if (tried.kind === 'rejected') change.parked.push(await goBack(connection, change, { ...one, ...tried, told: await toldOf(one) }));
      else if (!tried.isParked) change.written.push(one);
    }
    for (const one of lastGood) {
      const tried = await tryToWrite(connection, change, { one, isGood: false });
      if (tried.kind === 'rejected') await goBack(connection, change, { ...one, ...tried, told: await toldOf(one) });
    }
    // One statement parks no stream twice; what was found last is the cause.
    change.parked = [...new Map(change.parked.map((one) => [one.stream, one])).values()];
    if (change.parked.length > 0) await park(connection, generation, change.parked);
  }
}

type Rejection = Error & { code?: string; detail?: string };
type Outcome = Readonly<{ kind: 'written'; isParked: boolean } | { kind: 'rejected'; rejection: Rejection }>;

/** Writes one stream, or nothing when that fails. `isGood`: nothing else is wrong with the stream, so that it is taken out of parking. */
async function tryToWrite(connection: Queryable, change: Change, { one, isGood }: { one: WrittenStream; isGood: boolean }): Promise<Outcome> {
  const tried = await inSavepoint(connection, async () => {
    const { mine, parked } = await settleClaims(connection, change.generation, one);
    const isParked = parked.some(({ stream }) => stream === one.stream);
    const [written, lastGood] = isGood && !isParked ? [[mine], []] : [[], [mine]];
    await writeChanges(connection, [{ ...change, written, lastGood, parked: [] }]);
    return { parked, isParked };
  });
  if (tried.kind === 'rejected') return { kind: 'rejected', rejection: tried.error as Rejection };
  change.parked.push(...tried.value.parked);
  return { kind: 'written', isParked: tried.value.isParked };
}

/**
 * A row that two streams claim belongs to the one whose name is the greater: a rule that does not ask which came first, and gives an
 * invoice to the stream of its subscription. The other stream keeps its other rows, and is parked for it.
 */
async function settleClaims(connection: Queryable, generation: Generation, one: WrittenStream): Promise<{ mine: WrittenStream; parked: ParkedStream[] }> {
  const claims = await findClaims(connection, generation, one);
  if (claims.length === 0) return { mine: one, parked: [] };
  const lost = claims.filter(({ owner }) => owner > one.stream);
  const won = claims.filter(({ owner }) => owner < one.stream);
  await deleteClaimed(connection, generation, won);
  const states = await readStates(connection, generation, won.map(({ owner }) => owner));
  const parked = won.map((claim) => parkedFor(claim, { loser: { stream: claim.owner, revision: states.get(claim.owner)?.revision ?? 0n }, winner: one.stream }));
  if (lost[0] !== undefined) parked.push(parkedFor(lost[0], { loser: one, winner: lost[0].owner }));
  return { mine: { ...one, texts: without(one.texts, lost), before: null }, parked };
}

const parkedFor = ({ table, key }: Claim, { loser, winner }: { loser: Pick<ParkedStream, 'stream' | 'revision'>; winner: string }): ParkedStream =>
  ({ stream: loser.stream, ...atRevision(loser.revision), cause: `Two streams claim the row ${key} of ${table}: it belongs to ${winner}.`, stack: null });

const without = (texts: RowTexts, claims: readonly Claim[]): RowTexts =>
  Object.fromEntries(Object.entries(texts).map(([name, rows]) =>
    [name, new Map([...rows].filter(([key]) => !claims.some((claim) => claim.table === name && claim.key === key)))]));

type Rejected = Readonly<{ stream: string; revision: bigint; rejection: Rejection; told: readonly Told[] }>;

/** Keeps the rows of a part of a stream's events that Postgres accepts; or the stream as it is, where that is further on. */
async function goBack(connection: Queryable, change: Change, { stream, revision, rejection, told }: Rejected): Promise<ParkedStream> {
  const { generation } = change;
  const stands = (await readStates(connection, generation, [stream])).get(stream)?.revision ?? -1n;
  let parked = rejectedBy(rejection, { stream, revision, event: told.at(-1)?.event });
  await seekAccepted(told.length, async (count) => {
    const folded = foldTold(generation.projection, told.slice(0, count));
    if (folded === null || folded.revision <= stands) return folded !== null;
    const tried = await tryToWrite(connection, change, { one: writtenOf(generation, folded, null), isGood: false });
    if (tried.kind === 'rejected') parked = rejectedBy(tried.rejection, { ...folded, event: told[count - 1]?.event });
    return tried.kind === 'written';
  });
  return parked;
}

/** Finds an accepted count next to a rejected one, from the end in steps that double, then by halves. None is always accepted. */
async function seekAccepted(rejected: number, accepts: (count: number) => Promise<boolean>): Promise<void> {
  let [good, bad] = [Math.max(rejected - 1, 0), rejected];
  for (let step = 2; good > 0 && !(await accepts(good)); step *= 2) [good, bad] = [Math.max(good - step, 0), good];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await accepts(middle)) good = middle;
    else bad = middle;
  }
}

type RejectedAt = Readonly<{ stream: string; revision: bigint; event: Told['event'] | undefined }>;

function rejectedBy({ message, code, detail, stack = message }: Rejection, { stream, revision, event }: RejectedAt): ParkedStream {
  const cause = code === undefined ? `The rows cannot be written: ${message}` : `Postgres rejects a row (SQLSTATE ${code}): ${message}`;
  return { stream, ...(event === undefined ? atRevision(revision) : atEvent(event)), cause, stack: detail === undefined ? stack : `${detail}\n${stack}` };
}
