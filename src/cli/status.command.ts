import { durationText, type Status } from '../api/operations/status.js';
import { setTimeout as pause } from 'node:timers/promises';
import { UsageError, wholeNumber } from './command.js';
import type { ServiceCommand } from './on-service.js';
import { ProblemAnswer } from './service-client.js';

const EVERY_SECONDS = { min: 1, max: 3_600 };
const CLEARED = '\u001b[H\u001b[2J';

export const statusCommand: ServiceCommand = {
  help: `Shows the state of the service and its numbers. Exits with 1 when the service is failing.

  --watch             repeat until Ctrl-C
  --every <seconds>   with --watch: the interval                                 (5)
  --json              print the JSON of GET /v1/status; with --watch one line each time
`,
  options: { watch: { type: 'boolean' }, every: { type: 'string', default: '5' }, json: { type: 'boolean' } },
  check: ({ values }) => void wholeNumber('every', values['every'], EVERY_SECONDS),
  run: async ({ values }, { service, print, printed, report, signal }) => {
    const ask = () => service.get<Status>('/v1/status');
    const isJson = values['json'] === true;
    if (values['watch'] !== true) {
      const status = await ask();
      print(isJson ? JSON.stringify(status, null, 2) : textOf(status));
      return status.state === 'failing' ? 1 : 0;
    }
    const everyMs = wholeNumber('every', values['every'], EVERY_SECONDS) * 1_000;
    let exit = 0;
    while (!signal.aborted) {
      const status = await ask().catch((error: unknown) => away(error, report));
      if (status !== null) {
        if (!isJson && process.stdout.isTTY) process.stdout.write(CLEARED);
        print(isJson ? JSON.stringify(status) : `${new Date().toISOString()}  ${textOf(status)}\n`);
        await printed();
      }
      exit = status === null || status.state === 'failing' ? 1 : 0;
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
    return exit;
  },
};

/** Lets `--watch` survive a restart of the service; any error below 500, such as a rejected token, ends it. */
function away(error: unknown, report: (text: string) => void): null {
  if (error instanceof ProblemAnswer && error.status < 500) throw error;
  if (!(error instanceof ProblemAnswer) && !(error instanceof UsageError)) throw error;
  report(`${new Date().toISOString()}  ${error.message}`);
  return null;
}

const BY = {
  this_process: 'the process that answers',
  another_process: 'another process',
  nobody: 'nobody',
  unknown: 'not known',
} as const;
const orUnknown = (value: number | string | null): string => (value === null ? 'not known' : String(value));

function textOf({
  sentence,
  lastEvent,
  intake,
  reads,
  projecting,
  verified,
  accessChanges,
  versions,
  log,
}: Status): string {
  const hour = new Map<string, number>();
  for (const { byOutcome } of intake.minutes ?? [])
    for (const [outcome, count] of Object.entries(byOutcome)) hour.set(outcome, (hour.get(outcome) ?? 0) + count);
  const deliveries = [...hour].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
  const rows: [string, string][] = [
    [
      'last event',
      lastEvent === null
        ? log.state
        : `${lastEvent.type} ${lastEvent.stripeEventId ?? '-'}, ${durationText(lastEvent.ageSeconds)} ago`,
    ],
    ['deliveries', intake.minutes === null ? 'received by other processes' : `${deliveries || 'none'} (last hour)`],
    ['waiting', orUnknown(intake.waiting)],
    ['lag', reads.lagSeconds === null ? 'not known' : durationText(reads.lagSeconds)],
    ['parked', orUnknown(reads.parkedStreams)],
    ['quarantined', orUnknown(reads.quarantinedEvents)],
    ['projecting', BY[projecting.by]],
    ['verified', verified === null ? 'by other processes' : `${verified.folds} folds, ${verified.faults} faults`],
    ['access', accessText(accessChanges)],
    ['log', orUnknown(log.name)],
    ['versions', `ledger ${versions.ledger}, Node ${versions.node}, Postgres ${orUnknown(versions.postgres)}`],
  ];
  return [sentence, '', ...rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}`)].join('\n');
}

function accessText(changes: Status['accessChanges']): string {
  if (changes === null) return 'not known';
  const endpoints = changes.endpoints.map(({ name, waiting, lagSeconds, isStopped }) => {
    if (isStopped) return `${name} stopped by 410`;
    return waiting === 0 ? `${name} up to date` : `${name} ${waiting} waiting for ${durationText(lagSeconds)}`;
  });
  return [`${changes.held} held`, ...endpoints].join(', ');
}
