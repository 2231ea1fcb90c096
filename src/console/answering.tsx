import type { FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/**
 * Headers of every page: only the console's own files load or run, no site may frame it, and text becomes HTML only
 * through the script's one Trusted Types policy. The referrer stays on this site; without it, browsers would not state
 * the origin of a form.
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

/** Answers with a document and its ETag: a browser that has the same document gets no body. */
export function answerPage(reply: FastifyReply, status: number, document: VNode): void {
  const html = `<!doctype html>\n${renderToString(document)}\n`;
  if (status === 200) void reply.header('etag', `W/"${hash('sha1', html, 'base64url')}"`);
  void reply.status(status).headers(PAGE_HEADERS).send(html);
}

/** Redirects to a GET, also after a form (303). */
export function leadTo(reply: FastifyReply, path: string): void {
  void reply.status(303).header('location', path).headers(PAGE_HEADERS).send('');
}

const HERE = 'http://ledger.invalid';

/** A path within the console, safe for a Location header; for anything else, the first page. */
export function pathOfConsole(asked: string | null | undefined): string {
  if (asked === null || asked === undefined || !URL.canParse(asked, HERE)) return '/console';
  const { origin, pathname, search } = new URL(asked, HERE);
  return origin === HERE && /^\/console(\/|$)/.test(pathname) ? `${pathname}${search}` : '/console';
}

/** The fields of a form; the last value wins where a name repeats. */
export const formOf = ({ body }: FastifyRequest): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(Buffer.isBuffer(body) ? body.toString() : ''));

/** The maximum size of a form in bytes, enough for an id of any length. */
export const FORM_BYTES_MAX = 8_192;
