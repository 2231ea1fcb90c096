import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

/** Background work, such as the catch-up. */
export type Worker = Readonly<{
  /** Absent when it works only on request. */
  start?(): void;
  /** Finishes the current work and hands over to another process. */
  stop(): Promise<void>;
}>;

const WORKERS = Symbol('Workers');

/** Starts the workers with the application, and stops them after the last request is answered. */
@Module({})
export class BackgroundModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(WORKERS) private readonly workers: readonly Worker[]) {}

  static of(workers: readonly Worker[], connections: DynamicModule): DynamicModule {
    return {
      module: BackgroundModule,
      // A module stops before the modules that it imports.
      imports: [connections],
      providers: [{ provide: WORKERS, useValue: workers }],
    };
  }

  onApplicationBootstrap(): void {
    for (const worker of this.workers) worker.start?.();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
  }
}
