import type { StripeKey, StripeRun } from '../answers.js';
import { pathOf } from '../ledger.js';
import { Choices } from './choices.js';

/** The runs that the form offers, each with its effect; the first is preselected. */
export const ASKABLE = [
  ['recover', 'Recover events', 'Appends the events that Stripe lists and the log lacks, byte for byte.'],
  ['compare', 'Compare', 'Compares objects that can still change money or access, twice. Changes nothing.'],
  ['repair', 'Compare and repair', 'Also appends the objects as Stripe has them, at most 100. This cannot be undone.'],
  [
    'money',
    'Compare money',
    'Reads balance transactions and payouts and reconciles them with charges, refunds and the balance.',
  ],
  [
    'backfill',
    'Backfill',
    'Reads everything that Stripe has and records what the log lacks. Resumes where it stopped.',
  ],
] as const;

/** A form that starts a run against the Stripe API. */
export const RunForm = ({ keys }: { keys: readonly StripeKey[] }) => (
  <form class="confirm operation" method="post" action="/console/stripe/runs">
    <Choices legend="What to read from Stripe" of={ASKABLE} chosen={ASKABLE[0][0]} />
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
        <input name="account" placeholder="acct_… (default: the account of the key)" pattern="acct_\w+" />
      </label>
      <button type="submit">Start</button>
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
    <span class="dim">Everything appended so far stays. A backfill can resume later.</span>
  </form>
);
