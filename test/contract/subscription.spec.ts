import { describe, expect, it } from '@jest/globals';
import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  START,
  streamNameFilter,
  type JSONEventData,
  type Position,
} from '@eventstore/db-client';
import {
  append,
  collect,
  errorTypeOf,
  idsInAll,
  idsOf,
  newEvent,
  newEvents,
  newStream,
  undisturbed,
  useEventStore,
} from './event-store.js';
import { follow } from './follow.js';

const store = useEventStore();

const write = (stream: string, count: number, type?: string) => writeEvents(stream, newEvents(count, type));

const writeEvents = async (stream: string, events: JSONEventData[]) => {
  const outcome = await append(store.client, stream, { events });
  if (outcome.kind !== 'written' || outcome.position === undefined)
    throw new Error('Events expecting any revision are written.');
  return { events, position: { commit: outcome.position, prepare: outcome.position } };
};

describe('A subscription to a stream', () => {
  it('from the start delivers existing and then new events, in order', async () => {
    const stream = newStream();
    const { events: old } = await write(stream, 50);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: START }));
    await following.events(50);
    const { events: fresh } = await write(stream, 3);
    expect(idsOf(await following.events(53))).toEqual(idsOf([...old, ...fresh]));
    await following.stop();
  });

  it('from a revision delivers what comes after it', async () => {
    const stream = newStream();
    const { events } = await write(stream, 10);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: 6n }));
    expect(idsOf(await following.events(3))).toEqual(idsOf(events.slice(7)));
    await following.stop();
  });

  it('from the end delivers only new events', async () => {
    const stream = newStream();
    await write(stream, 5);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: END }));
    await following.reached('caughtUp');
    const { events } = await write(stream, 2);
    expect(idsOf(await following.events(2))).toEqual(idsOf(events));
    await following.stop();
  });

  it('that does not exist yet delivers its first event when it comes', async () => {
    const stream = newStream();
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const { events } = await write(stream, 1);
    expect(idsOf(await following.events(1))).toEqual(idsOf(events));
    await following.stop();
  });

  it('is confirmed first and reports once that it has caught up, after the existing events', async () => {
    const stream = newStream();
    await write(stream, 40);
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    await write(stream, 2);
    await following.events(42);
    expect(following.log()).toEqual(['confirmation', ...Array(40).fill('event'), 'caughtUp', 'event', 'event']);
    await following.stop();
  });

  it.each([START, END, 0n] as const)('that is tombstoned is refused, from %s', async (fromRevision) => {
    const stream = newStream();
    await write(stream, 1);
    await store.client.tombstoneStream(stream);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision }));
    expect(await errorTypeOf(following.until(() => false))).toBe('stream-deleted');
  });

  it('that is tombstoned while it is followed ends with an error, after the earlier events and the tombstone', async () => {
    const stream = newStream();
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const { events } = await write(stream, 2);
    expect(idsOf(await following.events(2))).toEqual(idsOf(events));
    await store.client.tombstoneStream(stream);
    const [, , tombstone] = await following.events(3);
    expect(tombstone).toMatchObject({ streamId: stream, type: '$streamDeleted', revision: 2n ** 63n - 1n });
    expect(await errorTypeOf(following.until(() => false))).toBe('stream-deleted');
    expect(following.log()).toEqual(['confirmation', 'caughtUp', 'event', 'event', 'event', 'error']);
  });

  it('from beyond its end waits until the stream is longer', async () => {
    const stream = newStream();
    await write(stream, 2);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: 3n }));
    await following.reached('caughtUp');
    const { events } = await write(stream, 3);
    expect(idsOf(await following.events(1))).toEqual(idsOf(events.slice(2)));
    await following.stop();
  });

  it('gives the same to every subscriber', async () => {
    const stream = newStream();
    const followers = Array.from({ length: 10 }, () => follow(store.client.subscribeToStream(stream)));
    await Promise.all(followers.map((following) => following.reached('caughtUp')));
    const { events } = await write(stream, 20);
    for (const following of followers) expect(idsOf(await following.events(20))).toEqual(idsOf(events));
    await Promise.all(followers.map((following) => following.stop()));
  });

  it('that is not read for a while delivers everything later', async () => {
    const stream = newStream();
    const subscription = store.client.subscribeToStream(stream);
    await new Promise((resolve) => subscription.once('confirmation', resolve));
    const written = [];
    for (let batch = 0; batch < 10; batch += 1) written.push(...(await write(stream, 100)).events);
    const received: string[] = [];
    for await (const { event } of subscription) {
      received.push(event?.id as string);
      if (received.length === written.length) break;
    }
    expect(received).toEqual(idsOf(written));
  });
});

