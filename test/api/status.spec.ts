import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { durationText, statusOf, type Status, type StatusFacts } from '../../src/api/operations/status.js';
import { IntakeMinutes } from '../../src/webhook/intake-minutes.js';
import { deliver, read, signatureOf } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { endOfSharedLog, SHARES_STORE, testEventStore } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const well: StatusFacts = {
  at: '2026-01-01T00:00:00.000Z',
  log: { state: 'at', name: '00000000-0000-0000-0000-000000000001' },
  lastEvent: { stripeEventId: 'evt_1', type: 'invoice.paid', receivedAt: '', ageSeconds: 12, position: '5' },
  intake: { state: 'ok', eventStore: 'ok', waiting: 0, minutes: [] },
  reads: { state: 'ok', postgres: 'ok', building: [], lagSeconds: 0, parkedStreams: 0, quarantinedEvents: 0 },
  projecting: { by: 'this_process', cause: null },
  verified: { folds: 10, faults: 0 },
  accessChanges: { held: 0, endpoints: [] },
  versions: { ledger: '1', node: '20', postgres: '18' },
};
const minuteOf = (byOutcome: Record<string, number>) => ({ at: '2026-01-01T00:00:00.000Z', byOutcome });
const endpointThat = (state: { isStopped: boolean; lagSeconds: number }) => ({
  accessChanges: { held: 0, endpoints: [{ name: 'app', waiting: 3, ...state }] },
});

describe('the sentence of the status', () => {
  it('reports that all is well', () => {
    expect(statusOf(well)).toMatchObject({
      state: 'ok',
      concerns: [],
      sentence: 'All is well: events are stored, and the read models are up to date. The last event arrived 12 s ago.',
    });
  });

  const { intake, reads } = well;
  it.each<[string, Partial<StatusFacts>, Status['state'], RegExp]>([
    [
      'store_away',
      { log: { state: 'away', name: null }, lastEvent: null },
      'failing',
      /no event can be stored.*not known/,
    ],
    [
      'clock_skew',
      { intake: { ...intake, state: 'clock_skew', eventStore: 'The clocks differ' } },
      'failing',
      /clocks differ\./,
    ],
    [
      'too_large',
      { intake: { ...intake, minutes: [minuteOf({ too_large: 1 })] } },
      'failing',
      /1 delivery .*APPEND_BYTES_MAX/,
    ],
    [
      'bad_signature',
      { intake: { ...intake, minutes: [minuteOf({ bad_signature: 2 })] } },
      'attention',
      /2 deliveries .*signature/,
    ],
    ['refusing', { intake: { ...intake, minutes: [minuteOf({ overloaded: 1 })] } }, 'attention', /refused/],
    ['database_away', { reads: { ...reads, state: 'database_away' } }, 'failing', /Postgres does not answer/],
    [
      'other_log',
      { reads: { ...reads, state: 'other_log' }, projecting: { by: 'nobody', cause: 'It is another log' } },
      'failing',
      /another log\./,
    ],
    ['nobody_projects', { projecting: { by: 'nobody', cause: null } }, 'failing', /No process projects/],
    ['rows_wrong', { verified: { folds: 5, faults: 1 } }, 'failing', /1 row disagrees/],
    ['behind', { reads: { ...reads, lagSeconds: 240 } }, 'attention', /4 min behind/],
    ['not_built', { reads: { ...reads, building: ['invoices'] } }, 'attention', /invoices/],
    ['parked', { reads: { ...reads, parkedStreams: 2 } }, 'attention', /2 streams are parked/],
    ['access_held', { accessChanges: { held: 30, endpoints: [] } }, 'failing', /30 customers are held/],
    ['outbox_stopped', endpointThat({ isStopped: true, lagSeconds: 9_000 }), 'failing', /app answered 410/],
    [
      'outbox_behind',
      endpointThat({ isStopped: false, lagSeconds: 660 }),
      'attention',
      /endpoint app has not accepted .* 11 min/,
    ],
  ])('names %s', (code, change, state, text) => {
    const status = statusOf({ ...well, ...change });
    expect(status.concerns.map((one) => one.code)).toEqual([code]);
    expect([status.state, status.sentence]).toEqual([state, expect.stringMatching(text)]);
  });

  it('names the worst first, and calls a lag that is not known not none', () => {
    const both = statusOf({ ...well, reads: { ...reads, parkedStreams: 1 }, verified: { folds: 1, faults: 2 } });
    expect(both.concerns.map(({ code }) => code)).toEqual(['rows_wrong', 'parked']);
    expect(statusOf({ ...well, reads: { ...reads, lagSeconds: null } }).sentence).toMatch(/not known/);
  });

  it('forgets overloads after five minutes, and prints times in their largest unit', () => {
    const minutes = [minuteOf({ overloaded: 9 }), ...Array.from({ length: 5 }, () => minuteOf({}))];
    expect(statusOf({ ...well, intake: { ...intake, minutes } }).state).toBe('ok');
    expect([12.4, 240, 7_200, 4 * 86_400].map(durationText)).toEqual(['12 s', '4 min', '2 h', '4 days']);
  });
});

