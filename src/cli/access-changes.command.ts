import { userInfo } from 'node:os';
import { giveVerdict } from '../access-changes/change-log.js';
import { rejection, type Access, type Decision } from '../access-changes/change.js';
import { heldSummary, listHeld } from '../access-changes/states.js';
import { isNotYetMade } from '../read-models/database.js';
import { textOption, UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';

const LIMIT = { min: 1, max: 10_000 };

export const accessChangesCommand: Command = {
  help: `Lists the access changes that wait for approval. The ledger holds changes back when more customers than usual would lose
or gain access at once, for example after a release, a new policy or an outage. "access approve" records the changes;
"access reject" discards them. Exits with 1 when changes are held.

  --limit <n>         list at most n changes                                         (20)
  --json              print each change as a line of JSON
`,
  options: { limit: { type: 'string', default: '20' }, json: { type: 'boolean' } },
  check({ values }) {
    wholeNumber('limit', values['limit'], LIMIT);
  },
  run: list,
};

export const accessApproveCommand: Command = {
  help: `Approves the access changes that are held now. Review them first with "access changes". The service that projects records
them within seconds. Changes held later need a new approval.
`,
  options: {},
  run: (_, context) => judgeHeld(context, null),
};

export const accessRejectCommand: Command = {
  help: `Rejects the access changes that are held now. Your application keeps the access it knows. The history of each customer
records who rejected the change and why. The next event of a customer is decided as usual.

  --why <text>        the reason, in one sentence
`,
  options: { why: { type: 'string' } },
  check: whyOf,
  run: (given, context) => judgeHeld(context, whyOf(given)),
};

function whyOf(given: Given): string {
  const read = rejection.safeParse({ why: textOption(given, 'why') });
  if (read.success) return read.data.why;
  throw new UsageError(`--why ${read.error.issues[0]?.message}, e.g. --why "the new rule was a mistake".`);
}

/** The summary of changes on hold; empty where no process has decided yet. */
const heldIn = ({ parts: { database } }: Context) =>
  heldSummary(database).catch((error: unknown) => {
    if (isNotYetMade(error)) return { count: 0, holds: [] };
    throw error;
  });

async function list({ values }: Given, context: Context): Promise<number> {
  const { count } = await heldIn(context);
  if (count === 0) {
    context.print('No access changes are held.');
    return 0;
  }
  const max = wholeNumber('limit', values['limit'], LIMIT);
  const held = await listHeld(context.parts.database, { after: '', max });
  for (const { hold, decision } of held)
    context.print(values['json'] === true ? JSON.stringify({ ...decision, hold }) : textOf(decision));
  if (count > held.length && values['json'] !== true) context.print(`… and ${count - held.length} more (--limit)`);
  return 1;
}

async function judgeHeld(context: Context, why: string | null): Promise<number> {
  const { count, holds } = await heldIn(context);
  if (holds.length === 0) {
    context.print('No access changes are held.');
    return 0;
  }
  const by = `${userInfo().username} (command line)`;
  await giveVerdict(context.parts.store, { holds, by, at: new Date().toISOString(), why });
  context.print(
    why === null
      ? `Approved: ${count} changes. The service that projects records them.`
      : `Rejected: ${count} changes. The service that projects adds the rejection to the history of each customer.`,
  );
  return 0;
}

const textOf = ({ customer, reference, before, now, because }: Decision): string =>
  `${customer}${reference === null ? '' : ` (${reference})`}  ${accessText(before)} -> ${accessText(now)}  ${now.reason.rule}, because of ${because.kind}`;
const accessText = ({ granted, products, entitlements }: Access): string =>
  granted ? `access${[...products, ...entitlements].map((name) => ` ${name}`).join('')}` : 'no access';
