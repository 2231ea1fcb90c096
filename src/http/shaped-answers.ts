import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import { gzip } from 'node:zlib';

/** Smaller answers fit into a few packets uncompressed. */
const GZIP_FROM_BYTES = 4_096;
/** Takes half the time of the default level, for 10% more bytes of JSON. */
const GZIP_LEVEL = 3;

type Payload = string | Buffer;

/**
 * Saves bandwidth: an answer of the read API has a weak ETag and is not sent again to a client that has it; a large one
 * is gzipped where the client accepts that. Answers mix no secret with input from the request, so their compressed
 * length reveals nothing.
 */
export function shapeAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (!isPayload(payload)) return done();
    const tag = tagOf(request, reply, payload);
    if (tag !== null && isKnown(request.headers['if-none-match'], tag)) {
      void reply.code(304).removeHeader('content-type');
      return done(null, null);
    }
    done();
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (!isPayload(payload) || !mayBeCompressed(reply, payload)) return done();
    void reply.header('vary', 'accept-encoding');
    if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''))) return done();
    // A complete buffer, compressed in Node's thread pool: bytes that a client has not read yet can then be counted.
    gzip(payload, { level: GZIP_LEVEL }, (error, compressed) => {
      if (error !== null) return done(error);
      void reply.header('content-encoding', 'gzip');
      done(null, compressed);
    });
  });
}

const isPayload = (payload: unknown): payload is Payload => typeof payload === 'string' || Buffer.isBuffer(payload);

/** The ETag of a successful read: the route's own, or a hash of the answer. */
function tagOf({ method, raw }: FastifyRequest, reply: FastifyReply, payload: Payload): string | null {
  if (method !== 'GET' || reply.statusCode !== 200) return null;
  const own = reply.getHeader('etag');
  if (typeof own === 'string') return own;
  if (!raw.url?.startsWith('/v1/')) return null;
  const tag = `W/"${hash('sha1', payload, 'base64url')}"`;
  void reply.header('etag', tag);
  return tag;
}

/** Uses the weak comparison of RFC 9110: the same answer may have been sent gzipped. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const opaque = (one: string): string => one.trim().replace(/^W\//, '');
  return ifNoneMatch?.split(',').some((one) => one.trim() === '*' || opaque(one) === opaque(tag)) ?? false;
}

/** Excludes answers with a strong ETag, which promises these exact bytes. */
function mayBeCompressed(reply: FastifyReply, payload: Payload): boolean {
  const tag = reply.getHeader('etag');
  const isStrong = typeof tag === 'string' && tag.startsWith('"');
  return !isStrong && reply.getHeader('content-encoding') === undefined && Buffer.byteLength(payload) > GZIP_FROM_BYTES;
}
