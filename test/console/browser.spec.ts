/** The console in a real browser, used as its users do. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from 'playwright-core';
import { deliver } from '../support/delivery.js';
import { query } from '../support/read-models.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { stripeEvent } from '../support/stripe-objects.js';
import { until } from '../support/until.js';
import { bill, eventOf, subscribed } from '../support/books-events.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const TOKEN = 'a-token-for-operations-1';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const own = randomUUID().replaceAll('-', '').slice(0, 14);
const [CUSTOMER, SUBSCRIPTION, EMAIL] = [`cus_${own}`, `sub_${own}`, `Grace.${own}@customer.example`];

/** The account of the books in this file. */
const BOOKS = { account: `acct_${own}`, livemode: true };
const EVENT = randomId('evt');
const [PAYER, INVOICE] = [`cus_${own}p`, `in_${own}`];

let eventStore: TestServer;
let database: TestServer;
let service: ServiceProcess;
let browser: Browser;
/** Messages in the browsers' consoles; our pages must cause none. */
const said: string[] = [];

if (!existsSync(CHROMIUM))
  process.stderr.write(
    `test/console/browser does not run: there is no Chromium at ${CHROMIUM}. Install it, or set CHROMIUM.\n`,
  );
const inBrowser = existsSync(CHROMIUM) ? describe : describe.skip;

async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<[Page, BrowserContext]> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(`${path}: ${message.text()}`);
  });
  page.on('pageerror', (error) => said.push(`${path}: ${error.message}`));
  await page.goto(`${service.url}${path}`);
  await page.fill('#token', TOKEN);
  await page.press('#token', 'Enter');
  await page.waitForURL((url) => !url.pathname.endsWith('/login'));
  return [page, context];
}

