import { isRejectedData, type Queryable } from '../read-models/database.js';
import { park, unpark, type ParkedStream } from '../read-models/parked-streams.js';
import { readStates, writeStreams, writtenOf, type WrittenStream } from '../read-models/rows.js';
import type { Generation } from '../read-models/schema.js';
import { foldTold, type Told } from './stream-fold.js';

/** What one batch does to one generation. `lastGood` is of the streams parked; `wasParked` are those of the streams written that are parked so far. */
export type Change = { generation: Generation; written: WrittenStream[]; parked: ParkedStream[]; lastGood: WrittenStream[]; wasParked: Set<string>; refolds: number; ambiguous: number };

/** Writes what a batch does to all generations. */
export async function writeChanges(connection: Queryable, changes: readonly Change[]): Promise<void> {
  for (const { generation, written, parked, lastGood, wasParked } of changes) {
    if (written.length + lastGood.length > 0) await writeStreams(connection, generation, [...written, ...lastGood]);
    const unparked = written.map(({ stream }) => stream).filter((stream) => wasParked.has(stream));
    if (unparked.length > 0) await unpark(connection, generation, unparked);
    if (parked.length > 0) await park(connection, generation, parked);
  }
}

/** A stream with more events is left as it is, and so are all after this time: the transaction holds the lines, whose lease runs out. */
const GO_BACK_EVENTS_MAX = 1_000n;
const GO_BACK_WITHIN_MS = 3_000;

/** What the events of a stream say to the projection of a generation, up to the end of the batch. */
type ReadBack = (generation: Generation, stream: string) => Promise<readonly Told[]>;

/**
 * After Postgres rejected the data of a batch: each stream by itself, so that only the one concerned is parked. It is left with
 * the rows of as many of its events as Postgres takes. What it is parked for is the first event that they do not go with.
 */
export async function writeOneByOne(connection: Queryable, changes: readonly Change[], readBack: ReadBack): Promise<void> {
  const deadline = performance.now() + GO_BACK_WITHIN_MS;
  for (const change of changes) {
    const { generation, written, lastGood } = change;
    [change.written, change.lastGood] = [[], []];
    const toldOf = async ({ stream, revision }: WrittenStream): Promise<readonly Told[]> =>
      revision < GO_BACK_EVENTS_MAX && performance.now() < deadline ? (await readBack(generation, stream)).filter(({ event }) => event.revision <= revision) : [];
    for (const one of written) {
      const rejection = await rejectionOf(connection, { ...change, written: [one], parked: [] });
      if (rejection === null) change.written.push(one);
      else change.parked.push(await goBack(connection, change, { ...one, rejection, told: await toldOf(one) }));
    }
    for (const one of lastGood) {
      const rejection = await rejectionOf(connection, { ...change, written: [], parked: [], lastGood: [one] });
      if (rejection !== null) await goBack(connection, change, { ...one, rejection, told: await toldOf(one) });
    }
    if (change.parked.length > 0) await park(connection, generation, change.parked);
  }
}

type Rejection = Error & { code?: string; detail?: string };

/** Writes a change, or nothing when Postgres rejects its data. */
async function rejectionOf(connection: Queryable, change: Change): Promise<Rejection | null> {
  await connection.query('savepoint one_stream');
  try {
    await writeChanges(connection, [change]);
    return null;
  } catch (error) {
    if (!isRejectedData(error)) throw error;
    await connection.query('rollback to savepoint one_stream');
    return error as Rejection;
  }
}

type Rejected = Readonly<{ stream: string; revision: bigint; rejection: Rejection; told: readonly Told[] }>;

/** Leaves a stream, whose rows after all that is told are rejected, with those after less; or as it is, where that is further on. */
async function goBack(connection: Queryable, change: Change, { stream, revision, rejection, told }: Rejected): Promise<ParkedStream> {
  const { generation } = change;
  const stands = (await readStates(connection, generation, [stream])).get(stream)?.revision ?? -1n;
  let parked = rejectedBy(rejection, { stream, revision: told.at(-1)?.event.revision ?? revision });
  await seekAccepted(told.length, async (count) => {
    const folded = foldTold(generation.projection, told.slice(0, count));
    if (folded === null || folded.revision <= stands) return folded !== null;
    const rejected = await rejectionOf(connection, { ...change, written: [], parked: [], lastGood: [writtenOf(generation, folded, null)] });
    if (rejected !== null) parked = rejectedBy(rejected, folded);
    return rejected === null;
  });
  return parked;
}

/** Ends with the largest count that is accepted before one that is not, sought from the end in steps that double, then by halves. Nothing is always accepted. */
async function seekAccepted(rejected: number, accepts: (count: number) => Promise<boolean>): Promise<void> {
  let [good, bad] = [Math.max(rejected - 1, 0), rejected];
  for (let step = 2; good > 0 && !(await accepts(good)); step *= 2) [good, bad] = [Math.max(good - step, 0), good];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await accepts(middle)) good = middle;
    else bad = middle;
  }
}

const rejectedBy = ({ message, code, detail, stack = message }: Rejection, { stream, revision }: { stream: string; revision: bigint }): ParkedStream =>
  ({ stream, revision, cause: `Postgres rejects a row (SQLSTATE ${code}): ${message}`, stack: detail === undefined ? stack : `${detail}\n${stack}` });
