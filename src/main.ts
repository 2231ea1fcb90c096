import 'reflect-metadata';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type Config } from './config/config.js';
import { SECRETS_FILE } from './data-directory/directory.js';
import { environment } from './config/environment.js';
import { boundHeaps } from './heaps.js';
import { openLedger } from './ledger.js';
import type { LocalSecrets } from './local-secrets.js';

/** The time limit of a stop. After it the process exits anyway; acknowledged events are durable. */
const STOP_WITHIN_MS = 30_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const PARENT_LOOKED_FOR_MS = 500;

async function main(): Promise<void> {
  boundHeaps();
  const env = environment();
  if (env['npm_lifecycle_event'] !== undefined) stopWithParent();
  const isTerminal = process.stdout.isTTY;
  const { ledger, app, configured, made, logger } = await openLedger(env, isTerminal);
  app.enableShutdownHooks([...SIGNALS], { useProcessExit: true });
  let isStopping = false;
  // The first signal stops the application. A second one, or a stop that takes too long, ends the process.
  for (const signal of SIGNALS)
    process.on(signal, () => {
      const exit = (): never => process.exit(128 + constants.signals[signal]);
      if (isStopping) exit();
      isStopping = true;
      logger.log(`Stopping: ${signal}.`, 'main');
      setTimeout(exit, STOP_WITHIN_MS).unref();
    });
  process.once('exit', (code) => {
    if (code === 0) logger.log('Stopped.', 'main');
  });
  void ledger.failed.then(async () => {
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    await app.close();
    process.exit(1);
  });
  logger.log(`Listening on ${ledger.url}.`, 'main');
  if (made !== null) {
    // How users run the other programs: by npm in a checkout, else by the binary.
    const run = env['npm_lifecycle_event'] === undefined ? 'subscription-ledger' : 'npm run';
    process.stdout.write(welcome(ledger.url, configured, { secrets: isTerminal ? made : null, run }));
  }
}

/**
 * Treats the end of the parent as a stop signal: npm sends signals to the shell that it runs a program in, and the
 * shell exits without forwarding them.
 */
function stopWithParent(): void {
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_LOOKED_FOR_MS);
  looking.unref();
}

/** Prints the welcome. Shows secrets only on a terminal, because logs are kept. */
function welcome(
  url: string,
  { dataDirectory, port, webhookSecrets, apiTokens, hasConsole }: Config,
  { secrets, run }: { secrets: LocalSecrets | null; run: string },
): string {
  const variables = `${dataDirectory === 'data' ? '' : `DATA_DIR=${dataDirectory} `}${port === 3000 ? '' : `PORT=${new URL(url).port} `}`;
  const file = join(dataDirectory, SECRETS_FILE);
  const made = [
    ...(webhookSecrets.length > 0 ? [] : [['webhookSecret', 'Webhook secret', secrets?.webhookSecret] as const]),
    ...(apiTokens.length > 0
      ? []
      : [
          ['readToken', 'Read token', secrets?.readToken] as const,
          ['adminToken', 'Admin token', secrets?.adminToken] as const,
        ]),
  ];
  const lacking = [
    ...(webhookSecrets.length > 0 ? [] : ['webhook secret']),
    ...(apiTokens.length > 0 ? [] : ['tokens']),
  ];
  const keys =
    secrets === null
      ? [`They are in ${file}: ${made.map(([name]) => name).join(', ')}.`]
      : [...made.map(([, what, secret]) => `${what.padEnd(16)}${secret}`), `They are kept in ${file}.`];
  const token = apiTokens.length > 0 ? '<a token of API_TOKENS>' : (secrets?.readToken ?? '<readToken>');
  return `
  The subscription ledger is running on ${url}. Its files are in ${dataDirectory}.
${hasConsole ? `  Console: ${url}/console (log in with one of the tokens).\n` : ''}  No ${lacking.join(' and no ')} ${lacking.includes('tokens') ? 'were' : 'was'} configured, so the ledger created its own for this folder.

  ${keys.join('\n  ')}

  In another terminal:

    ${variables}${run} sample
        sends a signed sample event and shows the response and the row
    curl -H "Authorization: Bearer ${token}" ${url}/v1/subscriptions
    stripe listen --forward-to ${url}/webhooks/stripe
        forwards events of your Stripe account; docs/connect-stripe.md shows how to configure its secret

`;
}

/**
 * Explains why the start failed: an expected error by its message, which says what to do; any other error with its
 * stack.
 */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration is wrong:\n${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !code.startsWith('ERR_') ? error.message : (error.stack ?? error.message);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
