import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

const SWEEP_EVERY_MS = 100;
const DRAIN_WITHIN_MS = 10_000;

/**
 * Lets requests in flight finish at shutdown, then closes their connections: a client that keeps one open would delay
 * the shutdown by a minute.
 */
@Injectable()
export class Draining implements BeforeApplicationShutdown, OnApplicationShutdown {
  #sweep: NodeJS.Timeout | undefined;
  #limit: NodeJS.Timeout | undefined;

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    this.#sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY_MS);
    this.#limit = setTimeout(() => server.closeAllConnections(), DRAIN_WITHIN_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweep);
    clearTimeout(this.#limit);
  }
}
