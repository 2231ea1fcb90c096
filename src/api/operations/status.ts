import type { HealthReport } from './health.js';

/** Deliveries of a minute by outcome; outcomes without deliveries are omitted. */
export type Minute = Readonly<{ at: string; byOutcome: Readonly<Record<string, number>> }>;

/** The last event of the log that is not the store's own. */
export type LastEvent = Readonly<{
  stripeEventId: string | null;
  type: string;
  receivedAt: string;
  ageSeconds: number;
  position: string;
}>;

/** The facts behind the status; null where unknown, or not known to this process. */
export type StatusFacts = Readonly<{
  at: string;
  log: Readonly<{ state: 'at' | 'empty' | 'unknown' | 'away' | 'refused'; name: string | null }>;
  /** Null for an empty log, and where the log cannot be read: `log.state` says which. */
  lastEvent: LastEvent | null;
  intake: Readonly<{
    state: HealthReport['intake']['state'];
    eventStore: string;
    waiting: number | null;
    /**
     * Each minute since the process started, at most the last 60, the oldest first. Null where other processes ingest.
     */
    minutes: readonly Minute[] | null;
  }>;
  reads: Readonly<{
    state: HealthReport['reads']['state'];
    postgres: string;
    building: readonly string[];
    lagSeconds: number | null;
    parkedStreams: number | null;
    /** Counted up to QUARANTINED_MAX. */
    quarantinedEvents: number | null;
  }>;
  projecting: Readonly<{ by: 'this_process' | 'another_process' | 'nobody' | 'unknown'; cause: string | null }>;
  /**
   * Folds of streams that this process has compared with their rows since it started; null where it does not project.
   */
  verified: Readonly<{ folds: number; faults: number }> | null;
  /** Changes of access that are on hold or not yet delivered to endpoints. Null where unknown. */
  accessChanges: Readonly<{
    held: number;
    endpoints: readonly Readonly<{ name: string; waiting: number; lagSeconds: number; isStopped: boolean }>[];
  }> | null;
  versions: Readonly<{ ledger: string; node: string; postgres: string | null }>;
}>;

/** A problem to look into: `failing` needs action now, `attention` soon. */
export type Concern = Readonly<{ code: string; severity: 'failing' | 'attention'; text: string }>;

export type Status = StatusFacts &
  Readonly<{
    state: 'ok' | 'attention' | 'failing';
    /** One or two sentences for people: what is wrong, or that nothing is. */
    sentence: string;
    /** The worst first. */
    concerns: readonly Concern[];
  }>;

export const QUARANTINED_MAX = 10_000;
const LAG_SECONDS_MAX = 60;
const OUTBOX_LAG_SECONDS_MAX = 600;

/** Derives the status from the facts. Pure. */
export function statusOf(facts: StatusFacts): Status {
  const found = [...ofIntake(facts), ...ofReads(facts), ...ofProjecting(facts), ...ofRows(facts), ...ofAccess(facts)];
  const concerns = [...found].sort((a, b) => Number(b.severity === 'failing') - Number(a.severity === 'failing'));
  const state = concerns[0]?.severity ?? 'ok';
  const what = concerns.length === 0 ? allIsWell(facts) : concerns.map(({ text }) => text).join(' ');
  return { ...facts, state, sentence: `${what} ${lastEventText(facts)}`, concerns };
}

const concern =
  (severity: Concern['severity']) =>
  (code: string, text: string): Concern => ({ code, severity, text });
const failing = concern('failing');
const attention = concern('attention');

function ofIntake({ log, intake }: StatusFacts): Concern[] {
  const { state, eventStore, minutes } = intake;
  if (log.state === 'away')
    return [failing('store_away', 'The event store does not answer, so no event can be stored; Stripe retries.')];
  if (log.state === 'refused')
    return [failing('store_refuses', `The event store refuses this user: ${withStop(eventStore)}`)];
  const refused = counted(minutes ?? [], ['too_large', 'over_limit']);
  const unsigned = counted(minutes ?? [], ['bad_signature']);
  const delayed = counted((minutes ?? []).slice(-5), ['overloaded', 'unavailable']);
  return [
    ...(state === 'ok' || state === 'elsewhere'
      ? []
      : [failing(state, `Events cannot be stored: ${withStop(eventStore)}`)]),
    ...(refused === 0
      ? []
      : [
          failing(
            'too_large',
            `${deliveries(refused)} of the last hour exceeded APPEND_BYTES_MAX and were not stored.`,
          ),
        ]),
    ...(delayed === 0
      ? []
      : [attention('refusing', `${deliveries(delayed)} of the last five minutes were refused; Stripe retries them.`)]),
    ...(unsigned === 0
      ? []
      : [
          attention(
            'bad_signature',
            `${deliveries(unsigned)} of the last hour had a signature that matches no configured secret.`,
          ),
        ]),
  ];
}

