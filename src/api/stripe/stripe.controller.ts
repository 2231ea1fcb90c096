import { Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { isoTime } from '../../events/fields.js';
import type { EventStore } from '../../eventstore/event-store.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { JsonBody } from '../../http/json-body.js';
import { ProblemError } from '../../http/problem.js';
import { TakesBody } from '../../http/rim.js';
import { askForRun, stopRun } from '../../reconcile/asking.js';
import { readCoverages } from '../../reconcile/coverage-report.js';
import { readFindings, type ShownFinding } from '../../reconcile/findings.js';
import { aboutOf, connectedOf, latestRuns, readRun, type Run, type WaitingRun } from '../../reconcile/run-log.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, paging, pathId, text } from '../query.js';
import { runRequest, type RunRequest } from './run-request.js';

/** The event store that keeps runs and coverage, this process's keys, and the callback for a new run. */
export const RUNS = Symbol('Runs');
export type RunsPart = Readonly<{
  store: EventStore;
  keys: readonly Readonly<{ label: string; livemode: boolean }>[];
  look: () => void;
}>;

const BODY_BYTES_MAX = 16_384;

const listing = z.strictObject({ ...paging });
const findings = z.strictObject({ ...paging, verdict: text, object: text });

/** The fields of a run that are internal. */
const INNER = new Set(['open', 'later', 'clocks', 'found', 'attempts']);

type RunAnswer = Readonly<{
  id: string;
  kind: string;
  account: string | null;
  livemode: boolean;
  key: string;
  apiVersion: string | null;
  startedAt: string;
  step: string;
  saidAt: string;
  options: Run['started']['options'];
  state: Run['standing']['state'];
}>;

type Coverage = Readonly<{
  account: string;
  livemode: boolean;
  coveredUntil: string | null;
  /** Why coverage has ended: `deauthorized` for an account that is no longer connected; null: it continues. */
  ended: string | null;
  gaps: readonly Readonly<{ from: string; to: string; cause: string }>[];
  requestsOfDay: number;
}>;

/** Runs against Stripe's API, and their findings. */
@Controller('stripe')
@NeedsScope('read')
export class StripeController {
  constructor(@Inject(RUNS) private readonly part: RunsPart) {}

  private get store(): EventStore {
    return this.part.store;
  }

  /** Returns the time up to which the log has all events that Stripe lists. */
  @Get('coverage')
  async coverage(): Promise<{ data: Coverage[]; keys: RunsPart['keys'] }> {
    const reports = await readCoverages(this.store, Date.now());
    return {
      data: reports.map(({ account, livemode, until, ended, gaps, requests }) => ({
        account,
        livemode,
        coveredUntil: until === null ? null : isoTime(until),
        ended,
        gaps: gaps.map(({ from, to, cause }) => ({ from: isoTime(from), to: isoTime(to), cause })),
        requestsOfDay: requests,
      })),
      keys: this.part.keys.map(({ label, livemode }) => ({ label, livemode })),
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

  /**
   * Answers 202 for a run that the role `reconcile` will start. @throws ProblemError 409 for a second one of its kind
   */
  @Post('runs')
  @NeedsScope('admin')
  @HttpCode(202)
  @TakesBody(BODY_BYTES_MAX)
  async ask(
    @JsonBody(runRequest) { kind, key: label, new: isNew, ...options }: RunRequest,
    @AskedBy() asker: Asker,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunAnswer> {
    const { label: key, livemode } = this.#keyOf(label);
    const now = new Date();
    const at = Math.floor(now.getTime() / 1_000);
    const asked = await askForRun(this.store, { kind, key, livemode, options, by: asker.name, at }, isNew, now);
    if (asked.kind === 'under_way')
      throw new ProblemError(
        'run_under_way',
        `Run ${asked.run.id} already uses this key. Wait for it to end, or stop it.`,
      );
    this.part.look();
    void reply.header('location', `/v1/stripe/runs/${asked.run.id}`);
    return answerOf(await this.#run(asked.run.id));
  }

  /** Stops a run: its process ends it within seconds. One that has ended is unchanged. */
  @Post('runs/:id/stop')
  @NeedsScope('admin')
  @HttpCode(202)
  async stop(@Param('id', { schema: pathId }) id: string, @AskedBy() asker: Asker): Promise<RunAnswer> {
    await this.#run(id);
    await stopRun(this.store, id, asker.name, new Date());
    return answerOf(await this.#run(id));
  }

  @Get('runs/:id')
  async one(@Param('id', { schema: pathId }) id: string): Promise<RunAnswer> {
    return answerOf(await this.#run(id));
  }

  /** Lists the differences that a run found, in order. */
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

  #keyOf(label: string | undefined): RunsPart['keys'][number] {
    const { keys } = this.part;
    const found = label === undefined ? keys : keys.filter((key) => key.label === label);
    const [only] = found;
    if (keys.length === 0) throw new ProblemError('no_stripe_key');
    const labels = keys.map((key) => key.label).join(', ');
    if (only === undefined) throw new ProblemError('bad_request', `key: unknown label. Labels: ${labels}.`);
    if (found.length > 1)
      throw new ProblemError('bad_request', `key: choose one: ${labels}. Each belongs to one account.`);
    return only;
  }

  async #run(id: string): Promise<Run | WaitingRun> {
    const run = /^[0-9a-f-]{36}$/.test(id) ? await readRun(this.store, id) : null;
    if (run === null) throw new ProblemError('not_found', `There is no run ${id}. GET /v1/stripe/runs lists all runs.`);
    return run;
  }
}

/** @throws ProblemError 400 for a cursor of another list */
function placeOf(list: string, cursor: string): string {
  const [place] = placeOfCursor(list, cursor) ?? [];
  if (typeof place !== 'string' || !/^\d{1,16}$/.test(place))
    throw badQuery('cursor: must be the nextCursor of the previous page');
  return place;
}

function answerOf(run: Run | WaitingRun): RunAnswer {
  const { id, started, standing, saidAt } = run;
  const { kind, livemode, key, at, options } = aboutOf(run);
  const shown = Object.fromEntries(Object.entries(standing.state).filter(([name]) => !INNER.has(name)));
  return {
    ...{ id, kind, livemode, key, options, state: shown },
    account: started?.account ?? connectedOf(aboutOf(run)),
    apiVersion: started?.apiVersion ?? null,
    startedAt: isoTime(at),
    step: standing.step,
    saidAt: saidAt.toISOString(),
  };
}
