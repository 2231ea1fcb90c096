import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventIdOf } from '../../src/events/event-id.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import { foldOntoInOrder, type ObjectState } from '../../src/folding/object-fold.js';
import { textOfState } from '../../src/folding/state-text.js';
import { nothingOf } from '../../src/projector/claims.js';
import { readModelsIn } from '../../src/projector/postgres-read-models.js';
import type { BatchWrite, ReadModels, StreamWrite } from '../../src/projector/ports.js';
import { Database } from '../../src/read-models/database.js';
import { acquire, readCheckpoints, type Checkpoint } from '../../src/read-models/checkpoints.js';
import { wantReplay } from '../../src/read-models/parked-streams.js';
import { ensureSchema, nameOfGeneration, tableOf } from '../../src/read-models/schema.js';
import { testDatabase, type TestServer } from '../support/servers.js';
import { ReadModelsInMemory } from './read-models.js';
import { notedEvent, notes, tallies } from './test-projections.js';

const projections = [notes, tallies];
const generation = { projection: notes, generation: 1 };
const other = { projection: tallies, generation: 1 };

/** What the cases need besides the port. */
type Subject = Readonly<{
  models: ReadModels;
  /** Lets all leases expire, and takes all generations for an owner. */
  takeOver(owner: string): Promise<readonly Checkpoint[]>;
  lines(): Promise<readonly Checkpoint[]>;
  rows(): Promise<readonly Readonly<{ id: string; note: string; stream: string }>[]>;
  wantReplay(stream: string): Promise<void>;
  end(): Promise<void>;
}>;

function inMemory(): Subject {
  const models = new ReadModelsInMemory(projections);
  return {
    models,
    takeOver: async (owner) => {
      models.expireLeases();
      return models.acquire(owner);
    },
    lines: async () => [...models.checkpoints.values()],
    rows: async () =>
      [...(models.tables.get(nameOfGeneration(generation))?.rows.get('notes')?.values() ?? [])].map(
        ({ text }) => JSON.parse(text) as { id: string; note: string; stream: string },
      ),
    wantReplay: async (stream) => models.wantReplay((one) => one === stream),
    end: async () => undefined,
  };
}

async function inPostgres(): Promise<Subject> {
  const server: TestServer = await testDatabase();
  const database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
  await ensureSchema(database, projections);
  await database.query(
    `alter table ${tableOf(generation, 'notes')} add constraint not_rejected check (note <> 'rejected')`,
  );
  return {
    models: readModelsIn(database),
    takeOver: async (owner) => {
      await database.query(`update ledger.checkpoints set lease_until = '-infinity'`);
      return acquire(database, owner, {
        names: (await readCheckpoints(database)).map(({ name }) => name),
        follows: projections,
      });
    },
    lines: () => readCheckpoints(database),
    rows: async () =>
      (
        await database.query<{ id: string; note: string; stream: string }>(
          `select id, note, stream from ${tableOf(generation, 'notes')}`,
        )
      ).rows,
    wantReplay: async (stream) => {
      await wantReplay(database, { stream });
    },
    end: async () => {
      await database.close();
      await server.stop();
    },
  };
}

let positions = 0n;
/** An event about a coupon, at the given position or the next. */
function event(
  stream: string,
  { id = `evt ${positions}`, revision = 0n, position = (positions += 10n), object = `${stream}/x` } = {},
): ReadEvent {
  const noted = notedEvent({
    eventId: id,
    object,
    created: 1_700_000_000 + Number(position),
    before: null,
    after: id,
    deed: { does: 'note' },
  });
  return { ...noted, eventId: eventIdOf(id, null), stream, revision, position, recordedAt: new Date(0), bytes: 500 };
}

/** The state after `count` events of one object, up to revision `count - 1`. */
function stateAfter(stream: string, count: number): ObjectState {
  const facts = Array.from({ length: count }, (_, at) => {
    const { content } = event(stream, { revision: BigInt(at) });
    if (content.kind !== 'fact') throw new Error('A coupon is a fact.');
    return { fact: content.fact, revision: BigInt(at) };
  });
  return foldOntoInOrder(notes, undefined, facts).state;
}

