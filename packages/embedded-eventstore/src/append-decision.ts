/**
 * Whether an append is written, was written before, or is refused: EventStoreDB's rules as a pure function.
 * A duplicate counts as written before only as far as the real server can tell: by revision from the log,
 * without a revision from a bounded memory of recent ids.
 */

/** What the writer expects of the stream. */
export type Expected =
  | Readonly<{ kind: 'any' }>
  | Readonly<{ kind: 'streamExists' }>
  | Readonly<{ kind: 'noStream' }>
  | Readonly<{ kind: 'revision'; revision: bigint }>;

/** What the decision needs to know of the stream. */
export type StreamFacts = Readonly<{
  /** Revision of the last event, also of a soft-deleted stream; -1 when there is none. */
  last: bigint;
  tombstoned: boolean;
  softDeleted: boolean;
  /** Whether the stream has metadata: then it exists, even without events. */
  hasMetadata: () => boolean;
  /** The revision at which a recently written id stands, as far as memory goes. */
  recentRevision: (id: string) => bigint | undefined;
  /** The id of the event at a revision, from the log. */
  idAt: (revision: bigint) => string | undefined;
}>;

export type Decision =
  | Readonly<{ kind: 'write' }>
  /** Written before: its last event stands at this revision. */
  | Readonly<{ kind: 'idempotent'; revision: bigint }>
  | Readonly<{ kind: 'wrongExpectedRevision' }>
  | Readonly<{ kind: 'streamDeleted' }>;

const WRITE: Decision = { kind: 'write' };
const WRONG: Decision = { kind: 'wrongExpectedRevision' };
const DELETED: Decision = { kind: 'streamDeleted' };

export function decideAppend(expected: Expected, ids: readonly string[], stream: StreamFacts): Decision {
  if (stream.tombstoned) return DELETED;
  if (expected.kind === 'streamExists') {
    if (stream.softDeleted) return DELETED;
    if (stream.last < 0n && !stream.hasMetadata()) return WRONG;
  }
  if (expected.kind === 'any' || expected.kind === 'streamExists') return decideByRecentIds(ids, stream);
  return decideByRevision(expected.kind === 'noStream' ? -1n : expected.revision, ids, stream);
}

/** A soft delete is decided like an append of an event that nobody knows, but there must be something to delete. */
export function decideDelete(expected: Expected, id: string, stream: StreamFacts): Decision {
  const nothingThere = stream.last < 0n && !stream.tombstoned && !stream.hasMetadata();
  return nothingThere ? WRONG : decideAppend(expected, [id], stream);
}

/** Only the first id decides whether this is new; that a later one is known then goes unnoticed. */
function decideByRecentIds(ids: readonly string[], stream: StreamFacts): Decision {
  const [first] = ids;
  if (first === undefined || stream.recentRevision(first) === undefined) return WRITE;
  const revisions = ids.map((id) => stream.recentRevision(id));
  const last = revisions.at(-1);
  return last === undefined || revisions.includes(undefined) ? WRONG : { kind: 'idempotent', revision: last };
}

/** At the head ids are not looked at; below it the log must hold exactly these ids from there on. */
function decideByRevision(expected: bigint, ids: readonly string[], stream: StreamFacts): Decision {
  if (expected === stream.last) return WRITE;
  if (expected > stream.last || ids.length === 0) return WRONG;
  const matches = (id: string, index: number): boolean => stream.idAt(expected + 1n + BigInt(index)) === id;
  if (ids.every(matches)) return { kind: 'idempotent', revision: expected + BigInt(ids.length) };
  const firstIsNew = !matches(ids[0] as string, 0);
  return firstIsNew && expected === -1n && stream.softDeleted ? WRITE : WRONG;
}
