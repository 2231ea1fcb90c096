import { z } from 'zod';
import { Mistake } from './fields.js';

/** A bearer token of the API, its configured name, and its scopes. */
export type ApiToken = Readonly<{ token: string; name: string | null; scopes: readonly Scope[] }>;

/**
 * `access`: only the access answer; `read`: all reads; `admin`: reads and operations. Each includes those before it.
 */
export type Scope = (typeof SCOPES)[number];
const SCOPES = ['access', 'read', 'admin'] as const;
const isScope = (word: string): word is Scope => (SCOPES as readonly string[]).includes(word);

/** A signing secret of one Stripe endpoint; the label identifies the endpoint that an event came from. */
export type WebhookSecret = Readonly<{ label: string; secret: string }>;

/** A Stripe API key: of one account, in one mode. */
export type StripeApiKey = Readonly<{ label: string; key: string; livemode: boolean }>;

/** The form in which Stripe issues them; a shorter one was truncated, or copied from an example. */
const SIGNING_SECRET = /^whsec_[A-Za-z0-9+/=_-]{24,}$/;
const TOKEN_LENGTH_MIN = 16;
const TOKEN_NAME = /^[\w-]{1,40}$/;

/**
 * The entries of a list of secrets. A mistake names the entry's position but none of its text, which may be a secret.
 */
const secretEntries = <T>(read: (entry: string) => T | Mistake) =>
  z
    .string()
    .default('')
    .transform((text, context) => {
      const entries = text.split(/[\s,]+/).filter(Boolean);
      return entries.flatMap((entry, index) => {
        const value = read(entry);
        if (!(value instanceof Mistake)) return [value];
        context.addIssue({ code: 'custom', message: `entry ${index + 1} of ${entries.length} ${value.text}` });
        return [];
      });
    });

/** Signing secrets, separated by commas: `label=whsec_…`. */
export const webhookSecrets = secretEntries((entry): WebhookSecret | Mistake => {
  // A secret may end with =, so an entry that starts with whsec_ has no label.
  const at = entry.startsWith('whsec_') ? -1 : entry.indexOf('=');
  const secret = entry.slice(at + 1);
  return SIGNING_SECRET.test(secret)
    ? { label: entry.slice(0, Math.max(at, 0)) || 'default', secret }
    : new Mistake(
        'is not a signing secret (whsec_ and at least 24 characters). Copy the whole secret from the endpoint at ' +
          'Stripe and write label=whsec_…, separated by commas.',
      );
});

/** Stripe API keys, separated by commas: `label=rk_live_…`. */
export const stripeApiKeys = secretEntries((entry): StripeApiKey | Mistake => {
  const at = entry.indexOf('=');
  const key = entry.slice(at + 1);
  const [, kind, mode] = /^(rk|sk|pk)_(live|test)_\w{4,}$/.exec(key) ?? [];
  if (kind === undefined || kind === 'pk')
    return new Mistake(
      'is not a key for reading (rk_live_, rk_test_, sk_live_ or sk_test_). Create a restricted key at ' +
        'Stripe (Developers, API keys) and write label=rk_live_…, separated by commas.',
    );
  return { label: entry.slice(0, Math.max(at, 0)) || 'default', key, livemode: mode === 'live' };
});

/** API tokens, separated by commas: `name:scope+scope=TOKEN`. */
export const apiTokens = secretEntries((entry): ApiToken | Mistake => {
  const at = entry.indexOf('=');
  const [, name, given] = /^(?:([^:]*):)?(.*)$/s.exec(entry.slice(0, Math.max(at, 0))) ?? [];
  const scopes = (given || 'read').split('+');
  const token = entry.slice(at + 1);
  if (!scopes.every(isScope)) {
    return new Mistake(
      `has no known scope before its first =. Scopes: ${SCOPES.join(', ')}. Write read=TOKEN, or support:read=TOKEN with a name, separated by commas.`,
    );
  }
  if (name !== undefined && !TOKEN_NAME.test(name)) {
    return new Mistake(
      'has an invalid name before its colon. Use 1 to 40 letters, digits, - and _, e.g. support:read=TOKEN.',
    );
  }
  if (token.length < TOKEN_LENGTH_MIN) {
    return new Mistake(`has a token of fewer than ${TOKEN_LENGTH_MIN} characters. Create one: openssl rand -hex 24.`);
  }
  return { token, name: name ?? null, scopes };
});
