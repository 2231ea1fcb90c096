import type { FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/**
 * Of every page: nothing runs or is loaded but the files of the console, nothing frames it, and no script makes HTML of
 * text but by the one policy of the script. A referrer stays on this site; without one a browser would not say on a
 * form's request where it comes from.
 */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types ledger',
  ].join('; '),
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
} as const;

/** Answers with a whole document. Who has it in the same words is not sent it again. */
export function answerPage(reply: FastifyReply, status: number, document: VNode): void {
  const html = `<!doctype html>\n${renderToString(document)}\n`;
  if (status === 200) void reply.header('etag', `W/"${hash('sha1', html, 'base64url')}"`);
  void reply.status(status).headers(PAGE_HEADERS).send(html);
}

/** Leads on with a GET, also after a form. */
export function leadTo(reply: FastifyReply, path: string): void {
  void reply.status(303).header('location', path).headers(PAGE_HEADERS).send('');
}

const HERE = 'http://ledger.invalid';

/** A path of the console to go to, as a header can hold it; anything else is its first page. */
export function pathOfConsole(asked: string | null | undefined): string {
  if (asked === null || asked === undefined || !URL.canParse(asked, HERE)) return '/console';
  const { origin, pathname, search } = new URL(asked, HERE);
  return origin === HERE && /^\/console(\/|$)/.test(pathname) ? `${pathname}${search}` : '/console';
}

/** The fields of a form; of several with one name the last. */
export const formOf = ({ body }: FastifyRequest): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(Buffer.isBuffer(body) ? body.toString() : ''));

/** A form may be large enough for an id of any length. */
export const FORM_BYTES_MAX = 8_192;
