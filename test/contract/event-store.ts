/**
 * Provides the server of the contract suite: the embedded one, or the real EventStoreDB in EVENTSTORE_URL. All calls
 * use the official client; stream names are random, so a used store works as well as a new one.
 */
import { randomUUID } from 'node:crypto';
import {
  EventStoreDBClient,
  isCommandError,
  jsonEvent,
  type AllStreamResolvedEvent,
  type AppendToStreamOptions,
  type JSONEventData,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { afterAll, beforeAll, it } from '@jest/globals';
import { startEmbeddedEventStore, type EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';

const realUrl = process.env['EVENTSTORE_URL'];

export type Subject = { client: EventStoreDBClient; url: string };

/** One server and one client for the specs of a file. */
export function useEventStore(): Subject {
  const subject = {} as Subject;
  let embedded: EmbeddedEventStore | undefined;
  beforeAll(async () => {
    embedded = realUrl === undefined ? await startEmbeddedEventStore({ directory: 'memory' }) : undefined;
    subject.url = realUrl ?? (embedded as EmbeddedEventStore).url;
    subject.client = EventStoreDBClient.connectionString(subject.url);
  });
  afterAll(async () => {
    await subject.client.dispose();
    await embedded?.stop();
  });
  return subject;
}

type Case = (title: string, run: () => Promise<void>) => void;

const skippedBecause =
  (reason: string): Case =>
  (title) =>
    it.skip(`${title} (skipped: ${reason})`, () => {});

/** A case that only runs on the embedded server, with the reason. */
export const onlyEmbedded = (reason: string): Case => (realUrl === undefined ? it : skippedBecause(reason));

/** A case that uses the raw protocol, which works without TLS and credentials only. */
export const plainText: Case =
  realUrl === undefined || /[?&]tls=false/i.test(realUrl) ? it : skippedBecause('these calls are made without TLS');

export const newStream = (): string => `contract-${randomUUID()}`;

export const newEvent = (type = 'tested', data: Record<string, unknown> = {}): JSONEventData =>
  jsonEvent({ id: randomUUID(), type, data });

export const newEvents = (count: number, type?: string): JSONEventData[] =>
  Array.from({ length: count }, () => newEvent(type));

export const idsOf = (events: readonly { id?: string }[]): (string | undefined)[] => events.map(({ id }) => id);

type AnyResolved = ResolvedEvent | AllStreamResolvedEvent;

export async function collect<Resolved extends AnyResolved>(
  events: AsyncIterable<Resolved>,
): Promise<NonNullable<Resolved['event']>[]> {
  const collected: NonNullable<Resolved['event']>[] = [];
  for await (const { event } of events) if (event) collected.push(event);
  return collected;
}

/** The ids in a stream from its start. */
export const idsIn = async (client: EventStoreDBClient, stream: string): Promise<string[]> =>
  (await collect(client.readStream(stream))).map(({ id }) => id);

export type AppendOutcome =
  | { kind: 'written'; revision: bigint; position: bigint | undefined }
  | { kind: 'wrongExpectedRevision'; current: bigint | 'no_stream'; expected: unknown }
  | { kind: 'streamDeleted' };

/** Appends, and returns the outcome as a value. */
export async function append(
  client: EventStoreDBClient,
  stream: string,
  { events, ...options }: AppendToStreamOptions & { events: JSONEventData[] },
): Promise<AppendOutcome> {
  try {
    const { nextExpectedRevision, position } = await client.appendToStream(stream, events, options);
    return { kind: 'written', revision: nextExpectedRevision, position: position?.commit };
  } catch (error) {
    if (!(error instanceof Error && isCommandError(error))) throw error;
    if (error.type === 'stream-deleted') return { kind: 'streamDeleted' };
    if (error.type !== 'wrong-expected-version') throw error;
    const { actualVersion, expectedVersion } = error as unknown as {
      actualVersion: bigint | 'no_stream';
      expectedVersion: unknown;
    };
    return { kind: 'wrongExpectedRevision', current: actualVersion, expected: expectedVersion };
  }
}

/** The type of the error that a read or a call ends with. */
export async function errorTypeOf(action: Promise<unknown>): Promise<string | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    if (!(error instanceof Error && isCommandError(error))) throw error;
    return error.type;
  }
}

/**
 * The ids in a stream that was just revived by an append. A real server does not find it for some milliseconds, so this
 * waits up to 5 s.
 */
export async function idsInRevived(client: EventStoreDBClient, stream: string): Promise<string[]> {
  const limit = Date.now() + 5_000;
  while ((await errorTypeOf(idsIn(client, stream))) === 'stream-not-found') {
    if (Date.now() > limit)
      throw new Error(`Stream ${stream} is not found 5 seconds after the append that brought it back.`);
  }
  return idsIn(client, stream);
}

/** The first `maxCount` ids of `$all` from a position. */
export const idsInAll = async (client: EventStoreDBClient, from: Position, maxCount: number): Promise<string[]> =>
  idsOf(await collect(client.readAll({ fromPosition: from, maxCount }))) as string[];

/** Retries up to 50 times when other writers to the same log interfered, which `attempt` reports as undefined. */
export async function undisturbed<Result>(attempt: () => Promise<Result | undefined>): Promise<Result> {
  for (let tries = 0; tries < 50; tries += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new Error('Others wrote between the events of this test 50 times.');
}

/** A new stream with this many events. */
export async function appendedStream(client: EventStoreDBClient, count: number) {
  const stream = newStream();
  const events = newEvents(count);
  await append(client, stream, { events });
  return { stream, events };
}
