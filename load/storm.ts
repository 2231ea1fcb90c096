import { sendAll, type Campaign } from './campaign.js';
import { Findings } from './findings.js';
import { auditLog } from './log-audit.js';
import { Progress } from './progress.js';
import { auditRows } from './row-audit.js';
import { STORM_HELP, stormOptions, type StormOptions } from './storm-options.js';

/** `npm run storm` and `subscription-ledger storm`; STORM_HELP describes them. */

const CATCH_UP_MS = 120_000;
const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

function settings(): StormOptions | undefined {
  try {
    return stormOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

/** Fails early, since without a service every delivery would be retried until its time limit. */
async function assertServes({ origin }: StormOptions): Promise<void> {
  await fetch(new URL('/health/live', origin), { signal: AbortSignal.timeout(5_000) }).catch((error: unknown) => {
    throw new Error(
      `No service answers on ${origin.origin}. Start it with "npm start" and give both commands the same PORT and DATA_DIR, or use --url.`,
      { cause: error },
    );
  });
}

async function storm(options: StormOptions): Promise<boolean> {
  await assertServes(options);
  const progress = new Progress(process.stdout);
  const startedMs = performance.now();
  const campaign = await sendAll(options, (sent, begun) =>
    progress.show(() => {
      const rate = (sent.acknowledged / (performance.now() - startedMs)) * 1000;
      const failures = [...sent.failures.values()].reduce((sum, count) => sum + count, 0);
      return `${begun} of ${options.subscriptions} customers begun, ${number.format(sent.acknowledged)} deliveries acknowledged, ${number.format(rate)}/s, ${failures} retried`;
    }),
  );
  progress.end();
  report(campaign).forEach((line) => console.log(line));
  const findings = await audit(options, campaign);
  console.log(await parkedLine(options));
  findings.lines().forEach((line) => console.log(line));
  console.log(
    findings.count === 0
      ? 'No event is missing, none is stored twice, and every row is right.'
      : `${findings.count} faults found.`,
  );
  return findings.count === 0;
}

async function audit(options: StormOptions, campaign: Campaign): Promise<Findings> {
  const { sent, rows, complete } = campaign;
  const findings = new Findings();
  if (!complete)
    findings.add(
      'storm cut short',
      'not all events were sent: the time limit passed, or the service stopped answering',
    );
  const read = await auditLog(options.eventstoreUrl, sent, findings);
  console.log(
    `log        ${number.format(read)} events read; ${number.format(sent.byId.size)} events of this storm expected`,
  );
  const { origin, token } = options;
  const compared = await auditRows(
    rows,
    { origin, token, minPosition: sent.positionMax, catchUpMs: CATCH_UP_MS, concurrency: 16 },
    findings,
  );
  console.log(`rows       ${number.format(compared)} subscriptions compared with the simulator`);
  return findings;
}

function report({ sent, latencies, lag, durationMs }: Campaign): string[] {
  const [lagP50 = NaN, lagP99 = NaN, lagMax = NaN] = lag.percentiles(0.5, 0.99, 1);
  const [p50 = NaN, p90 = NaN, p99 = NaN, max = NaN] = latencies.percentiles(0.5, 0.9, 0.99, 1);
  const counts = (of: ReadonlyMap<string, number>): string =>
    [...of].map(([key, count]) => `${key} ${number.format(count)}`).join(', ') || 'none';
  return [
    `deliveries ${number.format(sent.deliveries)} of ${number.format(sent.byId.size)} events, in ${number.format(durationMs / 1000)} s: ${number.format((sent.acknowledged / durationMs) * 1000)} acknowledged a second`,
    `latency    p50 ${number.format(p50)} ms, p90 ${number.format(p90)} ms, p99 ${number.format(p99)} ms, max ${number.format(max)} ms`,
    `live lag   p50 ${number.format(lagP50)} ms, p99 ${number.format(lagP99)} ms, max ${number.format(lagMax)} ms from the response until the event is in the rows (${number.format(lag.count)} samples)`,
    `outcomes   ${counts(sent.outcomes)}`,
    `duplicates ${number.format(sent.repetitions)} sent, ${number.format(sent.outcomes.get('duplicate') ?? 0)} recognized`,
    ...quarantineLines(sent),
    `retried    ${counts(sent.failures)}${sent.gaveUp > 0 ? `; gave up on ${sent.gaveUp} deliveries` : ''}`,
  ];
}

/** Samples with zero ids, thin events and the like are sent on purpose; they belong in quarantine. */
function quarantineLines({ outcomes, quarantinedSamples }: Campaign['sent']): string[] {
  const quarantined = outcomes.get('quarantined') ?? 0;
  if (quarantined === 0) return [];
  const rest = quarantined - quarantinedSamples;
  return [
    `quarantine ${number.format(quarantinedSamples)} samples without a real id or object, sent on purpose${rest === 0 ? '' : `; and ${number.format(rest)} events of simulated customers, which is wrong`}`,
  ];
}

/** Parked streams, which the samples cause on purpose: some have values that no row can hold. */
async function parkedLine({ origin, token }: StormOptions): Promise<string> {
  const response = await fetch(new URL('/health/ready/reads', origin), {
    headers: { authorization: `Bearer ${token}` },
  });
  const { reads } = (await response.json()) as { reads: { parked?: Readonly<Record<string, number>> } };
  const parked = Object.entries(reads.parked ?? {}).map(([generation, streams]) => `${generation} ${streams}`);
  return `parked     ${parked.join(', ') || 'no stream'}${parked.length === 0 ? '' : ' (some samples cannot be folded, on purpose; see "subscription-ledger parked list")'}`;
}

const options = settings();
if (options === undefined) {
  console.log(STORM_HELP);
} else {
  process.exitCode = await storm(options).then(
    (right) => (right ? 0 : 1),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      return 2;
    },
  );
}
