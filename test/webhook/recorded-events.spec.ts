import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { route } from '../../src/events/route.js';
import { distinctRecordedEvents, recordedEvents } from '../fixtures/recorded-events.js';
import { deliver } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { rawEventsOf } from '../support/raw-read.js';
import { randomId } from '../support/subscription-events.js';

let ledger: TestLedger;
beforeAll(async () => { ledger = await startLedger(); });
afterAll(() => ledger.stop());

/** Another event id for this run, so that a store which has seen an earlier run takes the event again. */
const forThisRun = (body: string, id: string): string => body.replaceAll(JSON.stringify(id), JSON.stringify(randomId('evt')));

describe('every recorded event, posted as a signed webhook', () => {
  // `test/events` pins which stream each file belongs to; here: that the service puts it there, byte by byte.
  it.each(distinctRecordedEvents().map(({ file, body, stripeEvent }) => ({ file, body, id: (stripeEvent as { id: string }).id })))('$file', async ({ body: recorded, id }) => {
    const body = forThisRun(recorded, id);
    const parsed = JSON.parse(body) as Parameters<typeof route>[0];
    const routed = route(parsed, contentHash(parsed));
    expect(routed.kind).toBe('stream');
    const answer = await deliver(ledger.url, body);
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'appended', stream: routed.stream } });
    const stored = await rawEventsOf(ledger.eventstoreUrl, routed.stream);
    expect(stored[Number(answer.body.revision)]?.data.equals(Buffer.from(body))).toBe(true);
  });

  it('with the zero ids of the dashboard as they are: each is stored, in quarantine, with 200', async () => {
    const zeros = recordedEvents().filter(({ body }) => /"evt_0+"/.test(body));
    expect(zeros.length).toBeGreaterThan(100);
    for (const { body } of zeros) {
      const answer = await deliver(ledger.url, body);
      expect(answer.status).toBe(200);
      expect(answer.body.stream).toMatch(/^quarantine-/);
    }
  });
});
