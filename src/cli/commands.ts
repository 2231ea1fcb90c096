import type { Command, Terminal } from './command.js';
import type { ServiceCommand } from './on-service.js';

/** The groups of commands, each with the help text that its commands share. */
export const GROUPS = {
  run: 'Run and check the service. Configure it by environment variables or a file .env: docs/configuration.md.',
  ask: `Ask a running service over its API: that of --url and --token, of LEDGER_URL and LEDGER_TOKEN, or of HOST, PORT
and DATA_DIR.`,
  stores: `Work on the stores of a service, while it runs or not: those of --data-dir or DATA_DIR, or of EVENTSTORE_URL and
DATABASE_URL. Where nothing runs, they start the embedded servers meanwhile. They never create a ledger.`,
  stripe: 'Ask Stripe, with a key of STRIPE_API_KEYS: docs/stripe-api.md.',
  log: 'Keep and copy the log.',
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
    help: `It is configured by environment variables, and by a file .env in the current folder:

  PORT=3001 subscription-ledger start
  DATA_DIR=/var/lib/ledger subscription-ledger start

docs/configuration.md lists all variables. Without any, the service listens on http://127.0.0.1:3000 and keeps its
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
    help: `It finds the service by the same variables: DATA_DIR, HOST, PORT, STRIPE_WEBHOOK_SECRETS, API_TOKENS.
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
    summary: 'print each event as it comes',
    load: async () => (await import('./tail.command.js')).tailCommand,
  },
  {
    kind: 'service_command',
    name: 'find',
    group: 'ask',
    usage: '<text>',
    summary: 'find by any id, e-mail, number, code or reference',
    load: async () => (await import('./find.command.js')).findCommand,
  },
  {
    kind: 'service_command',
    name: 'events',
    group: 'ask',
    usage: 'list|show|send …',
    summary: 'list events, show one, deliver one again',
    load: async () => (await import('./events.command.js')).eventsCommand,
  },
  {
    kind: 'command',
    name: 'access changes',
    group: 'stores',
    usage: '',
    summary: 'list the access changes that are held back, and why',
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
    summary: 'let go of the changes of access that are held back, and say why',
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
    summary: 'list the events of a subscription in logical order, with what each changed',
    load: async () => (await import('./timeline.command.js')).timelineCommand,
  },
  {
    kind: 'command',
    name: 'money compare',
    group: 'stores',
    usage: '[what|report.csv] [options]',
    summary: 'compare MRR or the books with another definition, or a report of Stripe',
    load: async () => (await import('./money-compare.command.js')).moneyCompareCommand,
  },
  ...(['close', 'reopen', 'closings'] as const).map((name): CommandEntry => ({
    kind: 'service_command',
    name: `money ${name}`,
    group: 'ask',
    usage: name === 'closings' ? '[options]' : '<month> [options]',
    summary: {
      close: 'close a month of the books, and the open ones before it',
      reopen: 'open the last closed month again',
      closings: 'list the closed months: who closed them, and when',
    }[name],
    load: async () => (await import('./money-closing.command.js')).closingCommands[name],
  })),
  {
    kind: 'service_command',
    name: 'money',
    group: 'ask',
    usage: '<what> [options]',
    summary: 'show trial balance, revenue, MRR and journal, and export the books',
    load: async () => (await import('./money.command.js')).moneyCommand,
  },
  {
    kind: 'command',
    name: 'projections',
    group: 'stores',
    usage: '',
    summary: 'list every generation of every read model: state, position, lag, parked streams',
    load: async () => (await import('./projections.command.js')).projectionsCommand,
  },
  {
    kind: 'command',
    name: 'rebuild',
    group: 'stores',
    usage: '[projection…]',
    summary: 'build read models again from the log, without downtime',
    load: async () => (await import('./rebuild.command.js')).rebuildCommand,
  },
  {
    kind: 'command',
    name: 'rollback',
    group: 'stores',
    usage: '<projection>',
    summary: 'show the rows from before the last rebuild again, brought up to date',
    load: async () => (await import('./rollback.command.js')).rollbackCommand,
  },
  {
    kind: 'command',
    name: 'verify',
    group: 'stores',
    usage: '[projection…]',
    summary: 're-fold streams from the log, and compare them with the rows',
    load: async () => (await import('./verify.command.js')).verifyCommand,
  },
  {
    kind: 'command',
    name: 'parked',
    group: 'stores',
    usage: 'list|show|replay …',
    summary: 'list the streams that could not be folded, show the cause, fold them again',
    load: async () => (await import('./parked.command.js')).parkedCommand,
  },
  {
    kind: 'check',
    name: 'endpoint',
    group: 'stripe',
    usage: 'check|create|fix|rotate',
    summary: 'check, create, repair or replace the webhook endpoint in Stripe',
    load: async () => (await import('./endpoint.command.js')).endpointCommand,
  },
  {
    kind: 'check',
    name: 'stripe-check',
    group: 'stripe',
    usage: '[--wait n]',
    summary: 'check what the Stripe key may read, and how Stripe behaves',
    load: async () => (await import('./stripe-check.command.js')).stripeCheckCommand,
  },
  {
    kind: 'check',
    name: 'backup',
    group: 'log',
    usage: '--to <file>',
    summary: 'copy the log of the embedded event store into a file, while the service runs',
    load: async () => (await import('./backup.commands.js')).backupCommand,
  },
  {
    kind: 'check',
    name: 'restore',
    group: 'log',
    usage: '--from <file>',
    summary: 'make the log of a data directory from a backup',
    load: async () => (await import('./backup.commands.js')).restoreCommand,
  },
  {
    kind: 'command',
    name: 'backfill',
    group: 'stripe',
    usage: '[options]',
    summary: 'read everything that Stripe has of the account, and record what the log lacks',
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
    summary: 'compare the ledger with Stripe, and repair the differences',
    load: async () => (await import('./reconcile.command.js')).reconcileCommand,
  },
  {
    kind: 'command',
    name: 'runs',
    group: 'stripe',
    usage: '[options]',
    summary: 'list backfills and comparisons with Stripe, and their progress',
    load: async () => (await import('./runs.command.js')).runsCommand,
  },
  {
    kind: 'program',
    name: 'eventstore copy',
    group: 'log',
    usage: '--from <url> --to <url>',
    summary: 'copy one event store into another, and compare them',
    load: () => import('../eventstore/copy/cli.js'),
  },
  {
    kind: 'program',
    name: 'eventstore',
    group: 'log',
    usage: '[options]',
    summary: 'run the embedded event store alone, or check its files',
    load: () => import('../../packages/embedded-eventstore/src/cli.js'),
  },
];
