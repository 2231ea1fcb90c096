import type { IncomingHttpHeaders } from 'node:http';
import { SESSION_S } from './tokens.js';

/** `__Host-` binds the cookie to this exact host over TLS; browsers accept it from no other. */
const SECURE = '__Host-ledger';
/** The cookie for loopback hosts, where there is no TLS. */
const LOCAL = 'ledger';

/**
 * Returns the session of a browser request; null unless the request comes from a page of this host or the address bar.
 * Browsers set `Sec-Fetch-Site` and pages cannot, so no separate CSRF token is needed.
 */
export function sessionIn(headers: IncomingHttpHeaders, method: string | undefined): string | null {
  const site = headers['sec-fetch-site'];
  const isRead = method === 'GET' || method === 'HEAD';
  if (site !== 'same-origin' && !(isRead && site === 'none')) return null;
  const secure = cookieOf(headers, SECURE);
  return secure ?? (isLoopback(headers.host) ? cookieOf(headers, LOCAL) : null);
}

/**
 * Returns the header that starts a session, or ends it if `session` is null. `origin` is the browser's Origin header.
 * Null where it is neither HTTPS nor loopback, because the session could be read in transit.
 */
export function sessionCookie(origin: string | undefined, session: string | null): string | null {
  const url = URL.canParse(origin ?? '') ? new URL(origin ?? '') : null;
  const rest = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${session === null ? 0 : SESSION_S}`;
  if (url?.protocol === 'https:') return `${SECURE}=${session ?? ''}; Secure; ${rest}`;
  return url?.protocol === 'http:' && isLoopback(url.host) ? `${LOCAL}=${session ?? ''}; ${rest}` : null;
}

const isLoopback = (host: string | undefined): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host ?? '');

const cookieOf = ({ cookie = '' }: IncomingHttpHeaders, name: string): string | null =>
  cookie
    .split(/;\s*/)
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? null;
