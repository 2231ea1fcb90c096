import { textOption, UsageError } from './command.js';
import type { ServiceCommand } from './on-service.js';
import { timeOption } from './texts.js';

type Access = Readonly<{
  granted: boolean;
  until: string | null;
  reason: Readonly<Record<string, unknown>>;
  isComplete: boolean;
  products: readonly string[];
}>;

export const accessCommand: ServiceCommand = {
  help: `Shows whether a customer has access, until when, and why. Name the customer by id, e-mail address or reference.

  --product <id>      to this product
  --entitlement <key> to this feature, by its lookup key
  --at <time>         at this time: 2026-01-31T12:00:00Z, or an age: 30m, 2h, 3d
  --reference <id>    your own id for the person, instead of a customer
  --json              as JSON, as GET /v1/access answers
`,
  takesNames: true,
  options: {
    product: { type: 'string' },
    entitlement: { type: 'string' },
    at: { type: 'string' },
    reference: { type: 'string' },
    json: { type: 'boolean' },
  },
  check(given) {
    timeOption('at', textOption(given, 'at'));
    if (given.names.length + (given.values['reference'] === undefined ? 0 : 1) !== 1)
      throw new UsageError('access needs one customer: access cus_123, or access jenny@example.com.');
  },
  run: async (given, { service, print }) => {
    const [who] = given.names;
    const access = await service.get<Access>('/v1/access', {
      [who?.includes('@') === true ? 'email' : 'customer']: who,
      reference: textOption(given, 'reference'),
      product: textOption(given, 'product'),
      entitlement: textOption(given, 'entitlement'),
      trueAt: timeOption('at', textOption(given, 'at')),
    });
    print(given.values['json'] === true ? JSON.stringify(access, null, 2) : textOf(access));
    return 0;
  },
};

function textOf({ granted, until, reason, isComplete, products }: Access): string {
  const verdict = granted
    ? `Access is granted${until === null ? '' : ` until ${until}`}`
    : `Access is not granted${until === null ? '' : `; it ended at ${until}`}`;
  const details = ['subscription', 'entitlement', 'status', 'statusSince', 'statusEvent', 'pastDueSince'].flatMap(
    (name) => (typeof reason[name] === 'string' ? [`  ${name.padEnd(13)} ${reason[name]}`] : []),
  );
  return [
    `${verdict} (${String(reason['rule'])}).`,
    ...details,
    ...(products.length === 0 ? [] : [`  products      ${products.join(', ')}`]),
    ...(isComplete ? [] : ['  The facts are incomplete, so the answer may be wrong; --json shows what is missing.']),
  ].join('\n');
}
