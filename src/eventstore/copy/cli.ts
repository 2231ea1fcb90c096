#!/usr/bin/env node
/** `npm run eventstore:copy`: see COPY_HELP. */
import { parseArgs } from 'node:util';
import { connectEventStore } from '../event-store.js';
import { copyStore, verifyCopy, type Copied, type CopyProgress } from './copy.js';

const COPY_HELP = `Copies the events of one EventStoreDB into another with the official client and compares both at the end.

  npm run eventstore:copy -- --from <connection string> --to <connection string> [--verify]

  --from <esdb://...>   the store to read from   ($EVENTSTORE_COPY_FROM)
  --to <esdb://...>     the store to write to    ($EVENTSTORE_COPY_TO)
  --verify              compare only, write nothing
  --help                print this text

The target gets every event of the source in the same order, with its id, type, data, metadata and revision, and the streams' last
metadata. It should be empty, or hold an earlier part of such a copy: cut or stopped, the same command goes on where it ended, and
repeated later it fetches what is new. Not copied: streams that begin with "$", which every store writes for itself.
Positions and record times are the target's own.

Exit codes: 0 the stores are the same; 1 they differ, or the copy could not be finished (the message says why); 2 wrong options.
`;

const SHOW_EVERY_MS = 2_000;
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const count = (value: number): string => new Intl.NumberFormat('en-US').format(value);

type Options = Readonly<{ from: string; to: string; verify: boolean }>;

/** Parses the command line; undefined for `--help`. The environment can provide connection strings with passwords. */
function optionsOf(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args: [...args], options: { from: text, to: text, verify: flag, help: flag } });
  if (values.help) return undefined;
  const from = values.from ?? environment['EVENTSTORE_COPY_FROM'];
  const to = values.to ?? environment['EVENTSTORE_COPY_TO'];
  if (!from || !to)
    throw new Error('Give --from and --to, each a connection string such as esdb://127.0.0.1:2113?tls=false.');
  if (from === to) throw new Error('--from and --to are the same store.');
  return { from, to, verify: values.verify };
}

/** Prints a progress line every 2 s. */
function progressShown(): (progress: CopyProgress) => void {
  let shownMs = performance.now();
  let before = 0;
  return ({ phase, events }) => {
    const now = performance.now();
    if (now - shownMs < SHOW_EVERY_MS) return;
    const rate = (Math.max(0, events - before) / (now - shownMs)) * 1000;
    say(`${phase}: ${count(events)} events, ${count(Math.round(rate))}/s`);
    [shownMs, before] = [now, events];
  };
}

async function run({ from, to, verify }: Options): Promise<Copied> {
  const [source, target] = [connectEventStore(from), connectEventStore(to)];
  try {
    return await (verify ? verifyCopy : copyStore)({ source, target, onProgress: progressShown() });
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

function settings(): Options | undefined {
  try {
    return optionsOf(process.argv.slice(2), process.env);
  } catch (error) {
    say(`${(error as Error).message}\n--help lists the options.`);
    process.exit(2);
  }
}

const options = settings();
if (options === undefined) {
  process.stdout.write(COPY_HELP);
} else {
  process.exitCode = await run(options).then(
    ({ events, copied, streams, streamsWithMetadata }) => {
      process.stdout.write(
        `${count(copied)} events were copied. Both stores have the same ${count(events)} events in ${count(streams)} streams, and the metadata of ${count(streamsWithMetadata)}.\n`,
      );
      return 0;
    },
    (error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
      return 1;
    },
  );
}
