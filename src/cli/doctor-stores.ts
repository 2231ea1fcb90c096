/** The doctor's checks of both servers. They write nothing. */
import { projections } from '../../projections/index.js';
import { checkLog } from '../catch-up/log-check.js';
import { isFault, verifyStreams } from '../catch-up/verify.js';
import { openLedger, type StoresOptions } from '../data-directory/index.js';
import { connectEventStore, withTimeout, type EventStore } from '../eventstore/event-store.js';
import { LogEndSearch, type LogEnd } from '../eventstore/log-end.js';
import { LogLag } from '../eventstore/log-lag.js';
import { readNameOfLog } from '../eventstore/log-name.js';
import { readLogPage } from '../eventstore/read.js';
import { receivedAtOf } from '../eventstore/recorded-event.js';
import { durationText } from '../api/operations/status.js';
import { Database } from '../read-models/database.js';
import { sampleStreams } from '../read-models/event-index.js';
import { checkpointsOf, readCheckpoints, type Checkpoint } from '../read-models/checkpoints.js';
import { countParked } from '../read-models/parked-streams.js';
import { hasSchema } from '../read-models/schema.js';
import { messageOf, type Check } from './doctor-machine.js';

const ANSWER_WITHIN_MS = 10_000;
const CONNECTIONS_MAX = 4;
const LOOKED_AT_MAX = 50;

type Parts = Readonly<{ store: EventStore; database: Database }>;

export async function* checkStores(config: StoresOptions, sample: number): AsyncGenerator<Check> {
  let stores;
  try {
    stores = await openLedger(config);
  } catch (error) {
    yield { check: 'servers', state: 'failed', text: messageOf(error) };
    return;
  }
  const store = connectEventStore(stores.eventstoreUrl);
  const database = new Database(stores.databaseUrl, { connectionsMax: CONNECTIONS_MAX, onIdleError: () => undefined });
  try {
    yield* checkParts({ store, database }, sample);
  } finally {
    await Promise.all([store.close(), database.close()]);
    await stores.close();
  }
}

async function* checkParts(parts: Parts, sample: number): AsyncGenerator<Check> {
  const end = await withTimeout(new LogEndSearch(parts.store).find(), ANSWER_WITHIN_MS, 'The event store').catch(
    messageOf,
  );
  if (typeof end === 'string') {
    const remedy = 'Check that the server runs; check EVENTSTORE_URL, the network, the user and the password.';
    yield { check: 'event store', state: 'failed', text: end, remedy };
  } else {
    yield { check: 'event store', state: 'ok', text: `It answers; ${endText(end)}.` };
    yield await attempt('store clock', () => checkStoreClock(parts.store));
  }
  const postgres = await attempt('Postgres', () => checkPostgres(parts.database));
  yield postgres;
  if (typeof end === 'string' || postgres.state === 'failed') {
    yield { check: 'read models', state: 'skipped', text: 'Both servers must answer before this can be checked.' };
    return;
  }
  yield await attempt('Postgres clock', () => checkPostgresClock(parts.database));
  if (!(await hasSchema(parts.database))) {
    const text = 'This Postgres has none yet. The first start creates them.';
    yield { check: 'read models', state: 'warning', text, remedy: 'If a service has run before, check DATABASE_URL.' };
    return;
  }
  const checkpoints = checkpointsOf(await readCheckpoints(parts.database), projections);
  yield await attempt('log', () => checkName(parts, checkpoints));
  yield await attempt('lag', () => checkLag(parts.store, checkpoints, end));
  yield await attempt('projecting', async () => projecting(checkpoints));
  yield await attempt('parked', () => checkParked(parts.database));
  yield await attempt('rows', () => checkRows(parts, checkpoints, sample));
}

/** Runs a check; a check that throws counts as failed. */
async function attempt(check: string, make: () => Promise<Omit<Check, 'check'>>): Promise<Check> {
  try {
    return { check, ...(await withTimeout(make(), 60_000, 'The check')) };
  } catch (error) {
    return { check, state: 'failed', text: messageOf(error) };
  }
}

const endText = (end: LogEnd): string =>
  end.kind === 'at'
    ? `the log ends at position ${end.position}`
    : end.kind === 'empty'
      ? 'the log is empty'
      : 'the end of the log has not been found yet';

type Result = Omit<Check, 'check'>;
const CLOCK_MS_MAX = { warning: 5_000, failed: 60_000 };
const SET_CLOCKS = 'Synchronize the clocks with NTP: signatures are valid for 5 minutes, and leases last 10 s.';

function clockResult(differenceMs: number, text: string): Result {
  const difference = Math.abs(differenceMs);
  if (difference < CLOCK_MS_MAX.warning) return { state: 'ok', text };
  return { state: difference < CLOCK_MS_MAX.failed ? 'warning' : 'failed', text, remedy: SET_CLOCKS };
}

