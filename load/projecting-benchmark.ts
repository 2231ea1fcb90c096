import { ANY } from '@eventstore/db-client';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { projections } from '../projections/index.js';
import { kindsOf } from '../projections/projection.js';
import { Follower } from '../src/catch-up/follower.js';
import { readHere } from '../src/catch-up/log-reading.js';
import type { EventStore } from '../src/eventstore/event-store.js';
import { nameOfLog } from '../src/eventstore/log-name.js';
import { readStream } from '../src/eventstore/read.js';
import { readEvent, type ReadEvent } from '../src/folding/facts.js';
import type { Group } from '../src/projector/group.js';
import type { Database } from '../src/read-models/database.js';
import { ensureSchema } from '../src/read-models/schema.js';
import { appendedEvent } from '../test/support/log.js';
import { projectorOn, takeCheckpoints } from '../test/support/projecting.js';
import { BASIL, invoice, paidInvoice, stripeEvent } from '../test/support/stripe-objects.js';
import { median } from './median.js';
import { wholeNumbers } from './whole-numbers.js';
import { withStores } from './with-stores.js';

/**
 * `npm run benchmark:projecting`: the projector's cost per event, by length of the stream and number of objects in it.
 */

const HELP = `Fills streams of subscriptions with invoices of ten events each, then projects further events of twenty of the invoices,
in time and late, from a cold start each time. The cost of an event should not grow with its stream.

  npm run benchmark:projecting -- [options]

  --events <l>     lengths of streams, a list; twenty streams of the first, with an invoice each     (10,10000,100000)
  --rounds <n>     repetitions; the table shows medians                                             (15)
  --help           print this text
`;

const EVENTS_OF_INVOICE = 10;
/** Invoices that get one event each, in one batch. */
const OBJECTS = 20;
const APPENDED_AT_ONCE = 500;
const BATCH_MAX = { events: 4_000, bytes: 64 * 1024 * 1024 };

/** The invoices of a round's events, by stream. */
type Sample = Readonly<{
  events: number;
  invoices: readonly Readonly<{ stream: string; id: string; subscription: string }>[];
}>;
type Cost = Readonly<{ wallMs: number; cpuMs: number; read: number }>;

const update = (id: string, subscription: string, after: number, fields: Record<string, unknown>) =>
  stripeEvent('invoice.updated', invoice(id, BASIL, { subscription, metadata: { at: String(after) }, ...fields }), {
    after,
  });

/** A stream of this many events: ten consecutive events for each invoice. */
async function fill(store: EventStore, name: string, events: number): Promise<Sample['invoices']> {
  const subscription = `sub_${name}`;
  const invoices = Array.from({ length: Math.max(1, events / EVENTS_OF_INVOICE) }, (_, at) => ({
    stream: `subscription-${subscription}`,
    id: `in_${name}_${at}`,
    subscription,
  }));
  let portion: ReturnType<typeof appendedEvent>[] = [];
  for (const [at, { id }] of invoices.entries()) {
    for (let step = 0; step < EVENTS_OF_INVOICE; step += 1)
      portion.push(
        appendedEvent(update(id, subscription, 100 * at + 10 * step, step < 5 ? { status: 'open' } : paidInvoice)),
      );
    if (portion.length < APPENDED_AT_ONCE && at < invoices.length - 1) continue;
    await store.appends.appendToStream(`subscription-${subscription}`, portion, { expectedRevision: ANY });
    portion = [];
  }
  return invoices;
}

async function lastOf(store: EventStore, stream: string, count: number, revision: bigint): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const event of readStream(store, stream, { from: revision - BigInt(count) + 1n, max: count }))
    events.push(readEvent(event, kindsOf(projections)));
  return events;
}

