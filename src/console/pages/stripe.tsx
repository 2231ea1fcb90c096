import { includesScope } from '../../http/tokens.js';
import type { List, StripeCoverage, StripeFinding, StripeKey, StripeRun } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { counted } from '../operation-words.js';
import { page, type Asked, type Frame, type Shown } from '../page.js';
import { AskAgain, RunForm, StopRun } from '../parts/ask-run.js';
import { eventPage, pageOfObject, runPage } from '../places.js';
import { Empty, Facts, Next, Section, Table, Verdict } from '../parts/layout.js';
import { Id, Mark, Status, Time } from '../parts/text.js';

const modeText = (livemode: boolean): string => (livemode ? 'live' : 'test');

const KINDS: Readonly<Record<string, string>> = {
  backfill: 'Backfill',
  recover: 'Event recovery',
  reconcile: 'Comparison',
  money: 'Comparison of money',
};

/** The state of a run in words, with its colour. */
const STEPS: Readonly<Record<string, readonly [says: string, tone: 'good' | 'warn' | 'calm']>> = {
  wanted: ['waits', 'calm'],
  started: ['begun', 'calm'],
  checkpoint: ['in progress', 'calm'],
  stopping: ['stopping', 'warn'],
  finished: ['finished', 'good'],
  stopped: ['stopped', 'warn'],
};

/** The meaning of each verdict. */
const VERDICTS: Readonly<Record<string, string>> = {
  missing_event: 'Stripe lists an event that the log does not have.',
  drift: 'The object at Stripe differs and would change rows.',
  unknown: 'The log has no events of this object.',
  gone: 'Stripe no longer has this object, but the rows do.',
  contradicts: 'The object at Stripe contradicts its history. This is never repaired automatically.',
  unreadable: 'The stream is parked, or the object at Stripe cannot be read.',
  busy: 'The object changed between all readings.',
  unknown_to_stripe: 'Its signature is valid, but Stripe does not know the event. Rotate the signing secret.',
  money: 'Money that does not add up, in minor units.',
};

type Side = Readonly<{ coverage: readonly StripeCoverage[]; keys: readonly StripeKey[]; runs: List<StripeRun> }>;

const show = ({ coverage, keys, runs }: Side, { visitor, asked }: Frame): Shown => ({
  title: 'Stripe',
  nav: 'Stripe',
  refreshS: 15,
  main: (
    <>
      <h1>Stripe</h1>
      <p>
        What the ledger has read from Stripe’s API: history from before the first webhook, and events that were never
        delivered.
      </p>
      {asked.query['told'] === 'under_way' ? (
        <p role="status">A run of this kind is already in progress. Wait for it to end, or stop it on its page.</p>
      ) : null}
      {coverage.length === 0 && runs.data.length === 0 ? <NeverAsked hasKey={keys.length > 0} /> : null}
      {coverage.length === 0 ? null : <Coverage of={coverage} />}
      {runs.data.length === 0 ? null : <Runs of={runs} />}
      {keys.length === 0 || !includesScope(visitor.scope, 'admin') ? null : (
        <Section title="Start a run" id="ask">
          <RunForm keys={keys} />
        </Section>
      )}
    </>
  ),
});

/** The note before the first run, when it is unknown whether events are missing. */
const NeverAsked = ({ hasKey }: { hasKey: boolean }) => (
  <Empty>
    <h2>No runs yet</h2>
    <p>
      Missing events would not be noticed: webhooks cover only the time since the first one.{' '}
      {hasKey ? null : (
        <>
          Put a read-only key in <code>STRIPE_API_KEYS</code>.{' '}
        </>
      )}
      Import everything that Stripe has for the account:
    </p>
    <pre>
      <code>npx subscription-ledger backfill</code>
    </pre>
    <p>With a key, the service compares both sides once a day and shows its findings here.</p>
  </Empty>
);

