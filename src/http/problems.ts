/** A kind of problem: its answer, and what to do about it. */
export type ProblemKind = Readonly<{
  status: number;
  title: string;
  /** What to do; also the detail of a problem that has none. */
  remedy: string;
  /** Seconds after which the same request may succeed; null: it will not, unless changed. */
  retryAfterS: number | null;
}>;

const final = (status: number, title: string, remedy: string): ProblemKind => ({
  status,
  title,
  remedy,
  retryAfterS: null,
});
const later = (status: number, title: string, remedy: string, retryAfterS = 1): ProblemKind => ({
  status,
  title,
  remedy,
  retryAfterS,
});

/** Every problem of the API, by code. Codes are stable; texts may change. */
export const PROBLEMS = {
  // Any request.
  bad_address: final(400, 'Bad address', 'Correct the path: a percent-encoded part is not valid UTF-8.'),
  bad_request: final(400, 'Bad request', 'Correct the request; docs/openapi.json describes what the route accepts.'),
  bad_query: final(400, 'Bad query', 'Correct the parameter that the detail names.'),
  malformed_request: final(
    400,
    'Malformed request',
    'The request is not valid HTTP. Check the client and any proxy in front of the service.',
  ),
  unauthenticated: final(
    401,
    'No valid token',
    'Send "Authorization: Bearer TOKEN" with a token of API_TOKENS. A local run prints its tokens and keeps them in secrets.json of the data directory.',
  ),
  scope_missing: final(403, 'Not allowed', 'Use a token with the scope that the route requires.'),
  not_found: final(
    404,
    'Not found',
    'Check the id. If you have just sent its event, ask with the position from the webhook’s response as minPosition.',
  ),
  key_reused: final(
    409,
    'Idempotency key already used',
    'A different request used this Idempotency-Key. Repeat the same request, or use another key.',
  ),
  run_under_way: final(
    409,
    'A run of this kind is in progress',
    'Wait for the run to end, or stop it. GET /v1/stripe/runs lists all runs.',
  ),
  no_stripe_key: final(
    409,
    'No Stripe API key',
    'This process has no Stripe key or lacks the role reconcile. Set STRIPE_API_KEYS; docs/stripe-api.md lists the rights that the key needs.',
  ),
  stripe_refuses: final(
    409,
    'Stripe refused the request',
    'The key in STRIPE_API_KEYS may not read this or belongs to another account. The detail has the response of Stripe.',
  ),
  request_timeout: later(408, 'Request timeout', 'The request did not arrive completely in time. Send it again.'),
  address_too_long: final(414, 'Address too long', 'Shorten the path: an id in it has more than 600 characters.'),
  too_many_requests: later(
    429,
    'Too many requests',
    'Wait until some requests of this token have ended, then try again.',
  ),
  headers_too_large: final(431, 'Headers too large', 'The headers exceed 16 KiB. Send fewer or shorter headers.'),
  client_left: final(
    499,
    'Client closed the connection',
    'The client closed the connection before the response was ready.',
  ),
  internal_error: final(
    500,
    'Internal error',
    'The service failed to handle this request. Search its log for the id of the request.',
  ),
  stopping: later(
    503,
    'Service stopping',
    'This process is shutting down. Send the request again; another process, or this one after its restart, will accept it.',
    2,
  ),

  // The webhook.
  signature_no_signature: final(
    400,
    'Bad signature',
    'The Stripe-Signature header is missing or malformed: it must have one timestamp and at least one v1 signature. Check that no proxy removes, joins or rewrites it.',
  ),
  signature_no_match: final(
    400,
    'Bad signature',
    'No configured secret matches. Check that the body arrives unchanged (no proxy may parse or reformat it) and that the signing secret of this endpoint and mode is configured.',
  ),
  signature_clock: final(
    400,
    'Bad signature',
    'The signature timestamp is more than 300 s from now. Check the clock of this machine, and that no proxy delays requests.',
  ),
  unreadable_body: final(400, 'Unreadable body', 'The signature is valid, but the body is not valid JSON.'),
  incomplete_body: final(400, 'Incomplete body', 'The connection was closed before the whole body arrived.'),
  body_too_large: final(
    413,
    'Body too large',
    'The event exceeds the size limit of an append. Raise APPEND_BYTES_MAX (and the limit of the event store, unless it is the embedded one), then resend the event from Stripe.',
  ),
  overloaded: later(503, 'Overloaded', 'Too many deliveries are in progress. Send this event again later.'),
  store_unavailable: later(
    503,
    'Event store unavailable',
    'The event store does not answer. Send this event again later.',
    2,
  ),

  // Reads.
  position_not_reached: later(
    503,
    'Position not reached yet',
    'The read models have not reached minPosition. Try again, or wait longer with waitMs.',
  ),
  books_not_ready: later(
    503,
    'Books not ready',
    'The journal, revenue or MRR are still being derived, so totals would be incomplete. Try again later; GET /v1/projections shows the progress.',
    5,
  ),
  closing_refused: final(
    409,
    'The month cannot be closed or reopened',
    'Fix what the detail names first. GET /v1/closings lists the closed months.',
  ),
  amount_too_large: final(422, 'Amount too large', 'A sum exceeds 2^53 - 1 minor units. Ask for a shorter period.'),
  customer_too_large: final(422, 'Customer too large', 'The customer has more rows than an access decision can read.'),
  read_models_busy: later(503, 'Too many reads', 'All connections to Postgres are in use. Try again later.'),
  read_models_conflict: later(
    503,
    'Conflict with another request',
    'Another request changed or replaced the same rows. Try again.',
  ),
  read_models_unavailable: later(
    503,
    'Read models unavailable',
    'Postgres does not answer, or the read models are being built. Try again later. Intake is not affected.',
    2,
  ),
  read_timeout: later(
    503,
    'The read took too long',
    'The query took longer than READ_TIMEOUT_MS and was cancelled. Ask for less: add filters or lower the limit.',
    5,
  ),
  event_store_unavailable: later(
    503,
    'Event store unavailable',
    'This answer is read from the log, and the event store does not answer or refuses this user. Try again later. The read models are not affected.',
    2,
  ),
  too_many_waiting: later(
    503,
    'Too many waiting requests',
    'Too many requests are waiting for a position or a replay. Try again later, or without minPosition.',
  ),
  too_many_live: later(
    503,
    'Too many live connections',
    'This process has reached its limit of live connections or is shutting down. Reconnect, to another process if there is one.',
    2,
  ),
  refreshes_busy: later(
    503,
    'Too many reads from Stripe',
    'Other objects are being read from Stripe. Try again later.',
  ),
  stripe_away: later(
    503,
    'Stripe does not answer',
    'Stripe does not answer or limits the rate of requests. Try again later.',
    5,
  ),
  replays_busy: later(503, 'Too many replays', 'Too many replays have been requested. Try again later.'),

  // The past.
  not_known_then: final(
    404,
    'Not known at that time',
    'Ask for a later time. The events show when each happened and when it was received.',
  ),
  past_too_large: final(422, 'Too much to read', 'Ask for less: one subscription, invoice or payment.'),
  past_unreadable: final(
    422,
    'An event cannot be read',
    'The stream is parked for the same reason. GET /v1/parked shows the cause.',
  ),
  past_busy: later(
    503,
    'Too many waiting requests',
    'Too many answers about past times are being folded from the log. Try again later.',
  ),
  past_timeout: later(
    503,
    'Folding the past took too long',
    'Ask for less, or try again when the machine is less busy.',
    5,
  ),
  past_failed: later(
    503,
    'The answer was interrupted',
    'The thread that folded this answer ended. Try again; the log of the service has the cause.',
  ),
} as const satisfies Record<string, ProblemKind>;

