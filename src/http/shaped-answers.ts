import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import { gzip } from 'node:zlib';

/** Smaller answers fit into a few packets as they are. */
const GZIP_FROM_BYTES = 4_096;
/** Half the time of the default, for a tenth more bytes of JSON. */
const GZIP_LEVEL = 3;

type Payload = string | Buffer;

/**
 * Spares bytes: an answer of the read API has a weak ETag, and is not sent again to who has it; a large one is sent as
 * gzip to who takes that. Answers hold no secret beside what a request chose, so that their lengths give none away.
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
    // A whole buffer, made in a thread of Node's pool: what a client has not taken yet can be counted.
    gzip(payload, { level: GZIP_LEVEL }, (error, compressed) => {
      if (error !== null) return done(error);
      void reply.header('content-encoding', 'gzip');
      done(null, compressed);
    });
  });
}

const isPayload = (payload: unknown): payload is Payload => typeof payload === 'string' || Buffer.isBuffer(payload);

/** Of a successful read; a route may have given its own. */
function tagOf({ method, raw }: FastifyRequest, reply: FastifyReply, payload: Payload): string | null {
  if (method !== 'GET' || reply.statusCode !== 200) return null;
  const own = reply.getHeader('etag');
  if (typeof own === 'string') return own;
  if (!raw.url?.startsWith('/v1/')) return null;
  const tag = `W/"${hash('sha1', payload, 'base64url')}"`;
  void reply.header('etag', tag);
  return tag;
}

/** By the weak comparison of RFC 9110: the same bytes may have been sent as gzip. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const opaque = (one: string): string => one.trim().replace(/^W\//, '');
  return ifNoneMatch?.split(',').some((one) => one.trim() === '*' || opaque(one) === opaque(tag)) ?? false;
}

/** A strong ETag promises these very bytes. */
function mayBeCompressed(reply: FastifyReply, payload: Payload): boolean {
  const tag = reply.getHeader('etag');
  const isStrong = typeof tag === 'string' && tag.startsWith('"');
  return !isStrong && reply.getHeader('content-encoding') === undefined && Buffer.byteLength(payload) > GZIP_FROM_BYTES;
}
