import { Controller, Headers, HttpCode, Inject, Logger, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { OpenToAll } from '../http/open-to-all.js';
import { bodyTooLarge, ProblemError, type Problem } from '../http/problem.js';
import type { IntakeMetrics } from './intake.metrics.js';
import type { Delivery, IntakeOutcome } from './intake.js';

/** Takes one delivery; bound to secrets and appender by the module. */
export type Intake = (delivery: Delivery) => Promise<IntakeOutcome>;
export const INTAKE = Symbol('Intake');
export const INTAKE_METRICS = Symbol('IntakeMetrics');

type Answer = { outcome: 'appended' | 'duplicate' | 'quarantined'; stream: string; revision: string; position: string };

/** Where Stripe delivers. A 2xx says that the event is durable in the log, and nothing else does. */
@Controller('webhooks/stripe')
@OpenToAll()
export class WebhookController {
  readonly #logger = new Logger('webhook');

  constructor(
    @Inject(INTAKE) private readonly intake: Intake,
    @Inject(INTAKE_METRICS) private readonly metrics: IntakeMetrics,
  ) {}

  @Post()
  @HttpCode(200)
  async receive(@Req() request: FastifyRequest, @Headers('stripe-signature') signature: string | undefined): Promise<Answer> {
    const started = performance.now();
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const outcome = await this.intake({ body, signature, receivedAt: new Date() });
    this.metrics.observe(outcome, (performance.now() - started) / 1000);
    switch (outcome.kind) {
      case 'appended':
      case 'duplicate':
      case 'quarantined':
        return { outcome: outcome.kind, stream: outcome.stream, revision: String(outcome.revision), position: String(outcome.position) };
      default:
        this.#report(outcome);
        throw new ProblemError(problemOf(outcome));
    }
  }

  #report(outcome: Refusal): void {
    if (outcome.kind === 'unavailable') this.#logger.error(outcome.cause, 'The event store did not take an event; Stripe will send it again.');
    if (outcome.kind === 'too_large') this.#logger.error(`A ${outcome.type} of ${outcome.bytes} bytes exceeds the append limit: raise APPEND_BYTES_MAX, and the limit of the event store unless it is the embedded one, or the event is lost after Stripe's retries.`);
  }
}

type Refusal = Exclude<IntakeOutcome, { kind: Answer['outcome'] }>;

const SIGNATURE_HINTS = {
  no_signature: 'The Stripe-Signature header is missing or has no time. Does a proxy remove it?',
  no_match: 'No configured secret matches. Check that the body arrives unchanged (no proxy may parse or re-format it), and that the signing secret of exactly this endpoint and mode is configured.',
  clock: 'The signature is older, or younger, than 300 seconds. Check the clock of this machine, and that no proxy holds requests back.',
} as const;

function problemOf(outcome: Refusal): Problem {
  switch (outcome.kind) {
    case 'bad_signature':
      return { status: 400, code: `signature_${outcome.reason}`, title: 'Bad signature', detail: SIGNATURE_HINTS[outcome.reason] };
    case 'unreadable':
      return { status: 400, code: 'unreadable_body', title: 'Unreadable body', detail: 'The signature is right but the body is no JSON.' };
    case 'too_large':
      return bodyTooLarge;
    case 'overloaded':
      return { status: 503, code: 'overloaded', title: 'Overloaded', detail: 'Too many events wait for the store. Send this one again later.', retryAfterS: 1 };
    case 'unavailable':
      return { status: 503, code: 'store_unavailable', title: 'Event store unavailable', detail: 'The event store does not answer. Send this event again later.', retryAfterS: 2 };
  }
}
