import { Controller, Inject, Param, Post, Req, Res, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import { VisitedBy } from '../http/asker.js';
import { NeedsScope } from '../http/auth.guard.js';
import { TakesBody } from '../http/rim.js';
import { ProblemError } from '../http/problem.js';
import type { Visitor } from '../http/tokens.js';
import type { Operation, Refreshed, StripeRun } from './answers.js';
import { FORM_BYTES_MAX, formOf, leadTo } from './answering.js';
import { fingerprintOf, HELD, HELD_SHOWN, type Held } from './held.js';
import { pathOf, withQuery } from './ledger.js';
import { lookedAt } from './looked.js';
import { OwnApi } from './own-api.js';
import { PageProblems } from './page-problems.js';
import { closingPage, operationPage, runPage } from './places.js';
import { ownForm } from './session.controller.js';

/** Handles the forms of the console through the routes of the API. */
@Controller({ path: 'console', version: VERSION_NEUTRAL })
@NeedsScope('admin')
@UseFilters(PageProblems)
export class ActionsController {
  constructor(@Inject(OwnApi) private readonly api: OwnApi) {}

  /** Starts an operation. Idempotent: a form that is sent twice starts one. */
  @Post('operations')
  @TakesBody(FORM_BYTES_MAX)
  async ask(@VisitedBy() visitor: Visitor, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    ownForm(request);
    const form = formOf(request);
    const body = requestIn(form);
    const key = hash('sha256', JSON.stringify([form['once'], body]));
    const { id } = await this.api
      .for(visitor, request)
      .do<Operation>('POST', '/v1/operations', { body, headers: { 'idempotency-key': key } });
    leadTo(reply, operationPage(id));
  }

  @Post('operations/:id/cancel')
  @TakesBody(FORM_BYTES_MAX)
  async cancel(
    @Param('id') id: string,
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    await this.api.for(visitor, request).do('DELETE', `/v1/${pathOf('operations', id)}`);
    leadTo(reply, operationPage(id));
  }

  /** Approves or rejects the held access changes, if they are still those that the visitor saw. */
  @Post('access-changes/:verdict')
  @TakesBody(FORM_BYTES_MAX)
  async judge(
    @Param('verdict') verdict: string,
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    const { seen, why = '' } = formOf(request);
    const message = Object.hasOwn(TOLD, verdict) ? TOLD[verdict as keyof typeof TOLD] : null;
    if (message === null) throw new ProblemError('not_found', 'Approve or reject the access changes.');
    const ledger = this.api.for(visitor, request);
    const isSeen = fingerprintOf(await ledger.read<Held>(HELD, { limit: HELD_SHOWN })) === seen;
    const path = `/v1/${pathOf('access-changes', verdict)}`;
    if (isSeen) await ledger.do('POST', path, verdict === 'reject' ? { body: { why } } : {});
    leadTo(reply, withQuery('/console/access-changes', { told: isSeen ? message : 'changed' }));
  }

  /** Starts a run against the Stripe API. If one is under way, the page says so instead. */
  @Post('stripe/runs')
  @TakesBody(FORM_BYTES_MAX)
  async askStripe(
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    const body = runIn(formOf(request));
    try {
      const { id } = await this.api.for(visitor, request).do<StripeRun>('POST', '/v1/stripe/runs', { body });
      leadTo(reply, runPage(id));
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.code !== 'run_under_way') throw error;
      leadTo(reply, withQuery('/console/stripe', { told: 'under_way' }));
    }
  }

  @Post('stripe/runs/:id/stop')
  @TakesBody(FORM_BYTES_MAX)
  async stopRun(
    @Param('id') id: string,
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    await this.api.for(visitor, request).do('POST', `/v1/stripe/${pathOf('runs', id, 'stop')}`);
    leadTo(reply, runPage(id));
  }

  /** Closes a month of the books, and the open months before it. */
  @Post('closings')
  @TakesBody(FORM_BYTES_MAX)
  async close(
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    const form = formOf(request);
    const { month = '', accept } = form;
    const books = booksIn(form);
    await this.api
      .for(visitor, request)
      .do('POST', '/v1/closings', { body: { month, ...books, accept: accept === 'true' } });
    leadTo(reply, closingPage({ month, livemode: books.livemode, account: books.account ?? null }));
  }

  /** Reopens the last closed month. */
  @Post('closings/:month/reopen')
  @TakesBody(FORM_BYTES_MAX)
  async reopen(
    @Param('month') month: string,
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    const form = formOf(request);
    const { reason = '' } = form;
    await this.api.for(visitor, request).do('POST', `/v1/${pathOf('closings', month, 'reopen')}`, {
      body: { ...booksIn(form), ...(reason === '' ? {} : { reason }) },
    });
    leadTo(reply, '/console/closings');
  }

  /** Compares one object with Stripe now. */
  @Post(':kind/:id/refresh')
  @TakesBody(FORM_BYTES_MAX)
  async refresh(
    @Param('kind') kind: string,
    @Param('id') id: string,
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    if (kind !== 'subscriptions' && kind !== 'customers') throw new ProblemError('not_found');
    const path = `/v1/${pathOf(kind, id, 'refresh')}`;
    const { data } = await this.api.for(visitor, request).do<Refreshed>('POST', path);
    leadTo(reply, withQuery(`/console/${pathOf(kind, id)}`, { looked: lookedAt(data) }));
  }

  /** Replays one parked stream. */
  @Post('parked/replay')
  @TakesBody(FORM_BYTES_MAX)
  async replay(
    @VisitedBy() visitor: Visitor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    ownForm(request);
    const { projection, stream } = formOf(request);
    const path = `/v1/${pathOf('parked', projection ?? '', stream ?? '', 'replay')}`;
    const { outcome } = await this.api.for(visitor, request).do<{ outcome: string }>('POST', path);
    leadTo(reply, withQuery('/console/parked', { told: outcome }));
  }
}

