/** Stored events as messages of a Read. */
import type { EventLog } from './event-log.js';
import { streams } from './protocol.js';
import { dataOf, encodeFrame, recordOf, type StoredEvent } from './record.js';
import { structuredUuid, type ReadRequest } from './requests.js';
import { readabilityOf } from './cursors.js';
import { firstVisibleRevision } from './stream-metadata.js';

const { ReadEvent } = streams.ReadResp;

/** The type of an event whose data is `revision@stream`. */
const LINK_TYPE = '$>';
const LINK = /^(\d{1,19})@(.+)$/s;

type FrameOptions = Pick<ReadRequest, 'resolveLinks' | 'structuredUuids'>;

/** How to frame the events of one read. Most often they go as they are stored. */
export function createFraming(log: EventLog, { resolveLinks, structuredUuids }: FrameOptions): (event: StoredEvent) => Buffer {
  const encode = ({ frame, id }: StoredEvent): Buffer[] => [structuredUuids ? withStructuredUuid(recordOf(frame), id) : recordOf(frame)];
  return (event) => {
    const isLink = resolveLinks && event.type === LINK_TYPE;
    if (!isLink && !structuredUuids) return event.frame;
    if (!isLink) return encodeFrame({ event: encode(event), position: event.position });
    const target = targetOf(log, event);
    return encodeFrame({ ...(target && { event: encode(target) }), link: encode(event), position: event.position });
  };
}

/** The event that a link points to, if it is still to be seen. */
function targetOf(log: EventLog, link: StoredEvent): StoredEvent | undefined {
  const [, revisionText, name] = LINK.exec(dataOf(link.frame).toString('utf8')) ?? [];
  if (revisionText === undefined || name === undefined) return undefined;
  const stream = log.stream(name);
  const revision = BigInt(revisionText);
  if (readabilityOf(log, stream) !== 'readable' || revision < firstVisibleRevision(stream.last, stream.retention)) return undefined;
  return log.eventAt(stream, revision);
}

function withStructuredUuid(record: Buffer, id: string): Buffer {
  return Buffer.from(ReadEvent.RecordedEvent.deserializeBinary(record).setId(structuredUuid(id)).serializeBinary());
}
