import type { FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage } from 'node:http';

/** The version of the read API that its paths begin with. What this process is, and what Stripe sends, has none. */
export const VERSION = '1';

/** First parts of paths that are what they say; any other path is one of version 1 without its prefix. */
const AS_IT_IS = /^\/((v\d+|webhooks|health|metrics|openapi\.json|problems|console)([/?]|$)|\?|$)/;
/** Since when paths without the prefix are deprecated, as RFC 9745 writes a time. */
const DEPRECATED_SINCE = '@1795824000';

/** The address that the router is asked for: paths from before there were versions keep their meaning. */
export const versionedUrl = ({ url = '/' }: IncomingMessage): string =>
  AS_IT_IS.test(url) || !url.startsWith('/') ? url : `/v${VERSION}${url}`;

/** Names the successor of an address without the prefix on every answer to it. */
export function announceVersions(fastify: FastifyInstance<RawServerDefault>): void {
  fastify.addHook('onRequest', ({ originalUrl, raw: { url = '/' } }, { raw: response }, done) => {
    if (originalUrl !== url) {
      const [path = ''] = url.split('?');
      response.setHeader('deprecation', DEPRECATED_SINCE);
      response.appendHeader('link', `<${path.replace(/[^!-~]|[<>"]/g, encodeURIComponent)}>; rel="successor-version"`);
    }
    done();
  });
}
