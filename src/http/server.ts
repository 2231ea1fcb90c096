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

/** Stream names contain ids that users choose, up to 255 characters each. */
const PARAM_LENGTH_MAX = 600;
/** When the budget is used up, an unfinished body older than this is dropped in favour of a new one. */
const BODY_PATIENCE_MS = 1_000;

export type HttpLimits = Readonly<{
  /** Time within which a request must have arrived completely; its headers within half of that. */
  requestTimeoutMs: number;
  /** Connections beyond this number are closed at once. */
  connectionsMax: number;
  /** Bytes that all unfinished bodies may hold together. */
  bodiesBytesMax: number;
  /** Bytes of answers that may wait for all clients together; beyond it the slowest connections are cut. */
  answersBytesMax: number;
}>;

export type ServerOptions = Readonly<{
  logger: LoggerService;
  limits: HttpLimits;
  registry: Registry;
  /** Null in a process that receives no webhooks. */
  bodyRoute: BodyRoute | null;
}>;

/**
 * Creates the HTTP server of a module. Bodies stay raw bytes, because signatures cover those. Only routes that declare
 * a body read it; a body sent to any other route is discarded.
 */
export async function createServer(module: DynamicModule, options: ServerOptions): Promise<NestFastifyApplication> {
  const { logger, limits, registry, bodyRoute } = options;
  const bodies = new Bodies({ bytesMax: limits.bodiesBytesMax, patienceMs: BODY_PATIENCE_MS });
  const metrics = new HttpMetrics(registry, () => bodies.heldBytes);
  const untaken = new UntakenAnswers({ bytesMax: limits.answersBytesMax, onCut: () => metrics.cut() });
  const rim = new Rim({ bodies, bodyRoute, metrics, untaken });
  const adapter = new FastifyAdapter({
    requestTimeout: limits.requestTimeoutMs,
    // Node swaps the two limits if that of the headers is longer, and by default checks only every 30 s.
    http: {
      // `Rim` rejects requests without a Host header, so that the answer is a problem like any other.
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
