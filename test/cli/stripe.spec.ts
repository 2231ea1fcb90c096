/** The commands that call Stripe, against a simulated one. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startStripeApi, type SimulatedStripe } from '../../simulator/stripe-api/server.js';
import { kindOf } from '../../src/events/normalise.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { NEEDED_TYPES } from '../../src/stripe-api/event-types.js';
import { thisBuild } from '../support/builds.js';
import { until } from '../support/until.js';
import { temporaryDirectory } from '../support/servers.js';

const ADDRESS = 'https://ledger.example.com';
const URL_OF_US = `${ADDRESS}/webhooks/stripe`;
const READER = 'rk_test_reader';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let stripe: SimulatedStripe;
beforeAll(async () => {
  directory = await temporaryDirectory();
  stripe = await startStripeApi({
    seed: 3,
    subscriptions: 8,
    now: Date.UTC(2026, 1, 20) / 1_000,
    limits: null,
    keys: { rk_test_demo: 'all', [READER]: ['rak_webhook_read', 'rak_event_read', 'rak_customer_read'] },
  });
});
afterAll(async () => {
  await stripe.stop();
  await directory.remove();
});

function spawned(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    STRIPE_API_URL: stripe.url,
    STRIPE_API_RATE: '100',
    STRIPE_API_KEYS: `reader=${READER}`,
    PUBLIC_URL: ADDRESS,
    ...environment,
  };
  return spawn(process.execPath, [thisBuild.command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawned(args, environment);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, output, errors };
}
const endpoint = (...args: string[]) => run(['endpoint', ...args, '--api-key', 'rk_test_demo']);
const update = (id: string, fields: Record<string, string>) => stripe.endpoints.update(id, new URLSearchParams(fields));

describe('endpoint', () => {
  it('makes one, keeps its secret, mends it, and finds nothing wrong then', async () => {
    const file = join(directory.path, 'secrets');
    expect(await run(['endpoint', 'check'])).toMatchObject({
      code: 1,
      output: expect.stringMatching(/No endpoint has/),
    });
    expect(await endpoint('create', '--secret-to', file)).toMatchObject({ code: 0 });
    const [made] = stripe.endpoints.all;
    expect(made).toMatchObject({ url: URL_OF_US, apiVersion: '2026-09-30.endive', enabledEvents: NEEDED_TYPES });
    expect(readFileSync(file, 'utf8')).toBe(`main=${made?.secret}\n`);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(await run(['endpoint', 'check'])).toMatchObject({ code: 0 });
    expect(await endpoint('create')).toMatchObject({ code: 2, errors: expect.stringMatching(/already.*endpoint fix/) });

    const id = String(made?.id);
    update(id, { disabled: 'true', 'enabled_events[0]': 'charge.succeeded', 'enabled_events[1]': 'mandate.updated' });
    const wrong = await run(['endpoint', 'check']);
    expect(wrong.code).toBe(1);
    expect(wrong.output).toMatch(/disabled/);
    expect(wrong.output).toMatch(/does not receive charge\.captured.* and \d+ more/);
    expect(await endpoint('fix')).toMatchObject({ code: 0 });
    expect(stripe.endpoints.all[0]).toMatchObject({ status: 'enabled' });
    // Event types that the merchant added are kept.
    expect(stripe.endpoints.all[0]?.enabledEvents).toContain('mandate.updated');
    expect(await run(['endpoint', 'check'])).toMatchObject({ code: 0 });
  });

  it('is replaced by another, which gets every event before the first goes', async () => {
    const file = join(directory.path, 'secrets');
    const [old] = stripe.endpoints.all;
    stripe.clock.advance(10);
    expect(await endpoint('rotate', '--secret-to', file)).toMatchObject({ code: 0 });
    const [, next] = stripe.endpoints.all;
    expect(readFileSync(file, 'utf8')).toBe(`main=${old?.secret}\nnext=${next?.secret}\n`);
    expect(await endpoint('rotate')).toMatchObject({ code: 2, errors: expect.stringMatching(/2 endpoints/) });
    expect(await endpoint('rotate', '--finish')).toMatchObject({ code: 0 });
    expect(stripe.endpoints.all).toEqual([next]);
    expect(await endpoint('rotate', '--finish')).toMatchObject({ code: 2 });
  });

  it('is rotated while events come, and killed after each step, without losing one', async () => {
    const file = join(directory.path, 'rotated');
    const others = stripe.endpoints.all.map(({ id }) => id);
    for (const id of others) update(id, { disabled: 'true' });
    const verified: string[] = [];
    // It accepts signatures by any of the stored secrets.
    const service = createServer((request, response) => {
      void text(request).then((body) => {
        const [, at, given] = /^t=(\d+),v1=(\w+)$/.exec(String(request.headers['stripe-signature'])) ?? [];
        const secrets = [...readFileSync(file, 'utf8').matchAll(/=(whsec_\S+)/g)].map(([, secret = '']) => secret);
        const isOurs = secrets.some((by) => createHmac('sha256', by).update(`${at}.${body}`).digest('hex') === given);
        if (isOurs) verified.push((JSON.parse(body) as { id: string }).id);
        response.writeHead(isOurs ? 200 : 400).end();
      });
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const to = ['--url', `http://127.0.0.1:${(service.address() as AddressInfo).port}`];
    const rotate = ['rotate', '--secret-to', file, ...to];
    expect(await endpoint('create', '--all', '--secret-to', file, ...to)).toMatchObject({ code: 0 });
    const [first] = stripe.endpoints.all.filter(({ url }) => url.startsWith(String(to[1])));
    stripe.endpoints.skipTo(stripe.clock.now());
    const since = stripe.clock.now();
    const deliverADay = async () => {
      stripe.clock.advance(86_400);
      await stripe.deliver();
    };
    await deliverADay();
    try {
      for (const [args, requests] of [
        // It has created the second endpoint, and has not yet recorded that the secret was stored.
        [rotate, 2],
        // It has disabled the first endpoint, and has not deleted it yet.
        [['rotate', '--finish', ...to], 4],
      ] as const) {
        const held = stripe.hold('*', requests);
        const killed = spawned(['endpoint', ...args, '--all', '--api-key', 'rk_test_demo']);
        await until('its next request waits', async () => held.waiting() > 0 || killed.exitCode !== null);
        const waited = held.waiting();
        killed.kill('SIGKILL');
        if (killed.exitCode === null && killed.signalCode === null) await once(killed, 'close');
        held();
        expect(waited).toBe(1);
        await deliverADay();
        expect(await endpoint(...args, '--all')).toMatchObject({ code: 0 });
        await deliverADay();
      }
    } finally {
      service.closeAllConnections();
      service.close();
    }
    const happened = stripe.world.events.filter(({ at }) => at > since && at <= stripe.clock.now()).map(({ id }) => id);
    expect([...new Set(verified)].sort()).toEqual(happened.sort());
    expect(verified.length).toBeGreaterThan(happened.length);
    const left = stripe.endpoints.all.filter(({ url }) => url.startsWith(String(to[1])));
    expect(left).toEqual([expect.objectContaining({ status: 'enabled' })]);
    expect(left[0]?.id).not.toBe(first?.id);
    expect(readFileSync(file, 'utf8')).toContain(String(left[0]?.secret));
    for (const { id } of left) stripe.endpoints.delete(id);
    for (const id of others) update(id, { disabled: 'false' });
  }, 60_000);

  it('is not given up while Stripe still tries to deliver to it alone', async () => {
    const [old] = stripe.endpoints.all;
    update(String(old?.id), { url: 'http://127.0.0.1:9/webhooks/stripe', 'enabled_events[0]': '*' });
    stripe.endpoints.skipTo(stripe.clock.now());
    stripe.clock.advance(86_400 * 5);
    expect((await stripe.deliver()).length).toBeGreaterThan(0);
    update(String(old?.id), { url: URL_OF_US });
    expect(await endpoint('rotate')).toMatchObject({ code: 0 });
    expect(await endpoint('rotate', '--finish')).toMatchObject({
      code: 1,
      output: expect.stringMatching(/still has \d+ events to deliver/),
    });
    expect(stripe.endpoints.all).toHaveLength(2);
    for (const { id } of stripe.endpoints.all) stripe.endpoints.delete(id);
  });

  it('whose secret was lost in a crash is created again', async () => {
    const lost = stripe.endpoints.create(
      new URLSearchParams({ url: URL_OF_US, 'enabled_events[0]': '*', 'metadata[ledger_secret]': 'unsaved' }),
      stripe.clock.now(),
    );
    expect(await run(['endpoint', 'check'])).toMatchObject({ output: expect.stringMatching(/never saved/) });
    const made = await endpoint('create', '--all');
    expect(made).toMatchObject({ code: 0 });
    expect(stripe.endpoints.all.map(({ id }) => id)).not.toContain(lost['id']);
    expect(stripe.endpoints.all[0]?.enabledEvents).toEqual(['*']);
    expect(made.output).toContain(`STRIPE_WEBHOOK_SECRETS=main=${stripe.endpoints.all[0]?.secret}`);
  });

  it.each([
    ['without saying what', ['endpoint'], /Choose one/],
    ['without a key that may write', ['endpoint', 'create'], /only read/],
    [
      'with a key that may only read',
      ['endpoint', 'create', '--api-key', READER, '--url', 'https://x.example'],
      /rak_webhook_write/,
    ],
  ])('is refused %s', async (_, args, message) => {
    const refused = await run(args);
    expect(refused).toMatchObject({ code: 2, errors: expect.stringMatching(message) });
    expect(refused.errors).not.toContain(READER);
  });

  it('receives what the ledger reads, and all of it that Stripe has', () => {
    const typings = readFileSync('node_modules/stripe/esm/resources/WebhookEndpoints.d.ts', 'utf8');
    const all = [...new Set(typings.match(/'[a-z0-9_]+(\.[a-z0-9_]+)+'/g))].map((type) => type.slice(1, -1));
    expect(NEEDED_TYPES.filter((type) => !all.includes(type))).toEqual([]);
    const beginnings = new Set(NEEDED_TYPES.map((type) => type.slice(0, type.lastIndexOf('.'))));
    // Events of customers, sources and tax ids have prefixes of their own.
    const same = all.filter((type) => beginnings.has(type.slice(0, type.lastIndexOf('.'))));
    expect(same.filter((type) => !NEEDED_TYPES.includes(type))).toEqual([]);
    const read = (object: string): boolean =>
      kindOf(
        asStripeEvent({
          id: 'evt_1',
          object: 'event',
          type: 'x.y',
          created: 1,
          data: { object: { id: 'x_1', object } },
        }),
      ) !== 'other';
    for (const object of ['subscription', 'invoice', 'invoice_payment', 'plan', 'price', 'checkout.session'])
      expect(read(object)).toBe(true);
  });
});

describe('stripe-check', () => {
  it('reads at most sixty times, and reports what was found', async () => {
    const before = stripe.counters.requests;
    const { code, output } = await run(['stripe-check', '--wait', '0', '--json'], { STRIPE_API_KEYS: 'rk_test_demo' });
    const { requests, findings } = JSON.parse(output) as {
      requests: number;
      findings: { question: string; answer: string }[];
    };
    expect(code).toBe(0);
    expect(requests).toBe(stripe.counters.requests - before);
    expect(requests).toBeLessThanOrEqual(60);
    const answers = Object.fromEntries(findings.map(({ question, answer }) => [question, answer]));
    expect(answers['which account is the key for?']).toContain(stripe.world.account.id);
    expect(answers['may it read invoice?']).toMatch(/^yes, 3 and more/);
    expect(answers['are events older than 30 days listed?']).toBe('no');
    expect(output).not.toContain('@');
    expect(
      Object.keys(stripe.counters.byOperation)
        .filter((one) => /^(POST|DELETE)/.test(one))
        .sort(),
    ).toEqual(['DELETE /v1/webhook_endpoints/:id', 'POST /v1/webhook_endpoints', 'POST /v1/webhook_endpoints/:id']);
  });

  it('names each right that the key lacks', async () => {
    const { code, output, errors } = await run(['stripe-check', '--wait', '0']);
    expect(code).toBe(1);
    expect(output).toMatch(/✓ may it read customer\?/);
    expect(output).toMatch(/✗ may it read charge\?.*rak_charge_read/);
    expect(output + errors).not.toContain(READER);
  });
});
