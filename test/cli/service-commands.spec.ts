/** Commands that query a running service, run as separate processes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { accessCommand } from '../../src/cli/access.command.js';
import type { Given } from '../../src/cli/command.js';
import { eventsCommand } from '../../src/cli/events.command.js';
import { findCommand } from '../../src/cli/find.command.js';
import type { ServiceCommand } from '../../src/cli/on-service.js';
import { ServiceClient } from '../../src/cli/service-client.js';
import { moneyCommand } from '../../src/cli/money.command.js';
import { statusCommand } from '../../src/cli/status.command.js';
import { timelineCommand } from '../../src/cli/timeline.command.js';
import { startProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { deliver, read, READ_TOKEN, SECRET } from '../support/delivery.js';
import { runCommand, type Command as Process } from '../support/command.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const sub = randomId('sub');
const customer = randomId('cus');
const [first, second] = [randomId('evt'), randomId('evt')];
const body = JSON.stringify(subscriptionEvent(sub, { eventId: first, created: START, object: { customer } }));

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
  await deliver(ledger.url, body);
  const later = subscriptionEvent(sub, {
    eventId: second,
    created: START + 5,
    object: { customer, status: 'past_due' },
    previous: { status: 'active' },
  });
  const { body: answer } = await deliver(ledger.url, JSON.stringify(later));
  const path = `/v1/subscriptions/${sub}?minPosition=${String(answer.position)}&waitMs=5000`;
  await until('the rows are there', async () => (await read(ledger.url, path)).status === 200);
}, 60_000);
afterAll(() => ledger.stop());

/** Runs the command itself with a client of the real service. */
async function ask(command: ServiceCommand, ...args: string[]) {
  const { values, positionals: names } = parseArgs({ args, options: command.options, allowPositionals: true });
  const given: Given = { names, values: values as Given['values'] };
  const [output, errors]: [string[], string[]] = [[], []];
  command.check?.(given);
  const code = await command.run(given, {
    service: new ServiceClient(ledger.url, READ_TOKEN),
    signal: new AbortController().signal,
    print: (text) => void output.push(text),
    printed: async () => undefined,
    report: (text) => void errors.push(text),
  });
  return { code, output: output.join('\n'), errors: errors.join('\n') };
}

describe('money', () => {
  it('shows MRR and its movements, each with its event and customer', async () => {
    const mrr = ['mrr', '--from', '2026-01-01', '--to', '2026-01-31'];
    await until('the books are there', async () => (await read(ledger.url, '/v1/mrr')).status === 200);
    const { code, output } = await ask(moneyCommand, ...mrr, '--test');
    expect(code).toBe(0);
    expect(output).toMatch(/^EUR, test mode\nfrom +mrr +arr +customers .*\n2026-01-01 +\d+\.\d\d +\d+\.\d\d +1 /);
    const { output: json } = await ask(moneyCommand, ...mrr, '--json', '--currency', 'EUR');
    expect(JSON.parse(json)).toMatchObject({ interval: 'month', data: [{ currency: 'eur', livemode: false }] });
    expect((await ask(moneyCommand, 'movements', '--customer', customer)).output).toContain(first);
  });

  it('shows balances and entries, where there are any, and writes a file only when it is complete', async () => {
    expect((await ask(moneyCommand, 'trial-balance', '--month', '2026-01')).output).toBe('No rows.');
    expect((await ask(moneyCommand, 'journal', '--customer', customer)).output).toBe('No rows.');
    const folder = await mkdtemp(join(tmpdir(), 'ledger-money-'));
    const out = join(folder, 'books.csv');
    const { code, errors } = await ask(moneyCommand, 'export', '--format', 'csv', '--test', '--out', out);
    expect([code, errors]).toEqual([0, `Written to ${out}.`]);
    expect(await readFile(out, 'utf8')).toMatch(/^entry,no,effective_at,account/);
    await rm(folder, { recursive: true });
  });

  it('compares MRR with that by another definition, names the customers, and changes nothing', async () => {
    const before = await read(ledger.url, '/v1/mrr');
    const environment = { EVENTSTORE_URL: ledger.eventstoreUrl, DATABASE_URL: ledger.databaseUrl };
    const compare = async (...args: string[]) => {
      const command = runCommand('src/cli/main.js', ['money', 'compare', ...args], environment);
      const lines: string[] = [];
      for (let line = await command.line(); line !== undefined; line = await command.line()) lines.push(line);
      return { ...(await command.ended), output: lines.join('\n') };
    };
    const { code, output, errors } = await compare('--set', 'mrrPastDueDays=0', '--top', '10000', '--json');
    expect([code, errors]).toEqual([0, '']);
    const compared = JSON.parse(output) as { customers: { customer: string; change: number }[] };
    expect(compared).toMatchObject({
      what: 'mrr',
      policy: [{ field: 'mrrPastDueDays', before: null, after: 0 }],
      isComplete: true,
    });
    expect(compared.customers.find((one) => one.customer === customer)?.change).toBeLessThan(0);
    const texts = await compare('mrr', '--set', 'mrrPastDueDays=0', '--top', '10000');
    expect(texts.output).toMatch(
      /mrrPastDueDays 0 instead of unset\n\n(.+\n)*EUR, test mode\nof +now +then +difference\nMRR +\d/,
    );
    expect(texts.output).toMatch(new RegExp(`${customer} +MRR +-\\d+\\.\\d\\d +EUR, test mode`));
    expect((await read(ledger.url, '/v1/mrr')).body).toEqual(before.body);
    expect((await compare('--with', 'nobody')).errors).toContain('Unknown definition "nobody". Definitions: default,');
  }, 60_000);

  it.each([
    [['all'], 'money needs one of'],
    [['revenue', '--month', '2026-01'], 'takes no --month'],
    [['export'], 'needs --format'],
  ])('refuses %j', async (args, message) => {
    await expect(ask(moneyCommand, ...args)).rejects.toThrow(message);
  });
});

