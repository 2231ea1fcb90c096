import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams, { type ReadReq } from '@eventstore/db-client/generated/streams_pb.js';

const { Options } = streams.ReadReq;

/** The log from a position (null: from the start). A read includes that event; a subscription starts after it. */
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

/** The end of the log, for reading backwards. */
export function endOfAll(): ReadReq.Options.AllOptions {
  const all = new Options.AllOptions();
  all.setEnd(new shared.Empty());
  return all;
}

/** A filter of `$all` by a regular expression on event types; the store searches without limit. */
export function ofTypes(regex: string): ReadReq.Options.FilterOptions {
  const expression = new Options.FilterOptions.Expression();
  expression.setRegex(regex);
  const filter = new Options.FilterOptions();
  filter.setEventType(expression);
  filter.setCount(new shared.Empty());
  filter.setCheckpointintervalmultiplier(1);
  return filter;
}

/** A request with these options and ids as text; without a filter it reads every event. */
export function readRequest(options: ReadReq.Options): ReadReq {
  const uuids = new Options.UUIDOption();
  uuids.setString(new shared.Empty());
  options.setUuidOption(uuids);
  if (!options.hasFilter()) options.setNoFilter(new shared.Empty());
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
}
