/** The messages of a Read other than events. */
import { randomUUID } from 'node:crypto';
import type { Position } from './checkpoints.js';
import { shared, streams, type Streams } from './protocol.js';

const { ReadResp } = streams;

const encode = (response: Streams.ReadResp): Buffer => Buffer.from(response.serializeBinary());

export const confirmation = (): Buffer =>
  encode(new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID())));

export const checkpoint = ({ commit, prepare }: Position): Buffer =>
  encode(
    new ReadResp().setCheckpoint(
      new ReadResp.Checkpoint().setCommitPosition(String(commit)).setPreparePosition(String(prepare)),
    ),
  );

export const caughtUp = (): Buffer => encode(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));

export function streamNotFound(stream: string): Buffer {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
  return encode(new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(identifier)));
}