describe('a command that asks the service', () => {
  it('status reports the state, for people and programs', async () => {
    const { code, output } = await ask(statusCommand);
    expect(code).toBe(0);
    expect(output).toMatch(/The last event arrived \d+ .* ago\.$/m);
    expect(output).toMatch(/^ {2}deliveries +appended 2/m);
    expect(JSON.parse((await ask(statusCommand, '--json')).output)).toMatchObject({
      state: 'ok',
      log: { state: 'at' },
    });
  });

  it('status --watch prints it repeatedly, and ends when told to', async () => {
    const watching = new AbortController();
    const lines: string[] = [];
    const code = await statusCommand.run(
      { names: [], values: { watch: true, every: '1', json: true } },
      {
        service: new ServiceClient(ledger.url, READ_TOKEN),
        signal: watching.signal,
        print: (text) => void (lines.push(text) === 2 && watching.abort()),
        printed: async () => undefined,
        report: () => undefined,
      },
    );
    expect(code).toBe(0);
    expect(lines.map((line) => (JSON.parse(line) as { log: { state: unknown } }).log.state)).toEqual(['at', 'at']);
  });

  it('find names what has an id, and exits with 1 for an unknown one', async () => {
    const { code, output } = await ask(findCommand, sub);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(`subscription +${sub} +past_due +id`),
    });
    expect(await ask(findCommand, 'sub_nobody')).toMatchObject({
      code: 1,
      errors: 'Nothing found for "sub_nobody".',
    });
  });

  it('events lists and shows', async () => {
    const listed = await ask(eventsCommand, 'list', '--object', sub, '--limit', '1');
    expect(listed.output).toMatch(`${second}  subscription-${sub}@1`);
    expect(listed.output.split('\n')).toHaveLength(1);
    const recent = await ask(eventsCommand, 'list', '--object', sub, '--since', '1h');
    expect(recent.output.split('\n')).toHaveLength(2);
    const { output } = await ask(eventsCommand, 'show', second);
    expect(output).toMatch(`subscription ${sub}`);
    expect(output).toMatch(`changed      subscriptions id=${sub}`);
  });

  it('events send delivers a recorded body again, signed', async () => {
    const to = `${ledger.url}/webhooks/stripe`;
    const sent = await ask(eventsCommand, 'send', first, '--to', to, '--secret', SECRET);
    expect(sent).toMatchObject({ code: 0, errors: `${to} answered 200.` });
    expect(JSON.parse(sent.output)).toMatchObject({ outcome: 'duplicate' });
    const refused = await ask(eventsCommand, 'send', first, '--to', to, '--secret', 'whsec_of_another_endpoint_0123');
    expect(refused).toMatchObject({ code: 1, errors: `${to} answered 400.` });
  });

  it('access and timeline put it into words', async () => {
    const access = await ask(accessCommand, customer, '--at', '2020-01-01T00:00:00Z');
    expect(access).toMatchObject({ code: 0, output: expect.stringMatching(/^Access is not granted/) });
    const timeline = await ask(timelineCommand, sub);
    expect(timeline.output.split('\n').filter((line) => line.includes('evt_'))).toEqual([
      expect.stringContaining(first),
      expect.stringContaining(second),
    ]);
    expect(timeline.output).toMatch('status: "active" -> "past_due"');
  });

  it.each<[ServiceCommand, readonly string[], RegExp]>([
    [eventsCommand, ['list', '--since', 'yesterday'], /^--since must be a time /],
    [eventsCommand, ['shwo'], /^events needs a subcommand:\n/],
    [eventsCommand, ['send', 'evt_1'], /^events send needs --to/],
    [accessCommand, ['cus_1', 'cus_2'], /^access needs one customer/],
    [timelineCommand, [], /^timeline needs one subscription/],
    [findCommand, [], /^find needs a text/],
  ])('refuses a command line with a sentence %#', async (command, args, sentence) => {
    await expect(ask(command, ...args)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(sentence),
    });
  });
});

