import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startStripeApi, type SimulatedStripe } from '../simulator/stripe-api/server.js';
import { wrongRowsIn } from '../test/support/books.js';
import { endpointsOf } from '../test/support/endpoints.js';
import { query } from '../test/support/read-models.js';
import { looksDuring, Storm } from '../test/support/storm-looks.js';
import { Findings } from './findings.js';
import { ProofLedger, SECRET } from './proof-ledger.js';

/** `npm run backfill-proof`; HELP describes it. */

const HELP = `Backfills a simulated account and compares every row with the simulator. Exits with 1 when anything differs.

  npm run backfill-proof -- [options]

  --objects <n>         approximate number of objects at Stripe                    (20000)
  --kills <n>           kill and resume the command n times                        (3)
  --service-kills <n>   kill the service and its stores n times                    (1)
  --storm               deliver webhooks meanwhile, repeated; a tenth is lost
  --looks <n>           then compare n objects during a storm of webhooks          (0)
  --restore             then lose everything but a backup, and recover the rest
  --help                print this text
`;
const START = Date.UTC(2026, 0, 5, 9) / 1_000;
/** The age of the account: long enough that most of each life has happened, with much still to come. */
const AGE_S = 100 * 86_400;
/** Approximate number of objects in one simulated life by then. */
const OBJECTS_EACH = 17;
const VERSION = '2026-03-25.dahlia';
/** One kill per this many requests. */
const KILL_EVERY = 40;
const LOOKS_MS = 600_000;
/** Objects created after this are not compared yet. */
const RECOVERED_AFTER_S = 3_600;
const DAYS_LOST_S = 5 * 86_400;
/** The simulated time a storm covers. Stripe no longer lists events older than 30 days. */
const STORM_S = 5 * 86_400;

