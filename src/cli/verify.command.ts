import { verifyStreams, type Verified } from '../catch-up/verify.js';
import { sampleStreams, streamsAfter } from '../read-models/event-index.js';
import { readLines } from '../read-models/lines.js';
import { strayStreams } from '../read-models/rows.js';
import { named, wholeNumber, type Command, type Context } from './command.js';
import { printVerified } from './findings.js';

export const verifyCommand: Command = {
  name: 'verify',
  usage: '[projection…]',
  summary: 'folds streams afresh from the log and compares them with the rows',
  help: `Exits with 1 when a row is not what its stream gives, and prints both. Services may run meanwhile: each stream is judged as of
one moment. Streams that are parked are counted, not judged; those that were deleted in the store, or have lost their first events
to its limits, are named. Without --sample and --stream, rows of streams that the log does not
have are found too.

  --sample <n>        so many streams at random, instead of all of them
  --stream <name>     only this one
  --json              the findings as JSON
`,
  options: { sample: { type: 'string' }, stream: { type: 'string' }, json: { type: 'boolean' } },
  run: async ({ names, values }, context) => {
    const lines = await readLines(context.parts.database);
    let total = NOTHING;
    const shown = named(context.parts.projections, names).flatMap((projection) => {
      const line = lines.find((one) => one.shown && one.projection === projection.name && one.version === projection.version);
      return line === undefined ? [] : [{ projection, line }];
    });
    for await (const streams of streamsOf(values, context)) {
      for (const one of shown) total = plus(total, await verifyStreams(context.parts, { ...one, streams }));
      if (context.signal.aborted) break;
    }
    if (values['sample'] === undefined && values['stream'] === undefined) {
      for (const { projection, line } of shown) {
        const streams = await strayStreams(context.parts.database, { projection, generation: line.generation }, STRAYS_MAX);
        total = plus(total, await verifyStreams(context.parts, { projection, line, streams }));
      }
    }
    printVerified(total, { print: context.print, json: values['json'] === true });
    return total.differences.length + total.unfoldable.length === 0 ? 0 : 1;
  },
};

const STREAMS_AT_ONCE = 100;
/** Streams of a projection that have rows and no events; so many are enough to see what happened. */
const STRAYS_MAX = 1_000;
const NOTHING: Verified = { streams: 0, parked: [], unfoldable: [], gone: [], differences: [] };

async function* streamsOf({ sample, stream }: Readonly<Record<string, unknown>>, { parts: { database } }: Context): AsyncGenerator<readonly string[]> {
  if (typeof stream === 'string') {
    yield [stream];
  } else if (typeof sample === 'string') {
    const streams = await sampleStreams(database, wholeNumber('sample', sample, { min: 1, max: 1_000_000 }));
    for (let at = 0; at < streams.length; at += STREAMS_AT_ONCE) yield streams.slice(at, at + STREAMS_AT_ONCE);
  } else {
    for (let streams = await streamsAfter(database, '', STREAMS_AT_ONCE); streams.length > 0; streams = await streamsAfter(database, streams.at(-1) ?? '', STREAMS_AT_ONCE)) yield streams;
  }
}

const plus = (a: Verified, b: Verified): Verified => ({
  streams: a.streams + b.streams,
  parked: [...a.parked, ...b.parked],
  unfoldable: [...a.unfoldable, ...b.unfoldable],
  gone: [...new Map([...a.gone, ...b.gone].map((one) => [one.stream, one])).values()],
  differences: [...a.differences, ...b.differences],
});
