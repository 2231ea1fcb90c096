import { Controller, Headers, HttpCode, Inject, Post, Req, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { OpenToAll } from '../http/open-to-all.js';
import { ProblemError } from '../http/problem.js';
import { WEBHOOK_PATH } from './gate.js';
import type { Delivery, IntakeOutcome } from './intake.js';
import type { IntakeReport } from './intake.report.js';
import { senderOf } from './sender.js';
import { problemOf, type Acknowledged } from './refusal.js';

/** Handles one delivery; the module binds secrets and appender. */
export type Intake = (delivery: Delivery) => Promise<IntakeOutcome>;
export const INTAKE = Symbol('Intake');
export const INTAKE_REPORT = Symbol('IntakeReport');

/** `position`: null for a duplicate that an operator has hidden and whose position is unknown. */
type Answer = {
  outcome: Acknowledged;
  stream: string;
  revision: string;
  position: string | null;
  /** The log already had the event in another API version. */
  rendering?: true;
};

/** Receives Stripe's deliveries. Answers 2xx only when the event is durable in the log. */
@Controller({ path: WEBHOOK_PATH, version: VERSION_NEUTRAL })
@OpenToAll()
export class WebhookController {
  constructor(
    @Inject(INTAKE) private readonly intake: Intake,
    @Inject(INTAKE_REPORT) private readonly report: IntakeReport,
  ) {}

  @Post()
  @HttpCode(200)
  async receive(
    @Req() request: FastifyRequest,
    @Headers('stripe-signature') signature: string | undefined,
  ): Promise<Answer> {
    const started = performance.now();
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const outcome = await this.intake({ body, signature, receivedAt: new Date() }).catch((error: unknown) => {
      this.report.failed();
      throw error;
    });
    const seconds = (performance.now() - started) / 1000;
    switch (outcome.kind) {
      case 'appended':
      case 'duplicate':
      case 'quarantined':
        this.report.acknowledged(outcome, seconds);
        return answerOf(outcome);
      default:
        this.report.answered(outcome, { seconds, sender: senderOf(request.raw, body) });
        throw ProblemError.of(problemOf(outcome));
    }
  }
}

const answerOf = (outcome: Extract<IntakeOutcome, { kind: Acknowledged }>): Answer => ({
  outcome: outcome.kind,
  stream: outcome.stream,
  revision: String(outcome.revision),
  position: outcome.position === null ? null : String(outcome.position),
  ...(outcome.kind === 'appended' && outcome.isRendering ? { rendering: true } : {}),
});
