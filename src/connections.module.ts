import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';

/** A connection to a server, or a server of this process. */
export type Closing = Readonly<{ close(): Promise<void> }>;

const CONNECTIONS = Symbol('Connections');

/** Closes the connections after everything that uses them, then the servers of this process. */
@Module({})
export class ConnectionsModule implements OnApplicationShutdown {
  constructor(@Inject(CONNECTIONS) private readonly groups: readonly (readonly Closing[])[]) {}

  /** Closes the groups one after the other. */
  static of(groups: readonly (readonly Closing[])[]): DynamicModule {
    return { module: ConnectionsModule, providers: [{ provide: CONNECTIONS, useValue: groups }] };
  }

  async onApplicationShutdown(): Promise<void> {
    for (const group of this.groups) await Promise.all(group.map((connection) => connection.close()));
  }
}
