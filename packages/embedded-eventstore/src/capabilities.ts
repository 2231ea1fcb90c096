/** Answers a client's first questions: the supported methods, and the members of the cluster. */
import { randomUUID } from 'node:crypto';
import { VERSION } from './version.js';
import { features, gossip, shared, type Features, type Gossip } from './protocol.js';

export type Endpoint = Readonly<{ host: string; port: number }>;

type Method = readonly [service: string, method: string, features: readonly string[]];

const STREAMS = 'event_store.client.streams.streams';
const METHODS: readonly Method[] = [
  [STREAMS, 'append', []],
  [STREAMS, 'batchappend', []],
  [STREAMS, 'delete', []],
  [STREAMS, 'read', ['position', 'events']],
  [STREAMS, 'tombstone', []],
  ['event_store.client.gossip.gossip', 'read', []],
  ['event_store.client.server_features.serverfeatures', 'getsupportedmethods', []],
];

export function supportedMethods(): Features.SupportedMethods {
  const methods = METHODS.map(([service, method, names]) =>
    new features.SupportedMethod()
      .setServiceName(service)
      .setMethodName(method)
      .setFeaturesList([...names]),
  );
  return new features.SupportedMethods().setMethodsList(methods).setEventStoreServerVersion(VERSION);
}

const INSTANCE_ID = randomUUID();

/** Describes a cluster with this server as its only member and leader. */
export function clusterOfOne({ host, port }: Endpoint): Gossip.ClusterInfo {
  const member = new gossip.MemberInfo()
    .setInstanceId(new shared.UUID().setString(INSTANCE_ID))
    .setTimeStamp(String(BigInt(Date.now()) * 10_000n))
    .setState(gossip.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
  return new gossip.ClusterInfo().setMembersList([member]);
}
