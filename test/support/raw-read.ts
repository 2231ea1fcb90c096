import { credentials } from '@grpc/grpc-js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';

/** The stored bytes and content type of each event of a stream; the client's reader would parse them. */
export async function rawEventsOf(
  eventstoreUrl: string,
  stream: string,
): Promise<{ data: Buffer; contentType: string | undefined }[]> {
  const client = new StreamsClient(new URL(eventstoreUrl.replace(/^esdb/, 'http')).host, credentials.createInsecure());
  try {
    const found: { data: Buffer; contentType: string | undefined }[] = [];
    for await (const response of client.read(requestFor(stream)) as AsyncIterable<streams.ReadResp>) {
      const recorded = response.getEvent()?.getEvent();
      if (recorded)
        found.push({
          data: Buffer.from(recorded.getData_asU8()),
          contentType: recorded.getMetadataMap().get('content-type'),
        });
    }
    return found;
  } finally {
    client.close();
  }
}

function requestFor(stream: string): streams.ReadReq {
  const { Options } = streams.ReadReq;
  const from = new Options.StreamOptions();
  from.setStreamIdentifier(new shared.StreamIdentifier());
  from.getStreamIdentifier()?.setStreamName(Buffer.from(stream).toString('base64'));
  from.setStart(new shared.Empty());
  const options = new Options();
  options.setStream(from);
  options.setReadDirection(Options.ReadDirection.FORWARDS);
  options.setNoFilter(new shared.Empty());
  options.setCount('1000');
  const uuid = new Options.UUIDOption();
  uuid.setString(new shared.Empty());
  options.setUuidOption(uuid);
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}
