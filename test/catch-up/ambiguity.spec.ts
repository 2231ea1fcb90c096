import { expect, it } from '@jest/globals';
import { subscriptions } from '../../projections/subscriptions.js';
import { advance, foldAll, unfolded } from '../../src/folding/fold.js';
import { deliver, read, READ_TOKEN } from '../support/delivery.js';
import { factFrom } from '../support/facts.js';
import { startLedger } from '../support/ledger.js';
import { SHARES_STORE } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

/** Two updates in one second without previous attributes: their order is a guess. */
const pair = (id: string) =>
  ['past_due', 'unpaid'].map((status, at) =>
    subscriptionEvent(id, { eventId: randomId(`evt${at}`), created: START + 9, object: { status } }),
  );

it('a guess is reported once, by the fold that makes it, for every event that it concerns', () => {
  const [one, other] = pair('sub_1').map(factFrom) as [ReturnType<typeof factFrom>, ReturnType<typeof factFrom>];
  const alone = advance(subscriptions, unfolded(subscriptions), [one]);
  if (alone.kind === 'late') throw new Error('The first fact cannot be late.');
  expect(alone.guesses).toEqual([]);
  const both = advance(subscriptions, alone.state, [other]);
  if (both.kind === 'late') throw new Error('A fact of the same second cannot be late.');
  expect(both.guesses).toEqual([one, other]);
  expect(
    advance(subscriptions, both.state, [factFrom(subscriptionEvent('sub_1', { created: START + 10 }))]),
  ).toMatchObject({ guesses: [] });
  expect(foldAll(subscriptions, [other, one]).guesses).toEqual([one, other]);
});

it('a guess is counted once by the service, despite redeliveries and late events, and shown on the event', async () => {
  const id = randomId('sub');
  const ledger = await startLedger();
  const guessed = pair(id);
  const earlier = [5, 3].map((second) =>
    subscriptionEvent(id, { created: START + second, object: { status: 'active' } }),
  );
  const later = subscriptionEvent(id, { created: START + 20, object: { status: 'active' } });
  for (const event of [...guessed, later, ...guessed, ...earlier]) {
    const {
      body: { position },
    } = await deliver(ledger.url, JSON.stringify(event));
    expect((await read(ledger.url, `/subscriptions?limit=1&minPosition=${position}&waitMs=20000`)).status).toBe(200);
  }
  const metrics = await (
    await fetch(`${ledger.url}/metrics`, { headers: { authorization: `Bearer ${READ_TOKEN}` } })
  ).text();
  const counted = Number(/^ledger_ambiguous_events_total (\d+)$/m.exec(metrics)?.[1]);
  expect(counted).toBeGreaterThanOrEqual(2);
  if (!SHARES_STORE) expect(counted).toBe(2);
  const { body } = await read<{ data: { stripeEventId: string; ambiguous: boolean }[] }>(
    ledger.url,
    `/subscriptions/${id}/events`,
  );
  expect(
    body.data
      .filter(({ ambiguous }) => ambiguous)
      .map(({ stripeEventId }) => stripeEventId)
      .sort(),
  ).toEqual(guessed.map((event) => event.id).sort());
  await ledger.stop();
}, 60_000);
