import Stripe from 'stripe';

/** Why Stripe did not answer a request. Only `gone` says anything about an object. */
export type Refusal =
  | Readonly<{
      kind: 'rate_limited';
      /** Stripe's name, such as `global-rate`, or `lock_timeout` (another request held the object). */
      reason: string;
      message: string;
      retryAfterMs: number | null;
    }>
  /** No answer, or a failure at Stripe: the same request may succeed later. */
  | Readonly<{
      kind: 'away';
      cause: 'connection' | 'timeout' | 'status' | 'cut';
      message: string;
      retryAfterMs: number | null;
    }>
  /** Stripe has no such object, or no longer, in the mode and account of the key. `body`: the answer, byte for byte. */
  | Readonly<{ kind: 'gone'; message: string; body: Buffer }>
  /** The object exists in the other mode: the key does not match the events. */
  | Readonly<{ kind: 'other_mode'; message: string }>
  /** The object of a list's cursor was deleted, or is older than Stripe retains. */
  | Readonly<{ kind: 'cursor_gone'; message: string }>
  /**
   * The key lacks a right: `right` is Stripe's name, e.g. `rak_subscription_read`; null when the answer does not say.
   */
  | Readonly<{ kind: 'denied'; right: string | null; message: string }>
  /** The connected account has disconnected, or does not exist. */
  | Readonly<{ kind: 'not_connected'; message: string }>
  | Readonly<{ kind: 'bad_key'; message: string }>
  /** This account or API version does not have the requested resource. */
  | Readonly<{ kind: 'not_available'; message: string }>
  /** Any other 4xx answer: a mistake in the request. */
  | Readonly<{ kind: 'refused'; status: number; code: string | null; param: string | null; message: string }>
  /** Not sent: the budget is spent. `until`: when requests are available again, in epoch milliseconds; null: never. */
  | Readonly<{ kind: 'over_budget'; until: number | null; message: string }>
  /** Not sent: the run was interrupted. */
  | Readonly<{ kind: 'stopped'; message: string }>;

export const STOPPED: Refusal = { kind: 'stopped', message: 'Interrupted.' };

/** Whether Stripe refused what was asked. */
export const isRefusal = (answer: object): answer is Refusal => 'kind' in answer && 'message' in answer;

/** Whether the same request may succeed shortly after. */
export const isPassing = (refusal: Refusal): refusal is Extract<Refusal, { retryAfterMs: number | null }> =>
  refusal.kind === 'rate_limited' || refusal.kind === 'away';

/** An answer that lacks what was requested, or has it in another form. */
export const unreadable = (what: string): Refusal => ({
  kind: 'refused',
  status: 200,
  code: 'unreadable',
  param: null,
  message: `Stripe did not return ${what}.`,
});

/** Removes keys from a text of Stripe's, which repeats their last characters. */
export const withoutKeys = (text: string): string =>
  text.replace(/\b(sk|rk|pk|ek)_(live|test)_[^\s'"`,)]+/g, '$1_$2_…').replace(/\bwhsec_[^\s'"`,)]+/g, 'whsec_…');

type Failure = Readonly<{
  status: number;
  code: string | null;
  param: string | null;
  message: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}>;

/**
 * Classifies an error of the `stripe` package. `bytesOf`: returns the body of an answer, by the error's `raw`.
 * @throws any other error
 */
export function refusalOf(error: unknown, bytesOf: (raw: unknown) => Buffer | null): Refusal {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  if (error instanceof Stripe.errors.StripeConnectionError) return noAnswer(error);
  const message = withoutKeys(error.message);
  const body = bytesOf(error.raw);
  // Without an error of Stripe's, the answer comes from an intermediary, or was truncated.
  if (body === null || error.statusCode === undefined)
    return { kind: 'away', cause: 'cut', message, retryAfterMs: null };
  return byStatus({
    status: error.statusCode,
    code: error.code ?? null,
    param: error.param ?? null,
    message,
    headers: error.headers ?? {},
    body,
  });
}

function noAnswer({ detail }: InstanceType<typeof Stripe.errors.StripeConnectionError>): Refusal {
  const cause = detail instanceof Error ? detail : new Error(typeof detail === 'string' ? detail : 'no connection');
  const isTimeout = (cause as NodeJS.ErrnoException).code === Stripe.HttpClient.TIMEOUT_ERROR_CODE;
  return {
    kind: 'away',
    cause: isTimeout ? 'timeout' : 'connection',
    message: isTimeout ? 'Stripe did not answer in time.' : `Stripe does not answer: ${reasonOf(cause)}.`,
    retryAfterMs: null,
  };
}

/** Why a connection failed; the package prefixes the code even to a message that contains it. */
const reasonOf = ({ message }: Error): string => withoutKeys(message.replace(/^([A-Z]+): (?=.*\1)/, ''));

function byStatus(failure: Failure): Refusal {
  const { status, code, param, message, headers, body } = failure;
  const retryAfterMs = retryAfter(headers['retry-after']);
  if (status === 429) {
    const reason = headers['stripe-rate-limited-reason'] ?? code ?? 'unnamed';
    return { kind: 'rate_limited', reason, message, retryAfterMs };
  }
  if (status >= 500 || status === 409) return { kind: 'away', cause: 'status', message, retryAfterMs };
  if (status === 401) return { kind: 'bad_key', message };
  if (status === 403)
    return code === 'account_invalid'
      ? { kind: 'not_connected', message }
      : { kind: 'denied', right: /'(rak_\w+)'/.exec(message)?.[1] ?? null, message };
  if (isOfCursor(failure)) return { kind: 'cursor_gone', message };
  if (status === 404 && code === 'resource_missing')
    return /similar object exists in (live|test) mode/.test(message)
      ? { kind: 'other_mode', message }
      : { kind: 'gone', message, body };
  if (/^Unrecognized request URL|not set up to use|is not enabled|not available (for|to) your account/.test(message))
    return { kind: 'not_available', message };
  return { kind: 'refused', status, code, param, message };
}

/**
 * Matches a cursor that is gone. Events beyond the retention have no code of their own
 * (github.com/singer-io/tap-stripe).
 */
const isOfCursor = ({ code, param, message }: Failure): boolean =>
  /aged out of our retention/.test(message) ||
  (code === 'resource_missing' && (param === 'starting_after' || param === 'ending_before'));

/** Milliseconds of a `Retry-After` in seconds or as a date. */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : null;
}
