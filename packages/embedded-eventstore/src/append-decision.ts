/**
 * Decides whether an append is written, was already written, or is refused: EventStoreDB's rules as a pure function.
 * It recognises duplicates as the real server does: with a revision from the log, without one from a bounded cache of
 * recent ids.
 */

/** The writer's expectation of the stream. */
export type Expected =
  | Readonly<{ kind: 'any' }>
  | Readonly<{ kind: 'streamExists' }>
  | Readonly<{ kind: 'noStream' }>
  | Readonly<{ kind: 'revision'; revision: bigint }>;

/** The facts about the stream that the decision needs. */
export type StreamFacts = Readonly<{
  /** The revision of the last event, even when the stream is soft-deleted; -1 when there is none. */
  last: bigint;
  tombstoned: boolean;
  softDeleted: boolean;
  /** Whether the stream has metadata. Then it exists, even without events. */
  hasMetadata: () => boolean;
  /** The revision of a recently written id, if the cache still has it. */
  recentRevision: (id: string) => bigint | undefined;
  /** The id of the event at a revision, read from the log. */
  idAt: (revision: bigint) => string | undefined;
}>;

export type Decision =
  | Readonly<{ kind: 'write' }>
  /** Already written: its last event is at this revision. */
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

/** Decides a soft delete like an append of an unknown event, except that the stream must exist. */
export function decideDelete(expected: Expected, id: string, stream: StreamFacts): Decision {
  const nothingThere = stream.last < 0n && !stream.tombstoned && !stream.hasMetadata();
  return nothingThere ? WRONG : decideAppend(expected, [id], stream);
}

/** Only the first id decides whether the append is new. A known later id goes unnoticed, as on the real server. */
function decideByRecentIds(ids: readonly string[], stream: StreamFacts): Decision {
  const [first] = ids;
  if (first === undefined || stream.recentRevision(first) === undefined) return WRITE;
  const revisions = ids.map((id) => stream.recentRevision(id));
  const last = revisions.at(-1);
  return last === undefined || revisions.includes(undefined) ? WRONG : { kind: 'idempotent', revision: last };
}

/** At the head, ids are not compared. Below the head, the log must hold exactly these ids from that revision on. */
function decideByRevision(expected: bigint, ids: readonly string[], stream: StreamFacts): Decision {
  if (expected === stream.last) return WRITE;
  if (expected > stream.last || ids.length === 0) return WRONG;
  const matches = (id: string, index: number): boolean => stream.idAt(expected + 1n + BigInt(index)) === id;
  if (ids.every(matches)) return { kind: 'idempotent', revision: expected + BigInt(ids.length) };
  const firstIsNew = !matches(ids[0] as string, 0);
  return firstIsNew && expected === -1n && stream.softDeleted ? WRITE : WRONG;
}
