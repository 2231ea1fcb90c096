/** Pages over HTTP: their access rights and headers, and that all received data is rendered as text only. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { endOfRun } from '../../src/reconcile/findings.js';
import { workAt } from '../../src/reconcile/run-at-work.js';
import { beginRun } from '../../src/reconcile/run-log.js';
import { deliver } from '../support/delivery.js';
import { startLedger } from '../support/ledger.js';
import { SHARES_STORE, serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';
import { stripeEvent } from '../support/stripe-objects.js';
import { until } from '../support/until.js';

const TOKENS = {
  access: 'a-token-for-access-alone',
  read: 'a-token-for-all-reads-01',
  admin: 'a-token-for-operations-1',
} as const;
type Who = keyof typeof TOKENS;
const WHOS = ['access', 'read', 'admin'] as const;

const own = randomUUID().replaceAll('-', '').slice(0, 14);
const CUSTOMER = `cus_${own}`;
const SUBSCRIPTION = `sub_${own}`;
const EVENT = randomId('evt');
const EMAIL = `ada.${own}@customer.example`;
const NAME = 'Ada Lovelace';
/** Anyone who can send an event controls its text. */
const HOSTILE = '</script><img src=x onerror=alert(1)>\u202e\u2028"\'&<!--';
const LONG = `<b>${'x'.repeat(500_000)}</b>`;

let ledger: ServiceProcess;
let eventStore: TestServer;
let database: TestServer;
const cookies = new Map<Who, string>();
const SAME_SITE = { 'sec-fetch-site': 'same-origin' };

const get = (path: string, who: Who | null, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${ledger.url}${path}`, {
    redirect: 'manual',
    headers: { ...SAME_SITE, ...(who === null ? {} : { cookie: cookies.get(who) ?? '' }), ...headers },
  });
const post = (
  path: string,
  form: Record<string, string>,
  { who = null, ...headers }: { who?: Who | null } & Record<string, unknown> = {},
): Promise<Response> =>
  fetch(`${ledger.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      ...SAME_SITE,
      origin: ledger.url,
      ...(who === null ? {} : { cookie: cookies.get(who) ?? '' }),
      ...(headers as Record<string, string>),
    },
    body: new URLSearchParams(form),
  });

beforeAll(async () => {
  [eventStore, database] = [await testEventStore(), await serviceDatabase()];
  // A separate process, since jest's loader lacks a module that injected requests need.
  ledger = await startServiceProcess(
    { eventstoreUrl: eventStore.url, databaseUrl: database.url },
    {
      API_TOKENS: `support:access=${TOKENS.access},reader:read=${TOKENS.read},ops:admin=${TOKENS.admin}`,
      ACCESS_CHANGES: 'yes',
      // One customer's change of access suffices to be held.
      ACCESS_CHANGES_HELD_CUSTOMERS: '0',
      ACCESS_CHANGES_HELD_PERCENT: '0',
    },
  );
  for (const who of WHOS) {
    const answer = await post('/console/session', { token: TOKENS[who] });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/console']);
    cookies.set(who, String(answer.headers.get('set-cookie')).split(';')[0] ?? '');
  }
  const person = {
    id: CUSTOMER,
    object: 'customer',
    email: EMAIL,
    name: NAME,
    livemode: false,
    created: 1_767_225_600,
  };
  await deliver(
    ledger.url,
    JSON.stringify(stripeEvent('customer.created', { ...person, metadata: { note: HOSTILE } })),
  );
  await deliver(
    ledger.url,
    JSON.stringify(
      stripeEvent('customer.updated', { ...person, phone: LONG }, { after: 5, previous: { name: HOSTILE } }),
    ),
  );
  const born = subscriptionEvent(SUBSCRIPTION, {
    type: 'customer.subscription.created',
    object: { customer: CUSTOMER },
  });
  const changed = subscriptionEvent(SUBSCRIPTION, {
    eventId: EVENT,
    created: born.created + 60,
    object: { customer: CUSTOMER, metadata: { note: HOSTILE }, description: EMAIL },
    previous: { metadata: { note: NAME }, description: HOSTILE },
  });
  await deliver(ledger.url, JSON.stringify(born));
  const { body } = await deliver(ledger.url, JSON.stringify(changed));
  const authorization = `Bearer ${TOKENS.read}`;
  const answer = await fetch(`${ledger.url}/v1/customers/${CUSTOMER}?minPosition=${body.position}&waitMs=20000`, {
    headers: { authorization },
  });
  expect(answer.status).toBe(200);
}, 90_000);
afterAll(async () => {
  await ledger.stop();
  await database.stop();
  await eventStore.stop();
});

