/**
 * Operations in the event store. Each is a stream: the first event is the request, the last one the current state. So
 * they survive the loss of Postgres, and an append at the expected revision is the right to work.
 */
import { hash, randomUUID } from 'node:crypto';
import type { EventStore } from '../eventstore/event-store.js';
import { appendOwn, lastOf, latestOf } from '../eventstore/own-streams.js';
import { readEventAt } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { StoreUnavailable } from '../eventstore/store-errors.js';
import { hasEnded, QUEUED, type Operation, type OperationRequest, type Requested, type Standing } from './operation.js';

/** A step of an operation, which is its event's type. */
export type Step =
  | 'requested'
  | 'started'
  | 'resumed'
  | 'progressed'
  | 'released'
  | 'cancel_wanted'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

/** The stream that lists all operations in the order of their requests. */
const LIST = 'operations';
const streamOf = (id: string): string => `operations-${id}`;
const OPERATION_ID = /^op_[0-9a-f]{24}$/;
const ATTEMPTS_TO_LIST = 20;

type Asked = Omit<Requested, 'requestedAt'> & Readonly<{ key: string | null; now: Date }>;
/** `key_reused`: this key was used for a different request. */
export type Made = Readonly<{ kind: 'made' | 'known'; operation: Operation }> | Readonly<{ kind: 'key_reused' }>;

/** Requests an operation. The same key always means the same operation. @throws StoreUnavailable */
export async function ask(store: EventStore, { request, by, readModels, key, now }: Asked): Promise<Made> {
  const id = `op_${key === null ? randomUUID().replaceAll('-', '').slice(0, 24) : hash('sha256', key).slice(0, 24)}`;
  const known = await readOperation(store, id);
  if (known !== null) return sameOr(known, request);
  // Listed first: a listed operation without a request is ignored, and no request is missing from the list.
  await list(store, id);
  const requested: Requested = { request, by, requestedAt: now.toISOString(), readModels };
  const written = await append(store, id, { step: 'requested', data: requested, revision: -1n });
  if (written) return { kind: 'made', operation: { id, revision: 0n, ...requested, ...QUEUED } };
  const other = await readOperation(store, id);
  if (other === null) throw new Error(`${id} exists but cannot be read.`);
  return sameOr(other, request);
}

const sameOr = (operation: Operation, request: OperationRequest): Made =>
  JSON.stringify(operation.request) === JSON.stringify(request) ? { kind: 'known', operation } : { kind: 'key_reused' };

async function list(store: EventStore, id: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS_TO_LIST; attempt += 1) {
    const last = await lastOf(store, LIST);
    const written = await appendOwn(store, LIST, {
      events: [{ eventId: randomUUID(), type: 'operation-listed', data: { id } }],
      revision: last?.revision ?? -1n,
    });
    if (written.kind === 'written') return;
    if (written.kind !== 'wrong_expected_revision') throw unavailable(written.kind);
  }
  throw unavailable('too many operations were requested at the same time');
}

/** Appends a step at the expected revision; false when the stream has moved on. @throws StoreUnavailable */
async function append(
  store: EventStore,
  id: string,
  { step, data, revision }: { step: Step; data: unknown; revision: bigint },
): Promise<boolean> {
  const written = await appendOwn(store, streamOf(id), {
    events: [{ eventId: randomUUID(), type: `operation-${step}`, data }],
    revision,
  });
  if (written.kind === 'written') return true;
  if (written.kind === 'wrong_expected_revision') return false;
  throw unavailable(written.kind);
}

const unavailable = (why: string) => new StoreUnavailable(`Writing an operation: ${why}.`);

/** Reads an operation; null when the id is unknown. */
export async function readOperation(store: EventStore, id: string): Promise<Operation | null> {
  if (!OPERATION_ID.test(id)) return null;
  const first = await readEventAt(store, streamOf(id), 0n);
  if (first === null) return null;
  const last = (await lastOf(store, streamOf(id))) ?? first;
  return operationOf(id, first, last);
}

const operationOf = (id: string, first: RecordedEvent, last: RecordedEvent): Operation => ({
  id,
  ...(first.data as Requested),
  ...(last.revision === 0n ? QUEUED : (last.data as Standing)),
  revision: last.revision,
});

/**
 * Lists operations before a place, newest first. `before` is the place of the last one, for the next page. Skips the
 * ids in `without`.
 */
export async function listOperations(
  store: EventStore,
  { before, max, without }: { before?: bigint | undefined; max: number; without?: ReadonlySet<string> },
): Promise<{ operations: Operation[]; before: bigint | null }> {
  const listed = await latestOf(store, LIST, { before, max });
  const ids = [...new Set(listed.map(({ data }) => (data as { id: string }).id))].filter(
    (id) => without?.has(id) !== true,
  );
  const operations = await Promise.all(ids.map((id) => readOperation(store, id)));
  const last = listed.at(-1);
  return {
    operations: operations.filter((operation) => operation !== null),
    before: last !== undefined && last.revision > 0n && listed.length === max ? last.revision : null,
  };
}

/** Appends the next step of an operation; null when another process was faster. @throws StoreUnavailable */
export async function step(
  store: EventStore,
  operation: Operation,
  [name, change]: readonly [Step, Partial<Standing>],
): Promise<Operation | null> {
  const { state, attempts, owner, startedAt, endedAt, progress, result, cause } = operation;
  const standing: Standing = { state, attempts, owner, startedAt, endedAt, progress, result, cause, ...change };
  const written = await append(store, operation.id, { step: name, data: standing, revision: operation.revision });
  return written ? { ...operation, ...standing, revision: operation.revision + 1n } : null;
}

const CANCEL_ATTEMPTS_MAX = 20;

/** Ends an operation that no process may claim any more; null when one has claimed it. */
export const interrupt = (
  store: EventStore,
  operation: Operation,
  cause: string,
  now: Date,
): Promise<Operation | null> =>
  step(store, operation, ['interrupted', { state: 'interrupted', owner: null, endedAt: now.toISOString(), cause }]);

/** Cancels an operation: at once when no process runs it, else through its process. An ended one stays as it is. */
export async function cancel(store: EventStore, id: string, now: Date): Promise<Operation | null> {
  for (let attempt = 1; attempt <= CANCEL_ATTEMPTS_MAX; attempt += 1) {
    const operation = await readOperation(store, id);
    if (operation === null || hasEnded(operation.state) || operation.state === 'cancelling') return operation;
    const cancelled = await step(
      store,
      operation,
      operation.state === 'queued'
        ? ['cancelled', { state: 'cancelled', endedAt: now.toISOString() }]
        : ['cancel_wanted', { state: 'cancelling' }],
    );
    if (cancelled !== null) return cancelled;
  }
  throw unavailable('its process is writing its progress');
}