const row = (stream: string, id: string, note = 'note') => ({
  table: 'notes',
  key: JSON.stringify([id]),
  text: JSON.stringify({ id, note, count: 1, seen: '', stream }),
  was: null,
});
const goneRow = (id: string) => ({ table: 'notes', key: JSON.stringify([id]), was: '{}' });
const ofStream = (stream: string, change: Partial<StreamWrite> = {}): StreamWrite => ({
  ...nothingOf(generation, stream),
  ...change,
});
const withState = (stream: string, count: number, { object = 'x', isKeptNew = true } = {}): Partial<StreamWrite> => ({
  states: [{ object, state: textOfState(stateAfter(stream, count)), isKeptNew }],
});
const parking = (stream: string, kind: 'event' | 'whole' | 'waiting', revision = 0n) => ({
  kind,
  stream,
  revision,
  stripeEventId: null,
  eventType: null,
  cause: 'a cause',
  stack: null,
});
const LOG_NAME = '00000000-0000-4000-8000-000000000000';

describe.each([
  ['in memory', async () => inMemory()],
  ['in Postgres', inPostgres],
] as const)('read models %s', (_, make) => {
  let subject: Subject;
  let checkpoints: readonly Checkpoint[];
  beforeEach(async () => {
    subject = await make();
    checkpoints = await subject.takeOver('one');
  });
  afterEach(() => subject.end());

  const commit = (write: Partial<BatchWrite>) =>
    subject.models.commit({ checkpoints, move: null, isShared: false, index: [], streams: [], ...write });
  const sortedRows = async () =>
    [...(await subject.rows())]
      .map(({ id, note, stream }) => ({ id, note, stream }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  const moveTo = (to: ReadEvent): BatchWrite['move'] => ({
    logName: LOG_NAME,
    to: { position: to.position, eventId: to.eventId },
  });
  /** Expects that nothing was written: no rows, states, parked streams, index or position. */
  async function expectNothing(one: ReadEvent): Promise<void> {
    expect(await subject.rows()).toEqual([]);
    expect(await subject.models.readStates(generation, [{ stream: one.stream, object: 'x' }])).toEqual([]);
    expect(
      (await subject.models.findParked([nameOfGeneration(generation)], ['parked'])).get(nameOfGeneration(generation))
        ?.size,
    ).toBe(0);
    expect((await subject.models.findEvents([one.eventId])).size).toBe(0);
    expect((await subject.lines()).map(({ at }) => at)).toEqual([null, null, null]);
  }
  /** A write that touches every kind of data. */
  const everything = (one: ReadEvent): Partial<BatchWrite> => ({
    index: [one],
    move: moveTo(one),
    streams: [
      ofStream(one.stream, { ...withState(one.stream, 1), puts: [row(one.stream, 'a')] }),
      ofStream('parked', { parking: parking('parked', 'whole') }),
    ],
  });

  it('write all of a batch, and give it back', async () => {
    const one = event('s');
    expect(await commit(everything(one))).toEqual({ kind: 'committed' });
    expect(await sortedRows()).toEqual([{ id: 'a', note: 'note', stream: 's' }]);
    expect(
      await subject.models.readStates(generation, [
        { stream: 's', object: 'x' },
        { stream: 's', object: 'y' },
        { stream: 't', object: 'x' },
      ]),
    ).toEqual([{ stream: 's', object: 'x', state: { revision: 0n, text: expect.any(String), kept: null } }]);
    expect(await subject.models.readStates(other, [{ stream: 's', object: 'x' }])).toEqual([]);
    expect(await subject.models.lastFolded(generation, 's')).toBe(0n);
    expect(await subject.models.lastFolded(generation, 't')).toBe(-1n);
    expect(
      (await subject.models.findParked([nameOfGeneration(generation), nameOfGeneration(other)], ['s', 'parked'])).get(
        nameOfGeneration(generation),
      ),
    ).toEqual(new Map([['parked', { kind: 'whole', revision: 0n, attempts: 1 }]]));
    expect((await subject.models.findEvents([one.eventId])).get(one.eventId)).toMatchObject({
      stream: 's',
      position: one.position,
    });
    expect((await subject.lines()).map(({ at }) => at)).toEqual(
      checkpoints.map(() => ({ position: one.position, eventId: one.eventId })),
    );
  });

  it('write nothing for an owner whose leases another has taken', async () => {
    await subject.takeOver('two');
    const one = event('s');
    expect(await commit(everything(one))).toEqual({ kind: 'lost' });
    expect(await commit({ ...everything(one), isShared: true, move: null })).toEqual({ kind: 'lost' });
    await expectNothing(one);
  });

  it('write nothing for an owner that takes its lines to stand elsewhere, unless others write too', async () => {
    const [one, two] = [event('s'), event('s')];
    const elsewhere = checkpoints.map((checkpoint) => ({
      ...checkpoint,
      at: { position: one.position, eventId: one.eventId },
    }));
    expect(await commit({ ...everything(two), checkpoints: elsewhere })).toEqual({ kind: 'lost' });
    await expectNothing(two);
    expect(await commit({ ...everything(two), checkpoints: elsewhere, isShared: true, move: null })).toEqual({
      kind: 'committed',
    });
  });

  it('write nothing when one row is rejected, and throw why', async () => {
    const one = event('s');
    const write = everything(one);
    await expect(
      commit({ ...write, streams: [...(write.streams ?? []), ofStream('t', { puts: [row('t', 'b', 'rejected')] })] }),
    ).rejects.toMatchObject({ code: '23514' });
    await expectNothing(one);
  });

  it('index an id once: where it stands first, if that corrects what was seen', async () => {
    const [first, second] = [event('s', { id: 'evt' }), event('t', { id: 'evt' })];
    expect(await commit({ index: [second] })).toEqual({ kind: 'committed' });
    expect(await commit({ index: [first] })).toEqual({ kind: 'raced' });
    expect(await commit({ index: [{ ...first, corrects: { stream: 't', position: second.position + 10n } }] })).toEqual(
      { kind: 'raced' },
    );
    expect(await commit({ index: [{ ...first, corrects: { stream: 't', position: second.position } }] })).toEqual({
      kind: 'committed',
    });
    expect((await subject.models.findEvents([first.eventId])).get(first.eventId)).toMatchObject({
      stream: 's',
      position: first.position,
    });
    // Streams folded together with it wait to be folded again, in all generations.
    const parked = await subject.models.findParked([nameOfGeneration(generation), nameOfGeneration(other)], ['s', 't']);
    expect([...parked.values()].map((one) => [...one])).toEqual([
      [['t', { kind: 'waiting', revision: 0n, attempts: 1 }]],
      [['t', { kind: 'waiting', revision: 0n, attempts: 1 }]],
    ]);
  });

  it.each([
    ['the same', 0n],
    ['a lower', 10n],
  ])('say that another indexed an event, at %s position', async (__, further) => {
    const one = event('s', { id: 'evt' });
    await commit({ index: [one] });
    const again = { ...one, position: one.position + further };
    const fresh = event('u');
    expect(await commit({ ...everything(fresh), index: [fresh, again] })).toEqual({ kind: 'raced' });
    await expectNothing(fresh);
  });

  it('leave a row with the stream that has it, report that stream, and write nothing', async () => {
    await commit({ streams: [ofStream('s', { puts: [row('s', 'a', 'first')] })] });
    const claim = ofStream('t', { ...withState('t', 1), puts: [row('t', 'a'), row('t', 'b')] });
    expect(await commit({ streams: [claim] })).toEqual({
      kind: 'claimed',
      claims: [{ generation, table: 'notes', key: '["a"]', stream: 't', owner: 's' }],
    });
    expect(await sortedRows()).toEqual([{ id: 'a', note: 'first', stream: 's' }]);
    expect(await subject.models.lastFolded(generation, 't')).toBe(-1n);
  });

  it('let a stream take a row over that it names the owner of, and replace and drop its own', async () => {
    await commit({ streams: [ofStream('s', { puts: [row('s', 'a', 'first'), row('s', 'b', 'first')] })] });
    expect(
      await commit({
        streams: [
          ofStream('t', { puts: [row('t', 'a', 'taken')], taken: [{ table: 'notes', key: '["a"]', owner: 's' }] }),
        ],
      }),
    ).toEqual({ kind: 'committed' });
    // Rows that belong to another stream by now are not dropped.
    expect(
      await commit({
        streams: [ofStream('s', { puts: [row('s', 'b', 'second')], gone: [goneRow('a')] })],
      }),
    ).toEqual({ kind: 'committed' });
    expect(await sortedRows()).toEqual([
      { id: 'a', note: 'taken', stream: 't' },
      { id: 'b', note: 'second', stream: 's' },
    ]);
    await commit({ streams: [ofStream('s', { gone: [goneRow('b')] })] });
    expect(await sortedRows()).toEqual([{ id: 'a', note: 'taken', stream: 't' }]);
  });

  it('let a row go from one stream to another within one batch', async () => {
    await commit({ streams: [ofStream('s', { puts: [row('s', 'a', 'first')] })] });
    expect(
      await commit({
        streams: [ofStream('t', { puts: [row('t', 'a', 'second')] }), ofStream('s', { gone: [goneRow('a')] })],
      }),
    ).toEqual({ kind: 'committed' });
    expect(await sortedRows()).toEqual([{ id: 'a', note: 'second', stream: 't' }]);
  });

  it('replace all that stands of a stream, and of no other', async () => {
    await commit({
      streams: [
        ofStream('s', {
          states: [...(withState('s', 2).states ?? []), ...(withState('s', 1, { object: 'y' }).states ?? [])],
          puts: [row('s', 'a'), row('s', 'b')],
        }),
        ofStream('t', { ...withState('t', 1), puts: [row('t', 'c')] }),
      ],
    });
    await commit({
      streams: [ofStream('s', { replaces: true, ...withState('s', 1), puts: [row('s', 'a', 'again')] })],
    });
    expect(await sortedRows()).toEqual([
      { id: 'a', note: 'again', stream: 's' },
      { id: 'c', note: 'note', stream: 't' },
    ]);
    expect(
      (
        await subject.models.readStates(generation, [
          { stream: 's', object: 'x' },
          { stream: 's', object: 'y' },
          { stream: 't', object: 'x' },
        ])
      )
        .map(({ stream, object }) => `${stream} ${object}`)
        .sort(),
    ).toEqual(['s x', 't x']);
    expect(await subject.models.lastFolded(generation, 's')).toBe(0n);
  });

  it('keep what is kept of a state until it is another', async () => {
    const long = textOfState(stateAfter('s', 40));
    expect(long.kept).not.toBeNull();
    await commit({ streams: [ofStream('s', { states: [{ object: 'x', state: long, isKeptNew: true }] })] });
    const [stored] = await subject.models.readStates(generation, [{ stream: 's', object: 'x' }]);
    expect(stored?.state).toEqual(long);
    await commit({
      streams: [
        ofStream('s', { states: [{ object: 'x', state: { ...long, revision: 50n, kept: null }, isKeptNew: false }] }),
      ],
    });
    const [later] = await subject.models.readStates(generation, [{ stream: 's', object: 'x' }]);
    expect(later?.state).toEqual({ ...long, revision: 50n });
  });

  it('park streams, again in other ways, and take them out', async () => {
    const parkedAs = async () =>
      (await subject.models.findParked([nameOfGeneration(generation)], ['s', 't'])).get(nameOfGeneration(generation));
    await commit({
      streams: [
        ofStream('s', { parking: parking('s', 'event', 3n) }),
        ofStream('t', { parking: parking('t', 'whole') }),
      ],
    });
    await commit({ streams: [ofStream('s'), ofStream('t', { parking: parking('t', 'waiting', 5n) })] });
    expect(await parkedAs()).toEqual(
      new Map([
        ['s', { kind: 'event', revision: 3n, attempts: 1 }],
        ['t', { kind: 'waiting', revision: 5n, attempts: 2 }],
      ]),
    );
    await commit({
      streams: [ofStream('s', { parking: 'none', known: { kind: 'event', revision: 3n, attempts: 1 } })],
    });
    expect(await parkedAs()).toEqual(new Map([['t', { kind: 'waiting', revision: 5n, attempts: 2 }]]));
  });

  it('take streams out of parking only as they were known, and end a wait only by the fold that was waited for', async () => {
    const parkedAs = async () =>
      (await subject.models.findParked([nameOfGeneration(generation)], ['s', 't'])).get(nameOfGeneration(generation));
    await commit({
      streams: [
        ofStream('s', { parking: parking('s', 'event', 3n) }),
        ofStream('t', { parking: parking('t', 'waiting', 5n) }),
      ],
    });
    const before = await parkedAs();
    for (const known of [null, { kind: 'event', revision: 3n, attempts: 2 }] as const)
      await commit({ streams: [ofStream('s', { parking: 'none', known })] });
    for (const known of [null, { kind: 'waiting', revision: 5n, attempts: 2 }] as const)
      await commit({ streams: [ofStream('t', { parking: parking('t', 'whole', 7n), known })] });
    expect(await parkedAs()).toEqual(before);
    await commit({
      streams: [
        ofStream('t', { parking: parking('t', 'whole', 7n), known: { kind: 'waiting', revision: 5n, attempts: 1 } }),
      ],
    });
    expect((await parkedAs())?.get('t')).toEqual({ kind: 'whole', revision: 7n, attempts: 2 });
  });

  it('find waiting streams, the longest first, and requested replays until the streams are parked again', async () => {
    const found = (max = 9) => subject.models.findWaiting([nameOfGeneration(generation), nameOfGeneration(other)], max);
    for (const [stream, kind] of [
      ['w', 'waiting'],
      ['a', 'event'],
      ['b', 'waiting'],
    ] as const)
      await commit({ streams: [ofStream(stream, { parking: parking(stream, kind) })] });
    await commit({ streams: [{ ...ofStream('w'), generation: other, parking: parking('w', 'waiting') }] });
    expect(await found()).toEqual(['w', 'b']);
    await subject.wantReplay('a');
    expect(await found()).toEqual(['w', 'b', 'a']);
    expect(await found(2)).toEqual(['w', 'b']);
    expect(await subject.models.findWaiting([nameOfGeneration(other)], 9)).toEqual(['w']);
    await commit({
      streams: [
        ofStream('a', { parking: parking('a', 'whole') }),
        ofStream('w', { parking: 'none', known: { kind: 'waiting', revision: 0n, attempts: 1 } }),
      ],
    });
    expect(await found()).toEqual(['b', 'w']);
  });

  it('ask for parked streams to be folded again, and not for others', async () => {
    await commit({ streams: [ofStream('s', { parking: parking('s', 'whole', 3n) })] });
    await commit({ streams: [ofStream('s', { parking: 'retry' }), ofStream('t', { parking: 'retry' })] });
    expect(await subject.models.findWaiting([nameOfGeneration(generation)], 9)).toEqual(['s']);
    expect(
      (await subject.models.findParked([nameOfGeneration(generation)], ['s', 't'])).get(nameOfGeneration(generation)),
    ).toEqual(new Map([['s', { kind: 'whole', revision: 3n, attempts: 1 }]]));
  });

  it('do nothing for streams of an empty write', async () => {
    await commit({ streams: [ofStream('s', { puts: [row('s', 'a')], parking: parking('s', 'event') })] });
    await commit({ streams: [ofStream('s')] });
    expect(await sortedRows()).toHaveLength(1);
    expect(
      (await subject.models.findParked([nameOfGeneration(generation)], ['s'])).get(nameOfGeneration(generation))?.size,
    ).toBe(1);
  });
});
