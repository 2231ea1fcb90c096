/** What clients query before they start, and what this server does not support. */
import { GossipClient } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import { MonitoringService } from '@eventstore/db-client/generated/monitoring_grpc_pb.js';
import { OperationsService } from '@eventstore/db-client/generated/operations_grpc_pb.js';
import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import { ProjectionsService } from '@eventstore/db-client/generated/projections_grpc_pb.js';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { UsersService } from '@eventstore/db-client/generated/users_grpc_pb.js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect } from '@jest/globals';
import {
  append,
  errorTypeOf,
  idsIn,
  idsOf,
  newEvents,
  newStream,
  onlyEmbedded,
  plainText,
  useEventStore,
} from './event-store.js';
import { endpointOf, failureOf } from './raw-calls.js';

const store = useEventStore();

/** Calls with a separate client. */
async function ask<C extends { close(): void }, Answer>(
  ClientOf: new (address: string, security: ReturnType<typeof credentials.createInsecure>) => C,
  question: (client: C, done: (error: Error | null, answer: Answer) => void) => void,
): Promise<Answer> {
  const client = new ClientOf(endpointOf(store.url), credentials.createInsecure());
  try {
    return await new Promise<Answer>((resolve, reject) =>
      question(client, (error, answer) => (error ? reject(error) : resolve(answer))),
    );
  } finally {
    client.close();
  }
}

const features = (): Promise<SupportedMethods> =>
  ask(ServerFeaturesClient, (client, done: (error: Error | null, answer: SupportedMethods) => void) =>
    client.getSupportedMethods(new shared.Empty(), done),
  );

const members = (): Promise<ClusterInfo> =>
  ask(GossipClient, (client, done: (error: Error | null, answer: ClusterInfo) => void) =>
    client.read(new shared.Empty(), done),
  );

describe('ServerFeatures', () => {
  plainText('names the version whose behaviour is followed', async () => {
    expect((await features()).getEventStoreServerVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });

  plainText('names the calls of Streams, with the features that clients look for', async () => {
    const methods = (await features())
      .getMethodsList()
      .map((method) => [
        `${method.getServiceName()}/${method.getMethodName()}`.toLowerCase(),
        method.getFeaturesList(),
      ]);
    const named = Object.fromEntries(methods) as Record<string, string[]>;
    const streams = 'event_store.client.streams.streams';
    expect(Object.keys(named)).toEqual(
      expect.arrayContaining(
        ['append', 'batchappend', 'delete', 'read', 'tombstone'].map((method) => `${streams}/${method}`),
      ),
    );
    expect(named[`${streams}/read`]).toEqual(expect.arrayContaining(['position', 'events']));
  });

  onlyEmbedded('a real server has them')(
    'does not name persistent subscriptions, so that clients say that they are not supported',
    async () => {
      const services = (await features()).getMethodsList().map((method) => method.getServiceName().toLowerCase());
      expect(services.filter((service) => service.includes('persistent'))).toEqual([]);
      const creation = store.client.createPersistentSubscriptionToAll(
        'group',
        {} as Parameters<typeof store.client.createPersistentSubscriptionToAll>[1],
      );
      expect(await errorTypeOf(creation)).toBe('unsupported');
    },
  );
});

describe('Gossip', () => {
  onlyEmbedded('a cluster elsewhere has its own members')(
    'knows one member, which is alive and leads, where the client reached it',
    async () => {
      const [member, ...others] = (await members()).getMembersList();
      const { LEADER } = gossip.MemberInfo.VNodeState;
      expect([member?.getState(), member?.getIsAlive(), others]).toEqual([LEADER, true, []]);
      expect(`${member?.getHttpEndPoint()?.getAddress()}:${member?.getHttpEndPoint()?.getPort()}`).toBe(
        endpointOf(store.url),
      );
    },
  );

  for (const preference of ['leader', 'follower', 'read_only_replica', 'random']) {
    onlyEmbedded('a cluster elsewhere has its own members')(
      `lets a client that prefers "${preference}" discover the server`,
      async () => {
        const client = EventStoreDBClient.connectionString(
          `esdb+discover://${endpointOf(store.url)}?tls=false&nodePreference=${preference}`,
        );
        const stream = newStream();
        const events = newEvents(1);
        await append(client, stream, { events });
        expect(await idsIn(client, stream)).toEqual(idsOf(events));
        await client.dispose();
      },
    );
  }
});

describe('What the server does not have', () => {
  const services = {
    PersistentSubscriptionsService,
    ProjectionsService,
    UsersService,
    OperationsService,
    MonitoringService,
  };
  for (const [service, methods] of Object.entries(services)) {
    onlyEmbedded('a real server has it')(
      `is answered UNIMPLEMENTED, such as all of ${service.replace('Service', '')}`,
      async () => {
        const bytes = (given: Buffer): Buffer => given;
        const codes = Object.values(methods).map(async ({ path }: { path: string }) => {
          const call = ask(Client, (client, done: (error: Error | null, answer: unknown) => void) =>
            client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), done),
          );
          return (await failureOf(call)).code;
        });
        expect(new Set(await Promise.all(codes))).toEqual(new Set([status.UNIMPLEMENTED]));
      },
    );
  }
});