describe('A subscription to $all', () => {
  it('from a position delivers what comes after it, of all streams', async () => {
    const [a, b] = [newStream(), newStream()];
    const { position } = await write(a, 2);
    const { events: later } = await write(b, 2);
    const following = follow(store.client.subscribeToAll({ fromPosition: position }));
    const { events: fresh } = await write(a, 2);
    const received = await following.until((events) => events.some(({ id }) => id === fresh[1]?.id));
    expect(idsOf(received.filter(({ streamId }) => [a, b].includes(streamId)))).toEqual(idsOf([...later, ...fresh]));
    await following.stop();
  });

  it('from the end delivers only new events', async () => {
    const stream = newStream();
    const { events: old } = await write(stream, 3);
    const following = follow(store.client.subscribeToAll({ fromPosition: END }));
    await following.reached('caughtUp');
    const { events: fresh } = await write(stream, 3);
    const received = idsOf(await following.until((events) => events.some(({ id }) => id === fresh[2]?.id)));
    expect(received).toEqual(expect.arrayContaining(idsOf(fresh)));
    expect(received).not.toContain(old[0]?.id);
    await following.stop();
  });

  it('from the start gives the same as a read', async () => {
    await write(newStream(), 100);
    const following = follow(store.client.subscribeToAll({ fromPosition: START }));
    const received = await following.events(100);
    const read = [];
    for await (const { event } of store.client.readAll({ maxCount: 100 })) read.push(event);
    expect(idsOf(received.slice(0, 100))).toEqual(idsOf(read as { id: string }[]));
    await following.stop();
  });

  it('from before a record, as checkpoints tell it, gives that first', async () => {
    const stream = newStream();
    const { events, position } = await write(stream, 1);
    const following = follow(store.client.subscribeToAll({ fromPosition: { ...position, prepare: 0n } }));
    expect(idsOf((await following.events(1)).slice(0, 1))).toEqual(idsOf(events));
    await following.stop();
  });

  it('from within a record is refused', async () => {
    const { position } = await write(newStream(), 1);
    await write(newStream(), 1);
    const within = { commit: position.commit + 1n, prepare: position.prepare + 1n };
    const following = follow(store.client.subscribeToAll({ fromPosition: within }));
    await expect(following.events(1)).rejects.toThrow(/Trying to read from an invalid position/);
    expect(following.log()).toEqual(['confirmation', 'error']);
  });

  it('from within the last record delivers new events', async () => {
    const received = await undisturbed(async () => {
      const { position } = await write(newStream(), 1);
      const following = follow(
        store.client.subscribeToAll({ fromPosition: { commit: position.commit + 1n, prepare: position.prepare + 1n } }),
      );
      try {
        await following.reached('caughtUp');
        const { events } = await write(newStream(), 1);
        await following.until((all) => all.some(({ id }) => id === events[0]?.id));
        return 'what comes';
      } catch (error) {
        if (/invalid position/.test((error as Error).message)) return undefined;
        throw error;
      } finally {
        await following.stop();
      }
    });
    expect(received).toBe('what comes');
  });

  it('from beyond the end waits until the log is longer', async () => {
    const { position } = await write(newStream(), 1);
    const following = follow(
      store.client.subscribeToAll({
        fromPosition: { commit: position.commit + 2n ** 40n, prepare: position.prepare + 2n ** 40n },
      }),
    );
    await following.reached('caughtUp');
    await write(newStream(), 1);
    expect(following.log()).toEqual(['confirmation', 'caughtUp']);
    await following.stop();
  });

  it('gives an event no later than its append is answered and read', async () => {
    const stream = newStream();
    const following = follow(store.client.subscribeToAll({ fromPosition: END }));
    await following.reached('caughtUp');
    for (let round = 0; round < 20; round += 1) {
      const { events } = await write(stream, 1);
      await following.until((received) => received.some(({ id }) => id === events[0]?.id));
    }
    await following.stop();
  });
});

