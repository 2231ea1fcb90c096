import { verifyStreams, type Verifiable } from '../catch-up/verify.js';
import type { Queryable } from '../read-models/database.js';
import { allStreams, sampleStreams } from '../read-models/event-index.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { strayStreams } from '../read-models/rows.js';
import { named, wholeNumber, type Command, type Context } from './command.js';
import { FindingsReport } from './findings.js';

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
  --json              each finding as JSON on a line of its own, as it is found; the last line counts them
`,
  options: { sample: { type: 'string' }, stream: { type: 'string' }, json: { type: 'boolean' } },
  run: async ({ names, values }, context) => {
    const { database } = context.parts;
    const checkpoints = await readCheckpoints(database);
    const shown = named(context.parts.projections, names).flatMap((projection) => {
      const checkpoint = checkpoints.find(
        (one) => one.shown && one.projection === projection.name && one.version === projection.version,
      );
      return checkpoint === undefined ? [] : [{ projection, checkpoint }];
    });
    const report = new FindingsReport({ print: context.print, json: values['json'] === true });
    for await (const streams of pagesOf(values, database)) {
      await verifyPage(shown, { streams, report, context });
      if (context.signal.aborted) break;
    }
    if (values['sample'] === undefined && values['stream'] === undefined && !context.signal.aborted) {
      for (const one of shown) {
        const streams = await strayStreams(
          database,
          { projection: one.projection, generation: one.checkpoint.generation },
          STRAYS_MAX,
        );
        await verifyPage([one], { streams, report, context });
      }
    }
    return report.end() ? 0 : 1;
  },
};

const STREAMS_AT_ONCE = 100;
/** Names that are in memory at once; a larger sample is as well all. */
const SAMPLE_MAX = 100_000;
/** Streams of a projection that have rows and no events; so many are enough to see what happened. */
const STRAYS_MAX = 1_000;

/** Verifies some streams for several projections, and waits until the reader of the output has taken what was found. */
async function verifyPage(
  shown: readonly Verifiable[],
  { streams, report, context }: { streams: readonly string[]; report: FindingsReport; context: Context },
): Promise<void> {
  report.beginPage();
  for (const one of shown) {
    await verifyStreams(context.parts, one, { streams, found: (finding) => report.found(finding) });
    report.folded(streams.length);
    await context.printed();
  }
}

async function* pagesOf(
  { sample, stream }: Readonly<Record<string, unknown>>,
  database: Queryable,
): AsyncGenerator<readonly string[]> {
  if (typeof stream === 'string') {
    yield [stream];
  } else if (typeof sample === 'string') {
    const streams = await sampleStreams(database, wholeNumber('sample', sample, { min: 1, max: SAMPLE_MAX }));
    for (let at = 0; at < streams.length; at += STREAMS_AT_ONCE) yield streams.slice(at, at + STREAMS_AT_ONCE);
  } else {
    yield* allStreams(database, STREAMS_AT_ONCE);
  }
}
