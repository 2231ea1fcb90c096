/**
 * The wire protocol: EventStoreDB's service definitions and messages as the official client ships them.
 * The only file that imports them, so that another source of definitions is one file's change.
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

/** The Streams service, except that a Read answers with ready frames: stored bytes go out without being decoded and encoded again. */
export const StreamsService = {
  ...GeneratedStreamsService,
  read: { ...GeneratedStreamsService.read, responseSerialize: (frame: Buffer): Buffer => frame },
};

/** Frames are handed over in batches. */
export type ReadCall = ServerWritableStream<Streams.ReadReq, readonly Buffer[]>;

/** The handlers of the Streams service, with frames as the answers of a Read. */
export type StreamsHandlers = Pick<IStreamsServer, 'append' | 'batchAppend' | 'delete' | 'tombstone'> &
  Readonly<{ read: (call: ReadCall) => void }>;
