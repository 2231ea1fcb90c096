import { Module, type DynamicModule } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';
import { IndexController } from './index.controller.js';
import { METRICS, MetricsController } from './metrics.controller.js';
import { StatusReader } from './status-reader.js';
import { StatusController } from './status.controller.js';

/** The routes of every process, whatever its roles: health, status and metrics. */
@Module({})
export class OperationsModule {
  static of({ health, status, registry }: { health: Health; status: StatusReader; registry: Registry }): DynamicModule {
    return {
      module: OperationsModule,
      controllers: [IndexController, HealthController, StatusController, MetricsController],
      providers: [
        { provide: Health, useValue: health },
        { provide: StatusReader, useValue: status },
        { provide: METRICS, useValue: registry },
      ],
      exports: [Health],
    };
  }
}