/** Presses Tab until the element has the focus, like a user without a mouse. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  const target = page.locator(wanted).first();
  await target.waitFor();
  for (let press = 0; press < 150; press += 1) {
    await page.keyboard.press('Tab');
    if ((await target.and(page.locator(':focus')).count()) > 0) return;
  }
  throw new Error(`Tab does not lead to ${wanted}.`);
}
async function enter(page: Page, wanted: string): Promise<void> {
  await tabTo(page, wanted);
  await page.keyboard.press('Enter');
}

const send = async (event: object): Promise<string> =>
  (await deliver(service.url, JSON.stringify(event))).body.position;

/** A subscription past due since 5 January; the event of the failure arrived after that of a later change. */
async function live(): Promise<void> {
  const object = { customer: CUSTOMER };
  const born = subscriptionEvent(SUBSCRIPTION, { type: 'customer.subscription.created', object });
  const at = (days: number): number => born.created + days * 86_400;
  await send(
    stripeEvent('customer.created', {
      id: CUSTOMER,
      object: 'customer',
      email: EMAIL,
      name: 'Grace Hopper',
      livemode: false,
      metadata: {},
    }),
  );
  await send(born);
  await send(
    subscriptionEvent(SUBSCRIPTION, {
      eventId: EVENT,
      created: at(6),
      object: { ...object, status: 'past_due', metadata: { seats: '2' } },
      previous: { metadata: {} },
    }),
  );
  const ofBooks = eventOf(BOOKS);
  await send(
    ofBooks(
      'customer.subscription.created',
      subscribed(`sub_${own}p`, { customer: PAYER, amount: 1900 }),
      '2026-01-01',
    ),
  );
  const lines = [{ id: `il_${own}`, amount: 9000, from: '2026-01-01', to: '2026-04-01' }];
  await send(ofBooks('invoice.finalized', bill(INVOICE, { customer: PAYER, day: '2026-01-01', lines }), '2026-01-01'));
  const position = await send(
    subscriptionEvent(SUBSCRIPTION, {
      created: at(4),
      object: { ...object, status: 'past_due' },
      previous: { status: 'active' },
    }),
  );
  const answer = await fetch(`${service.url}/v1/customers/${CUSTOMER}?minPosition=${position}&waitMs=20000`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(answer.status).toBe(200);
  // A new service derives its books first.
  const authorization = `Bearer ${TOKEN}`;
  for (const list of ['journal', 'mrr/movements'])
    await until(
      `${list} has what was sent`,
      async () => {
        const answer = await fetch(`${service.url}/v1/${list}?customer=${PAYER}`, { headers: { authorization } });
        return answer.status === 200 && ((await answer.json()) as { data: unknown[] }).data.length > 0;
      },
      60_000,
    );
}

inBrowser('the console in a browser', () => {
  beforeAll(async () => {
    [eventStore, database] = [await testEventStore(), await serviceDatabase()];
    service = await startServiceProcess(
      { eventstoreUrl: eventStore.url, databaseUrl: database.url },
      { API_TOKENS: `ops:admin=${TOKEN}` },
    );
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    await live();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await database?.stop();
    await eventStore?.stop();
  });

  it('leads support from an e-mail address to the reason, by keys alone', async () => {
    const [page, context] = await open('/console');
    await page.keyboard.press('/');
    await page.keyboard.type(EMAIL.toLowerCase());
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/console/customers/${CUSTOMER}`);
    const verdict = (await page.textContent('.verdict .sentence')) ?? '';
    expect(verdict).toMatch(
      /^No access since 12 Jan 2026: past due since 5 Jan 2026, and the grace period of 7 days has ended\.$/,
    );
    expect(await page.textContent('.verdict')).toContain('What restores access: Payment of the open invoice');
    await page.keyboard.press('?');
    expect(await page.textContent('dialog[open]')).toContain('search');
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL('**/console/events');
    // New events leave the focus where it is.
    await tabTo(page, 'main tbody a');
    await until('the page says that it is old', async () => {
      await send(subscriptionEvent(`sub_${own}other`));
      const told = page.waitForSelector('#told:has-text("New data is available")', { timeout: 3_000 });
      return told.then(() => true).catch(() => false);
    });
    expect(await page.locator('main tbody a:focus').count()).toBe(1);
    await context.close();
  });

  it('leads from failing signatures to what to do, by keys alone', async () => {
    const body = JSON.stringify(subscriptionEvent(SUBSCRIPTION));
    expect((await deliver(service.url, body, `t=${Math.floor(Date.now() / 1_000)},v1=${'0'.repeat(64)}`)).status).toBe(
      400,
    );
    const [page, context] = await open('/console');
    expect(await page.textContent('.verdict')).toContain('signature');
    expect(await page.textContent('.todo')).toContain('STRIPE_WEBHOOK_SECRETS');
    await enter(page, '.todo a');
    await page.waitForURL('**/console/events');
    expect(await page.textContent('main')).toContain('tests');
    await context.close();
  });

  it('shows what was known before a late event, by a slider, keys alone and no new page', async () => {
    const [page, context] = await open(`/console/subscriptions/${SUBSCRIPTION}`);
    expect(await page.locator('.timeline > li.late').count()).toBe(1);
    await tabTo(page, '#known');
    await page.keyboard.press('Home');
    await page.waitForURL('**known=1**');
    await page.waitForSelector('.changed');
    expect(await page.textContent('.changed')).toBe('active');
    expect(await page.getAttribute('#known', 'aria-valuetext')).toContain('event 1 of 3, revision 0');
    expect(await page.evaluate('document.activeElement.id')).toBe('known');
    await context.close();
  });

  it('repairs rows that are wrong, by keys alone: verified, tried, rebuilt and verified again', async () => {
    await query(database.url, `update ledger.subscriptions set status = 'trialing' where id = $1`, [SUBSCRIPTION]);
    const stored = () => query(database.url, `select status from ledger.subscriptions where id = $1`, [SUBSCRIPTION]);
    const [page, context] = await open(`/console/subscriptions/${SUBSCRIPTION}`);
    const ended = async (says: string): Promise<string> => {
      await page.waitForSelector(`.verdict .sentence:has-text("${says}")`, { timeout: 30_000 });
      return (await page.textContent('main')) ?? '';
    };
    await enter(page, 'nav a:has-text("Projections")');
    await page.waitForURL('**/console/projections');
    await tabTo(page, 'input[name=kind]:checked');
    expect(await page.inputValue('input[name=kind]:checked')).toBe('verify');
    await tabTo(page, 'select[name=projections]');
    await page.keyboard.type('subscriptions');
    await tabTo(page, 'input[name=stream]');
    await page.keyboard.type(`subscription-${SUBSCRIPTION}`);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/console/operations/op_*');
    const wrong = await ended('disagrees with the log');
    expect(wrong).toMatch(/status\s*trialing → past_due/);
    await enter(page, 'button:has-text("Dry run first")');
    expect(await ended('A rebuild would change')).toMatch(/status\s*trialing → past_due/);
    expect(await stored()).toEqual([{ status: 'trialing' }]);
    await enter(page, 'button:has-text("Rebuild subscriptions")');
    await ended('The new rows of subscriptions are live.');
    await enter(page, 'button:has-text("Verify")');
    await ended('All rows are right');
    expect(await stored()).toEqual([{ status: 'past_due' }]);
    await context.close();
  }, 120_000);

  it('leads from a figure of MRR to the movement and its event, and from revenue to entries and theirs', async () => {
    const [page, context] = await open('/console');
    await page.goto(`${service.url}/console/mrr?account=${BOOKS.account}&from=2026-01-01&to=2026-03-31`);
    expect(await page.textContent('.verdict .sentence')).toMatch(/^19\.00 USD on 31 Mar 2026, \+0\.00 USD since/);
    await page.click('tbody a:has-text("19.00 USD")');
    await page.waitForURL('**/mrr/customers?**on=2026-**');
    expect(await page.textContent('tbody tr')).toContain(PAYER);
    await page.goBack();
    await page.click('tbody a[href*="kind=new"]');
    await page.waitForURL('**/mrr/movements?**kind=new**');
    expect(await page.textContent('tbody tr')).toContain(PAYER);
    await page.click('tbody a:has-text("subscription started")');
    await page.waitForURL('**/console/events/evt_*');
    expect(await page.textContent('h1')).toBe('customer.subscription.created');
    await page.goto(`${service.url}/console/revenue?account=${BOOKS.account}&from=2026-01&to=2026-02`);
    await page.click('tbody tr:has-text("2026-01") a:has-text("31.00 USD")');
    await page.waitForURL('**/console/revenue/2026-01**');
    await page.click(`a:has-text("${INVOICE}")`);
    await page.waitForURL('**/console/journal?invoice=**');
    expect(await page.textContent('tbody')).toMatch(/Assets:Receivable90\.00 USD/);
    await page.click('tbody a:has-text("invoice.finalized")');
    await page.waitForURL('**/console/events/evt_*');
    await page.goto(`${service.url}/console/trial-balance?month=2026-01&account=${BOOKS.account}`);
    expect(await page.textContent('.verdict')).toContain('Debits and credits are equal');
    await context.close();
  });

  it('works without script', async () => {
    const [page, context] = await open('/console', { javaScriptEnabled: false });
    await page.fill('#q', SUBSCRIPTION);
    await page.press('#q', 'Enter');
    await page.waitForURL(`**/console/subscriptions/${SUBSCRIPTION}`);
    await page.focus('#known');
    await page.keyboard.press('Home');
    await page.click('text=Show');
    await page.waitForURL('**known=1**');
    expect(await page.textContent('.changed')).toBe('active');
    await page.click('text=Log out');
    await page.waitForURL('**/console/login');
    await context.close();
  });

  /** The path of one object of each kind that has a page. */
  async function single(): Promise<string[]> {
    const authorization = `Bearer ${TOKEN}`;
    const first = async (list: string, key: string): Promise<string> => {
      const answer = await fetch(`${service.url}/v1/${list}`, { headers: { authorization } });
      const { data } = (await answer.json()) as { data: Record<string, string>[] };
      return encodeURIComponent(String(data[0]?.[key]));
    };
    await fetch(`${service.url}/v1/operations`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'verify', projections: ['subscriptions'], stream: `subscription-${SUBSCRIPTION}` }),
    });
    return [
      `/events/${EVENT}`,
      `/operations/${await first('operations', 'id')}`,
      `/journal/${await first(`journal?customer=${PAYER}`, 'id')}`,
      `/objects/invoices/${INVOICE}`,
      '/findings/silent',
    ];
  }

  type Run = Readonly<{ faults: readonly string[]; passed: readonly string[] }>;
  /**
   * axe's findings on the current page, and the rules it found something to check. axe treats text in its background's
   * colour as hidden on purpose, and a placeholder as a label; here both are faults.
   */
  async function axe(cdp: CDPSession): Promise<Run> {
    // The page's policy stays in force; it would not allow a script tag for this.
    await cdp.send('Runtime.evaluate', { expression: AXE });
    const { result } = await cdp.send('Runtime.evaluate', {
      expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations, incomplete, passes }) => {
        const isUnseen = ({ any }) => any.some(({ data }) => data?.messageKey === 'equalRatio');
        const unseen = incomplete.map(({ id, nodes }) => ({ id, nodes: nodes.filter(isUnseen) })).filter(({ nodes }) => nodes.length > 0);
        const nameless = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
          .filter((one) => one.labels.length === 0 && one.ariaLabel === null)
          .map((one) => ({ id: 'label', nodes: [{ html: one.outerHTML }] }));
        return JSON.stringify({
          faults: [...violations, ...unseen, ...nameless].map(({ id, nodes }) =>
            id + ': ' + nodes.slice(0, 2).map(({ html }) => html.slice(0, 150)).join(' | ')),
          passed: passes.map(({ id }) => id),
        });
      })`,
      awaitPromise: true,
      returnByValue: true,
    });
    return JSON.parse(String(result.value)) as Run;
  }

  it.each(['light', 'dark'] as const)(
    'has no fault that axe finds, and fits its window, in %s colours',
    async (colorScheme) => {
      const viewport = colorScheme === 'light' ? { width: 1280, height: 800 } : { width: 390, height: 800 };
      const [page, context] = await open('/console', { colorScheme, viewport });
      const cdp = await context.newCDPSession(page);
      const paths = [
        '',
        '/find?q=nobody',
        `/customers/${CUSTOMER}`,
        `/subscriptions/${SUBSCRIPTION}?known=1`,
        '/events',
        '/projections',
        '/operations',
        '/access-changes',
        `/mrr?account=${BOOKS.account}&from=2026-01-01&to=2026-03-31`,
        `/mrr/movements?customer=${CUSTOMER}`,
        `/mrr/customers?on=2026-03-31&since=2026-01-01&account=${BOOKS.account}`,
        `/mrr/retention?from=2026-02-01&to=2026-03-31&account=${BOOKS.account}`,
        `/mrr/cohorts?from=2026-01&to=2026-03&account=${BOOKS.account}`,
        '/mrr/trials',
        `/revenue?account=${BOOKS.account}&from=2026-01&to=2026-02`,
        '/revenue/2026-01',
        '/trial-balance?month=2026-01',
        '/journal',
        `/customers/${CUSTOMER}/access-changes`,
        '/parked',
        '/quarantine',
        '/findings',
        '/stripe',
        `/streams/subscription-${SUBSCRIPTION}`,
        ...(await single()),
      ];
      const faults: string[] = [];
      for (const path of paths) {
        const answer = await page.goto(`${service.url}/console${path}`);
        const is = `${answer?.status()} ${page.url().slice(service.url.length)}`;
        if (is !== `200 /console${path}`) faults.push(`${path} is ${is}`);
        const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (Number(wider) > 0) faults.push(`${path} is ${String(wider)} pixels wider than the window`);
        const run = await axe(cdp);
        for (const fault of run.faults) faults.push(`${path} ${fault}`);
        for (const rule of ['color-contrast', 'label', 'link-name'])
          if (!run.passed.includes(rule)) faults.push(`${path}: ${rule} looked at nothing`);
      }
      expect(faults).toEqual([]);
      // Proves the check itself: axe reports deliberate faults.
      await page.evaluate(
        `document.querySelector('label[for=q]').remove();
         document.querySelector('main h1').style.color = getComputedStyle(document.documentElement).backgroundColor;`,
      );
      const broken = (await axe(cdp)).faults.map((fault) => fault.split(':')[0]);
      expect(broken).toEqual(expect.arrayContaining(['color-contrast', 'label']));
      await context.close();
    },
    120_000,
  );

  it('lets nothing run that came into a page unescaped: without its policy it would', async () => {
    const ranWith = async (policy: Record<string, string>): Promise<boolean> => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.route('**/console/login', async (route) => {
        const response = await route.fetch();
        const hostile = '<img src="x" onerror="ran = true"><script>ran = true</script></main>';
        const body = (await response.text()).replace('</main>', hostile);
        await route.fulfill({ response, body, headers: { ...response.headers(), ...policy } });
      });
      await page.goto(`${service.url}/console/login`);
      const ran = await page.evaluate('typeof ran !== "undefined"');
      await context.close();
      return ran === true;
    };
    expect([await ranWith({}), await ranWith({ 'content-security-policy': '' })]).toEqual([false, true]);
  });

  it('logs nothing to the browser’s console', () => {
    expect(said).toEqual([]);
  });
});
