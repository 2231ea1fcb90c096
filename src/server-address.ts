/**
 * The current address of an embedded server. Its URL may refer to `endpoints.json`, since a server can move to another
 * port.
 */
import { readFileSync } from 'node:fs';

const REFERENCE = /[?&]endpoints=([^&]+)/;

/** Adds a reference to the file with the server's current address to a URL. */
export const referringTo = (endpointsFile: string, url: string): string =>
  `${url}${url.includes('?') ? '&' : '?'}endpoints=${encodeURIComponent(endpointsFile)}`;

/** The URL without its reference. */
export const withoutReference = (url: string): string => url.replace(REFERENCE, '').replace(/^([^?&]*)&/, '$1?');

/** Returns the server's current URL: from the file that `url` refers to, or `url` itself. */
export function currentUrl(url: string, server: 'eventstore' | 'database'): string {
  const file = REFERENCE.exec(url)?.[1];
  if (file === undefined) return url;
  try {
    const endpoints = JSON.parse(readFileSync(decodeURIComponent(file), 'utf8')) as Record<
      string,
      { url?: unknown } | null | undefined
    >;
    const current = endpoints[server]?.url;
    return typeof current === 'string' ? current : url;
  } catch (error) {
    // The file is gone or being replaced: the previous address is the best guess, and a failed connection is retried.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return url;
    throw error;
  }
}
