import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams, { type ReadReq } from '@eventstore/db-client/generated/streams_pb.js';

const { Options } = streams.ReadReq;

/** The log from a position on (null: from its start). A read brings the event at the position, too; a subscription begins after it. */
export function allFrom(position: bigint | null): ReadReq.Options.AllOptions {
  const all = new Options.AllOptions();
  if (position === null) {
    all.setStart(new shared.Empty());
  } else {
    const from = new Options.Position();
    from.setCommitPosition(position.toString());
    from.setPreparePosition(position.toString());
    all.setPosition(from);
  }
  return all;
}

/** The end of the log, from which one reads backwards. */
export function endOfAll(): ReadReq.Options.AllOptions {
  const all = new Options.AllOptions();
  all.setEnd(new shared.Empty());
  return all;
}

/** A filter of `$all` by a regular expression on event types, without an end to how far the store may search. */
export function ofTypes(regex: string): ReadReq.Options.FilterOptions {
  const expression = new Options.FilterOptions.Expression();
  expression.setRegex(regex);
  const filter = new Options.FilterOptions();
  filter.setEventType(expression);
  filter.setCount(new shared.Empty());
  filter.setCheckpointintervalmultiplier(1);
  return filter;
}

/** A request with these options, that gets ids as texts; without a filter it gets every event. */
export function readRequest(options: ReadReq.Options): ReadReq {
  const uuids = new Options.UUIDOption();
  uuids.setString(new shared.Empty());
  options.setUuidOption(uuids);
  if (!options.hasFilter()) options.setNoFilter(new shared.Empty());
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}