/** Every page with the scope that it needs. */
const PAGES: readonly (readonly [path: string, from: Who])[] = [
  ['/console', 'access'],
  ['/console/find?q=nobody', 'access'],
  [`/console/customers/${CUSTOMER}`, 'access'],
  [`/console/customers/${CUSTOMER}/access-changes`, 'access'],
  [`/console/subscriptions/${SUBSCRIPTION}`, 'access'],
  [`/console/subscriptions/${SUBSCRIPTION}?known=1&include=linked`, 'access'],
  ['/console/events', 'read'],
  [`/console/events/${EVENT}`, 'read'],
  [`/console/streams/subscription-${SUBSCRIPTION}`, 'read'],
  ['/console/quarantine', 'read'],
  ['/console/findings', 'read'],
  ['/console/findings/silent', 'read'],
  ['/console/stripe', 'read'],
  ['/console/projections', 'read'],
  ['/console/mrr', 'read'],
  [`/console/mrr/movements?customer=${CUSTOMER}`, 'read'],
  ['/console/mrr/customers?on=2026-02-28&since=2026-02-01', 'read'],
  ['/console/mrr/retention', 'read'],
  ['/console/mrr/cohorts', 'read'],
  ['/console/mrr/trials', 'read'],
  ['/console/revenue', 'read'],
  ['/console/revenue/2026-01?currency=eur', 'read'],
  ['/console/trial-balance?month=2026-01', 'read'],
  ['/console/journal', 'read'],
  ['/console/payouts?status=paid', 'read'],
  ['/console/closings', 'read'],
  ['/console/accounts/Assets:Receivable?currency=eur&livemode=false', 'read'],
  ['/console/operations', 'admin'],
  ['/console/access-changes', 'admin'],
  ['/console/parked', 'admin'],
];
const mayAll = (from: Who): readonly Who[] => WHOS.slice(WHOS.indexOf(from));

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ledger";

describe.each(PAGES)('%s', (path, from) => {
  it(`is for ${from} and those above, and leads all others to the login`, async () => {
    for (const who of WHOS) {
      const { status } = await get(path, who);
      expect({ who, status }).toEqual({ who, status: mayAll(from).includes(who) ? 200 : 403 });
    }
    const stranger = await get(path, null);
    expect(stranger.status).toBe(303);
    expect(stranger.headers.get('location')).toBe(`/console/login?next=${encodeURIComponent(path)}`);
  });

  it('has the strictest headers, and neither script nor style of its own', async () => {
    const answer = await get(path, 'admin');
    const html = await answer.text();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CSP,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    });
    expect(html.match(/<script\b[^>]*>/g)).toEqual([expect.stringMatching(/^<script type="module" src="[\w/.-]+">$/)]);
    expect(/<style|<[a-z][^<>]*\s(?:style|on\w+)=/i.test(html)).toBe(false);
    expect(html.match(/<h1/g)).toHaveLength(1);
  });

  it('shows received data only as text', async () => {
    const html = await (await get(path, 'admin')).text();
    expect([html.includes('<img src=x'), html.includes('<b>xxx')]).toEqual([false, false]);
    expect(Buffer.byteLength(html)).toBeLessThan(400_000);
  });
});

it('a page that has not changed is not sent again', async () => {
  const [path, etag] = [`/console/customers/${CUSTOMER}/access-changes`, 'etag'];
  const known = String((await get(path, 'read')).headers.get(etag));
  expect(known).toMatch(/^W\/"[\w-]+"$/);
  expect((await get(path, 'read', { 'if-none-match': known })).status).toBe(304);
  expect((await get(path, 'access', { 'if-none-match': known })).status).toBe(200);
});

describe('a user with only the access scope', () => {
  it.each(PAGES.filter(([, from]) => from === 'access'))('sees neither names nor addresses at %s', async (path) => {
    const [masked, whole] = await Promise.all(
      (['access', 'read'] as const).map(async (who) => (await get(path, who)).text()),
    );
    expect(masked).not.toContain(EMAIL);
    expect(masked).not.toContain('Lovelace');
    if (path.endsWith(CUSTOMER)) {
      expect(whole).toContain(EMAIL);
      expect(masked).toContain('ad…@customer.example');
      expect(masked).toContain('A… L…');
      expect(masked).toContain('No access');
    }
  });
});