it('deliveries are counted by minute, for an hour', () => {
  let now = Date.UTC(2026, 0, 1);
  const minutes = new IntakeMinutes(() => now);
  minutes.note('appended');
  now += 61_000;
  minutes.note('appended');
  minutes.note('duplicate');
  expect(minutes.last.map(({ byOutcome }) => byOutcome)).toEqual([{ appended: 1 }, { appended: 1, duplicate: 1 }]);
  now += 70 * 60_000;
  minutes.note('failed');
  expect(minutes.last).toHaveLength(60);
  expect(minutes.last.at(-1)?.byOutcome).toEqual({ failed: 1 });
  expect(minutes.last.slice(0, -1).every(({ byOutcome }) => Object.keys(byOutcome).length === 0)).toBe(true);
});

describe('GET /v1/status', () => {
  let ledger: TestLedger;
  beforeAll(async () => {
    ledger = await startLedger();
  }, 60_000);
  afterAll(() => ledger.stop());

  it('distinguishes an empty log from one whose last event it does not know', async () => {
    if (SHARES_STORE) return;
    const { body } = await read<Status>(ledger.url, '/v1/status');
    expect([body.log.state, body.lastEvent]).toEqual(['empty', null]);
    expect(body.sentence).toMatch(/No event has arrived yet\.$/);
  });

  it('shows deliveries, the last event, and the projecting process', async () => {
    await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
    await deliver(ledger.url, JSON.stringify({ id: 'evt_odd', object: 'odd' }));
    await deliver(ledger.url, '{}', signatureOf('{}', { secret: 'whsec_another_one_0123456789' }));
    const status = await until('all of it is shown', async () => {
      const { body } = await read<Status>(ledger.url, '/v1/status');
      const isShown = body.projecting.by === 'this_process' && (body.reads.quarantinedEvents ?? 0) > 0;
      return isShown && body.lastEvent !== null && body;
    });
    const outcomes = (status.intake.minutes ?? []).flatMap(({ byOutcome }) => Object.keys(byOutcome));
    expect(new Set(outcomes)).toEqual(new Set(['appended', 'quarantined', 'bad_signature']));
    expect(status).toMatchObject({
      state: 'attention',
      log: { state: 'at' },
      intake: { state: 'ok', waiting: 0 },
      versions: { ledger: expect.stringMatching(/^\d+\./), postgres: expect.stringMatching(/^\d+/) },
    });
    expect(status.lastEvent?.ageSeconds).toBeLessThan(600);
  });

  it('requires a token', async () => {
    expect((await read(ledger.url, '/v1/status', 'no-token')).status).toBe(401);
  });
});

it('answers in a process without Postgres, with null for the unknown', async () => {
  const eventStore = await testEventStore();
  const database = { url: 'postgres://nobody@127.0.0.1:1/none', stop: async () => undefined };
  const ledger = await startLedger({ eventStore, database, environment: { ROLES: 'ingest,api' } });
  try {
    const { status, body } = await read<Status>(ledger.url, '/v1/status');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'failing',
      sentence: expect.stringMatching(/^Postgres does not answer/),
      reads: { state: 'database_away', lagSeconds: null, parkedStreams: null, quarantinedEvents: null },
      projecting: { by: 'unknown' },
      verified: null,
      accessChanges: null,
    });
    expect(body.log.state).toBe((await endOfSharedLog()) === null ? 'empty' : 'at');
  } finally {
    await ledger.stop();
    await eventStore.stop();
  }
}, 60_000);
