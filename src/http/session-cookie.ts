import type { IncomingHttpHeaders } from 'node:http';
import { SESSION_S } from './tokens.js';

/** `__Host-` binds the cookie to this very host over TLS; browsers take it from no other. */
const SECURE = '__Host-ledger';
/** On this machine there is no TLS. */
const LOCAL = 'ledger';

/**
 * The session that a browser brings; null where the request does not come from a page of this host, or from the address
 * bar. `Sec-Fetch-Site` is set by the browser and by no page, so that there is no other token against forged requests.
 */
export function sessionIn(headers: IncomingHttpHeaders, method: string | undefined): string | null {
  const site = headers['sec-fetch-site'];
  const isRead = method === 'GET' || method === 'HEAD';
  if (site !== 'same-origin' && !(isRead && site === 'none')) return null;
  const secure = cookieOf(headers, SECURE);
  return secure ?? (isLoopback(headers.host) ? cookieOf(headers, LOCAL) : null);
}

/**
 * The header that begins a session, or ends it with null. `origin` is what the browser says of the page that asked; null
 * where it is neither HTTPS nor this machine: the session could be read on its way.
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
