import type { Deriver } from '../deriving/deriver.js';
import { groupBy } from '../folding/group-by.js';
import type { Database, Queryable } from '../read-models/database.js';
import { findEvents, findStreams, indexEvents } from '../read-models/event-index.js';
import { isHeldNow, lock, move } from '../read-models/checkpoints.js';
import { deleteStates, lastFolded, putStates, readStates } from '../read-models/objects.js';
import { findParked, findWaiting, park, unpark, wait, wantRetry } from '../read-models/parked-streams.js';
import { deleteRows, deleteStreams, findOwners, putRows } from '../read-models/rows.js';
import { nameOfGeneration } from '../read-models/schema.js';
import type { BatchWrite, Claim, Committed, ReadModels, StreamWrite } from './ports.js';

/** Thrown to roll back a transaction; carries the outcome. */
class Undone extends Error {
  constructor(readonly outcome: Exclude<Committed, { kind: 'committed' }>) {
    super(outcome.kind);
  }
}

/** The read models in Postgres, including the rows of a deriver. */
export function readModelsIn(database: Database, deriver?: Deriver): ReadModels {
  return {
    findEvents: (eventIds) => findEvents(database, eventIds),
    findStreams: (streams) => findStreams(database, streams),
    findParked: (names, streams) => findParked(database, names, streams),
    findWaiting: (generations, max) => findWaiting(database, generations, max),
    readStates: (generation, objects) => readStates(database, generation, objects),
    lastFolded: (generation, stream) => lastFolded(database, generation, stream),
    commit: (write) => commit(database, write, deriver),
  };
}

async function commit(database: Database, write: BatchWrite, deriver: Deriver | undefined): Promise<Committed> {
  try {
    const work = (connection: Queryable) => writeAll(connection, write, deriver);
    // If an unflushed batch is lost, the checkpoints reveal it and the batch is repeated. Without a move nothing would
    // reveal the loss.
    await (write.move === null ? database.transaction(work) : database.transactionUnflushed(work));
    return { kind: 'committed' };
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
    return error.outcome;
  }
}

async function writeAll(
  connection: Queryable,
  { checkpoints, move: moved, isShared, index, streams }: BatchWrite,
  deriver: Deriver | undefined,
): Promise<void> {
  if (!isShared && !(await lock(connection, checkpoints))) throw new Undone({ kind: 'lost' });
  if (index.length > 0 && !(await indexEvents(connection, index))) throw new Undone({ kind: 'raced' });
  await wait(
    connection,
    index.flatMap(({ corrects }) => corrects?.stream ?? []),
  );
  const changes = (await deriver?.before(connection, { checkpoints, streams, isShared })) ?? null;
  let mayPut = true;
  for (const own of byGeneration(streams)) mayPut = (await writeGeneration(connection, own)) && mayPut;
  // Queried in the transaction, which does not see rows that it has deleted itself.
  if (!mayPut) throw new Undone({ kind: 'claimed', claims: await claimsOf(connection, streams) });
  if (changes !== null) await deriver?.after(connection, changes, streams);
  if (moved !== null) await move(connection, checkpoints, moved);
  // At the end and with a shared lock: other workers lock the same checkpoints, and lease renewals must not wait long.
  if (isShared && !(await isHeldNow(connection, checkpoints))) throw new Undone({ kind: 'lost' });
}

/** Writes the changes of one generation; false when rows belong to streams from which they were not taken. */
async function writeGeneration(
  connection: Queryable,
  writes: readonly [StreamWrite, ...StreamWrite[]],
): Promise<boolean> {
  const [{ generation }] = writes;
  const replaced = writes.filter(({ replaces }) => replaces).map(({ stream }) => stream);
  if (replaced.length > 0) {
    await deleteStates(connection, generation, replaced);
    await deleteStreams(connection, generation, replaced);
  }
  const gone = writes.flatMap((write) => [
    ...write.gone.map((row) => ({ ...row, stream: write.stream })),
    ...write.taken.map(({ table, key, owner }) => ({ table, key, stream: owner })),
  ]);
  await deleteRows(connection, generation, gone);
  const mayPut = await putRows(
    connection,
    generation,
    writes.flatMap(({ puts }) => puts),
  );
  const states = writes.flatMap(({ stream, states: own }) => own.map((one) => ({ ...one, stream })));
  if (states.length > 0) await putStates(connection, generation, states);
  const unparked = writes.flatMap(({ stream, parking, known }) =>
    parking === 'none' && known !== null ? [{ stream, ...known }] : [],
  );
  if (unparked.length > 0) await unpark(connection, generation, unparked);
  const retried = writes.filter(({ parking }) => parking === 'retry').map(({ stream }) => stream);
  if (retried.length > 0) await wantRetry(connection, generation, retried);
  const parked = writes.flatMap(({ parking, known }) =>
    typeof parking === 'string' ? [] : [{ ...parking, known: known?.attempts ?? null }],
  );
  if (parked.length > 0) await park(connection, generation, parked);
  return mayPut;
}

async function claimsOf(connection: Queryable, streams: readonly StreamWrite[]): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const own of byGeneration(streams)) {
    const [{ generation }] = own;
    const wanted = own.flatMap(({ stream, puts }) => puts.map(({ table, key }) => ({ table, key, stream })));
    claims.push(...(await findOwners(connection, generation, wanted)).map((claim) => ({ ...claim, generation })));
  }
  return claims;
}

const byGeneration = (writes: readonly StreamWrite[]): Iterable<readonly [StreamWrite, ...StreamWrite[]]> =>
  groupBy(writes, ({ generation }) => nameOfGeneration(generation)).values();
