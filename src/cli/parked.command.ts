import { listParked, type Parking, type ParkingFilter } from '../read-models/parked-streams.js';
import { replayParked, TOLD_MAX } from '../read-models/replay.js';
import { UsageError, wholeNumber, type Command, type Context } from './command.js';

/** A replay is made by the service that projects, which looks for wishes every second. */
const WAIT_S = 30;

export const parkedCommand: Command = {
  name: 'parked',
  usage: 'list|show|replay …',
  summary: 'tells which streams could not be folded, and why, and folds them again',
  help: `  parked list [projection]                 the parked streams, and the Stripe events that they stand at
  parked show <projection> <stream>        one of them, with its stack
  parked replay <projection> <stream>      folds it again
  parked replay <projection>               all of a projection
  parked replay --all                      all
  --wait <seconds>                         how long to wait for the replay              (${WAIT_S})

<projection> is its name, or that of one generation (subscriptions_v1_g2). The service that projects folds them; without one the wish
is kept until it starts.
`,
  options: { all: { type: 'boolean' }, wait: { type: 'string' } },
  run: async ({ names, values }, context) => {
    const [action, projection, stream] = names;
    if (action === 'list' && names.length <= 2) return list({ projection }, context);
    if (action === 'show' && names.length === 3) return show({ projection, stream }, context);
    if (action === 'replay' && names.length <= 3 && names.length > 1 !== (values['all'] === true)) {
      return replay(
        { projection, stream },
        { context, waitS: wholeNumber('wait', values['wait'] ?? String(WAIT_S), { min: 0, max: 3_600 }) },
      );
    }
    throw new UsageError(
      'parked wants "list [projection]", "show <projection> <stream>", "replay <projection> [stream]" or "replay --all".',
    );
  },
};

async function list(filter: ParkingFilter, { parts, print }: Context): Promise<number> {
  const parked = await listParked(parts.database, filter, TOLD_MAX);
  print(parked.length === 0 ? 'Nothing is parked.' : parked.map(lineOf).join('\n'));
  if (parked.length === TOLD_MAX) print(`These are the first ${TOLD_MAX}.`);
  return 0;
}

async function show(filter: ParkingFilter, { parts, print }: Context): Promise<number> {
  const parked = await listParked(parts.database, filter, TOLD_MAX);
  print(
    parked.length === 0
      ? 'It is not parked.'
      : parked.map((parking) => `${lineOf(parking)}\n${parking.stack ?? ''}`).join('\n'),
  );
  return parked.length === 0 ? 1 : 0;
}

async function replay(
  filter: Omit<ParkingFilter, 'after'>,
  { context: { parts, print }, waitS }: { context: Context; waitS: number },
): Promise<number> {
  const replayed = await replayParked(parts.database, filter, waitS * 1_000);
  if (replayed === null) print('Nothing is parked there.');
  else if (replayed.outcome === 'replayed') print('Replayed: nothing is parked there any more.');
  else if (replayed.outcome === 'wanted')
    print(`Not done within ${waitS} s; the service that projects does it as soon as it can.`);
  else print(`Still parked:\n${replayed.parked.map(lineOf).join('\n')}`);
  return replayed?.outcome === 'parked_again' || replayed?.outcome === 'wanted' ? 1 : 0;
}

const lineOf = ({ line, stream, revision, stripeEventId, eventType, since, attempts, cause }: Parking): string =>
  `${line}  ${stream}@${revision}  ${stripeEventId ?? '-'} ${eventType ?? ''}  since ${since.toISOString()}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}\n  ${cause}`;