describe('A filtered subscription to $all', () => {
  it.each([
    ['stream name prefixes', (name: string) => streamNameFilter({ prefixes: [`${name}-a`, `${name}-b`] })],
    ['a stream name expression', (name: string) => streamNameFilter({ regex: `^${name}-[ab]$` })],
    ['event type prefixes', (name: string) => eventTypeFilter({ prefixes: [`${name}-a`, `${name}-b`] })],
    ['an event type expression', (name: string) => eventTypeFilter({ regex: `^${name}-[ab]$` })],
  ])('by %s gives the events that match, old and new', async (_name, filterFor) => {
    const name = newStream();
    const { position } = await write(newStream(), 1);
    const old = (await write(`${name}-a`, 2, `${name}-a`)).events;
    await write(`${name}-c`, 2, `${name}-c`);
    const following = follow(store.client.subscribeToAll({ fromPosition: position, filter: filterFor(name) }));
    await following.events(2);
    await write(`${name}-c`, 2, `${name}-c`);
    const fresh = (await write(`${name}-b`, 2, `${name}-b`)).events;
    expect(idsOf(await following.events(4))).toEqual(idsOf([...old, ...fresh]));
    await following.stop();
  });

  it('can leave out the events of the system', async () => {
    const stream = newStream();
    const { position } = await write(stream, 1);
    await store.client.setStreamMetadata(stream, { maxCount: 100 });
    const { events } = await write(stream, 1);
    const following = follow(store.client.subscribeToAll({ fromPosition: position, filter: excludeSystemEvents() }));
    const received = await following.until((all) => all.some(({ id }) => id === events[0]?.id));
    expect(received.filter(({ type }) => type.startsWith('$'))).toEqual([]);
    await following.stop();
  });

  /**
   * Writes events (`m` for matching ones), subscribes from the first, and returns the places of what arrived until it
   * had caught up.
   */
  const catchUp = (pattern: string, { window, interval }: { window: number; interval: number }): Promise<string> =>
    undisturbed(async () => {
      const name = newStream();
      const events = [...pattern].map((sign) => newEvent(sign === 'm' ? name : 'other'));
      await append(store.client, name, { events });
      const positions = (await collect(store.client.readStream(name))).map(({ position }) => position as Position);
      const told: string[] = [];
      const checkpointReached = async (_subscription: unknown, { commit, prepare }: Position): Promise<void> => {
        told.push(
          `${prepare === 0n ? 'before' : 'at'} ${positions.findIndex((position) => position.commit === commit)}`,
        );
      };
      const filter = eventTypeFilter({
        prefixes: [name],
        maxSearchWindow: window,
        checkpointInterval: interval,
        checkpointReached,
      });
      const [first, last] = [positions[0], positions.at(-1)] as [Position, Position];
      const following = follow(store.client.subscribeToAll({ fromPosition: first, filter }));
      await following.reached('caughtUp');
      await following.stop();
      return (await idsInAll(store.client, last, 2)).length === 1 ? told.join(', ') : undefined;
    });
  const others = (count: number): string => 'o'.repeat(count);

  it.each([
    [
      'after each window of events, with the place before it when nothing in it matched',
      others(26),
      5,
      1,
      'at 0, before 5, before 10, before 15, before 20',
    ],
    ['after so many windows, with the place before the last of them', others(26), 5, 2, 'before 5, before 15'],
    ['with the place of the last match in the window', 'o' + 'm'.repeat(9), 5, 1, 'at 4, at 9'],
    [
      'with the place of the last match, when a window without one is not the end of an interval',
      'oom' + others(8),
      5,
      1,
      'at 2, before 5',
    ],
    ['with the place where it began, when it has caught up before', others(3), 32, 1, 'at 0'],
    ['with the place of the last match, when it has caught up before', 'omomo', 32, 1, 'at 3'],
    ['after 32 matches, though the window goes on', 'o' + 'mo'.repeat(60), 100, 1, 'at 119'],
    ['not at all, when there is nothing to come', 'm', 1, 1, ''],
    ['after every event, when the window is one', 'omo', 1, 1, 'at 0, at 1, before 2'],
  ])('gets a checkpoint %s', async (_name, pattern, window, interval, wanted) => {
    expect(await catchUp(pattern, { window, interval })).toBe(wanted);
  });

  it('gets checkpoints of live events by the same count, with their own places', async () => {
    const [places, wanted] = await undisturbed(async () => {
      const stream = newStream();
      const checkpoints: Position[] = [];
      const checkpointReached = async (_subscription: unknown, position: Position): Promise<void> =>
        void checkpoints.push(position);
      const filter = streamNameFilter({ prefixes: [stream], maxSearchWindow: 4, checkpointReached });
      const { position: start } = await write(newStream(), 1);
      const following = follow(store.client.subscribeToAll({ fromPosition: END, filter }));
      await following.reached('caughtUp');
      const before = checkpoints.length;
      const positions: Position[] = [];
      const events = newEvents(9);
      for (const event of events) positions.push((await writeEvents(stream, [event])).position);
      await following.events(9);
      await following.stop();
      const all = await idsInAll(store.client, start, 11);
      return all.slice(1).join() === idsOf(events).join()
        ? [checkpoints.slice(before), [positions[3], positions[7]]]
        : undefined;
    });
    expect(places).toEqual(wanted);
  });

  it('with an expression that cannot be read is refused', async () => {
    const following = follow(store.client.subscribeToAll({ filter: streamNameFilter({ regex: '(' }) }));
    await expect(following.events(1)).rejects.toThrow();
  });

  it('resumes from each checkpoint without missing or repeating a match', async () => {
    const name = newStream();
    const { position } = await write(newStream(), 1);
    const checkpoints: [Position, number][] = [];
    const told: string[] = [];
    const filter = {
      prefixes: [name],
      maxSearchWindow: 2,
      checkpointReached: async (_: unknown, at: Position) => void checkpoints.push([at, told.length]),
    };
    for (const stream of [name, newStream(), newStream(), newStream(), name, newStream()]) await write(stream, 2);
    const first = store.client.subscribeToAll({ fromPosition: position, filter: streamNameFilter(filter) });
    for await (const { event } of first) {
      told.push(event?.id as string);
      if (told.length === 4) break;
    }
    await write(name, 1);
    const all = idsOf(await collect(store.client.readStream(name)));
    expect(checkpoints.length).toBeGreaterThan(2);
    for (const [from, delivered] of checkpoints) {
      const resumed = follow(
        store.client.subscribeToAll({ fromPosition: from, filter: streamNameFilter({ prefixes: [name] }) }),
      );
      expect(idsOf(await resumed.events(5 - delivered))).toEqual(all.slice(delivered));
      await resumed.stop();
    }
  });
});