describe('a search result', () => {
  it('for a name that several have is a list, in which users with only the access scope see initials', async () => {
    const ids = [`${CUSTOMER}4`, `${CUSTOMER}5`];
    for (const id of ids) {
      const person = {
        id,
        object: 'customer',
        email: `${id}@customer.example`,
        name: `Grace Q${own}`,
        livemode: false,
      };
      const { body } = await deliver(ledger.url, JSON.stringify(stripeEvent('customer.created', person)));
      await get(`/v1/find?q=${id}&minPosition=${body.position}&waitMs=20000`, 'read');
    }
    const [masked, whole] = await Promise.all(
      (['access', 'read'] as const).map(async (who) => (await get(`/console/find?q=GRA%20q${own}`, who)).text()),
    );
    for (const id of ids)
      expect([masked, whole].map((html) => html?.includes(`/console/customers/${id}`))).toEqual([true, true]);
    expect(whole).toContain(`Grace Q${own}, ${ids[0]}@customer.example`);
    expect(masked).toContain(`G… Q…, cu…@customer.example`);
    expect(masked).not.toMatch(new RegExp(`<td>[^<]*(Grace|Q${own})`));
  });
});

describe('an operation', () => {
  const asked = { kind: 'verify', projections: 'subscriptions', stream: `subscription-${SUBSCRIPTION}` };
  const begin = async (form: Record<string, string>): Promise<string> =>
    String((await post('/console/operations', form, { who: 'admin' })).headers.get('location'));

  it('is started once by a form that is sent twice, and shows its result and who asked', async () => {
    const [path, again, other] = [
      await begin({ ...asked, once: 'a' }),
      await begin({ ...asked, once: 'a' }),
      await begin({ ...asked, once: 'b' }),
    ];
    expect(path).toMatch(/^\/console\/operations\/op_[0-9a-f]{24}$/);
    expect([again === path, other === path]).toEqual([true, false]);
    const html = await until('the operation ends', async () => {
      const text = await (await get(path, 'admin')).text();
      // Until then, a browser without script reloads it.
      expect(text.includes('<noscript><meta http-equiv="refresh" content="2"')).toBe(!text.includes('succeeded'));
      return text.includes('succeeded') && text;
    });
    expect(html).toContain('All rows are right: 1 stream was folded again.');
    expect(html).toMatch(/Requested by<\/dt><dd>ops</);
    // The ledger's own events are not received events.
    const { lastEvent } = (await (await get('/v1/status', 'read')).json()) as { lastEvent: { type: string } };
    expect(lastEvent.type).not.toContain('operation');
    expect((await get(path, 'read')).status).toBe(403);
    expect(await (await get('/console/operations', 'admin')).text()).toContain(path);
  });

  it('is started and cancelled only by those who may', async () => {
    for (const who of ['access', 'read'] as const)
      for (const path of [
        '/console/operations',
        '/console/operations/op_1/cancel',
        '/console/access-changes/approve',
        '/console/access-changes/reject',
      ])
        expect([path, (await post(path, asked, { who })).status]).toEqual([path, 403]);
    expect(await (await get('/console/projections', 'read')).text()).not.toContain('<form class="confirm');
    expect(await (await get('/console/projections', 'admin')).text()).toContain('Changes nothing.');
    const ended = await begin({ ...asked, once: 'c' });
    expect((await post(`${ended}/cancel`, {}, { who: 'admin' })).headers.get('location')).toBe(ended);
  });

  it.each([
    [{ kind: 'rollback' }, 'Choose the read model'],
    [{ kind: 'rebuild', projections: 'nothing' }, 'Unknown projection'],
    [{ kind: 'everything' }, 'kind'],
  ])('that cannot be is refused in words: %j', async (form, says) => {
    const answer = await post('/console/operations', form as Record<string, string>, { who: 'admin' });
    expect([answer.status, (await answer.text()).includes(says)]).toEqual([400, true]);
  });
});