function ofReads({ reads: { state, building, lagSeconds } }: StatusFacts): Concern[] {
  if (state === 'database_away')
    return [failing('database_away', 'Postgres does not answer, so the API cannot read; events are still stored.')];
  if (state === 'other_log') return [];
  return [
    ...(building.length === 0 ? [] : [attention('not_built', `${beingBuilt(building)} being built from the log.`)]),
    ...(lagSeconds === null || lagSeconds <= LAG_SECONDS_MAX
      ? []
      : [attention('behind', `The read models are ${durationText(lagSeconds)} behind.`)]),
  ];
}

function ofProjecting({ projecting: { by, cause }, reads }: StatusFacts): Concern[] {
  if (reads.state === 'other_log')
    return [
      failing(
        'other_log',
        `Projecting has stopped: ${withStop(cause ?? 'the read models were built from another log')}`,
      ),
    ];
  return by === 'nobody'
    ? [failing('nobody_projects', 'No process projects, so new events do not reach the read models.')]
    : [];
}

function ofRows({ reads: { parkedStreams }, verified }: StatusFacts): Concern[] {
  const faults = verified?.faults ?? 0;
  return [
    ...(faults === 0
      ? []
      : [
          failing(
            'rows_wrong',
            `${faults} ${faults === 1 ? 'row disagrees' : 'rows disagree'} with the log; run "verify", then "rebuild".`,
          ),
        ]),
    ...(parkedStreams === null || parkedStreams === 0
      ? []
      : [
          attention(
            'parked',
            `${parkedStreams} ${parkedStreams === 1 ? 'stream is' : 'streams are'} parked; their rows are out of date.`,
          ),
        ]),
  ];
}

function ofAccess({ accessChanges }: StatusFacts): Concern[] {
  const { held, endpoints } = accessChanges ?? { held: 0, endpoints: [] };
  return [
    ...(held === 0
      ? []
      : [
          failing(
            'access_held',
            `Access changes of ${held} ${held === 1 ? 'customer are' : 'customers are'} held for approval; see "access changes".`,
          ),
        ]),
    ...endpoints.flatMap(({ name, lagSeconds, isStopped }) => {
      if (isStopped)
        return [
          failing(
            'outbox_stopped',
            `The endpoint ${name} answered 410, so access changes are no longer delivered to it.`,
          ),
        ];
      if (lagSeconds <= OUTBOX_LAG_SECONDS_MAX) return [];
      const since = durationText(lagSeconds);
      return [attention('outbox_behind', `The endpoint ${name} has not accepted an access change for ${since}.`)];
    }),
  ];
}

const counted = (minutes: readonly Minute[], outcomes: readonly string[]): number =>
  minutes.reduce(
    (sum, { byOutcome }) => sum + outcomes.reduce((all, outcome) => all + (byOutcome[outcome] ?? 0), 0),
    0,
  );
const deliveries = (count: number): string => `${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
const withStop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** States no more than is known: an unknown lag is not reported as up to date. */
function allIsWell({ reads: { state, lagSeconds } }: StatusFacts): string {
  if (state === 'not_used') return 'Events are stored.';
  return lagSeconds === null
    ? 'No problem is known; the lag of the read models is not known yet.'
    : 'All is well: events are stored, and the read models are up to date.';
}

function lastEventText({ log, lastEvent }: StatusFacts): string {
  if (lastEvent !== null) return `The last event arrived ${durationText(lastEvent.ageSeconds)} ago.`;
  return log.state === 'empty' ? 'No event has arrived yet.' : 'The time of the last event is not known.';
}

/** A duration in its largest unit, for people: `12 s`, `3 min`, `26 h`, `4 days`. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3_600 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** `2 read models (mrr, settled invoices) are`, for generations such as `settled_invoices_v34_g1`. */
function beingBuilt(generations: readonly string[]): string {
  const names = generations.map((name) => name.replace(/_v\d+_g\d+$/, '').replaceAll('_', ' ')).join(', ');
  return generations.length === 1 ? `1 read model (${names}) is` : `${generations.length} read models (${names}) are`;
}
