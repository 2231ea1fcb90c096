import { ANY, NO_STREAM } from '@eventstore/db-client';
import { setTimeout as pause } from 'node:timers/promises';
import { failureOf, withTimeout, type EventStore } from '../event-store.js';
import { lastEventOf, type RawEvent } from '../raw-event.js';
import { CopyDifference } from './difference.js';
import { isTombstone } from './tombstone.js';

/** Consecutive events of one stream that go in one append. */
type Group = RawEvent[];

const GROUP_EVENTS_MAX = 256;
/** Far below the usual limit of 1 MiB; a larger event goes alone. */
const GROUP_BYTES_MAX = 256 * 1024;
/** The most appends in flight, below the 100 calls of a connection, and their bytes. */
const ROUND_GROUPS_MAX = 64;
const ROUND_BYTES_MAX = 4 * 1024 * 1024;

const APPEND_TIMEOUT_MS = 10_000;
/** Attempts per append: the first retries follow quickly, later ones after up to 5 s; about half a minute in all. */
const ATTEMPTS_MAX = 12;

const sizeOf = ({ type, data, metadata }: RawEvent): number => data.length + metadata.length + 2 * type.length;

/**
 * Appends events with their ids, at their revisions, in the order given. Several appends are in flight at once on one
 * call, which a store processes in order. Those that fail, perhaps only because an earlier one did, are retried one by
 * one with the same ids and revisions before anything else is sent.
 */
export class OrderedAppends {
  #round: Group[] = [];
  #roundBytes = 0;
  #groupBytes = 0;
  /** The first append of a connection goes alone: only an open call keeps the order of appends. */
  #groupsMax = 1;

  constructor(private readonly target: EventStore) {}

  /** Resolves when another event can be added. */
  async add(event: RawEvent): Promise<void> {
    if (isTombstone(event)) return this.#tombstone(event);
    const size = sizeOf(event);
    const group = this.#round.at(-1);
    const previous = group?.at(-1);
    const follows =
      previous !== undefined && previous.stream === event.stream && previous.revision + 1n === event.revision;
    if (
      follows &&
      group !== undefined &&
      group.length < GROUP_EVENTS_MAX &&
      this.#groupBytes + size <= GROUP_BYTES_MAX
    ) {
      group.push(event);
      this.#groupBytes += size;
    } else {
      if (this.#round.length >= this.#groupsMax || this.#roundBytes + size > ROUND_BYTES_MAX) await this.flush();
      this.#round.push([event]);
      this.#groupBytes = size;
    }
    this.#roundBytes += size;
    if (size > GROUP_BYTES_MAX) await this.flush();
  }

  /** Resolves when all added events are durable in the target. */
  async flush(): Promise<void> {
    const round = this.#round;
    this.#round = [];
    this.#roundBytes = 0;
    const outcomes = await Promise.allSettled(round.map((group) => append(this.target, group)));
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') await insist(() => append(this.target, round[at] ?? []));
    }
    this.#groupsMax = ROUND_GROUPS_MAX;
  }

  async #tombstone({ stream }: RawEvent): Promise<void> {
    await this.flush();
    const tombstone = () =>
      withTimeout(
        this.target.appends.tombstoneStream(stream, { expectedRevision: ANY }),
        APPEND_TIMEOUT_MS,
        `Deleting ${stream}`,
      );
    await insist(tombstone).catch((error: unknown) => {
      if (failureOf(error) !== 'stream_deleted') throw error;
    });
  }
}

async function append(target: EventStore, group: Group): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const expectedRevision = first.revision === 0n ? NO_STREAM : first.revision - 1n;
  try {
    await appendAt(target, group, expectedRevision);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === 'wrong_expected_revision') throw await unfitting(target, first);
    if (failure === 'too_large')
      throw new CopyDifference(
        first.stream,
        first.revision,
        'it is larger than the append limit of the target. Raise the limit, then copy again.',
      );
    throw error;
  }
}

/** Appends events of one stream unchanged. Throws the client's errors. */
export async function appendAt(
  target: EventStore,
  events: readonly RawEvent[],
  expectedRevision: bigint | typeof NO_STREAM,
): Promise<void> {
  const stream = events[0]?.stream ?? '';
  await withTimeout(
    target.appends.appendBytes({ stream, events, expectedRevision, timeoutMs: APPEND_TIMEOUT_MS }),
    APPEND_TIMEOUT_MS,
    `Appending to ${stream}`,
  );
}

/** Explains why an event does not follow the target's last event of its stream. */
async function unfitting(target: EventStore, { stream, revision }: RawEvent): Promise<CopyDifference> {
  const last = (await lastEventOf(target, stream))?.revision ?? -1n;
  const why =
    last < revision - 1n
      ? `the source does not have what stood before it, since the beginning of the stream was removed (truncated and scavenged). Revisions cannot be kept then: move such a store with a backup.`
      : `the target has revision ${last} already. Something else writes to it.`;
  return new CopyDifference(stream, revision, why);
}

/** Retries until it succeeds, unless the store rejects it or half a minute has passed. */
export async function insist(attempt: () => Promise<unknown>): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isOpen(error) || attempts === ATTEMPTS_MAX) throw error;
      await pause(Math.min(50 * 2 ** attempts, 5_000));
    }
  }
}

/** Whether the outcome of a failed attempt is unknown. */
const isOpen = (error: unknown): boolean => !(error instanceof CopyDifference) && failureOf(error) === 'unavailable';
