/**
 * Pushes to endpoints, with a real store and real receivers. The test sets the receivers' answers, the position in the
 * log and the clock.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyAccessChange } from '../../packages/client/src/index.js';
import type { AccessChange, Decision } from '../../src/access-changes/change.js';
import { record } from '../../src/access-changes/change-log.js';
import { isPrivate, send, type Delivered } from '../../src/access-changes/delivery.js';
import { Outbox } from '../../src/access-changes/outbox.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { randomId } from '../support/subscription-events.js';
import { eventsOf } from '../support/log.js';
import { ownEventStore, type TestServer } from '../support/servers.js';

const [SECRET, NEXT] = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`) as [string, string];
const MINUTE = 60_000;

type Received = Readonly<{ change: AccessChange; body: string; headers: IncomingHttpHeaders }>;
/** A receiver with scripted answers; after them 204. */
class Receiver {
  readonly received: Received[] = [];
  answers: number[] = [];
  readonly #server: Server;

  constructor() {
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        this.received.push({ change: JSON.parse(body) as AccessChange, body, headers: request.headers });
        response.writeHead(this.answers.shift() ?? 204, { location: '/elsewhere' }).end();
      });
    };
    this.#server = createServer(listener);
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }
  /** The received revisions of a customer, in order. */
  revisionsOf(customer: string): number[] {
    return this.received.flatMap(({ change }) => (change.customer === customer ? [change.revision] : []));
  }
}

let server: TestServer;
let store: EventStore;
let receiver: Receiver;
beforeAll(async () => {
  server = await ownEventStore();
  store = connectEventStore(server.url);
  receiver = new Receiver();
  await receiver.start();
});
afterAll(async () => {
  receiver.stop();
  await store.close();
  await server.stop();
});
afterEach(() => {
  receiver.received.length = 0;
  receiver.answers = [];
});

/** An outbox with a uniquely named endpoint at the receiver. */
class Telling {
  now = new Date();
  readonly warnings: string[] = [];
  readonly failures: string[] = [];
  givenUp = 0;
  /** The customer whose changes throw when sent. */
  unsendable = '';
  outbox: Outbox;

  constructor(
    readonly name = randomId('end'),
    private readonly url = receiver.url,
    private readonly secrets: readonly string[] = [SECRET],
  ) {
    this.outbox = this.#made();
  }
  #made(): Outbox {
    const endpoint = { name: this.name, url: this.url, secrets: this.secrets };
    return new Outbox({
      store,
      endpoint,
      now: () => this.now,
      send: async (change): Promise<Delivered> => {
        if (change.customer === this.unsendable) throw new Error('No such change can be sent.');
        return send(endpoint, change, { allowsPrivate: true, now: new Date() });
      },
      failed: (cause) => void this.failures.push(cause),
      gaveUp: () => {
        this.givenUp += 1;
      },
      warned: (text) => void this.warnings.push(text),
    });
  }
  /** Another process takes over after a kill; what was not written is unknown to it. */
  killed(): void {
    this.outbox = this.#made();
  }
  /** Runs rounds until nothing is due. */
  async rounds(afterMs = 0): Promise<void> {
    this.now = new Date(this.now.getTime() + afterMs);
    const most = 200;
    for (let round = 0; round < most; round += 1) {
      const before = receiver.received.length;
      await this.outbox.tick();
      if (receiver.received.length === before) return;
    }
    throw new Error(`Not done in ${most} rounds.`);
  }
}

const customers = new Map<string, number>();
async function decide(customer: string, granted: boolean): Promise<void> {
  const revision = customers.get(customer) ?? 0;
  customers.set(customer, revision + 1);
  const decision: Decision = {
    customer,
    reference: null,
    revision,
    before: { granted: !granted, products: [], entitlements: [] },
    now: { granted, products: [], entitlements: [] } as unknown as Decision['now'],
    because: { kind: 'time' },
    decidedAt: new Date().toISOString(),
  };
  expect((await record(store, decision, 'change')).kind).toBe('written');
}

