import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { distinctRecordedEvents, recordedEvents } from '../fixtures/recorded-events.js';
import { deliver } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { eventsOf } from '../support/log.js';
import { rawEventsOf } from '../support/raw-read.js';
import { randomId } from '../support/subscription-events.js';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

/** Another event id for this run, so that a store with an earlier run's events accepts the event again. */
const forThisRun = (body: string, id: string): string =>
  body.replaceAll(JSON.stringify(id), JSON.stringify(randomId('evt')));

/** The routes of the recorded files, as `test/events` checks them; a reason in brackets means quarantine. */
const table = new Map(
  readFileSync(new URL('../events/recorded-routes.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([file, , stream]) => [file, stream ?? '']),
);

describe('every recorded event, posted as a signed webhook', () => {
  it.each(
    distinctRecordedEvents().map(({ file, body, stripeEvent }) => ({
      file,
      body,
      id: (stripeEvent as { id: string }).id,
    })),
  )('$file', async ({ file, body: recorded, id }) => {
    const body = forThisRun(recorded, id);
    const demanded = table.get(file) ?? 'nothing';
    const answer = await deliver(ledger.url, body);
    expect(answer.status).toBe(200);
    const reason = /^\[(.*)\]$/.exec(demanded)?.[1];
    if (reason === undefined) expect(answer.body).toMatchObject({ outcome: 'appended', stream: demanded });
    else
      expect((await eventsOf(ledger.eventstoreUrl, answer.body.stream))[0]?.metadata).toMatchObject({
        quarantine: reason,
      });
    const stored = await rawEventsOf(ledger.eventstoreUrl, answer.body.stream);
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
