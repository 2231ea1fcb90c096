import type { IncomingMessage } from 'node:http';
import type { BodyRefusal } from '../http/bodies.js';
import type { Problem } from '../http/problem.js';
import type { BodyRoute } from '../http/rim.js';
import type { IntakeReport } from './intake.report.js';
import { problemOf, type Refusal } from './refusal.js';
import { senderOf, type Sender } from './sender.js';
import { claimOf } from './signature.js';

/** The path of the webhook, as configured in Stripe. */
export const WEBHOOK_PATH = '/webhooks/stripe';

/**
 * The gate before the webhook. It refuses a request by its headers alone unless it has a current `Stripe-Signature` and
 * a body that fits an append, so that unauthenticated requests cost neither memory nor hashing.
 */
export class WebhookGate implements BodyRoute {
  readonly path = WEBHOOK_PATH;
  readonly bodyBytesMax: number;
  readonly #report: IntakeReport;

  constructor(options: { bodyBytesMax: number; report: IntakeReport }) {
    this.bodyBytesMax = options.bodyBytesMax;
    this.#report = options.report;
  }

  refusalOf(request: IncomingMessage): Problem | null {
    const sender = senderOf(request, null);
    const claim = claimOf(sender.signature, new Date());
    if (claim.kind === 'invalid') return this.#refuse({ kind: 'bad_signature', reason: claim.reason }, sender);
    const declaredBytes = Number(request.headers['content-length'] ?? 0);
    return declaredBytes > this.bodyBytesMax ? this.#refuse({ kind: 'over_limit' }, sender) : null;
  }

  problemOf(kind: BodyRefusal, request: IncomingMessage): Problem {
    return this.#refuse({ kind }, senderOf(request, null));
  }

  onStopping(): void {
    this.#report.stopping();
  }

  #refuse(refusal: Refusal, sender: Sender): Problem {
    this.#report.refused(refusal, sender);
    return problemOf(refusal);
  }
}
