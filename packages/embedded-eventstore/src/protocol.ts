/**
 * The wire protocol: EventStoreDB's service definitions and messages, as shipped with the official client.
 * Only this file imports them, so another source of definitions changes one file.
 */
import code from '@eventstore/db-client/generated/code_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  StreamsService as GeneratedStreamsService,
  type IStreamsServer,
} from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';

export type * as Gossip from '@eventstore/db-client/generated/gossip_pb.js';
export type * as Features from '@eventstore/db-client/generated/serverfeatures_pb.js';
export type * as Shared from '@eventstore/db-client/generated/shared_pb.js';
export type * as Status from '@eventstore/db-client/generated/status_pb.js';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';

export type { Streams };
export { any, code, empty, features, gossip, GossipService, ServerFeaturesService, shared, status, streams };

/** The Streams service, except that a Read answers with encoded frames: stored bytes are sent without re-encoding. */
export const StreamsService = {
  ...GeneratedStreamsService,
  read: { ...GeneratedStreamsService.read, responseSerialize: (frame: Buffer): Buffer => frame },
};

/** A Read call, which sends frames in batches. */
export type ReadCall = ServerWritableStream<Streams.ReadReq, readonly Buffer[]>;

/** The handlers of the Streams service; a Read answers with frames. */
export type StreamsHandlers = Pick<IStreamsServer, 'append' | 'batchAppend' | 'delete' | 'tombstone'> &
  Readonly<{ read: (call: ReadCall) => void }>;
