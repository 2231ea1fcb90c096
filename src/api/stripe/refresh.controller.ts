import { Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { isoTime } from '../../events/fields.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { ProblemError } from '../../http/problem.js';
import type { Refreshable, Refreshed, Refresher } from '../../reconcile/refresh.js';
import { LIMITS } from '../limits.js';
import { Places } from '../places.js';
import { pathId } from '../query.js';

/** Refreshes objects from Stripe; null where this process has no key, or not the role. */
export const REFRESHER = Symbol('Refresher');

type RefreshedAnswer = Readonly<{
  data: readonly Readonly<{
    object: string;
    id: string;
    verdict: string;
    rows: Refreshed['rows'];
    until: string | null;
    cause: string | null;
    appended: Readonly<{ stream: string; revision: string; position: string }> | null;
  }>[];
  /** The `minPosition` to read what was appended; null: nothing was. */
  position: string | null;
}>;

/** Refreshes one object from Stripe: for support, when the ledger and the dashboard disagree. */
@Controller()
@NeedsScope('admin')
export class RefreshController {
  readonly #places = new Places({
    ...LIMITS.refreshes,
    what: 'reads from Stripe are in progress',
    full: () => new ProblemError('refreshes_busy'),
  });

  constructor(@Inject(REFRESHER) private readonly refresher: Refresher | null) {}

  /** Fetches a subscription from Stripe, and appends what the ledger does not know. */
  @Post('subscriptions/:id/refresh')
  @HttpCode(200)
  subscription(@Param('id', { schema: pathId }) id: string, @AskedBy() asker: Asker): Promise<RefreshedAnswer> {
    return this.#refresh('subscription', id, asker);
  }

  /** Fetches a customer from Stripe, with its subscriptions and open invoices. */
  @Post('customers/:id/refresh')
  @HttpCode(200)
  customer(@Param('id', { schema: pathId }) id: string, @AskedBy() asker: Asker): Promise<RefreshedAnswer> {
    return this.#refresh('customer', id, asker);
  }

  async #refresh(object: Refreshable, id: string, { token }: Asker): Promise<RefreshedAnswer> {
    if (this.refresher === null) throw new ProblemError('no_stripe_key');
    const giveBack = this.#places.take(token);
    const outcome = await this.refresher.refresh(object, id).finally(giveBack);
    switch (outcome.kind) {
      case 'refreshed':
        return answerOf(outcome.objects);
      case 'absent':
        throw new ProblemError('not_found', `The ${object} ${id} is unknown to both Stripe and the ledger.`);
      case 'no_key':
        throw new ProblemError('no_stripe_key', 'STRIPE_API_KEYS has no key for the mode of this object.');
      case 'away':
        throw new ProblemError('stripe_away', outcome.message);
      case 'refused':
        throw new ProblemError('stripe_refuses', outcome.message);
    }
  }
}

const answerOf = (objects: readonly Refreshed[]): RefreshedAnswer => {
  const positions = objects.flatMap(({ appended }) => appended?.position ?? []);
  return {
    data: objects.map(({ until, appended, ...one }) => ({
      ...one,
      until: until === null ? null : isoTime(until),
      appended: appended && {
        stream: appended.stream,
        revision: String(appended.revision),
        position: String(appended.position),
      },
    })),
    position: positions.length === 0 ? null : String(positions.reduce((last, one) => (one > last ? one : last))),
  };
};
