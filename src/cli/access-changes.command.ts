import { userInfo } from 'node:os';
import { giveVerdict } from '../access-changes/change-log.js';
import { rejection, type Access, type Decision } from '../access-changes/change.js';
import { heldSummary, listHeld } from '../access-changes/states.js';
import { isNotYetMade } from '../read-models/database.js';
import { textOption, UsageError, wholeNumber, type Command, type Context, type Given } from './command.js';

const LIMIT = { min: 1, max: 10_000 };

export const accessChangesCommand: Command = {
  help: `Changes are held when more customers than usual would lose or gain access at one time: after a release, a new policy, an
outage. Exits with 1 when some are held. "access approve" records them, "access reject" does not.

  --limit <n>         how many to list                                               (20)
  --json              print each change as a line of JSON
`,
  options: { limit: { type: 'string', default: '20' }, json: { type: 'boolean' } },
  check({ values }) {
    wholeNumber('limit', values['limit'], LIMIT);
  },
  run: list,
};

export const accessApproveCommand: Command = {
  help: `Lets the changes go that are held now; what is held later needs another approval. Look at "access changes" first. The service
that projects records them within seconds.
`,
  options: {},
  run: (_, context) => judgeHeld(context, null),
};

export const accessRejectCommand: Command = {
  help: `Records nothing of the changes that are held now: your application goes on with what it knows. The history of each customer says
who rejected the change, and why. When something new comes of a customer, it is decided as any other.

  --why <text>        why, in a sentence
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
    context.print('No change of access is held.');
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
    context.print('No change of access is held.');
    return 0;
  }
  const by = `${userInfo().username} (command line)`;
  await giveVerdict(context.parts.store, { holds, by, at: new Date().toISOString(), why });
  context.print(
    why === null
      ? `Approved: ${count} changes. The service that projects records them.`
      : `Rejected: ${count} changes. The service that projects writes that into the history of each customer.`,
  );
  return 0;
}

const textOf = ({ customer, reference, before, now, because }: Decision): string =>
  `${customer}${reference === null ? '' : ` (${reference})`}  ${accessText(before)} -> ${accessText(now)}  ${now.reason.rule}, because of ${because.kind}`;
const accessText = ({ granted, products, entitlements }: Access): string =>
  granted ? `access${[...products, ...entitlements].map((name) => ` ${name}`).join('')}` : 'no access';