type Plan = Readonly<{
  objects: number;
  kills: number;
  serviceKills: number;
  storm: boolean;
  looks: number;
  restore: boolean;
}>;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function planOf(): Plan | null {
  const { values } = parseArgs({
    options: {
      objects: { type: 'string', default: '20000' },
      kills: { type: 'string', default: '3' },
      'service-kills': { type: 'string', default: '1' },
      storm: { type: 'boolean', default: false },
      looks: { type: 'string', default: '0' },
      restore: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const [objects = 0, kills = 0, serviceKills = 0, looks = 0] = [
    values.objects,
    values.kills,
    values['service-kills'],
    values.looks,
  ].map(Number);
  return { objects, kills, serviceKills, looks, storm: values.storm, restore: values.restore };
}

async function main(): Promise<number> {
  const plan = planOf();
  if (plan === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const stripe = await startStripeApi({
    seed: 1,
    subscriptions: Math.ceil(plan.objects / OBJECTS_EACH),
    startAt: START,
    now: START + AGE_S,
    limits: null,
  });
  const directory = mkdtempSync(join(tmpdir(), 'backfill-proof-'));
  // Under root, Postgres runs as another user, who must be able to enter this directory.
  chmodSync(directory, 0o711);
  const ledgers = [await ProofLedger.start(join(directory, 'first'), stripe)];
  const findings = new Findings();
  try {
    const [ledger] = ledgers as [ProofLedger];
    await backfilled(ledger, { stripe, plan, findings });
    await compared(ledger, { stripe, findings });
    if (plan.looks > 0) await looked(ledger, { stripe, looks: plan.looks, findings });
    if (plan.restore) {
      const elsewhere = await restored(ledger, { stripe, directory });
      ledgers.push(elsewhere);
      await compared(elsewhere, { stripe, findings });
    }
  } finally {
    for (const ledger of ledgers) await ledger.stop();
    await stripe.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  say(findings.count === 0 ? 'Every row matches the simulator.' : `Wrong:\n${findings.lines().join('\n')}`);
  return findings.count === 0 ? 0 : 1;
}

type Proof = Readonly<{ stripe: SimulatedStripe; plan: Plan; findings: Findings }>;

/** Backfills with kills along the way, and reports the rate. */
async function backfilled(ledger: ProofLedger, { stripe, plan, findings }: Proof): Promise<void> {
  stripe.endpoints.faults = { lost: 0.1, repeated: 0.2, disordered: true };
  const storm = plan.storm
    ? new Storm(stripe, { url: ledger.webhookUrl, secret: SECRET, repeats: 1, lastsS: STORM_S })
    : null;
  const watch = storm === null ? null : watchRows(ledger, findings);
  const began = performance.now();
  const used = { cpuUs: 0, rssMb: 0, kills: 0, serviceKills: 0 };
  let [output, ledgerCpuUs] = ['', -ledger.cpuUs()];
  while (output === '') {
    const running = ledger.start(['backfill', '--wait', '0', '--json']);
    const until = stripe.counters.requests + KILL_EVERY * (used.kills + 1);
    const ended = running.ended.then((end) => ({ kind: 'ended' as const, ...end }));
    let end = null;
    while (end === null) {
      end = await Promise.race([ended, pause(20, null)]);
      if (end !== null || used.kills >= plan.kills || stripe.counters.requests < until) continue;
      used.kills += 1;
      running.child.kill('SIGKILL');
      if (used.serviceKills < plan.serviceKills) {
        used.serviceKills += 1;
        ledgerCpuUs += ledger.cpuUs();
        await ledger.stop('SIGKILL');
        await ended;
        await ledger.startService();
        ledgerCpuUs -= ledger.cpuUs();
      }
    }
    used.cpuUs += running.used.cpuUs;
    used.rssMb = Math.max(used.rssMb, running.used.rssMb);
    const wasKilled = running.child.signalCode === 'SIGKILL';
    if (end.code === 1 || end.code === 0) output = end.output;
    else if (!wasKilled) throw new Error(`backfill ended with ${String(end.code)}: ${end.errors}`);
  }
  const seconds = (performance.now() - began) / 1_000;
  const { counts, skipped } = JSON.parse(output) as {
    counts: Record<string, Record<string, number>>;
    skipped: Record<string, string>;
  };
  for (const [object, why] of Object.entries(skipped)) findings.add('left out', `${object}: ${why}`);
  await storm?.stop();
  stripe.endpoints.faults = {};
  await ledger.caughtUp();
  ledgerCpuUs += ledger.cpuUs();
  const withRows = (performance.now() - began) / 1_000;
  const listed = Object.values(counts).reduce((sum, own) => sum + (own['listed'] ?? 0), 0);
  say(
    `${listed} objects in ${seconds.toFixed(1)} s, ${Math.round(listed / seconds)} a second; with all rows ${Math.round(listed / withRows)} a second; ` +
      `${used.kills} kills, ${used.serviceKills} of the service too; ${stripe.counters.requests} requests. Processor time of an object: ` +
      `${Math.round(used.cpuUs / listed)} µs of the command, ${Math.round(ledgerCpuUs / listed)} µs of the service and its stores. The command took at most ${used.rssMb} MB.`,
  );
  if (storm === null) return;
  say(
    `meanwhile ${storm.counts.fresh} webhooks and ${storm.counts.repeated} again, ${stripe.endpoints.lost.size} lost`,
  );
  await watch?.stop();
  // Recovers the deliveries lost since the end of the backfill.
  stripe.clock.advance(RECOVERED_AFTER_S);
  await stripe.deliver();
  say((await ledger.run(['recover'], [0, 1])).trim());
}

/** Checks during a storm that no row goes back to an older event than it showed before. */
function watchRows(ledger: ProofLedger, findings: Findings): { stop(): Promise<void> } {
  const shown = new Map<string, string>();
  let stopped = false;
  const look = async (): Promise<void> => {
    const rows = await query<{ id: string; at: string }>(
      await ledger.databaseUrl(),
      `select id, to_char(stripe_event_created, 'YYYY-MM-DD HH24:MI:SS') as at from ledger.subscriptions`,
    );
    for (const { id, at } of rows) {
      const before = shown.get(id);
      if (before !== undefined && before > at) findings.add('rows older than before', `${id}: ${at}, after ${before}`);
      shown.set(id, at);
    }
  };
  const watching = (async () => {
    while (!stopped) {
      // The service may be down.
      await look().catch(() => undefined);
      await pause(1_000);
    }
  })();
  return {
    stop: () => {
      stopped = true;
      return watching;
    },
  };
}

/**
 * Compares the rows with the truth, checks the log for duplicates, and compares all objects again with the ledger's own
 * code.
 */
async function compared(ledger: ProofLedger, { stripe, findings }: Omit<Proof, 'plan'>): Promise<void> {
  await ledger.caughtUp();
  const url = await ledger.databaseUrl();
  for (const wrong of await wrongRowsIn(url, stripe.world.objects(stripe.clock.now(), VERSION)))
    findings.add('rows that are not the truth', wrong);
  const twice = await query<{ stream: string }>(
    url,
    'select stream from ledger.event_index_v3 group by stream, event_id having count(*) > 1',
  );
  for (const { stream } of twice) findings.add('events twice in a stream', stream);
  const output = await ledger.run(['reconcile', '--all', '--wait', '0', '--json'], [0, 1]);
  const lines = output.trim().split('\n');
  const { counts, findings: found } = JSON.parse(lines.at(-1) ?? '') as {
    counts: Record<string, number>;
    findings: number;
  };
  say(`compared: ${JSON.stringify(counts)}, ${found} differ`);
  for (const line of lines.slice(0, -1)) findings.add('objects that differ', line);
}

async function looked(
  ledger: ProofLedger,
  { stripe, looks, findings }: Readonly<{ stripe: SimulatedStripe; looks: number; findings: Findings }>,
): Promise<void> {
  const storm = new Storm(stripe, { url: ledger.webhookUrl, secret: SECRET, lastsS: STORM_S });
  const found = await looksDuring(storm, {
    ...(await endpointsOf(ledger.dataDir)),
    stripe,
    looks,
    withinMs: LOOKS_MS,
  }).finally(() => storm.stop());
  say(
    `${found.looks} looks while ${storm.counts.fresh} webhooks came, and ${storm.counts.repeated} again: ${found.findings.length} false findings, ${found.busy} went on changing`,
  );
  for (const finding of found.findings) findings.add('false findings', JSON.stringify(finding));
  if (found.stopped !== null) findings.add('looks that were stopped', found.stopped);
}

/** Takes a backup while webhooks arrive, delivers more, and restores a ledger from the backup alone. */
async function restored(
  ledger: ProofLedger,
  { stripe, directory }: Readonly<{ stripe: SimulatedStripe; directory: string }>,
): Promise<ProofLedger> {
  const file = join(directory, 'ledger.db');
  const storm = new Storm(stripe, { url: ledger.webhookUrl, secret: SECRET, lastsS: STORM_S });
  const taken = await ledger.run(['backup', '--to', file, '--json']).finally(() => storm.stop());
  const { events } = JSON.parse(taken) as { events: number };
  stripe.clock.advance(DAYS_LOST_S);
  const lost = (await stripe.deliver()).length;
  await ledger.stop('SIGKILL');
  rmSync(ledger.dataDir, { recursive: true });
  const elsewhere = await ProofLedger.restore(join(directory, 'second'), file, stripe);
  await elsewhere.run(['backfill', '--new', '--wait', '0', '--json']);
  say(`restored ${events} events elsewhere, and fetched the ${lost} of the days after`);
  return elsewhere;
}

process.exitCode = await main();