describe('an endpoint', () => {
  it('receives the changes from its first start on, each once, with the id of the change', async () => {
    const [early, late] = [randomId('cus'), randomId('cus')];
    await decide(early, true);
    const telling = new Telling();
    await telling.rounds();
    await decide(late, true);
    await telling.rounds();
    await telling.rounds(MINUTE);
    expect([receiver.revisionsOf(early), receiver.revisionsOf(late)]).toEqual([[], [0]]);
    const { change, headers } = receiver.received.find(({ change: { customer } }) => customer === late) as Received;
    expect(headers['webhook-id']).toBe(change.id);
  });

  it('receives the changes of a customer in order, over failures; superseded changes are skipped', async () => {
    const [one, other] = [randomId('cus'), randomId('cus')];
    const telling = new Telling();
    await telling.rounds();
    await decide(one, true);
    receiver.answers = [500];
    await telling.rounds();
    expect(telling.failures).toEqual(['the response status was 500']);
    // It waits five seconds now; others do not wait for it.
    await decide(other, true);
    await telling.rounds();
    expect([receiver.revisionsOf(one), receiver.revisionsOf(other)]).toEqual([[0], [0]]);
    await decide(one, false);
    await decide(one, true);
    await telling.rounds();
    expect(receiver.revisionsOf(one)).toEqual([0, 2]);
    await telling.rounds(24 * 60 * MINUTE);
    expect(receiver.revisionsOf(one)).toEqual([0, 2]);
    expect(telling.outbox.state).toMatchObject({ waiting: 0, oldestAt: null });
  });

  it('receives the changes of other customers while one cannot be sent, which is retried later', async () => {
    const [one, other] = [randomId('cus'), randomId('cus')];
    const telling = new Telling();
    await telling.rounds();
    telling.unsendable = one;
    await decide(one, true);
    await decide(other, true);
    await telling.rounds();
    expect([receiver.revisionsOf(one), receiver.revisionsOf(other)]).toEqual([[], [0]]);
    expect(telling.failures).toEqual(['Error: No such change can be sent.']);
    telling.unsendable = '';
    await telling.rounds(MINUTE);
    expect([receiver.revisionsOf(one), receiver.revisionsOf(other)]).toEqual([[0], [0]]);
  });

  it('is retried after the pauses of Standard Webhooks, then given up, and receives the next change', async () => {
    const customer = randomId('cus');
    const telling = new Telling();
    await telling.rounds();
    await decide(customer, true);
    const decidedAt = telling.now;
    receiver.answers = Array<number>(10).fill(503);
    await telling.rounds();
    const pauses = [5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440].map((minutes) => minutes * MINUTE);
    for (const [index, pause] of pauses.entries()) {
      await telling.rounds(pause - 1_000);
      expect(receiver.revisionsOf(customer)).toHaveLength(index + 1);
      expect(telling.outbox.state?.waiting).toBe(1);
      const { oldestAt } = telling.outbox.state ?? {};
      expect(Math.abs(Number(oldestAt) - decidedAt.getTime())).toBeLessThan(MINUTE);
      // A process that takes over continues with the same pause.
      await telling.outbox.leave();
      await telling.rounds(1_000);
    }
    expect(receiver.revisionsOf(customer)).toHaveLength(10);
    expect([telling.givenUp, telling.warnings.join()]).toEqual([1, expect.stringMatching(/10 attempts.*503/)]);
    expect(telling.outbox.state?.waiting).toBe(0);
    await decide(customer, false);
    await telling.rounds();
    expect(receiver.revisionsOf(customer).at(-1)).toBe(1);
  }, 60_000);

  it('that answers 410 receives nothing more, is reported, and receives the current state when its URL changes', async () => {
    const customer = randomId('cus');
    const telling = new Telling();
    await telling.rounds();
    await decide(customer, true);
    receiver.answers = [410];
    await telling.rounds();
    expect(telling.warnings.join()).toContain('410');
    expect(telling.outbox.state).toMatchObject({ isStopped: true, waiting: 1 });
    await decide(customer, false);
    telling.killed();
    await telling.rounds(3 * 24 * 60 * MINUTE);
    expect(receiver.revisionsOf(customer)).toEqual([0]);
    expect(telling.outbox.state).toMatchObject({ isStopped: true });
    const moved = new Telling(telling.name, `${receiver.url}?again`);
    await moved.rounds();
    expect(receiver.revisionsOf(customer)).toEqual([0, 1]);
    expect(moved.outbox.state).toMatchObject({ isStopped: false, waiting: 0 });
    // It stays so for the next process.
    moved.killed();
    await moved.rounds();
    expect(moved.outbox.state).toMatchObject({ isStopped: false });
  });

  it('is not redirected', async () => {
    const customer = randomId('cus');
    const telling = new Telling();
    await telling.rounds();
    for (const status of [301, 302, 303, 307, 308]) {
      await decide(customer, status % 2 === 0);
      receiver.answers = [status];
      await telling.rounds();
      expect(telling.failures.at(-1)).toBe(`the response status was ${status}`);
    }
    expect(receiver.received.filter(({ change }) => change.customer === customer)).toHaveLength(5);
  });

  it('verifies by either secret while one is rolled', async () => {
    const customer = randomId('cus');
    const telling = new Telling(randomId('end'), receiver.url, [NEXT, SECRET]);
    await telling.rounds();
    await decide(customer, true);
    await telling.rounds();
    const { body, headers } = receiver.received.find(({ change }) => change.customer === customer) as Received;
    for (const secret of [SECRET, NEXT]) expect(verifyAccessChange(body, headers, secret)).toMatchObject({ customer });
    expect(() => verifyAccessChange(body, headers, `whsec_${Buffer.alloc(32, 3).toString('base64')}`)).toThrow();
  });
});

