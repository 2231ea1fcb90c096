import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { keepAnswersPrivate } from './private-answers.js';

/** Names of streams hold ids that users choose, up to 255 characters each. */
const PARAM_LENGTH_MAX = 600;

/** The HTTP server of a module. Bodies stay as the bytes that arrived: a signature is made over those. */
export async function createServer(module: DynamicModule, options: { bodyBytesMax: number; logger: LoggerService }): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({ bodyLimit: options.bodyBytesMax, requestTimeout: 30_000, return503OnClosing: true, forceCloseConnections: 'idle', routerOptions: { maxParamLength: PARAM_LENGTH_MAX } });
  const fastify = adapter.getInstance();
  keepAnswersPrivate(fastify);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return NestFactory.create<NestFastifyApplication>(module, adapter, { bodyParser: false, logger: options.logger, abortOnError: false });
}
