import { includesScope } from '../../http/tokens.js';
import { LOOKED } from '../looked.js';
import type { Frame } from '../page.js';
import { pathOf } from '../ledger.js';

/** A button that compares one object with Stripe now, and the outcome. */
export function LookNow({ kind, id, frame }: { kind: 'subscriptions' | 'customers'; id: string; frame: Frame }) {
  const message = LOOKED[frame.asked.query['looked'] ?? ''];
  if (!includesScope(frame.visitor.scope, 'admin')) return null;
  return (
    <form class="actions" method="post" action={`/console/${pathOf(kind, id, 'refresh')}`}>
      <button type="submit">Check Stripe now</button>
      {message === undefined ? (
        <span class="dim">Reads the object from Stripe’s API and records what is missing.</span>
      ) : (
        <span role="status">{message}</span>
      )}
    </form>
  );
}