const start = (args: readonly string[], environment: Record<string, string> = {}): Process =>
  runCommand('src/cli/main.js', args, { LEDGER_URL: ledger.url, LEDGER_TOKEN: READ_TOKEN, ...environment });

describe('tail', () => {
  let proxy: CuttableProxy;
  beforeEach(async () => {
    proxy = await startProxy(Number(new URL(ledger.url).port));
  });
  afterEach(() => proxy.close());
  const follow = async (...args: string[]): Promise<Process> => {
    const tail = start(['tail', ...args], { LEDGER_URL: `http://127.0.0.1:${proxy.port}` });
    await until('it is connected', async () => proxy.answeredBytes() > 0);
    return tail;
  };

  it('prints each event once, also after its connection was cut', async () => {
    const tail = await follow('--json', '--count', '2', '--object', sub);
    const ids = [randomId('evt'), randomId('evt')];
    const shown = [];
    for (const eventId of ids) {
      await deliver(ledger.url, JSON.stringify(subscriptionEvent(sub, { eventId, object: { customer } })));
      shown.push((JSON.parse((await tail.line()) ?? '{}') as { stripeEventId?: string }).stripeEventId);
      if (shown.length === 1) proxy.cut();
    }
    expect(shown).toEqual(ids);
    const { code, errors } = await tail.ended;
    expect(errors).toMatch(/^Following events; press Ctrl-C to stop\.\nThe connection broke; reconnecting …\n$/);
    expect(code).toBe(0);
  }, 60_000);

  it('ends with an interrupt', async () => {
    const tail = await follow();
    tail.kill('SIGINT');
    expect((await tail.ended).code).toBe(130);
  }, 60_000);
});

describe('a process ends with one sentence and an exit code', () => {
  it.each<[string, readonly string[], Record<string, string>, number, RegExp]>([
    ['an event that nobody knows', ['events', 'show', 'evt_typo'], {}, 1, /^.*evt_typo.*\n$/],
    ['a wrong token', ['status'], { LEDGER_TOKEN: 'a-token-of-nobody' }, 2, /^[A-Z].*\n$/],
    [
      'no service',
      ['status'],
      { LEDGER_URL: 'http://127.0.0.1:1' },
      2,
      /^No service answers on http:\/\/127\.0\.0\.1:1\. .*\n$/,
    ],
    ['no token', ['status'], { LEDGER_TOKEN: '' }, 2, /^No token for http.*: set LEDGER_TOKEN.*\n$/],
    ['a URL that is none', ['status', '--url', 'ledger.example.com'], {}, 2, /^--url must look like https:.*\n$/],
  ])('%s', async (_name, args, environment, code, sentence) => {
    const command = start(args, environment);
    expect(await command.line()).toBeUndefined();
    expect(await command.ended).toEqual({ code, errors: expect.stringMatching(sentence) });
  });

  it('a body is printed byte by byte', async () => {
    const command = start(['events', 'show', first, '--body']);
    expect(await command.line()).toBe(body);
    expect((await command.ended).code).toBe(0);
  });
});
