import type { ComponentChildren } from 'preact';
import type { Operation, OperationRequest } from '../answers.js';
import { pathOf } from '../ledger.js';
import { KINDS, hasEnded, plural, progressText, requestText, durationPrecise, workedS } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { operationPage, streamPage } from '../places.js';
import { AskOperation } from '../parts/ask-operation.js';
import { Facts, Section, Verdict } from '../parts/layout.js';
import { outcomeOf, Result } from '../parts/operation-result.js';
import { Id, Status, Time } from '../parts/text.js';

const TONES = { running: 'calm', queued: 'calm', cancelling: 'warn', cancelled: 'calm' } as const;

function show(operation: Operation, { nowMs, once }: Frame): Shown {
  const { id, request, state } = operation;
  const what = requestText(request);
  const outcome = outcomeOf(operation);
  const isUnderWay = !hasEnded(operation);
  return {
    title: `${what}: ${state}`,
    nav: 'Operations',
    ...(isUnderWay ? { refreshS: 2, reloads: true } : {}),
    main: (
      <>
        <p class="over">
          <a href="/console/operations">Operations</a>
        </p>
        <h1>{what}</h1>
        <p class="under">
          <Id id={id} />
        </p>
        <Verdict tone={state in TONES ? TONES[state as keyof typeof TONES] : outcome.tone}>
          <p class="sentence">
            <Status of={state} /> {outcome.text}
          </p>
          {isUnderWay ? <Progress of={operation} /> : null}
        </Verdict>
        {isUnderWay ? <Cancel of={operation} /> : <Next of={operation} once={once} />}
        <Result of={operation} />
        <Section title="Who and when" id="who">
          <Facts
            of={[
              ['Requested by', operation.by],
              ['Requested', <Time key="asked" at={operation.requestedAt} />],
              ['Started', operation.startedAt === null ? null : <Time key="begun" at={operation.startedAt} />],
              ['Ended', operation.endedAt === null ? null : <Time key="ended" at={operation.endedAt} />],
              ['Took', tookOf(operation, nowMs)],
              ['Processes', operation.attempts < 2 ? null : `${operation.attempts} have worked on it`],
              ...subjectOf(request),
            ]}
          />
        </Section>
      </>
    ),
  };
}

function tookOf(operation: Operation, nowMs: number): string | null {
  const seconds = workedS(operation, nowMs);
  return seconds === null ? null : durationPrecise(seconds);
}

/** The subject of a request beside its read models. */
function subjectOf(request: OperationRequest): (readonly [string, ComponentChildren])[] {
  if (request.kind === 'verify')
    return [
      [
        'Stream',
        request.stream === undefined ? null : <Id key="stream" id={request.stream} href={streamPage(request.stream)} />,
      ],
      ['Sample', request.sample === undefined ? null : plural(request.sample, 'stream')],
    ];
  return request.kind === 'replay' ? [['Cause', request.cause]] : [];
}

function Progress({ of }: { of: Operation }) {
  const text = progressText(of);
  const share = of.progress?.share ?? null;
  if (of.state === 'queued') return null;
  return (
    <>
      <progress aria-label="Progress" max={1} {...(share === null ? {} : { value: share })} />
      {text === null ? null : <p class="dim">{text}</p>}
    </>
  );
}

const Cancel = ({ of: { id, state, request } }: { of: Operation }) =>
  state === 'cancelling' ? null : (
    <form class="actions after" method="post" action={`${operationPage(id)}/cancel`}>
      <button type="submit" class="danger">
        Cancel
      </button>
      <span class="dim">
        {request.kind === 'verify' || request.kind === 'replay'
          ? 'The work done so far is kept.'
          : 'The new tables are dropped. The live rows do not change.'}
      </span>
    </form>
  );

/** The recommended next operations. */
function Next({ of: operation, once }: { of: Operation; once: string }) {
  const { request, state } = operation;
  const { changes } = outcomeOf(operation);
  const ask = (fields: Record<string, string | undefined>, text: string, kind = ''): ComponentChildren => (
    <div key={text} class="actions">
      <AskOperation fields={fields} once={once} kind={kind}>
        {text}
      </AskOperation>
      <span class="dim">{labelOf(fields['kind'])}</span>
    </div>
  );
  const projections = projectionsOf(operation);
  const named = projections.split(',').filter((name) => name !== '');
  const next: ComponentChildren[] = [];
  if (state === 'succeeded' && changes && (request.kind === 'dry_run' || request.kind === 'verify'))
    next.push(ask({ kind: 'rebuild', projections }, named.length === 1 ? `Rebuild ${named[0]}` : 'Rebuild them'));
  if (state === 'succeeded' && changes && request.kind === 'verify')
    next.push(ask({ kind: 'dry_run', projections }, 'Dry run first', 'plain'));
  if (state === 'succeeded' && (request.kind === 'rebuild' || request.kind === 'rollback')) {
    next.push(ask({ kind: 'verify', projections }, 'Verify'));
    if (named.length === 1) next.push(ask({ kind: 'rollback', projections }, 'Roll back', 'plain'));
  }
  if (state === 'failed' && operation.result !== null && request.kind === 'rebuild')
    next.push(ask({ kind: 'rebuild', projections, acceptParked: 'yes' }, 'Rebuild anyway', 'danger'));
  if (state !== 'succeeded') next.push(ask(fieldsOf(request), 'Try again', 'plain'));
  return next.length === 0 ? null : <div class="next">{next}</div>;
}

const labelOf = (kind: string | undefined): string | null => KINDS.find(([one]) => one === kind)?.[2] ?? null;

/** The read models for the next operation, joined by commas: where known, only those with a defect. */
function projectionsOf(operation: Operation): string {
  const { request } = operation;
  if (request.kind === 'rollback') return request.projection;
  if (request.kind === 'replay') return request.projection ?? '';
  const { concerned } = outcomeOf(operation);
  return (concerned.length > 0 ? concerned : (request.projections ?? [])).join(',');
}

/** The form fields that repeat a request. */
function fieldsOf(request: OperationRequest): Record<string, string | undefined> {
  const { kind } = request;
  if (kind === 'rollback') return { kind, projections: request.projection };
  if (kind === 'replay') return { kind, projections: request.projection, cause: request.cause };
  const projections = request.projections?.join(',');
  return kind === 'verify'
    ? {
        kind,
        projections,
        stream: request.stream,
        sample: request.sample === undefined ? undefined : String(request.sample),
      }
    : { kind, projections };
}

/** How far is an operation, and what was its result? */
export const OPERATION = page<Operation>({
  path: '/operations/:id',
  scope: 'admin',
  load: (ledger, { path }) => ledger.read(`/v1/${pathOf('operations', String(path['id']))}`),
  show,
});
