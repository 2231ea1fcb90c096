import type { StripeKey, StripeRun } from '../answers.js';
import { pathOf } from '../ledger.js';
import { Choices } from './choices.js';

/** The runs that the form offers, each with its effect; the first is preselected. */
export const ASKABLE = [
  ['recover', 'Recover events', 'Appends what Stripe lists and the log has not: Stripe’s own events, byte for byte.'],
  ['compare', 'Compare', 'Looks at what can still change money or access, twice, and changes nothing.'],
  ['repair', 'Compare and repair', 'The same; then appends what Stripe showed, at most 100 objects. The log keeps it.'],
  [
    'money',
    'Compare money',
    'Asks for balance transactions and payouts, and adds them up against charges, refunds and the balance.',
  ],
  ['backfill', 'Backfill', 'Reads all that Stripe has, and records what the log does not know; goes on where it was.'],
] as const;

/** A form that starts a run against the Stripe API. */
export const RunForm = ({ keys }: { keys: readonly StripeKey[] }) => (
  <form class="confirm operation" method="post" action="/console/stripe/runs">
    <Choices legend="What to ask Stripe for" of={ASKABLE} chosen={ASKABLE[0][0]} />
    <div class="filters">
      {keys.length < 2 ? null : (
        <label>
          Key
          <select name="key">
            {keys.map(({ label, livemode }) => (
              <option key={label} value={label}>
                {label} ({livemode ? 'live' : 'test'})
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Connected account
        <input name="account" placeholder="acct_… (without: the key’s own)" pattern="acct_\w+" />
      </label>
      <button type="submit">Ask Stripe</button>
    </div>
  </form>
);

/** A button that starts the run that an ended run suggests. */
export const AskAgain = ({ kind, of, children }: { kind: string; of: StripeRun; children: string }) => (
  <form class="actions after" method="post" action="/console/stripe/runs">
    <input type="hidden" name="kind" value={kind} />
    <input type="hidden" name="key" value={of.key} />
    {of.options.account === undefined ? null : <input type="hidden" name="account" value={of.options.account} />}
    <button type="submit">{children}</button>
  </form>
);

export const StopRun = ({ of: { id } }: { of: StripeRun }) => (
  <form class="actions after" method="post" action={`/console/stripe/runs/${pathOf(id)}/stop`}>
    <button type="submit" class="danger">
      Stop
    </button>
    <span class="dim">What it has appended so far stays. A backfill can go on later.</span>
  </form>
);
