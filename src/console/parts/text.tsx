import type { ComponentChildren } from 'preact';

/** Currencies whose minor unit is the whole unit in Stripe's API (https://docs.stripe.com/currencies#zero-decimal). */
const NO_DECIMALS = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE_DECIMALS = new Set('bhd jod kwd omr tnd'.split(' '));

/** An amount in minor units as text, e.g. `9.90 EUR`. */
export function moneyText(minor: number, currency: string): string {
  const code = currency.toLowerCase();
  const digits = NO_DECIMALS.has(code) ? 0 : THREE_DECIMALS.has(code) ? 3 : 2;
  const sign = minor < 0 ? '−' : '';
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ',');
  const cents = digits === 0 ? '' : `.${text.slice(-digits)}`;
  return `${sign}${whole}${cents} ${currency.toUpperCase()}`;
}

export function Money({ minor, currency }: { minor: number | null | undefined; currency: string | null }) {
  if (minor === null || minor === undefined) return <Unknown />;
  return <span class="money">{currency === null ? String(minor) : moneyText(minor, currency)}</span>;
}

/** An amount with a link to what it consists of; 0 has no link. */
export const Figure = ({ minor, currency, href }: { minor: number; currency: string; href: string }) =>
  minor === 0 ? <span class="dim">0</span> : <a href={href}>{moneyText(minor, currency)}</a>;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

// A page has hundreds of times: formatting by hand costs a tenth of Intl.
const dayOf = (at: Date): string => `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
/** `6 Feb 2026` */
export const dayText = (time: string): string => dayOf(new Date(time));
/** `6 Feb 2026 02:04 UTC` */
export function timeText(time: string): string {
  const at = new Date(time);
  return `${dayOf(at)} ${at.toISOString().slice(-13, -8)} UTC`;
}

/** A time in UTC; the script adds the local time. `day` shows the date alone, `cell` omits the zone in a wide table. */
export function Time({ at, as = 'minute' }: { at: string | null | undefined; as?: 'minute' | 'day' | 'cell' }) {
  if (at === null || at === undefined) return <Unknown />;
  return (
    <time dateTime={at} title={at}>
      {as === 'day' ? dayText(at) : as === 'cell' ? timeText(at).replace(' UTC', '') : timeText(at)}
    </time>
  );
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** A duration in its largest unit: `4 minutes`. */
export function durationText(seconds: number): string {
  const [size, unit] = UNITS.find(([one]) => seconds >= one) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** An event type; the line may break only after a dot or an underscore. */
export const Type = ({ of }: { of: string }) => (
  <>
    {of.split(/(?<=[._])/).map((part, at) => (
      <>
        {at === 0 ? null : <wbr />}
        {part}
      </>
    ))}
  </>
);

/** A placeholder for an unknown or missing value. */
export const Unknown = () => <span class="dim">–</span>;

/** An id in full, selectable as a whole; `href` is its page. */
export function Id({ id, href }: { id: string | null | undefined; href?: string | null | undefined }) {
  if (id === null || id === undefined) return <Unknown />;
  const text = <code class="id">{id}</code>;
  return href === null || href === undefined ? text : <a href={href}>{text}</a>;
}

type Tone = 'good' | 'warn' | 'bad' | 'calm';

const TONES: Readonly<Record<string, Tone>> = {
  active: 'good',
  trialing: 'good',
  paid: 'good',
  succeeded: 'good',
  won: 'good',
  appended: 'good',
  ok: 'good',
  live: 'good',
  done: 'good',
  past_due: 'warn',
  open: 'warn',
  incomplete: 'warn',
  requires_action: 'warn',
  requires_payment_method: 'warn',
  needs_response: 'warn',
  under_review: 'warn',
  quarantined: 'warn',
  attention: 'warn',
  unpaid: 'bad',
  failed: 'bad',
  canceled: 'bad',
  incomplete_expired: 'bad',
  uncollectible: 'bad',
  lost: 'bad',
  failing: 'bad',
};

/** The colour of a status. */
export const toneOf = (status: string): Tone => TONES[status] ?? 'calm';

/** A status as a word; the colour only repeats it. */
export const Status = ({ of }: { of: string | null | undefined }) =>
  of === null || of === undefined ? <Unknown /> : <span class={`chip ${toneOf(of)}`}>{of.replaceAll('_', ' ')}</span>;

export const Mark = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class={`chip ${tone}`}>{children}</span>
);
