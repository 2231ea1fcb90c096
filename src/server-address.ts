/**
 * Where an embedded server is now. Its URL may refer to `endpoints.json`, since a server at a port can move to
 * another.
 */
import { readFileSync } from 'node:fs';

const REFERENCE = /[?&]endpoints=([^&]+)/;

/** Adds to a URL the file that names the server's address at any time. */
export const referringTo = (endpointsFile: string, url: string): string =>
  `${url}${url.includes('?') ? '&' : '?'}endpoints=${encodeURIComponent(endpointsFile)}`;

/** The URL without its reference. */
export const withoutReference = (url: string): string => url.replace(REFERENCE, '').replace(/^([^?&]*)&/, '$1?');

/** The URL by which a server is reached now: the one that the file names to which `url` refers, or `url` itself. */
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
    // Gone or being replaced: the address of before is the best guess, and a server that is not there is tried again.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code !== undefined) return url;
    throw error;
  }
}
