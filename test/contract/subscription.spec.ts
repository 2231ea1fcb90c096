import { describe, expect, it } from '@jest/globals';
import { END, eventTypeFilter, excludeSystemEvents, START, streamNameFilter, type Position } from '@eventstore/db-client';
import { append, errorTypeOf, idsOf, newEvent, newEvents, newStream, useEventStore } from './event-store.js';
import { follow } from './follow.js';

const store = useEventStore();

const write = async (stream: string, count: number, type?: string) => {
  const events = newEvents(count, type);
  const outcome = await append(store.client, stream, { events });
  if (outcome.kind !== 'written' || outcome.position === undefined) throw new Error('Events expecting any revision are written.');
  return { events, position: { commit: outcome.position, prepare: outcome.position } };
};

describe('A subscription to a stream', () => {
  it('from the start gives what is there and then what comes, in order', async () => {
    const stream = newStream();
    const { events: old } = await write(stream, 50);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: START }));
    await following.events(50);
    const { events: fresh } = await write(stream, 3);
    expect(idsOf(await following.events(53))).toEqual(idsOf([...old, ...fresh]));
    await following.stop();
  });

  it('from a revision gives what comes after it', async () => {
    const stream = newStream();
    const { events } = await write(stream, 10);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: 6n }));
    expect(idsOf(await following.events(3))).toEqual(idsOf(events.slice(7)));
    await following.stop();
  });

  it('from the end gives only what comes', async () => {
    const stream = newStream();
    await write(stream, 5);
    const following = follow(store.client.subscribeToStream(stream, { fromRevision: END }));
    await following.reached('caughtUp');
    const { events } = await write(stream, 2);
    expect(idsOf(await following.events(2))).toEqual(idsOf(events));
    await following.stop();
  });

  it('that does not exist yet gives its first event when it comes', async () => {
    const stream = newStream();
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const { events } = await write(stream, 1);
    expect(idsOf(await following.events(1))).toEqual(idsOf(events));
    await following.stop();
  });

  it('is confirmed first and says once that it has caught up, after what was there', async () => {
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

  it('that is tombstoned while it is followed ends with that, after what came before', async () => {
    const stream = newStream();
    const following = follow(store.client.subscribeToStream(stream));
    await following.reached('caughtUp');
    const { events } = await write(stream, 2);
    expect(idsOf(await following.events(2))).toEqual(idsOf(events));
    await store.client.tombstoneStream(stream);
    expect(await errorTypeOf(following.until(() => false))).toBe('stream-deleted');
    expect(following.log()).toEqual(['confirmation', 'caughtUp', 'event', 'event', 'error']);
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

  it('that nobody reads from for a while gives everything later', async () => {
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
  it('from a position gives what comes after it, of all streams', async () => {
    const [a, b] = [newStream(), newStream()];
    const { position } = await write(a, 2);
    const { events: later } = await write(b, 2);
    const following = follow(store.client.subscribeToAll({ fromPosition: position }));
    const { events: fresh } = await write(a, 2);
    const received = await following.until((events) => events.some(({ id }) => id === fresh[1]?.id));
    expect(idsOf(received.filter(({ streamId }) => [a, b].includes(streamId)))).toEqual(idsOf([...later, ...fresh]));
    await following.stop();
  });

  it('from the end gives only what comes', async () => {
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
    const { events } = await write(newStream(), 100);
    const following = follow(store.client.subscribeToAll({ fromPosition: START }));
    const received = await following.until((all) => all.some(({ id }) => id === events[99]?.id));
    const read = [];
    for await (const { event } of store.client.readAll({ maxCount: received.length })) read.push(event);
    expect(idsOf(received)).toEqual(idsOf(read as { id: string }[]));
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
    const old = (await write(`${name}-a`, 2, `${name}-a`)).events;
    await write(`${name}-c`, 2, `${name}-c`);
    const following = follow(store.client.subscribeToAll({ filter: filterFor(name) }));
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
    expect(idsOf(await following.events(1))).toEqual(idsOf(events));
    await following.stop();
  });

  it('gets a checkpoint after so many events, whether they match or not, and one when it has caught up', async () => {
    const start = (await write(newStream(), 1)).position;
    const stream = newStream();
    const positions: Position[] = [];
    for (let count = 0; count < 25; count += 1) positions.push((await write(stream, 1)).position);
    const checkpoints: Position[] = [];
    const filter = streamNameFilter({
      prefixes: ['matches-nothing-'],
      maxSearchWindow: 5,
      checkpointInterval: 2,
      checkpointReached: async (_subscription, position) => void checkpoints.push(position),
    });
    const following = follow(store.client.subscribeToAll({ fromPosition: start, filter }));
    await following.reached('caughtUp');
    expect(checkpoints).toEqual([positions[9], positions[19], positions[24]]);
    await following.stop();
  });

  it('gets checkpoints of live events by the same count', async () => {
    const stream = newStream();
    const checkpoints: Position[] = [];
    const filter = streamNameFilter({
      prefixes: [stream],
      maxSearchWindow: 4,
      checkpointReached: async (_subscription, position) => void checkpoints.push(position),
    });
    const following = follow(store.client.subscribeToAll({ fromPosition: END, filter }));
    await following.reached('caughtUp');
    const before = checkpoints.length;
    const positions: Position[] = [];
    for (let count = 0; count < 9; count += 1) positions.push((await write(stream, 1)).position);
    await following.events(9);
    expect(checkpoints.slice(before)).toEqual([positions[3], positions[7]]);
    await following.stop();
  });

  it('with an expression that cannot be read is refused', async () => {
    const following = follow(store.client.subscribeToAll({ filter: streamNameFilter({ regex: '(' }) }));
    await expect(following.events(1)).rejects.toThrow();
  });

  it('resumes from a checkpoint without missing or repeating a match', async () => {
    const name = newStream();
    const { position } = await write(newStream(), 1);
    const first = (await write(name, 3)).events;
    const checkpoints: Position[] = [];
    const filter = { prefixes: [name], maxSearchWindow: 1, checkpointReached: async (_: unknown, at: Position) => void checkpoints.push(at) };
    const following = follow(store.client.subscribeToAll({ fromPosition: position, filter: streamNameFilter(filter) }));
    const told = await following.events(3);
    await following.stop();
    const second = [newEvent()];
    await append(store.client, name, { events: second });
    const from = checkpoints[0] as Position;
    const behind = told.filter((event) => (event.position?.commit ?? 0n) <= from.commit).length;
    const resumed = follow(store.client.subscribeToAll({ fromPosition: from, filter: streamNameFilter({ prefixes: [name] }) }));
    expect(idsOf(await resumed.events(4 - behind))).toEqual(idsOf([...first.slice(behind), ...second]));
    await resumed.stop();
  });
});
