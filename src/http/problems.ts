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
  bad_address: final(400, 'Bad address', 'A percent sign in the path begins no character in UTF-8.'),
  bad_request: final(400, 'Bad request', 'Send what the route takes; docs/openapi.json says what that is.'),
  bad_query: final(400, 'Bad query', 'Correct the parameter that the detail names.'),
  malformed_request: final(400, 'Malformed request', 'This is no HTTP request that can be understood.'),
  unauthenticated: final(
    401,
    'No valid token',
    'Send "Authorization: Bearer TOKEN" with a token of API_TOKENS (a local run prints its own, and keeps them in secrets.json of the data directory).',
  ),
  scope_missing: final(403, 'Not allowed', 'Use a token with the scope that the route wants.'),
  not_found: final(
    404,
    'Not found',
    'Check the id. If its event was just sent, ask with minPosition from the webhook’s answer.',
  ),
  key_reused: final(
    409,
    'Key used before',
    'Another request came with this Idempotency-Key. Send the same request again, or another key.',
  ),
  run_under_way: final(
    409,
    'A run of this kind is under way',
    'Wait for it to end, or stop it: GET /v1/stripe/runs lists them.',
  ),
  no_stripe_key: final(
    409,
    'No key to ask Stripe with',
    'This process has no key, or not the role reconcile. Set STRIPE_API_KEYS: docs/stripe-api.md says which rights a key needs.',
  ),
  stripe_refuses: final(
    409,
    'Stripe refuses',
    'The key of STRIPE_API_KEYS may not read this, or is of another account: the detail says what Stripe answered.',
  ),
  request_timeout: later(408, 'Request timeout', 'The request did not arrive whole in time. Send it again.'),
  address_too_long: final(414, 'Address too long', 'An id in the path has more than 600 characters.'),
  too_many_requests: later(429, 'Too many requests', 'Wait for some requests of this token to end, then ask again.'),
  headers_too_large: final(431, 'Headers too large', 'The headers have more than 16 KiB. Send fewer.'),
  client_left: final(499, 'The client left', 'The connection was closed before the answer was ready.'),
  internal_error: final(
    500,
    'Internal error',
    'The service failed on this request; its log says more, under the request’s id.',
  ),
  stopping: later(
    503,
    'Stopping',
    'This process is about to end. Send the request again; another one, or the next, will take it.',
    2,
  ),

  // The webhook.
  signature_no_signature: final(
    400,
    'Bad signature',
    'The Stripe-Signature header is missing, or is not as Stripe writes it: one time, and at least one v1 signature. Check that no proxy removes, joins or rewrites it.',
  ),
  signature_no_match: final(
    400,
    'Bad signature',
    'No configured secret matches. Check that the body arrives unchanged (no proxy may parse or re-format it), and that the signing secret of exactly this endpoint and mode is configured.',
  ),
  signature_clock: final(
    400,
    'Bad signature',
    'The signature is older, or younger, than 300 seconds. Check the clock of this machine, and that no proxy holds requests back.',
  ),
  unreadable_body: final(400, 'Unreadable body', 'The signature is right but the body is no JSON.'),
  incomplete_body: final(400, 'Incomplete body', 'The connection was closed before the whole body came.'),
  body_too_large: final(
    413,
    'Body too large',
    'The event is larger than one append of the event store may be. Raise APPEND_BYTES_MAX, and the limit of the event store unless it is the embedded one, then let Stripe send the event again.',
  ),
  overloaded: later(503, 'Overloaded', 'Too many deliveries are under way. Send this one again later.'),
  store_unavailable: later(
    503,
    'Event store unavailable',
    'The event store does not answer. Send this event again later.',
    2,
  ),

  // Reads.
  position_not_reached: later(
    503,
    'Not that far yet',
    'The read models have not reached minPosition. Ask again, or wait longer with waitMs.',
  ),
  books_not_ready: later(
    503,
    'The books are being derived',
    'Journal, revenue or MRR are being derived again, and a part of a sum is not the sum. Ask again later; GET /v1/projections says how far they are.',
    5,
  ),
  closing_refused: final(
    409,
    'The month cannot be closed, or opened again',
    'Do what the detail says first; GET /v1/closings lists what is closed.',
  ),
  amount_too_large: final(422, 'Amount too large', 'A sum is beyond 2^53 - 1 minor units. Ask for a shorter time.'),
  customer_too_large: final(422, 'Customer too large', 'A customer has more rows than one answer about access takes.'),
  read_models_busy: later(503, 'Too many reads', 'All connections to Postgres are in use. Ask again later.'),
  read_models_conflict: later(
    503,
    'In the way of another',
    'This request and another changed, or replaced, the same rows. Ask again.',
  ),
  read_models_unavailable: later(
    503,
    'Read models unavailable',
    'Postgres does not answer, or the read models are being built. Ask again later; intake does not depend on it.',
    2,
  ),
  read_timeout: later(
    503,
    'The read took too long',
    'Postgres was stopped from answering, since it took longer than READ_TIMEOUT_MS. Ask for less: with more filters, or a smaller limit.',
    5,
  ),
  event_store_unavailable: later(
    503,
    'Event store unavailable',
    'The event store does not answer, or not this user, and this answer is read from the log. Ask again later; the read models do not depend on it.',
    2,
  ),
  too_many_waiting: later(
    503,
    'Too many waiting',
    'Too many requests wait for a position or a replay already. Ask again later, or without minPosition.',
  ),
  too_many_live: later(
    503,
    'Too many follow',
    'This process has as many live connections as it serves, or is about to stop. Connect again, to another process if there is one.',
    2,
  ),
  refreshes_busy: later(503, 'Too many looks at Stripe', 'Stripe is being asked for other objects. Ask again later.'),
  stripe_away: later(
    503,
    'Stripe does not answer',
    'Stripe does not answer, or allows no more requests now. Ask again later.',
    5,
  ),
  replays_busy: later(503, 'Too many replays', 'Too many replays are being asked for. Ask again later.'),

  // The past.
  not_known_then: final(
    404,
    'Not known then',
    'Ask about a later moment; its events tell when each happened and was received.',
  ),
  past_too_large: final(422, 'Too much to read', 'Ask about less: one subscription, invoice or payment.'),
  past_unreadable: final(422, 'An event cannot be read', 'The stream is parked for the same cause; see /v1/parked.'),
  past_busy: later(
    503,
    'Too many waiting',
    'Too many answers about the past are being folded from the log. Ask again later.',
  ),
  past_timeout: later(503, 'The past took too long', 'Ask about less, or again when the machine has less to do.', 5),
  past_failed: later(
    503,
    'The answer was cut off',
    'The thread that folded this answer ended. Ask again; the log of the service says more.',
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
    'Every error is answered as problem details (RFC 9457): `{ type, title, status, detail, code, instance }`. `code` is stable, `detail` says',
    'what went wrong here and what to do, `instance` names the request, by its `X-Request-Id`. A problem that may be gone later has `Retry-After`.',
    '`GET /problems/:code` answers the same as this table, which `npm run openapi` writes from `src/http/problems.ts`.',
    '',
    '| code | status | title | what to do | again after |',
    '|---|---|---|---|---|',
    ...(Object.keys(PROBLEMS) as ProblemCode[]).map((code) => {
      const { status, title, remedy, retryAfterS } = describedProblem(code);
      return `| \`${code}\` | ${status} | ${title} | ${remedy} | ${retryAfterS === null ? '' : `${retryAfterS} s`} |`;
    }),
    '',
  ].join('\n');