/** Advances the read models and measures single batches. */
class Measured {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private group: Group,
  ) {}

  /** Projects everything appended so far. */
  async catchUp(last: bigint): Promise<void> {
    const follower = new Follower(readHere(this.store, kindsOf(projections)), projectorOn(this.store, this.database));
    const followed = await follower.follow(this.group, {
      until: { position: last },
      batchMax: BATCH_MAX,
      signal: new AbortController().signal,
      applied: () => undefined,
    });
    this.group = followed.group;
  }

  /** The cost of one batch with an event for each invoice, in a projector with an empty cache. */
  async cost(invoices: Sample['invoices'], after: number): Promise<Cost> {
    const batch: ReadEvent[] = [];
    for (const { stream, id, subscription } of invoices) {
      const { nextExpectedRevision } = await this.store.appends.appendToStream(
        stream,
        appendedEvent(update(id, subscription, after, paidInvoice)),
        { expectedRevision: ANY },
      );
      batch.push(...(await lastOf(this.store, stream, 1, nextExpectedRevision)));
    }
    const to = batch.at(-1);
    if (to === undefined) throw new Error('Nothing was appended.');
    const projector = projectorOn(this.store, this.database);
    const [startedAt, before] = [performance.now(), process.cpuUsage()];
    const result = await projector.apply(batch, { group: this.group, to });
    const wallMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(before);
    if (result.kind === 'lost' || result.parked.length > 0 || result.waiting > 0)
      throw new Error(
        `The batch came out as ${JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}.`,
      );
    this.group = {
      ...this.group,
      checkpoints: this.group.checkpoints.map((checkpoint) => ({ ...checkpoint, at: to })),
    };
    return { wallMs, cpuMs: (user + system) / 1_000, read: result.refolds };
  }
}

async function lastPosition(store: EventStore, invoices: Sample['invoices']): Promise<bigint> {
  const stream = invoices.at(-1)?.stream ?? '';
  let last = -1n;
  for await (const { position } of readStream(store, stream)) last = position;
  return last;
}

const random = (count: number): number => Math.floor(Math.random() * count);

async function measure(
  store: EventStore,
  database: Database,
  { lengths, rounds }: { lengths: readonly number[]; rounds: number },
): Promise<string[]> {
  await ensureSchema(database, projections);
  const measured = new Measured(store, database, {
    logName: await nameOfLog(store, 5_000),
    checkpoints: await takeCheckpoints(database, 'benchmark'),
  });
  const samples: Sample[] = [];
  for (const [at, events] of lengths.entries()) {
    const names = at === 0 ? Array.from({ length: OBJECTS }, (_, one) => `${events}_${one}`) : [String(events)];
    const invoices: Sample['invoices'][number][] = [];
    for (const name of names) invoices.push(...(await fill(store, name, events)));
    await measured.catchUp(await lastPosition(store, invoices));
    samples.push({ events, invoices });
  }
  const costs = samples.map(() => ({ inTime: [] as Cost[], late: [] as Cost[] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, { invoices }] of samples.entries()) {
      const from = random(Math.max(1, invoices.length - OBJECTS));
      const own = invoices.slice(from, from + OBJECTS);
      const after = 20_000_000 + 100 * round;
      // The late event is dated one second before the latest one.
      const [inTime, late] = [await measured.cost(own, after), await measured.cost(own, after - 1)];
      if (round > 0) costs[at]?.inTime.push(inTime);
      if (round > 0) costs[at]?.late.push(late);
    }
  }
  const usOf = (all: readonly Cost[], what: 'wallMs' | 'cpuMs'): number =>
    (median(all.map((cost) => cost[what])) / OBJECTS) * 1_000;
  const rows = samples.map(({ events, invoices }, at) => {
    const cells = (['inTime', 'late'] as const).flatMap((kind) =>
      (['wallMs', 'cpuMs'] as const).flatMap((what) => {
        const own = usOf(costs[at]?.[kind] ?? [], what);
        return [own.toFixed(0), (own / usOf(costs[0]?.[kind] ?? [], what)).toFixed(2)];
      }),
    );
    return `| ${events.toLocaleString('en-US')} | ${at === 0 ? 1 : invoices.length.toLocaleString('en-US')} | ${cells.join(' | ')} |`;
  });
  return [
    '| events of the stream | objects | in time: µs | ÷ first | CPU µs | ÷ first | late: µs | ÷ first | CPU µs | ÷ first |',
    `|${'---|'.repeat(10)}`,
    ...rows,
  ];
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10,10000,100000' },
    rounds: { type: 'string', default: '15' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit();
}
await withStores('projecting-benchmark', async (store, database) => {
  const [rounds = 15] = wholeNumbers('rounds', values.rounds, 1_000);
  const names = await measure(store, database, { lengths: wholeNumbers('events', values.events, 1_000_000), rounds });
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, medians of ${rounds} batches of ${OBJECTS} events, all projections\n\n${names.join('\n')}\n`,
  );
});
process.exit();
