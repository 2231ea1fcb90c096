import { expect, it } from '@jest/globals';
import { judge } from '../../src/reconcile/judge.js';
import { lookOf } from '../../src/reconcile/look.js';

const NOW = 1_800_000_000;

it('an object that a test clock made ahead of Stripe’s own is not waited for until its time comes', () => {
  const verdictOf = (created: number) => {
    const value = { id: 'inpay_1', object: 'invoice_payment', created };
    const item = { ...value, deleted: false, bytes: Buffer.from(JSON.stringify(value)), value };
    const answer = { asked: NOW, answered: NOW, requestId: null, apiVersion: null };
    return judge(lookOf(item, answer, { account: null, livemode: false }), [], []).verdict.kind;
  };
  // The object does not name its clock, whose time may be minutes or years ahead.
  const told = [-3_600, -1, 3_600, 80_000, 400 * 86_400].map((ahead) => verdictOf(NOW + ahead));
  expect(told).toEqual(['unknown', 'in_flight', 'unknown', 'unknown', 'unknown']);
});
