/** Stripe's error answers. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly fields: Readonly<{ type?: string; code?: string; param?: string; message: string }>,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(fields.message);
  }

  body(): string {
    return JSON.stringify({ error: { ...this.fields, type: this.fields.type ?? 'invalid_request_error' } }, null, 2);
  }
}

/** A key as an answer shows it. */
const masked = (key: string): string => `${key.slice(0, 8)}*********${key.slice(-4)}`;

export const refusals = {
  noKey: () => new Refused(401, { message: 'You did not provide an API key.' }),
  badKey: (key: string) => new Refused(401, { message: `Invalid API Key provided: ${masked(key)}` }),
  lacksRight: (key: string, account: string, right: string) =>
    new Refused(403, {
      message:
        `The provided key '${masked(key)}' does not have the required permissions for this endpoint on account ` +
        `'${account}'. Having the '${right}' permission would allow this request to continue.`,
    }),
  noAccount: (key: string, account: string) =>
    new Refused(403, {
      code: 'account_invalid',
      message:
        `The provided key '${masked(key)}' does not have access to account '${account}' (or that account does not ` +
        'exist). Application access may have been revoked.',
    }),
  missing: (object: string, id: string, param = 'id', status = 404) =>
    new Refused(status, { code: 'resource_missing', param, message: `No such ${object}: '${id}'` }),
  agedOut: (id: string) =>
    new Refused(400, {
      param: 'starting_after',
      message: `The event ${id} has aged out of our retention policy and can no longer be used as a cursor.`,
    }),
  unknownUrl: (method: string, path: string) =>
    new Refused(404, {
      message: `Unrecognized request URL (${method}: ${path}). If you are trying to list objects, remove the trailing slash.`,
    }),
  unknownParameter: (param: string) =>
    new Refused(400, { code: 'parameter_unknown', param, message: `Received unknown parameter: ${param}` }),
  badParameter: (param: string, value: string) =>
    new Refused(400, { code: 'parameter_invalid', param, message: `Invalid ${param}: ${value}` }),
  limited: (reason: string) =>
    new Refused(
      429,
      { code: 'rate_limit', message: 'Request rate limit exceeded.' },
      { 'stripe-rate-limited-reason': reason },
    ),
  broken: (status: number) =>
    new Refused(status, { type: 'api_error', message: 'An error occurred with our servers. Please try again.' }),
};
