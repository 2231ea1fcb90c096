import type { IncomingHttpHeaders } from 'node:http';
import type { BodyRefusal } from '../http/bodies.js';
import type { Problem } from '../http/problem.js';
import type { BodyRoute } from '../http/rim.js';
import type { IntakeReport } from './intake.report.js';
import { problemOf, type Refusal } from './refusal.js';
import { claimOf } from './signature.js';

/** The route of the webhook, as Stripe is told it. */
export const WEBHOOK_PATH = '/webhooks/stripe';

/**
 * Stands before the webhook. Without a `Stripe-Signature` of now and a body that an append can hold, a request is
 * refused by its headers alone: before its signature is checked, nobody may cost memory or hashing.
 */
export class WebhookGate implements BodyRoute {
  readonly path = WEBHOOK_PATH;
  readonly bodyBytesMax: number;
  readonly #report: IntakeReport;

  constructor(options: { bodyBytesMax: number; report: IntakeReport }) {
    this.bodyBytesMax = options.bodyBytesMax;
    this.#report = options.report;
  }

  refusalOf(headers: IncomingHttpHeaders): Problem | null {
    const header = headers['stripe-signature'];
    const claim = claimOf(typeof header === 'string' ? header : undefined, new Date());
    if (claim.kind === 'invalid') return this.#refuse({ kind: 'bad_signature', reason: claim.reason });
    const declaredBytes = Number(headers['content-length'] ?? 0);
    return declaredBytes > this.bodyBytesMax ? this.#refuse({ kind: 'over_limit' }) : null;
  }

  problemOf(kind: BodyRefusal): Problem {
    return this.#refuse({ kind });
  }

  onStopping(): void {
    this.#report.stopping();
  }

  #refuse(refusal: Refusal): Problem {
    this.#report.refused(refusal);
    return problemOf(refusal);
  }
}
