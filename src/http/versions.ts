import type { FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage } from 'node:http';

/** The path prefix of the read API's version. Service routes and webhooks have none. */
export const VERSION = '1';

/** First path segments that are used as they are; any other path is version 1 without its prefix. */
const AS_IT_IS = /^\/((v\d+|webhooks|health|metrics|openapi\.json|problems|console)([/?]|$)|\?|$)/;
/** Since when paths without the prefix are deprecated, in the format of RFC 9745. */
const DEPRECATED_SINCE = '@1795824000';

/** Returns the URL to route: paths without a version prefix get it, so that old clients keep working. */
export const versionedUrl = ({ url = '/' }: IncomingMessage): string =>
  AS_IT_IS.test(url) || !url.startsWith('/') ? url : `/v${VERSION}${url}`;

/** Adds to each answer for a path without the prefix a link to its successor. */
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
