import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { deliver } from '../support/delivery.js';
import { startLedger } from '../support/ledger.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

it('a service stops although a client keeps a connection open on which it has sent nothing, and others for later', async () => {
  const ledger = await startLedger();
  const silent = connect(Number(new URL(ledger.url).port), '127.0.0.1');
  await once(silent, 'connect');
  await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
  const closed = once(silent, 'close');
  await ledger.stop();
  await closed;
  expect(silent.destroyed).toBe(true);
}, 25_000);
