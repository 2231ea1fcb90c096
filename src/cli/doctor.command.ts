import { ConfigError, loadConfig, loadStoresConfig, misspelt } from '../config/config.js';
import { wholeNumber, type Command, type Terminal } from './command.js';
import { checkDisk, checkFolder, checkNode, checkPort, type Check } from './doctor-machine.js';
import { probe } from './doctor-probe.js';
import { checkStores } from './doctor-stores.js';
import { environmentOf } from './on-stores.js';

const STREAMS = { min: 0, max: 10_000 };
const MARKS = { ok: '✓', warning: '!', failed: '✗', skipped: '-' } as const;

export const doctorCommand: Command<Terminal> = {
  help: `Checks Node, configuration, misspelt variables, the data directory, disk, port, both servers and their clocks, the log,
the read models, and a sample of their rows. Run it with the environment of the service. It changes nothing, except with
--probe, and never creates a ledger. Exits with 1 when a check fails (✗), but not for a warning (!).

  --sample <n>        fold n random streams again and compare them with their rows          (20)
  --probe             send the service a signed event and wait until it is in the rows; the event, for a test clock made
                      up for it, stays in the log
  --json              print the checks as JSON
`,
  options: { sample: { type: 'string', default: '20' }, probe: { type: 'boolean' }, json: { type: 'boolean' } },
  check: ({ values }) => void wholeNumber('sample', values['sample'], STREAMS),
  run: async (given, { print }) => {
    const isJson = given.values['json'] === true;
    const sample = wholeNumber('sample', given.values['sample'], STREAMS);
    const isProbing = given.values['probe'] === true;
    const checks: Check[] = [];
    for await (const check of allChecks(environmentOf(given), { sample, isProbing })) {
      checks.push(check);
      if (!isJson) print(lineOf(check));
    }
    if (isJson) print(JSON.stringify(checks, null, 2));
    const failed = checks.filter(({ state }) => state === 'failed').length;
    const warnings = checks.filter(({ state }) => state === 'warning').length;
    if (!isJson) print(summaryOf({ failed, warnings, all: checks.length }));
    return failed === 0 ? 0 : 1;
  },
};

function summaryOf({ failed, warnings, all }: { failed: number; warnings: number; all: number }): string {
  const warned = `${warnings} warning${warnings === 1 ? '' : 's'}`;
  if (failed > 0) return `${failed} of ${all} checks failed${warnings > 0 ? `; ${warned}` : ''}.`;
  return warnings > 0 ? `No check failed; ${warned}.` : 'All checks passed.';
}

const lineOf = ({ check, state, text, remedy }: Check): string =>
  `${MARKS[state]} ${check.padEnd(14)} ${text}${remedy === undefined ? '' : `\n${' '.repeat(17)}${remedy}`}`;

async function* allChecks(
  env: Readonly<Record<string, string | undefined>>,
  { sample, isProbing }: Readonly<{ sample: number; isProbing: boolean }>,
): AsyncGenerator<Check> {
  yield checkNode();
  const { config, checks } = configuration(env);
  yield* checks;
  const known = checks.map(({ text }) => text);
  for (const text of misspelt(env)) if (!known.includes(text)) yield { check: 'variables', state: 'warning', text };
  const stores = storesConfig(env);
  if (stores === null) {
    yield { check: 'servers', state: 'skipped', text: 'The variables for the servers are wrong.' };
    return;
  }
  const isEmbedded = stores.eventstoreUrl === 'embedded' || stores.databaseUrl === 'embedded';
  if (isEmbedded) {
    const folder = checkFolder(stores);
    yield folder;
    if (folder.state === 'failed') {
      yield { check: 'servers', state: 'skipped', text: 'Not checked: fix the data directory first.' };
      return;
    }
    yield checkDisk(stores.dataDirectory);
  }
  if (config !== null) yield await checkPort(config);
  yield* checkStores(stores, sample);
  if (isProbing) yield config === null ? NOT_PROBED : await probe(config);
}

const NOT_PROBED: Check = { check: 'probe', state: 'skipped', text: 'Not checked: fix the configuration first.' };

function configuration(env: Readonly<Record<string, string | undefined>>) {
  try {
    const config = loadConfig(env);
    const { roles, webhookSecrets, apiTokens } = config;
    const made = (count: number): string => (count === 0 ? 'those of the data directory' : String(count));
    const text = `Roles ${roles.join(', ')}; signing secrets: ${made(webhookSecrets.length)}; tokens: ${made(apiTokens.length)}.`;
    return { config, checks: [{ check: 'configuration', state: 'ok', text } satisfies Check] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mistakes = error.message.split('\n');
    return { config: null, checks: mistakes.map((text): Check => ({ check: 'configuration', state: 'failed', text })) };
  }
}

/** Null where the servers' configuration is invalid; its mistakes are reported with those of the configuration. */
function storesConfig(env: Readonly<Record<string, string | undefined>>) {
  try {
    return loadStoresConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}