/** The code of a problem: how programs distinguish problems. */
export type ProblemCode = keyof typeof PROBLEMS;

/** A kind of problem, as `GET /problems/:code` answers it. */
export const describedProblem = (code: ProblemCode) => {
  const { status, title, remedy, retryAfterS }: ProblemKind = PROBLEMS[code];
  return { code, type: typeOfProblem(code), status, title, remedy, retryable: retryAfterS !== null, retryAfterS };
};

/** The URN of a kind of problem. */
export const typeOfProblem = (code: ProblemCode): string => `urn:subscription-ledger:problem:${code}`;

/** All problems as a Markdown document. */
export const problemsDocument = (): string =>
  [
    '# Problems',
    '',
    'Errors are problem details (RFC 9457): `{ type, title, status, detail, code, instance }`. `code` is stable. `detail` says what went wrong',
    'and what to do. `instance` is the `X-Request-Id` of the request. A response has `Retry-After` when the same request may succeed later.',
    '`GET /problems/:code` returns the same as this table, which `npm run openapi` writes from `src/http/problems.ts`.',
    '',
    '| code | status | title | what to do | retry after |',
    '|---|---|---|---|---|',
    ...(Object.keys(PROBLEMS) as ProblemCode[]).map((code) => {
      const { status, title, remedy, retryAfterS } = describedProblem(code);
      return `| \`${code}\` | ${status} | ${title} | ${remedy} | ${retryAfterS === null ? '' : `${retryAfterS} s`} |`;
    }),
    '',
  ].join('\n');
