import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

/** Work that goes on while the service runs, such as the catch-up. */
export type Worker = Readonly<{
  /** Absent where it only works when it is asked. */
  start?(): void;
  /** Finishes what is under way, and lets another process go on. */
  stop(): Promise<void>;
}>;

const WORKERS = Symbol('Workers');

/** Starts the workers with the application, and stops them when the last request is answered. */
@Module({})
export class BackgroundModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(WORKERS) private readonly workers: readonly Worker[]) {}

  static of(workers: readonly Worker[], connections: DynamicModule): DynamicModule {
    return {
      module: BackgroundModule,
      // Modules stop before those that they import.
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