const Coverage = ({ of }: { of: readonly StripeCoverage[] }) => (
  <Section title="Coverage" id="coverage">
    <Table
      label="Time up to which all events that Stripe lists are in the log"
      columns={['Account', 'Mode', 'Complete until', 'Gaps', ['Requests in 24 hours', 'number']]}
    >
      {of.map(({ account, livemode, coveredUntil, ended, gaps, requestsOfDay }) => (
        <tr key={`${account} ${livemode}`}>
          <td>
            <Id id={account} />
          </td>
          <td>{modeText(livemode)}</td>
          <td>
            {coveredUntil === null ? <Mark tone="warn">not covered yet</Mark> : <Time at={coveredUntil} />}
            {ended === null ? null : <p class="dim">no longer connected: {ended}</p>}
          </td>
          <td>
            {gaps.length === 0
              ? 'no gap'
              : gaps.map(({ from, to, cause }) => (
                  <p key={from}>
                    <Mark tone="bad">gap</Mark> <Time at={from} /> to <Time at={to} />: {cause}
                  </p>
                ))}
          </td>
          <td class="number">{counted(requestsOfDay)}</td>
        </tr>
      ))}
    </Table>
  </Section>
);

const Runs = ({ of: { data, nextCursor } }: { of: List<StripeRun> }) => (
  <Section title="Runs" id="runs">
    <Table label="Runs, newest first" columns={['What', 'State', 'Started', 'Account', ['Findings', 'number']]}>
      {data.map((run) => (
        <tr key={run.id}>
          <td>
            <a href={runPage(run.id)}>{KINDS[run.kind] ?? run.kind}</a>
          </td>
          <td>
            <Step of={run} />
          </td>
          <td>
            <Time at={run.startedAt} />
          </td>
          <td>
            {run.account === null ? null : <Id id={run.account} />} <span class="dim">{modeText(run.livemode)}</span>
          </td>
          <td class="number">{run.state.findings === undefined ? '–' : counted(run.state.findings)}</td>
        </tr>
      ))}
    </Table>
    <Next href={nextCursor === null ? null : withQuery('/console/stripe', { cursor: nextCursor })} />
  </Section>
);

function Step({ of: { step } }: { of: StripeRun }) {
  const [label, tone] = STEPS[step] ?? [step, 'calm'];
  return <Mark tone={tone}>{label}</Mark>;
}

/** Which runs asked Stripe, and how complete is the log? */
export const STRIPE = page<Side>({
  path: '/stripe',
  scope: 'read',
  async load(ledger, { query }) {
    const [{ data, keys }, runs] = await Promise.all([
      ledger.read<{ data: readonly StripeCoverage[]; keys: readonly StripeKey[] }>('/v1/stripe/coverage'),
      ledger.read<List<StripeRun>>('/v1/stripe/runs', { limit: 25, cursor: query['cursor'] }),
    ]);
    return { coverage: data, keys, runs };
  },
  show,
});

type Found = Readonly<{ run: StripeRun; findings: List<StripeFinding> }>;

function showRun({ run, findings }: Found, { visitor, asked: { query }, nowMs }: Frame): Shown {
  const { kind, step, state } = run;
  const isUnderWay = step !== 'finished' && step !== 'stopped';
  const mayAsk = includesScope(visitor.scope, 'admin');
  return {
    title: KINDS[kind] ?? kind,
    nav: 'Stripe',
    ...(isUnderWay ? { refreshS: 5 } : {}),
    main: (
      <>
        <p class="over">
          <a href="/console/stripe">Stripe</a>
        </p>
        <h1>{KINDS[kind]}</h1>
        <Verdict tone={isUnderWay ? 'calm' : step === 'stopped' || (state.findings ?? 0) > 0 ? 'warn' : 'good'}>
          <p class="sentence">{sentenceOf(run, nowMs)}</p>
          {kind === 'backfill' && step === 'stopped' && run.apiVersion !== null && !mayAsk ? (
            <p>
              The same command resumes from here: <code>npx subscription-ledger backfill</code>
            </p>
          ) : null}
        </Verdict>
        {mayAsk ? <NextOf of={run} /> : null}
        <Facts
          of={[
            ['Run', <Id key="id" id={run.id} />],
            ['Account', run.account && <Id key="account" id={run.account} />],
            ['Requested by', state.by],
            ['Mode', modeText(run.livemode)],
            ['Key', run.key],
            ['API version', run.apiVersion],
            ['Started', <Time key="at" at={run.startedAt} />],
            ['First reading', state.objects && <Counts key="objects" of={state.objects} />],
            ['Not read again', state.unconfirmed && counted(state.unconfirmed)],
            ['Balance transactions', state.transactions && <Counts key="transactions" of={state.transactions} />],
            ['Balance minus transactions', state.unexplained && <Counts key="unexplained" of={state.unexplained} />],
            ['Events', state.events && <Counts key="events" of={state.events} />],
            [
              'Not readable at Stripe',
              Object.keys(state.skipped ?? {}).length > 0 && <Counts key="skipped" of={state.skipped ?? {}} />,
            ],
          ]}
        />
        {kind !== 'backfill' ? <Findings of={findings} run={run} query={query} /> : <Objects of={state.counts ?? {}} />}
      </>
    ),
  };
}

