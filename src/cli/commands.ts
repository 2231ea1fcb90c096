import type { Command, Terminal } from './command.js';
import type { ServiceCommand } from './on-service.js';

/** The groups of commands, each with the help text that its commands share. */
export const GROUPS = {
  run: 'Run and check the service. Configure it with environment variables or a .env file: docs/configuration.md.',
  ask: `Query a running service over its API. Name it with --url and --token, LEDGER_URL and LEDGER_TOKEN, or HOST, PORT
and DATA_DIR.`,
  stores: `Work on the stores of a service, running or not. Name them with --data-dir or DATA_DIR, or with EVENTSTORE_URL and
DATABASE_URL. If the embedded servers do not run, the command starts them meanwhile. No command creates a ledger.`,
  stripe: 'Read from Stripe with a key of STRIPE_API_KEYS: docs/stripe-api.md.',
  log: 'Back up and copy the log.',
} as const;

type Entry = Readonly<{
  group: keyof typeof GROUPS;
  /** One word, or two as in `eventstore copy`. */
  name: string;
  /** The arguments after the name, e.g. `[projection…]`. */
  usage: string;
  /** One line in the imperative. */
  summary: string;
}>;

/**
 * A command of the binary. Modules are loaded on demand: help and mistakes cost no start-up time, and an image without
 * the packages of the embedded servers still has the other commands.
 */
export type CommandEntry = Entry &
  (
    | Readonly<{ kind: 'command'; load: () => Promise<Command> }>
    /** Calls the API of a running service. */
    | Readonly<{ kind: 'service_command'; load: () => Promise<ServiceCommand> }>
    /** Opens what it needs itself. */
    | Readonly<{ kind: 'check'; load: () => Promise<Command<Terminal>> }>
    /** A separate program, which reads its arguments and sets the exit code when its module is loaded. */
    | Readonly<{ kind: 'program'; load: () => Promise<unknown> }>
    /** A program without options, configured by the environment. */
    | Readonly<{ kind: 'plain_program'; load: () => Promise<unknown>; help: string }>
  );

/** The storm is built separately from the service, with the simulator that it compares with. */
const STORM = '../../../dist-load/load/storm.js';