/** The books that a form names: a mode and an account, e.g. `test:acct_1`. */
function booksIn({ books = '' }: Readonly<Record<string, string>>): { livemode: boolean; account?: string } {
  const [mode, account = ''] = books.split(':');
  if (mode !== 'live' && mode !== 'test') throw new ProblemError('bad_request', 'Choose the books.');
  return { livemode: mode === 'live', ...(account === '' ? {} : { account }) };
}

/** The API request for the run that a form asks for. */
function runIn({ kind, key, account = '' }: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const by = { ...(key === undefined ? {} : { key }), ...(account === '' ? {} : { account }) };
  if (kind === 'compare') return { kind: 'reconcile', ...by };
  return kind === 'repair' ? { kind: 'reconcile', repair: true, ...by } : { kind, ...by };
}

/** The key of the message that the page shows after each verdict. */
const TOLD = { approve: 'approved', reject: 'rejected' } as const;

/** The operation that a form asks for; the API validates it. */
function requestIn(form: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const { kind, projections = '', stream = '', sample = '', cause = '', acceptParked } = form;
  const names = projections.split(',').filter((name) => name !== '');
  switch (kind) {
    case 'rollback':
      if (names.length !== 1) throw new ProblemError('bad_request', 'Choose the read model to roll back.');
      return { kind, projection: names[0] };
    case 'replay':
      return { kind, ...(names[0] === undefined ? {} : { projection: names[0] }), ...(cause === '' ? {} : { cause }) };
    case 'verify':
      return {
        kind,
        ...(names.length === 0 ? {} : { projections: names }),
        ...(stream.trim() === '' ? {} : { stream: stream.trim() }),
        ...(sample === '' ? {} : { sample: Number(sample) }),
      };
    default:
      return {
        kind,
        ...(names.length === 0 ? {} : { projections: names }),
        ...(acceptParked === undefined ? {} : { acceptParked: true }),
      };
  }
}