/** The recommended action during or after a run. */
function NextOf({ of }: { of: StripeRun }) {
  const { kind, step, options, state } = of;
  if (step === 'stopping') return null;
  if (step !== 'finished' && step !== 'stopped') return <StopRun of={of} />;
  // A run that was stopped before its start has nothing to continue.
  if (kind === 'backfill' && step === 'stopped' && of.apiVersion !== null)
    return (
      <AskAgain kind="backfill" of={of}>
        Resume
      </AskAgain>
    );
  if (kind === 'reconcile' && step === 'finished' && (state.findings ?? 0) > 0 && options.repair !== true)
    return (
      <AskAgain kind="repair" of={of}>
        Compare again and repair
      </AskAgain>
    );
  return null;
}

/** After this long without a report, the process that ran it is considered gone. */
const SILENT_MS = 120_000;

/** The state and outcome of a run, as a sentence. */
function sentenceOf({ kind, step, saidAt, state: { why, findings, phase, doing } }: StripeRun, nowMs: number): string {
  if (step === 'wanted') return 'Waiting for a process with the role reconcile, which checks every few seconds.';
  if (step === 'stopping') return 'Stopping.';
  if ((step === 'started' || step === 'checkpoint') && nowMs - Date.parse(saidAt) > SILENT_MS)
    return 'No progress for minutes: the process working on it has ended. The service resumes runs that were requested from it.';
  if (step === 'checkpoint' && doing !== undefined) return `In progress: ${doing}.`;
  if (step === 'started') return 'Started; nothing recorded yet.';
  if (step === 'checkpoint')
    return phase === undefined ? 'In progress.' : `In progress: ${phase.replaceAll('_', ' ')}.`;
  if (step === 'stopped') return `Stopped${why === undefined || why === null ? '' : `: ${why}`}`.replace(/\.?$/, '.');
  if (kind === 'backfill') return 'Everything that Stripe listed is recorded.';
  if (findings === undefined) return why ?? 'Finished.';
  if (kind === 'money' && findings === 0) return 'Charges, refunds, payouts and the balance add up exactly.';
  if (kind === 'recover')
    return findings === 0
      ? 'All events that Stripe lists are in the log.'
      : `${counted(findings)} ${findings === 1 ? 'event was' : 'events were'} never delivered.`;
  return findings === 0
    ? 'The ledger and Stripe agree on everything that was compared.'
    : `${counted(findings)} ${findings === 1 ? 'difference' : 'differences'} between the ledger and Stripe.`;
}

const Counts = ({ of }: { of: Readonly<Record<string, number | string>> }) => (
  <>
    {Object.entries(of).map(([name, value]) => (
      <span key={name} class="detail">
        {name.replaceAll('_', ' ')}: {typeof value === 'number' ? counted(value) : value}
      </span>
    ))}
  </>
);

/** The first counts of each object, in this order; others follow. */
const COUNTED = ['listed', 'appended', 'same', 'unknown', 'drift'];

