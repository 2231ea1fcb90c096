/** Encodes stored events as messages of a Read. */
import type { EventLog } from './event-log.js';
import { streams } from './protocol.js';
import { dataOf, encodeFrame, recordOf, type StoredEvent } from './record.js';
import { structuredUuid, type ReadRequest } from './requests.js';
import { readabilityOf } from './cursors.js';
import { firstVisibleRevision, REVISION_MAX } from './stream-metadata.js';

const { ReadEvent } = streams.ReadResp;

/** The type of an event whose data is `revision@stream`. */
const LINK_TYPE = '$>';
const LINK = /^\s*([+-]?\d{1,30})\s*@(.*)$/s;

/** The target of a link. */
type Target = Readonly<{ revision: bigint; stream: string }>;

/** Returns the target of a link; an unreadable target makes it an ordinary event. */
function targetOf({ type, frame }: StoredEvent): Target | undefined {
  const [, digits, stream] = (type === LINK_TYPE && LINK.exec(dataOf(frame).toString('utf8'))) || [];
  if (digits === undefined || stream === undefined) return undefined;
  const revision = BigInt(digits.replace('+', ''));
  return revision > REVISION_MAX || revision < -REVISION_MAX - 1n ? undefined : { revision, stream };
}

type FrameOptions = Pick<ReadRequest, 'resolveLinks' | 'structuredUuids'>;

/** Creates the encoder of one read. Most events are sent as they are stored. */
export function createFraming(
  log: EventLog,
  { resolveLinks, structuredUuids }: FrameOptions,
): (event: StoredEvent) => Buffer {
  const encode = ({ frame, id }: StoredEvent): Buffer[] => [
    structuredUuids ? withStructuredUuid(recordOf(frame), id) : recordOf(frame),
  ];
  return (event) => {
    const target = resolveLinks ? targetOf(event) : undefined;
    if (!target && !structuredUuids) return event.frame;
    if (!target) return encodeFrame({ event: encode(event), position: event.position });
    const pointedTo = eventAt(log, target);
    return encodeFrame({
      ...(pointedTo && { event: encode(pointedTo) }),
      link: encode(event),
      position: event.position,
    });
  };
}

/** Returns the event that a link points to, if it is visible; revision -1 is the last event. */
function eventAt(log: EventLog, target: Target): StoredEvent | undefined {
  const stream = log.stream(target.stream);
  const revision = target.revision === -1n ? stream.last : target.revision;
  if (readabilityOf(log, stream) !== 'readable' || revision < firstVisibleRevision(stream.last, stream.retention))
    return undefined;
  return log.eventAt(stream, revision);
}

function withStructuredUuid(record: Buffer, id: string): Buffer {
  return Buffer.from(ReadEvent.RecordedEvent.deserializeBinary(record).setId(structuredUuid(id)).serializeBinary());
}