describe('a change of access that is held', () => {
  const [customer, subscription] = [`${CUSTOMER}2`, `${SUBSCRIPTION}2`];
  const nowS = Math.floor(Date.now() / 1_000);
  const life = (type: string, status: string, id = subscription) => {
    const items = subscriptionObject(id).items;
    const [item] = items.data;
    return deliver(
      ledger.url,
      JSON.stringify(
        subscriptionEvent(id, {
          type,
          created: status === 'active' ? nowS - 60 : nowS,
          object: {
            customer,
            status,
            ended_at: status === 'active' ? null : nowS,
            items: { ...items, data: [{ ...item, current_period_end: nowS + 86_400 }] },
          },
        }),
      ),
    );
  };
  const history = async (): Promise<string> =>
    (await get(`/console/customers/${customer}/access-changes`, 'access')).text();

  it('is approved only by an admin who has seen it', async () => {
    await life('customer.subscription.created', 'active');
    await until('access begins', async () => (await history()).includes('access begins'));
    await life('customer.subscription.deleted', 'canceled');
    const page = async (): Promise<string> => (await get('/console/access-changes', 'admin')).text();
    await until('the change is held', async () => (await page()).includes(customer));
    expect(await page()).toContain('canceled on');
    // Health reports it to everyone, and links to the approval for those who may approve.
    const leads = async (who: Who): Promise<boolean> =>
      /are held for approval;.*href="\/console\/access-changes">Held changes/s.test(
        await (await get('/console', who)).text(),
      );
    expect([await leads('admin'), await leads('read')]).toEqual([true, false]);
    const blind = await post('/console/access-changes/approve', { seen: 'what was there before' }, { who: 'admin' });
    expect(blind.headers.get('location')).toBe('/console/access-changes?told=changed');
    const { data: approvals } = (await (await get('/v1/streams/access_approvals', 'read')).json()) as {
      data?: unknown[];
    };
    if (!SHARES_STORE) expect(approvals ?? []).toEqual([]);
    await until('what was seen is what is held', async () => {
      const seen = /name="seen" value="(\w+)"/.exec(await page())?.[1] ?? '';
      const { headers } = await post('/console/access-changes/approve', { seen }, { who: 'admin' });
      return headers.get('location') === '/console/access-changes?told=approved';
    });
    const html = await until('it is recorded', async () => {
      const text = await history();
      return text.includes('access ends') && text;
    });
    expect(html.indexOf('access ends')).toBeLessThan(html.indexOf('access begins'));
    expect(await (await get(`/console/customers/${customer}`, 'read')).text()).toContain('Access history');
  });

  it('is rejected with a reason, and the history shows who and why', async () => {
    await life('customer.subscription.created', 'active', `${subscription}again`);
    const page = async (): Promise<string> => (await get('/console/access-changes', 'admin')).text();
    await until('the change is held', async () => (await page()).includes(customer));
    const seenNow = async (): Promise<string> => /name="seen" value="(\w+)"/.exec(await page())?.[1] ?? '';
    const silent = await post('/console/access-changes/reject', { seen: await seenNow() }, { who: 'admin' });
    expect([silent.status, (await silent.text()).includes('must give the reason')]).toEqual([400, true]);
    expect((await post('/console/access-changes/forget', {}, { who: 'admin' })).status).toBe(404);
    const form = { seen: await seenNow(), why: HOSTILE };
    const { headers } = await post('/console/access-changes/reject', form, { who: 'admin' });
    expect(headers.get('location')).toBe('/console/access-changes?told=rejected');
    const html = await until('it is in the history', async () => {
      const text = await history();
      return text.includes('rejected') && text;
    });
    expect(html).toContain('ops rejected it: &lt;/script');
    expect(html.indexOf('rejected')).toBeLessThan(html.indexOf('access ends'));
  });
});

describe('a closed month', () => {
  const books = `test:acct_${own}`;
  const closing = `/console/closings/2026-01?livemode=false&account=acct_${own}`;

  it('is closed and reopened only by those who may, and shows who did', async () => {
    for (const path of ['/console/closings', '/console/closings/2026-01/reopen'])
      expect([path, (await post(path, { month: '2026-01', books }, { who: 'read' })).status]).toEqual([path, 403]);
    expect((await post('/console/closings', { month: '2026-01', books: 'all' }, { who: 'admin' })).status).toBe(400);
    const leads = await until('the books are derived', async () => {
      const { status, headers } = await post(
        '/console/closings',
        { month: '2026-01', books, accept: 'true' },
        { who: 'admin' },
      );
      return status !== 503 && headers.get('location');
    });
    expect(leads).toBe(closing);
    expect(await (await get('/console/closings', 'read')).text()).toContain(closing.replaceAll('&', '&amp;'));
    const [forReaders, forAdmins] = await Promise.all(
      (['read', 'admin'] as const).map(async (who) => (await get(closing, who)).text()),
    );
    for (const html of [forReaders, forAdmins]) {
      expect(html).toContain('Nothing that changes this month has become known since it was closed.');
      expect(html).toMatch(/Closed <time[^>]*>[^<]*<\/time> by ops/);
      expect(html).toContain(`/v1/journal/export?format=csv&amp;from=2026-01&amp;to=2026-01`);
    }
    expect([forReaders, forAdmins].map((html) => html?.includes('again</button>'))).toEqual([false, true]);
    const opened = await post('/console/closings/2026-01/reopen', { books, reason: HOSTILE }, { who: 'admin' });
    expect(opened.headers.get('location')).toBe('/console/closings');
    expect((await get(closing, 'read')).status).toBe(404);
  });
});