describe('the place of an endpoint', () => {
  it('is in the log: a killed process repeats at most what it had not written, under the same ids, and loses nothing', async () => {
    const all = Array.from({ length: 30 }, () => randomId('cus'));
    const telling = new Telling();
    await telling.rounds();
    for (const customer of all) await decide(customer, true);
    for (let round = 0; round < 10; round += 1) {
      await telling.outbox.tick();
      if (round % 3 === 2) telling.killed();
    }
    await telling.rounds();
    const ids = new Map<string, Set<string>>();
    for (const { change } of receiver.received)
      ids.set(change.customer, (ids.get(change.customer) ?? new Set()).add(change.id));
    for (const customer of all) expect(ids.get(customer)?.size).toBe(1);
    receiver.received.length = 0;
    telling.killed();
    await telling.rounds(MINUTE);
    expect(receiver.received).toEqual([]);
  });

  it('is kept in few events, however much is sent, and survives the deletion of older ones', async () => {
    const customer = randomId('cus');
    const telling = new Telling();
    for (let change = 0; change < 12; change += 1) {
      await decide(customer, change % 2 === 0);
      await telling.rounds();
    }
    const places = await eventsOf(server.url, `outbox-${telling.name}`);
    expect(places.length).toBeLessThanOrEqual(5);
    expect(places.at(-1)?.revision).toBeGreaterThanOrEqual(11n);
    receiver.received.length = 0;
    telling.killed();
    await decide(customer, true);
    await telling.rounds();
    expect(receiver.revisionsOf(customer)).toEqual([12]);
  });

  it('is moved by one of two processes: the other reads it again and continues', async () => {
    const customer = randomId('cus');
    const telling = new Telling();
    const other = new Telling(telling.name);
    await telling.rounds();
    await other.rounds();
    for (const [index, one] of [telling, other, telling, other].entries()) {
      await decide(customer, index % 2 === 0);
      await one.rounds();
    }
    await telling.rounds();
    await other.rounds();
    expect(receiver.revisionsOf(customer).at(-1)).toBe(3);
    expect(telling.outbox.state ?? other.outbox.state).toMatchObject({ waiting: 0 });
  });
});

describe('private networks', () => {
  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
    ...['::1', '::', '::ffff:10.0.0.1', '::ffff:7f00:1', '::7f00:1', 'fd00::1', 'fe80::1', 'fec0::1', 'ff02::1'],
    ...['64:ff9b::a00:1', '64:ff9b:1::a00:1', '2002:a00:1::', '2001::1'],
  ])('%s is one', (address) => expect(isPrivate(address)).toBe(true));
  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])('%s is none', (address) =>
    expect(isPrivate(address)).toBe(false),
  );

  it('receive nothing unless they are allowed, however the address is written', async () => {
    const { port } = new URL(receiver.url);
    const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost.'];
    for (const host of hosts) {
      const url = `http://${host}:${port}/`;
      const outcome = await send({ url, secrets: [SECRET] }, { id: 'a-change' } as AccessChange, {
        allowsPrivate: false,
        now: new Date(),
      });
      expect([host, outcome]).toEqual([
        host,
        { kind: 'failed', cause: expect.stringMatching(/private network|ENOTFOUND/) },
      ]);
    }
    expect(receiver.received).toEqual([]);
  });
});