export const COMMANDS: readonly CommandEntry[] = [
  {
    kind: 'plain_program',
    name: 'start',
    group: 'run',
    usage: '',
    summary: 'run the service',
    load: () => import('../main.js'),
    help: `Configure it with environment variables or a .env file in the current folder:

  PORT=3001 subscription-ledger start
  DATA_DIR=/var/lib/ledger subscription-ledger start

docs/configuration.md lists all variables. By default the service listens on http://127.0.0.1:3000 and keeps its
files in ./data.
`,
  },
  {
    kind: 'plain_program',
    name: 'sample',
    group: 'run',
    usage: '',
    summary: 'send one signed event to the service, and show the resulting row',
    load: () => import('../sample.js'),
    help: `Uses the variables of the service: DATA_DIR, HOST, PORT, STRIPE_WEBHOOK_SECRETS, API_TOKENS.
`,
  },
  {
    kind: 'program',
    name: 'storm',
    group: 'run',
    usage: '[options]',
    summary: 'send thousands of events, repeated and out of order, and check the result',
    load: () => import(new URL(STORM, import.meta.url).href),
  },
  {
    kind: 'check',
    name: 'doctor',
    group: 'run',
    usage: '',
    summary: 'check configuration, folders, servers, clocks and rows, and suggest fixes',
    load: async () => (await import('./doctor.command.js')).doctorCommand,
  },
  {
    kind: 'service_command',
    name: 'status',
    group: 'ask',
    usage: '',
    summary: 'show the state of the service in a sentence and its numbers',
    load: async () => (await import('./status.command.js')).statusCommand,
  },
  {
    kind: 'service_command',
    name: 'tail',
    group: 'ask',
    usage: '[filters]',
    summary: 'print each event as it is appended',
    load: async () => (await import('./tail.command.js')).tailCommand,
  },
  {
    kind: 'service_command',
    name: 'find',
    group: 'ask',
    usage: '<text>',
    summary: 'search by id, e-mail address, number, code or reference',
    load: async () => (await import('./find.command.js')).findCommand,
  },
  {
    kind: 'service_command',
    name: 'events',
    group: 'ask',
    usage: 'list|show|send …',
    summary: 'list events, show one, or deliver one again',
    load: async () => (await import('./events.command.js')).eventsCommand,
  },
  {
    kind: 'command',
    name: 'access changes',
    group: 'stores',
    usage: '',
    summary: 'list the access changes that are held back, and the reasons',
    load: async () => (await import('./access-changes.command.js')).accessChangesCommand,
  },
  {
    kind: 'command',
    name: 'access approve',
    group: 'stores',
    usage: '',
    summary: 'record the access changes that are held back',
    load: async () => (await import('./access-changes.command.js')).accessApproveCommand,
  },
  {
    kind: 'command',
    group: 'stores',
    name: 'access reject',
    usage: '--why <text>',
    summary: 'discard the access changes that are held back, with a reason',
    load: async () => (await import('./access-changes.command.js')).accessRejectCommand,
  },
  {
    kind: 'service_command',
    name: 'access',
    group: 'ask',
    usage: '<customer|e-mail>',
    summary: 'show whether a customer has access, until when, and why',
    load: async () => (await import('./access.command.js')).accessCommand,
  },
  {
    kind: 'service_command',
    name: 'timeline',
    group: 'ask',
    usage: '<subscription>',
    summary: 'list the events of a subscription in logical order, with the changes',
    load: async () => (await import('./timeline.command.js')).timelineCommand,
  },
  {
    kind: 'command',
    name: 'money compare',
    group: 'stores',
    usage: '[what|report.csv] [options]',
    summary: 'compare MRR or the books with another definition or a Stripe report',
    load: async () => (await import('./money-compare.command.js')).moneyCompareCommand,
  },
  ...(['close', 'reopen', 'closings'] as const).map((name): CommandEntry => ({
    kind: 'service_command',
    name: `money ${name}`,
    group: 'ask',
    usage: name === 'closings' ? '[options]' : '<month> [options]',
    summary: {
      close: 'close a month of the books and all open months before it',
      reopen: 'reopen the last closed month',
      closings: 'list the closed months, who closed them and when',
    }[name],
    load: async () => (await import('./money-closing.command.js')).closingCommands[name],
  })),
  {
    kind: 'service_command',
    name: 'money',
    group: 'ask',
    usage: '<what> [options]',
    summary: 'show the trial balance, revenue, MRR and journal; export the books',
    load: async () => (await import('./money.command.js')).moneyCommand,
  },
  {
    kind: 'command',
    name: 'projections',
    group: 'stores',
    usage: '',
    summary: 'list all generations of all read models: state, position, lag, parked streams',
    load: async () => (await import('./projections.command.js')).projectionsCommand,
  },
  {
    kind: 'command',
    name: 'rebuild',
    group: 'stores',
    usage: '[projection…]',
    summary: 'rebuild read models from the log, without downtime',
    load: async () => (await import('./rebuild.command.js')).rebuildCommand,
  },
  {
    kind: 'command',
    name: 'rollback',
    group: 'stores',
    usage: '<projection>',
    summary: 'switch back to the generation before the last rebuild',
    load: async () => (await import('./rollback.command.js')).rollbackCommand,
  },
  {
    kind: 'command',
    name: 'verify',
    group: 'stores',
    usage: '[projection…]',
    summary: 'fold streams again from the log and compare the result with the rows',
    load: async () => (await import('./verify.command.js')).verifyCommand,
  },
  {
    kind: 'command',
    name: 'parked',
    group: 'stores',
    usage: 'list|show|replay …',
    summary: 'list the parked streams, show the cause, replay them',
    load: async () => (await import('./parked.command.js')).parkedCommand,
  },
  {
    kind: 'check',
    name: 'endpoint',
    group: 'stripe',
    usage: 'check|create|fix|rotate',
    summary: 'check, create, repair or replace the webhook endpoint at Stripe',
    load: async () => (await import('./endpoint.command.js')).endpointCommand,
  },
  {
    kind: 'check',
    name: 'stripe-check',
    group: 'stripe',
    usage: '[--wait n]',
    summary: 'check the rights of the Stripe key and how Stripe behaves',
    load: async () => (await import('./stripe-check.command.js')).stripeCheckCommand,
  },
  {
    kind: 'check',
    name: 'backup',
    group: 'log',
    usage: '--to <file>',
    summary: 'copy the log of the embedded event store to a file while the service runs',
    load: async () => (await import('./backup.commands.js')).backupCommand,
  },
  {
    kind: 'check',
    name: 'restore',
    group: 'log',
    usage: '--from <file>',
    summary: 'create the log of a data directory from a backup',
    load: async () => (await import('./backup.commands.js')).restoreCommand,
  },
  {
    kind: 'command',
    name: 'backfill',
    group: 'stripe',
    usage: '[options]',
    summary: 'read everything that Stripe has for the account and record what the log lacks',
    load: async () => (await import('./backfill.command.js')).backfillCommand,
  },
  {
    kind: 'command',
    name: 'recover',
    group: 'stripe',
    usage: '[options]',
    summary: 'fetch the events that Stripe did not deliver',
    load: async () => (await import('./recover.command.js')).recoverCommand,
  },
  {
    kind: 'command',
    name: 'reconcile',
    group: 'stripe',
    usage: '[options]',
    summary: 'compare the ledger with Stripe and repair the differences',
    load: async () => (await import('./reconcile.command.js')).reconcileCommand,
  },
  {
    kind: 'command',
    name: 'runs',
    group: 'stripe',
    usage: '[options]',
    summary: 'list backfills and reconciliations with their progress',
    load: async () => (await import('./runs.command.js')).runsCommand,
  },
  {
    kind: 'program',
    name: 'eventstore copy',
    group: 'log',
    usage: '--from <url> --to <url>',
    summary: 'copy one event store into another and compare them',
    load: () => import('../eventstore/copy/cli.js'),
  },
  {
    kind: 'program',
    name: 'eventstore',
    group: 'log',
    usage: '[options]',
    summary: 'run the embedded event store alone or check its files',
    load: () => import('../../packages/embedded-eventstore/src/cli.js'),
  },
];