describe("Stripe's side", () => {
  const page = async (path: string): Promise<string> => (await get(path, 'read')).text();
  const finding = { stream: null, since: null, cause: null, looks: [], repaired: null } as const;

  it('requests runs and looks under the user’s name, and shows what is missing without a key', async () => {
    for (const path of ['/console/stripe/runs', `/console/subscriptions/${SUBSCRIPTION}/refresh`]) {
      const asked = await post(path, { kind: 'recover' }, { who: 'admin' });
      expect([path, asked.status, await asked.text()]).toEqual([path, 409, expect.stringContaining('STRIPE_API_KEYS')]);
      expect((await post(path, { kind: 'recover' }, { who: 'read' })).status).toBe(403);
      const foreign = await post(path, { kind: 'recover' }, { who: 'admin', 'sec-fetch-site': 'cross-site' });
      expect([303, 403]).toContain(foreign.status);
    }
    expect((await post('/console/invoices/in_1/refresh', {}, { who: 'admin' })).status).toBe(404);
    const own = await get(`/console/subscriptions/${SUBSCRIPTION}?looked=in_flight`, 'admin');
    expect(await own.text()).toContain('its events may still arrive');
    expect(await page(`/console/subscriptions/${SUBSCRIPTION}?looked=in_flight`)).not.toContain('Check Stripe now');
  });

  it('explains the first run, then shows each run, and links each difference to its page', async () => {
    const missing = `sub_${own}missing`;
    if (!SHARES_STORE) expect(await page('/console/stripe')).toContain('npx subscription-ledger backfill');
    const store = connectEventStore(eventStore.url);
    try {
      const started = { kind: 'reconcile', account: `acct_${own}`, livemode: true, key: HOSTILE } as const;
      const run = await beginRun(store, { ...started, apiVersion: '2025-03-31.basil', at: 1_767_225_600, options: {} });
      const path = `/console/stripe/runs/${run.id}`;
      expect(await page(path)).toContain('Started; nothing recorded yet.');
      const rows = [{ table: 'subscriptions', key: SUBSCRIPTION, field: 'status', ledger: 'active', stripe: HOSTILE }];
      await workAt(store, { run }, (atWork) =>
        endOfRun(atWork, {
          kind: 'reconciled',
          why: null,
          recovered: null,
          findings: [
            { ...finding, verdict: 'drift', object: 'subscription', id: SUBSCRIPTION, rows },
            { ...finding, verdict: 'unknown', object: 'subscription', id: missing, rows: [] },
          ],
          counts: { same: 7, drift: 1, unknown: 1 },
          unconfirmed: 0,
          skipped: {},
        }),
      );
      const all = await page('/console/stripe');
      expect(all).toContain(path);
      expect(all).toMatch(new RegExp(`acct_${own}.*not covered yet`, 's'));
      const html = await page(path);
      expect(html).toContain('2 differences between the ledger and Stripe.');
      expect(html).toMatch(/subscriptions\.status<\/span> active → &lt;\/script/);
      expect(html).not.toContain('<img src=x');
      // Objects that the ledger does not have get no link.
      expect(html).toContain(`href="/console/subscriptions/${SUBSCRIPTION}"`);
      expect([html.includes(missing), html.includes(`/console/subscriptions/${missing}`)]).toEqual([true, false]);
      const drift = await page(`${path}?verdict=drift`);
      expect([drift.includes(SUBSCRIPTION), drift.includes(missing)]).toEqual([true, false]);
      expect((await get(path, 'access')).status).toBe(403);
      expect((await get('/console/stripe/runs/none', 'read')).status).toBe(404);
    } finally {
      await store.close();
    }
  });
});

