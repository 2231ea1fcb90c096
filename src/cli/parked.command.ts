import { readCheckpoints } from '../read-models/checkpoints.js';
import { listParked, type Parking, type ParkingFilter } from '../read-models/parked-streams.js';
import { replayParked, LISTED_MAX } from '../read-models/replay.js';
import { UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';

/** The projecting service checks for requested replays every second. */
const WAIT_S = 30;

const HELP = `  parked list [projection]                 list the parked streams and the Stripe events that failed
  parked show <projection> <stream>        show one stream, with the stack trace
  parked replay <projection> <stream>      replay one stream
  parked replay <projection>               replay all parked streams of a projection
  parked replay --all                      replay all parked streams
  --wait <seconds>                         wait at most this long for the replay        (${WAIT_S})

<projection> is the name of a projection, or of one generation (subscriptions_v1_g2). The service that projects does the
replay. If none runs, the request is kept until one starts.
`;

export const parkedCommand: Command = {
  help: HELP,
  takesNames: true,
  options: { all: { type: 'boolean' }, wait: { type: 'string' } },
  check: (given) => void requestOf(given),
  run: async (given, context) => {
    const { action, filter, waitS } = requestOf(given);
    await assertProjection(filter.projection, context);
    if (action === 'list') return list(filter, context);
    if (action === 'show') return show(filter, context);
    return replay(filter, { context, waitS });
  },
};

type Request = Readonly<{ action: 'list' | 'show' | 'replay'; filter: ParkingFilter; waitS: number }>;

function requestOf({ names, values }: Given): Request {
  const [action, projection, stream] = names;
  const waitS = wholeNumber('wait', values['wait'] ?? String(WAIT_S), { min: 0, max: 3_600 });
  const isAll = values['all'] === true;
  const request = (known: Request['action']): Request => ({ action: known, filter: { projection, stream }, waitS });
  if (action === 'list' && names.length <= 2 && !isAll) return request(action);
  if (action === 'show' && names.length === 3 && !isAll) return request(action);
  if (action === 'replay' && names.length <= 3 && names.length > 1 !== isAll) return request(action);
  throw new UsageError(`parked needs a subcommand:\n\n${HELP}`);
}

/** @throws UsageError for a name that neither this build nor the database knows */
async function assertProjection(
  name: string | undefined,
  { parts: { database, projections } }: Context,
): Promise<void> {
  if (name === undefined || projections.some((projection) => projection.name === name)) return;
  const checkpoints = await readCheckpoints(database);
  if (checkpoints.some((checkpoint) => checkpoint.projection === name || checkpoint.name === name)) return;
  throw new UsageError(
    `Unknown projection or generation "${name}". Projections of this build: ${projections.map((one) => one.name).join(', ')}.`,
  );
}

async function list(filter: ParkingFilter, { parts, print }: Context): Promise<number> {
  const parked = await listParked(parts.database, filter, LISTED_MAX);
  print(parked.length === 0 ? 'No streams are parked.' : parked.map(textOf).join('\n'));
  if (parked.length === LISTED_MAX) print(`Only the first ${LISTED_MAX} are listed.`);
  return 0;
}

async function show(filter: ParkingFilter, { parts, print }: Context): Promise<number> {
  const parked = await listParked(parts.database, filter, LISTED_MAX);
  print(
    parked.length === 0
      ? `${filter.stream} is not parked.`
      : parked.map((parking) => `${textOf(parking)}\n${parking.stack ?? ''}`).join('\n'),
  );
  return parked.length === 0 ? 1 : 0;
}

async function replay(
  filter: Omit<ParkingFilter, 'after'>,
  { context: { parts, print }, waitS }: { context: Context; waitS: number },
): Promise<number> {
  const replayed = await replayParked(parts.database, filter, waitS * 1_000);
  if (replayed === null) print('No such stream is parked.');
  else if (replayed.outcome === 'replayed') print('Replayed. None of these streams is parked any more.');
  else if (replayed.outcome === 'wanted')
    print(
      `The replay did not finish within ${waitS} s. The request is kept; the service that projects carries it out.`,
    );
  else print(`Still parked:\n${replayed.parked.map(textOf).join('\n')}`);
  return replayed?.outcome === 'parked_again' || replayed?.outcome === 'wanted' ? 1 : 0;
}

const textOf = ({ name, stream, revision, stripeEventId, eventType, since, attempts, cause }: Parking): string =>
  `${name}  ${stream}@${revision}  ${stripeEventId ?? '-'} ${eventType ?? ''}  since ${since.toISOString()}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}\n  ${cause}`;