/**
 * Estimates the clock difference: the protocol has no clock, so it compares when a recent event was received and when
 * the store recorded it.
 */
async function checkStoreClock(store: EventStore): Promise<Result> {
  const latest = await readLogPage(store, { direction: 'backwards', from: 'end', max: LOOKED_AT_MAX });
  const event = latest.find(({ metadata }) => metadata?.receivedAt != null);
  if (event === undefined) return { state: 'skipped', text: 'Not known yet: the log has no events to read it from.' };
  const difference = event.recordedAt.getTime() - receivedAtOf(event).getTime();
  return clockResult(
    difference,
    `It recorded the last event ${(difference / 1_000).toFixed(1)} s after it was received.`,
  );
}

async function checkPostgres(database: Database): Promise<Result> {
  const asked = database.query<{ server_version: string }>('show server_version');
  const { rows } = await withTimeout(asked, ANSWER_WITHIN_MS, 'Postgres (DATABASE_URL)');
  return { state: 'ok', text: `Version ${rows[0]?.server_version ?? 'unknown'} answers.` };
}

async function checkPostgresClock(database: Database): Promise<Result> {
  const before = Date.now();
  const { rows } = await database.query<{ now: Date }>('select clock_timestamp() as now');
  const here = (before + Date.now()) / 2;
  const difference = (rows[0]?.now.getTime() ?? Number.NaN) - here;
  return clockResult(
    difference,
    `It differs by ${(Math.abs(difference) / 1_000).toFixed(1)} s from the clock of this machine.`,
  );
}

async function checkName({ store, database }: Parts, checkpoints: readonly Checkpoint[]): Promise<Result> {
  const name = await readNameOfLog(store);
  if (name !== null) await checkLog({ store, database }, name, checkpoints);
  else if (checkpoints.some(({ logName }) => logName !== null))
    return {
      state: 'failed',
      text: 'The log is new, but the read models were built from another log.',
      remedy: 'Check EVENTSTORE_URL.',
    };
  return {
    state: 'ok',
    text: name === null ? 'The log has no name yet.' : `The log is ${name}; the read models were built from it.`,
  };
}

const LAG_SECONDS_MAX = 60;

async function checkLag(store: EventStore, checkpoints: readonly Checkpoint[], end: LogEnd): Promise<Result> {
  const building = checkpoints.filter(({ state, aside }) => state === 'building' && !aside).map(({ name }) => name);
  if (building.length > 0) return { state: 'warning', text: `Still being built: ${building.join(', ')}.` };
  const lag = new LogLag(store);
  const shown = checkpoints.filter(({ shown: isShown }) => isShown);
  const lags = await Promise.all(shown.map(({ at }) => lag.secondsAt(at?.position ?? -1n, end)));
  if (lags.some((seconds) => seconds === null)) return { state: 'warning', text: 'The lag is not known now.' };
  const seconds = Math.max(0, ...lags.map(Number));
  if (seconds <= LAG_SECONDS_MAX) return { state: 'ok', text: `${durationText(seconds)}.` };
  return {
    state: 'warning',
    text: `The read models are ${durationText(seconds)} behind.`,
    remedy: 'See docs/runbook.md, "Rows are behind".',
  };
}

function projecting(checkpoints: readonly Checkpoint[]): Result {
  return checkpoints.some(({ isFree }) => !isFree)
    ? { state: 'ok', text: 'A process is projecting.' }
    : { state: 'warning', text: 'No process is projecting.', remedy: 'Start a service with the role "project".' };
}

async function checkParked(database: Database): Promise<Result> {
  const streams = [...(await countParked(database)).values()].reduce((sum, count) => sum + count, 0);
  if (streams === 0) return { state: 'ok', text: 'No streams are parked.' };
  return {
    state: 'warning',
    text: `${streams} streams are parked; their rows are out of date.`,
    remedy: 'Run "subscription-ledger parked list" to see the causes.',
  };
}

async function checkRows(parts: Parts, checkpoints: readonly Checkpoint[], sample: number): Promise<Result> {
  const streams = await sampleStreams(parts.database, sample);
  const shown = projections.flatMap((projection) => {
    const checkpoint = checkpoints.find(
      (one) => one.shown && one.projection === projection.name && one.version === projection.version,
    );
    return checkpoint === undefined ? [] : [{ projection, checkpoint }];
  });
  if (streams.length === 0 || shown.length === 0)
    return { state: 'skipped', text: 'There are no rows to compare yet.' };
  let faults = 0;
  for (const one of shown)
    await verifyStreams(parts, one, { streams, found: (finding) => void (isFault(finding) && (faults += 1)) });
  if (faults === 0) return { state: 'ok', text: `${streams.length} streams were folded again: no differences.` };
  return {
    state: 'failed',
    text: `${faults} differences between rows and log in ${streams.length} streams.`,
    remedy: 'Run "subscription-ledger verify" to list all differences and "rebuild" to repair them.',
  };
}
