import { verifyShown, type Which } from '../catch-up/verify-shown.js';
import { nameOfBooks } from '../closings/closing.js';
import { Closings } from '../closings/closing-log.js';
import { modelsOf, named, UsageError, wholeNumber, type Command } from './command.js';
import { FindingsReport } from './findings.js';
import { assertStreamExists, NOTHING_TO_COMPARE } from './streams.js';
import { verifyClosings } from './verify-closings.js';

export const verifyCommand: Command = {
  help: `Folds streams again from the log and compares the result with the rows; prints both where they differ and exits with 1.
Services may run meanwhile: each stream is compared as of one moment. Rows derived from other rows, such as the journal,
are derived again. Parked streams are counted, not compared. Lists streams that were deleted or truncated in the store,
and closings that were altered. Without --sample and --stream, it also finds rows of streams that the log does not have,
and derives each closing again at its position in the log, by its own policy.

  --sample <n>        check n random streams instead of all
  --stream <name>     check only this stream, e.g. subscription-sub_123; takes milliseconds
  --json              print each finding as a line of JSON as it is found; the last line has the counts
`,
  takesNames: true,
  options: { sample: { type: 'string' }, stream: { type: 'string' }, json: { type: 'boolean' } },
  check({ values }) {
    if (values['sample'] !== undefined && values['stream'] !== undefined)
      throw new UsageError('--sample and --stream cannot be combined.');
    if (values['sample'] !== undefined) wholeNumber('sample', values['sample'], SAMPLE);
  },
  run: async ({ names, values }, context) => {
    if (typeof values['stream'] === 'string') await assertStreamExists(values['stream'], context);
    const report = new FindingsReport({ print: context.print, json: values['json'] === true });
    const verified = await verifyShown(context.parts, {
      models: named(modelsOf(context.parts), names),
      which: whichOf(values),
      signal: context.signal,
      counts: report,
      // Waits for a slow reader of the output.
      folded: () => context.printed(),
    });
    if (verified === 'nothing_to_compare') throw new UsageError(NOTHING_TO_COMPARE);
    if (report.isEmpty && !context.signal.aborted)
      throw new UsageError(
        'Nothing was checked: the read models have no events yet. "projections" shows the progress.',
      );
    const isRight = report.end();
    if (names.length > 0 || typeof values['stream'] === 'string') return isRight ? 0 : 1;
    const closings = new Closings(context.parts.store);
    await closings.refresh();
    for (const { month, livemode, account, revision, cause } of closings.faults)
      context.report(
        `The closing of ${month}, ${nameOfBooks({ livemode, account })}, at revision ${revision}: ${cause}`,
      );
    let areRight = closings.faults.length === 0;
    // A closing sums all books, so a sample cannot verify it.
    if (values['sample'] === undefined)
      for await (const { text, isFault } of verifyClosings({ ...context.parts, signal: context.signal }, closings)) {
        context.report(text);
        if (isFault) areRight = false;
      }
    return isRight && areRight ? 0 : 1;
  },
};

/** Names in memory at once; beyond it, check all instead of a sample. */
const SAMPLE = { min: 1, max: 100_000 };

function whichOf({ sample, stream }: Readonly<Record<string, unknown>>): Which {
  if (typeof stream === 'string') return { kind: 'stream', stream };
  return typeof sample === 'string'
    ? { kind: 'sample', count: wholeNumber('sample', sample, SAMPLE) }
    : { kind: 'all' };
}
