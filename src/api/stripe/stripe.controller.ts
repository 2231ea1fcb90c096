import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { isoTime } from '../../events/fields.js';
import type { EventStore } from '../../eventstore/event-store.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { ProblemError } from '../../http/problem.js';
import { readCoverages } from '../../reconcile/coverage-report.js';
import { readFindings, type ShownFinding } from '../../reconcile/findings.js';
import { latestRuns, readRun, type Run } from '../../reconcile/run-log.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, paging, pathId, text } from '../query.js';

/** The event store that runs and coverage are kept in. */
export const RUNS = Symbol('Runs');

const listing = z.strictObject({ ...paging });
const findings = z.strictObject({ ...paging, verdict: text, object: text });

/** What is kept of a run for itself alone. */
const INNER = new Set(['open', 'later', 'clocks', 'found']);

type RunAnswer = Readonly<{
  id: string;
  kind: string;
  account: string;
  livemode: boolean;
  key: string;
  apiVersion: string;
  startedAt: string;
  step: string;
  options: Run['started']['options'];
  state: Run['standing']['state'];
}>;

type Coverage = Readonly<{
  account: string;
  livemode: boolean;
  coveredUntil: string | null;
  gaps: readonly Readonly<{ from: string; to: string; cause: string }>[];
  requestsOfDay: number;
}>;

/** What was asked of Stripe, and what it told. */
@Controller('stripe')
@NeedsScope('read')
export class StripeController {
  constructor(@Inject(RUNS) private readonly store: EventStore) {}

  /** Up to when all events that Stripe lists are in the log. */
  @Get('coverage')
  async coverage(): Promise<{ data: Coverage[] }> {
    const reports = await readCoverages(this.store, Date.now());
    return {
      data: reports.map(({ account, livemode, until, gaps, requests }) => ({
        account,
        livemode,
        coveredUntil: until === null ? null : isoTime(until),
        gaps: gaps.map(({ from, to, cause }) => ({ from: isoTime(from), to: isoTime(to), cause })),
        requestsOfDay: requests,
      })),
    };
  }

  @Get('runs')
  async runs(
    @Query({ schema: listing }) { cursor, limit }: z.output<typeof listing>,
  ): Promise<{ data: RunAnswer[]; nextCursor: string | null }> {
    const before = cursor === undefined ? undefined : BigInt(placeOf('runs', cursor));
    const runs = await latestRuns(this.store, { before, max: limit });
    const last = runs.at(-1)?.listedAt;
    const isEnd = last === undefined || runs.length < limit || last === 0n;
    return { data: runs.map(answerOf), nextCursor: isEnd ? null : cursorOf('runs', [String(last)]) };
  }

  @Get('runs/:id')
  async one(@Param('id', { schema: pathId }) id: string): Promise<RunAnswer> {
    return answerOf(await this.#run(id));
  }

  /** What a run found that differs, in its order. */
  @Get('runs/:id/findings')
  async findings(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: findings }) { cursor, limit, verdict, object }: z.output<typeof findings>,
  ): Promise<{ data: ShownFinding[]; nextCursor: string | null }> {
    const run = await this.#run(id);
    const from = cursor === undefined ? 0 : Number(placeOf('findings', cursor));
    const data: ShownFinding[] = [];
    let at = 0;
    for await (const finding of readFindings(this.store, run.id)) {
      at += 1;
      if (at <= from || (verdict ?? finding.verdict) !== finding.verdict) continue;
      if ((object ?? finding.object) !== finding.object) continue;
      if (data.length === limit) return { data, nextCursor: cursorOf('findings', [String(at - 1)]) };
      data.push(finding);
    }
    return { data, nextCursor: null };
  }

  async #run(id: string): Promise<Run> {
    const run = /^[0-9a-f-]{36}$/.test(id) ? await readRun(this.store, id) : null;
    if (run === null) throw new ProblemError('not_found', `There is no run ${id}. GET /v1/stripe/runs lists them.`);
    return run;
  }
}

/** @throws ProblemError 400 for a cursor of another list */
function placeOf(list: string, cursor: string): string {
  const [place] = placeOfCursor(list, cursor) ?? [];
  if (typeof place !== 'string' || !/^\d{1,16}$/.test(place))
    throw badQuery('cursor: must be the nextCursor of the page before');
  return place;
}

function answerOf({ id, started, standing: { step, state } }: Run): RunAnswer {
  const { kind, account, livemode, key, apiVersion, at, options } = started;
  const shown = Object.fromEntries(Object.entries(state).filter(([name]) => !INNER.has(name)));
  return { id, kind, account, livemode, key, apiVersion, startedAt: isoTime(at), step, options, state: shown };
}
