import { VersioningType, type DynamicModule, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { Bodies } from './bodies.js';
import { HttpMetrics } from './http.metrics.js';
import { keepAnswersPrivate } from './private-answers.js';
import { requestIdOf } from './request-ids.js';
import { Rim, type BodyRoute } from './rim.js';
import { shapeAnswers } from './shaped-answers.js';
import { UntakenAnswers } from './untaken-answers.js';
import { announceVersions, VERSION, versionedUrl } from './versions.js';

/** Names of streams hold ids that users choose, up to 255 characters each. */
const PARAM_LENGTH_MAX = 600;
/** A body that has been under way for so long makes room for others when the budget is used up. */
const BODY_PATIENCE_MS = 1_000;

export type HttpLimits = Readonly<{
  /** Time within which a request must have arrived whole; its headers within half of that. */
  requestTimeoutMs: number;
  /** Connections beyond this number are closed at once. */
  connectionsMax: number;
  /** Bytes that all bodies under way may hold together. */
  bodiesBytesMax: number;
  /** Bytes of answers that all clients together may leave untaken; beyond it the slowest are cut. */
  answersBytesMax: number;
}>;

export type ServerOptions = Readonly<{
  logger: LoggerService;
  limits: HttpLimits;
  registry: Registry;
  /** Null in a process that takes no webhooks. */
  bodyRoute: BodyRoute | null;
}>;

/**
 * The HTTP server of a module. Bodies stay as the bytes that arrived: a signature is made over those. Only routes
 * that say so read them; what is sent to any other is never held.
 */
export async function createServer(module: DynamicModule, options: ServerOptions): Promise<NestFastifyApplication> {
  const { logger, limits, registry, bodyRoute } = options;
  const bodies = new Bodies({ bytesMax: limits.bodiesBytesMax, patienceMs: BODY_PATIENCE_MS });
  const metrics = new HttpMetrics(registry, () => bodies.heldBytes);
  const untaken = new UntakenAnswers({ bytesMax: limits.answersBytesMax, onCut: () => metrics.cut() });
  const rim = new Rim({ bodies, bodyRoute, metrics, untaken });
  const adapter = new FastifyAdapter({
    requestTimeout: limits.requestTimeoutMs,
    // Node swaps the two when the limit of the headers is longer, and checks only every 30 s by default.
    http: {
      // The rim refuses what has none, as it refuses all else.
      requireHostHeader: false,
      headersTimeout: Math.ceil(limits.requestTimeoutMs / 2),
      connectionsCheckingInterval: Math.ceil(limits.requestTimeoutMs / 10),
    },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: (error, socket) => rim.onParserError(error, socket),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      rim.onBadAddress(error, request, reply),
    rewriteUrl: versionedUrl,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
  });
  const fastify = adapter.getInstance();
  keepAnswersPrivate(fastify);
  announceVersions(fastify);
  shapeAnswers(fastify);
  fastify.server.maxConnections = limits.connectionsMax;
  rim.guard(fastify);
  const nest = { bodyParser: false, logger, abortOnError: false };
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, nest);
  return app.enableVersioning({ type: VersioningType.URI, defaultVersion: VERSION });
}