/** The counts of a backfill, by object. */
function Objects({ of }: { of: NonNullable<StripeRun['state']['counts']> }) {
  const columns = [...new Set([...COUNTED, ...Object.values(of).flatMap((counts) => Object.keys(counts))])];
  if (Object.keys(of).length === 0) return null;
  return (
    <Section title="Objects" id="objects">
      <p class="dim">
        Objects that Stripe listed. They were appended to the log where the ledger lacked them (unknown) or differed
        (drift).
      </p>
      <Table
        label="Objects that Stripe listed"
        columns={['Object', ...columns.map((column) => [column.replaceAll('_', ' '), 'number'] as const)]}
      >
        {Object.entries(of).map(([object, counts]) => (
          <tr key={object}>
            <th scope="row">{object.replaceAll('_', ' ')}</th>
            {columns.map((column) => (
              <td key={column} class="number">
                {counts[column] === undefined ? <span class="dim">0</span> : counted(counts[column])}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </Section>
  );
}

type FindingsGiven = Readonly<{ of: List<StripeFinding>; run: StripeRun; query: Asked['query'] }>;

const Findings = ({ of: { data, nextCursor }, run, query }: FindingsGiven) => (
  <Section title="Findings" id="findings">
    <form class="filters" action={runPage(run.id)}>
      <label>
        Verdict
        <select name="verdict">
          <option value="">all</option>
          {Object.keys(VERDICTS).map((verdict) => (
            <option key={verdict} value={verdict} selected={query['verdict'] === verdict}>
              {verdict.replaceAll('_', ' ')}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Show</button>
    </form>
    {data.length === 0 ? (
      <Empty>
        <p>{query['verdict'] ? 'No findings with this verdict.' : 'No differences are recorded.'}</p>
      </Empty>
    ) : (
      <Table label="Differences" columns={['Verdict', 'What', 'Ledger → Stripe', 'Between', 'Repaired']}>
        {data.map((finding) => (
          <tr key={`${finding.object} ${finding.id}`}>
            <td>
              <Status of={finding.verdict} /> <p class="dim">{VERDICTS[finding.verdict]}</p>
            </td>
            <td>
              {finding.type ?? finding.object.replaceAll('_', ' ')} <Id id={finding.id} href={pageOfFinding(finding)} />
            </td>
            <td>
              <Rows of={finding} />
            </td>
            <td>
              {finding.since === null ? (
                '–'
              ) : finding.since.after === finding.since.before ? (
                <Time at={finding.since.after} />
              ) : (
                <>
                  <Time at={finding.since.after} /> and <Time at={finding.since.before} />
                </>
              )}
            </td>
            <td>{finding.repaired === null ? 'no' : `yes, at revision ${finding.repaired.revision}`}</td>
          </tr>
        ))}
      </Table>
    )}
    <Next
      href={nextCursor === null ? null : withQuery(runPage(run.id), { verdict: query['verdict'], cursor: nextCursor })}
    />
  </Section>
);

/** The page of a finding. An object that the ledger did not have gets one only after its repair. */
function pageOfFinding({ verdict, object, id, repaired }: StripeFinding): string | null {
  if (repaired === null && (verdict === 'unknown' || verdict === 'missing_event')) return null;
  return verdict === 'missing_event' || verdict === 'unknown_to_stripe'
    ? eventPage(id)
    : pageOfObject({ kind: object, id });
}

const Rows = ({ of: { rows, cause } }: { of: StripeFinding }) => (
  <>
    {cause === null ? null : <p>{cause.replaceAll('_', ' ')}</p>}
    {rows.map(({ table, key, field, ledger, stripe }) => (
      <p key={`${table} ${key} ${field}`}>
        <span class="dim">
          {table}.{field}
        </span>{' '}
        {valueText(ledger)} → {valueText(stripe)}
      </p>
    ))}
  </>
);

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

/** How far is a run, and how do the ledger and Stripe differ? */
export const STRIPE_RUN = page<Found>({
  path: '/stripe/runs/:id',
  scope: 'read',
  async load(ledger, { path, query: { verdict, cursor } }) {
    const at = `/v1/stripe/runs/${pathOf(String(path['id']))}`;
    const run = await ledger.read<StripeRun>(at);
    const findings = await ledger.read<List<StripeFinding>>(`${at}/findings`, { limit: 100, verdict, cursor });
    return { run, findings };
  },
  show: showRun,
});
