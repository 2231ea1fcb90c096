import { durationText, type Status } from '../api/operations/status.js';
import type { ServiceCommand } from './on-service.js';

export const statusCommand: ServiceCommand = {
  help: `Exits with 1 when the service is failing.

  --json              as JSON, as GET /v1/status answers
`,
  options: { json: { type: 'boolean' } },
  run: async ({ values }, { service, print }) => {
    const status = await service.get<Status>('/v1/status');
    print(values['json'] === true ? JSON.stringify(status, null, 2) : textOf(status));
    return status.state === 'failing' ? 1 : 0;
  },
};

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
    ['deliveries', intake.minutes === null ? 'taken by other processes' : `${deliveries || 'none'} (last hour)`],
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
    return waiting === 0 ? `${name} told` : `${name} ${waiting} waiting for ${durationText(lagSeconds)}`;
  });
  return [`${changes.held} held`, ...endpoints].join(', ');
}
