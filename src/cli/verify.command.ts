import { verifyStreams, type Verifiable } from '../catch-up/verify.js';
import type { Queryable } from '../read-models/database.js';
import { allStreams, sampleStreams } from '../read-models/event-index.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { strayStreams } from '../read-models/rows.js';
import { named, UsageError, wholeNumber, type Command, type Context } from './command.js';
import { FindingsReport } from './findings.js';
import { assertStreamExists, NOTHING_TO_COMPARE } from './streams.js';

export const verifyCommand: Command = {
  help: `Exits with 1 when a row disagrees with its stream, and prints both. Services may run meanwhile: each stream is compared as of
one moment. Parked streams are counted, not compared. Streams that were deleted in the store, or have lost their first events
to its limits, are listed. Without --sample and --stream, rows of streams that the log does not have are found too.

  --sample <n>        check n random streams instead of all of them
  --stream <name>     check a single stream, e.g. subscription-sub_123; takes milliseconds
  --json              print each finding as a line of JSON when it is found; the last line counts them
`,
  options: { sample: { type: 'string' }, stream: { type: 'string' }, json: { type: 'boolean' } },
  check({ values }) {
    if (values['sample'] !== undefined && values['stream'] !== undefined)
      throw new UsageError('--sample and --stream exclude each other.');
    if (values['sample'] !== undefined) wholeNumber('sample', values['sample'], SAMPLE);
  },
  run: async ({ names, values }, context) => {
    if (typeof values['stream'] === 'string') await assertStreamExists(values['stream'], context);
    const { database } = context.parts;
    const checkpoints = await readCheckpoints(database);
    const shown = named(context.parts.projections, names).flatMap((projection) => {
      const checkpoint = checkpoints.find(
        (one) => one.shown && one.projection === projection.name && one.version === projection.version,
      );
      return checkpoint === undefined ? [] : [{ projection, checkpoint }];
    });
    if (shown.length === 0) throw new UsageError(NOTHING_TO_COMPARE);
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
    if (report.isEmpty && !context.signal.aborted)
      throw new UsageError(
        'Nothing was checked: the read models have no events yet. "projections" shows where they are.',
      );
    return report.end() ? 0 : 1;
  },
};

const STREAMS_AT_ONCE = 100;
/** Names that are in memory at once; instead of a larger sample, check all. */
const SAMPLE = { min: 1, max: 100_000 };
/** How many streams that have rows and no events are listed for a projection: enough to see what happened. */
const STRAYS_MAX = 1_000;

/** Verifies some streams for several projections, and waits until the reader of the output has taken what was found. */
async function verifyPage(
  shown: readonly Verifiable[],
  { streams, report, context }: { streams: readonly string[]; report: FindingsReport; context: Context },
): Promise<void> {
  report.beginPage(streams.length);
  for (const one of shown) {
    await verifyStreams(context.parts, one, { streams, found: (finding) => report.found(finding) });
    report.folded({ streams: streams.length, projections: shown.length });
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
    const streams = await sampleStreams(database, wholeNumber('sample', sample, SAMPLE));
    for (let at = 0; at < streams.length; at += STREAMS_AT_ONCE) yield streams.slice(at, at + STREAMS_AT_ONCE);
  } else {
    yield* allStreams(database, STREAMS_AT_ONCE);
  }
}