describe('a session', () => {
  it('is a cookie that no script reads and no other site sends', async () => {
    const answer = await post('/console/session', { token: TOKENS.read, next: '/console/events?type=a' });
    expect(answer.headers.get('location')).toBe('/console/events?type=a');
    expect(answer.headers.get('set-cookie')).toMatch(
      /^ledger=v1\.reader\.\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=28800$/,
    );
    const secure = await post('/console/session', { token: TOKENS.read }, { origin: 'https://ledger.example' });
    expect(secure.headers.get('set-cookie')).toMatch(
      /^__Host-ledger=\S+; Secure; Path=\/; HttpOnly; SameSite=Strict; /,
    );
    const open = await post('/console/session', { token: TOKENS.read }, { origin: 'http://ledger.example' });
    expect([open.status, open.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it.each([
    'https://evil.example/console',
    '//evil.example',
    '/\\evil.example',
    '/v1/customers',
    'javascript:alert(1)',
  ])('leads to no other place than the console: %s', async (next) => {
    const answer = await post('/console/session', { token: TOKENS.read, next });
    expect(answer.headers.get('location')).toBe('/console');
  });

  it('counts for the API too, in requests of this site', async () => {
    expect((await get('/v1/subscriptions', 'read')).status).toBe(200);
    expect((await get('/v1/parked', 'read')).status).toBe(403);
    expect((await get('/v1/subscriptions', 'access')).status).toBe(403);
    expect((await get('/v1/subscriptions', 'read', { 'sec-fetch-site': 'cross-site' })).status).toBe(401);
  });

  it('is asked for again by a page of this site, when a link of another one leads here', async () => {
    const arriving = await get('/console/events?type=a&b="', null, { 'sec-fetch-site': 'cross-site' });
    const html = await arriving.text();
    expect(arriving.status).toBe(200);
    expect(html).toContain('<meta http-equiv="refresh" content="0;url=/console/events?type=a&amp;b=');
  });

  it('ignores a form from another site or without a session', async () => {
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await post('/console/parked/replay', {}, { who: 'admin', 'sec-fetch-site': site });
      expect([site, [303, 403].includes(answer.status)]).toEqual([site, true]);
      expect(answer.headers.get('location') ?? '').not.toContain('told');
    }
    expect((await post('/console/session', { token: TOKENS.read }, { 'sec-fetch-site': 'cross-site' })).status).toBe(
      403,
    );
  });

  it('ends', async () => {
    const answer = await post('/console/session/end', {}, { who: 'read' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/console/login']);
    expect(answer.headers.get('set-cookie')).toMatch(/^ledger=; .*Max-Age=0$/);
  });

  it('is not begun with a wrong token, and after five of them once a second', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1)
      statuses.push((await post('/console/session', { token: `wrong-${attempt}` })).status);
    expect(statuses.slice(0, 5)).toEqual([403, 403, 403, 403, 403]);
    expect(statuses).toContain(429);
    const body = 'token='.padEnd(9_000, 'x');
    const large = await fetch(`${ledger.url}/console/session`, { method: 'POST', headers: SAME_SITE, body });
    expect(large.status).toBe(413);
  });
});

describe('the files of the console', () => {
  it('are kept by browsers under an address that names their bytes, and the script is small', async () => {
    const html = await (await get('/console/login', null)).text();
    const files = [...html.matchAll(/(?:href|src)="(\/console\/assets\/[^"]+)"/g)].map(([, path]) => String(path));
    expect(files).toHaveLength(3);
    for (const file of files) {
      const answer = await get(file, null);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      const { length } = await answer.text();
      if (file.endsWith('.mjs')) expect(length).toBeLessThanOrEqual(8 * 1024);
    }
    expect((await get('/console/assets/old/console.css', null)).status).toBe(404);
  });
});

describe('a missing page', () => {
  it.each([
    ['/console/nothing', 404],
    ['/console/customers/cus_nobody', 404],
    ['/console/objects/secrets/x', 404],
    [`/console/subscriptions/${SUBSCRIPTION}?after=-1`, 400],
    ['/console/events?cursor=forged', 400],
  ])('%s is reported on a page: %i', async (path, status) => {
    const answer = await get(path, 'admin');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-security-policy')).toBe(CSP);
    expect(await answer.text()).toContain('role="alert"');
  });

  it('is everything with CONSOLE=off', async () => {
    const without = await startLedger({ eventStore, database, environment: { CONSOLE: 'off', ROLES: 'api' } });
    try {
      expect((await fetch(`${without.url}/console`)).status).toBe(404);
    } finally {
      await without.stop();
    }
  });
});
