/**
 * `npm run screenshots`: takes the screenshots in docs/console. It starts a service on a temporary folder and a
 * simulated Stripe, sends the sample and a storm with a fixed seed, and captures each page. It needs Chromium, at
 * CHROMIUM or /usr/bin/chromium.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const into = join(root, 'docs/console');
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  console.error(`There is no Chromium at ${executablePath}. Install it, or set CHROMIUM.`);
  process.exit(2);
}

/** Pages with long tables: a lower viewport shows enough, and keeps the files small. */
const DENSE = ['events', 'movements', 'mrr-customers', 'payouts', 'quarantine', 'stream'];
const TOKEN = 'a-token-for-the-screenshots';
const PORT = process.env['PORT'] ?? '4271';
const url = `http://127.0.0.1:${PORT}`;
const data = mkdtempSync(join(tmpdir(), 'ledger-screenshots-'));
const STRIPE_PORT = process.env['STRIPE_PORT'] ?? '4272';
const env = {
  ...process.env,
  DATA_DIR: data,
  PORT,
  API_TOKENS: `ops:admin=${TOKEN}`,
  STRIPE_API_URL: `http://127.0.0.1:${STRIPE_PORT}`,
  // The key that the sandbox prints at its start.
  STRIPE_API_KEYS: 'demo=rk_test_demo',
  // Low enough that the brake holds the few changes of the policy that is set later.
  ACCESS_CHANGES_HELD_CUSTOMERS: '3',
};
const run = async (file, ...args) => {
  const child = spawn(process.execPath, [join(root, file), ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${file} ended with ${code}.`);
};
const ask = async (path, options = {}) => {
  const answer = await fetch(`${url}${path}`, { ...options, headers: { authorization: `Bearer ${TOKEN}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
};
const untilTrue = async (what, check) => {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    if (await check().catch(() => false)) return;
    await pause(1_000);
  }
  throw new Error(`Not within two minutes: ${what}.`);
};

const started = (file, args, own = {}) =>
  spawn(process.execPath, [join(root, file), ...args], { env: { ...env, ...own }, stdio: 'ignore' });
const ended = async (child) => {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
};
const reads = () => untilTrue('the service reads', async () => (await ask('/v1/projections')).data.length > 0);

const stripe = started('dist-load/simulator/stripe-api/main.js', [
  ...['--port', STRIPE_PORT, '--subscriptions', '30', '--speed', '864000', '--to', `${url}/webhooks/none`],
]);
let service = started('dist/src/main.js', []);
let browser;
try {
  await reads();
  // Before the storm, whose objects the simulated Stripe does not know.
  await run('dist/src/cli/main.js', 'backfill', '--wait', '0');
  await run('dist/src/cli/main.js', 'reconcile', '--wait', '0');
  await run('dist/src/sample.js');
  await run('dist-load/load/storm.js', '--subscriptions', '60', '--token', TOKEN);
  const asked = await ask('/v1/operations', {
    method: 'POST',
    body: JSON.stringify({ kind: 'dry_run', projections: ['invoices', 'subscriptions'] }),
  });
  await untilTrue('the dry run ends', async () => (await ask(`/v1/operations/${asked.id}`)).state === 'succeeded');
  await untilTrue('the books are derived', async () => (await ask('/v1/mrr/movements?limit=1')).data.length > 0);
  const { data: late } = await ask('/v1/subscriptions?status=past_due&limit=1');
  const [{ id: subscription, customer, latestInvoice }] = late;
  const { data: failed } = await ask('/v1/events?type=invoice.payment_failed&limit=1');
  const { data: quarantined } = await ask('/v1/events?quarantine=true&limit=1');
  const { data: runs } = await ask('/v1/stripe/runs');
  const backfill = runs.find(({ kind }) => kind === 'backfill');
  const last = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const first = `${last.slice(0, 7)}-01`;
  const pages = {
    health: '',
    find: '/find?q=a-name-that-nobody-has',
    customer: `/customers/${customer}`,
    subscription: `/subscriptions/${subscription}?known=12`,
    invoice: `/objects/invoices/${latestInvoice}`,
    events: '/events',
    event: `/events/${failed[0].stripeEventId}`,
    stream: `/streams/subscription-${subscription}`,
    quarantine: '/quarantine',
    quarantined: `/quarantine/${quarantined[0].eventId}`,
    findings: '/findings',
    projections: '/projections',
    operations: '/operations',
    operation: `/operations/${asked.id}`,
    parked: '/parked',
    stripe: '/stripe',
    'stripe-run': `/stripe/runs/${backfill.id}`,
    mrr: '/mrr?currency=eur',
    'mrr-customers': `/mrr/customers?currency=eur&on=${last}&since=${first}`,
    retention: `/mrr/retention?currency=eur&from=${first}&to=${last}`,
    cohorts: '/mrr/cohorts?currency=eur',
    trials: '/mrr/trials',
    movements: '/mrr/movements?currency=eur',
    revenue: '/revenue?currency=eur',
    'trial-balance': '/trial-balance?month=2026-02&currency=eur',
    journal: '/journal',
    payouts: '/payouts',
  };
  mkdirSync(into, { recursive: true });
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  const page = await context.newPage();
  await page.goto(`${url}/console/login`);
  await page.screenshot({ path: join(into, 'login.png') });
  await page.fill('#token', TOKEN);
  await page.press('#token', 'Enter');
  await page.waitForURL((at) => !at.pathname.endsWith('/login'));
  const show = async (name, path) => {
    await page.setViewportSize({ width: 1280, height: DENSE.includes(name) ? 480 : 720 });
    const answer = await page.goto(`${url}/console${path}`);
    if (answer.status() !== 200) throw new Error(`${path}: ${answer.status()}`);
    await page.screenshot({ path: join(into, `${name}.png`) });
    console.log(`docs/console/${name}.png`);
  };
  for (const [name, path] of Object.entries(pages)) await show(name, path);
  await ended(service);
  service = started('dist/src/main.js', [], { ACCESS_GRACE_DAYS: 'past_due=0' });
  await reads();
  await untilTrue('changes are held', async () => (await ask('/v1/access-changes/held')).count > 0);
  await show('access', '/access-changes');
} finally {
  await browser?.close();
  await Promise.all([ended(service), ended(stripe)]);
  rmSync(data, { recursive: true, force: true });
}
