import { UsageError } from './command.js';
import type { ServiceCommand } from './on-service.js';

type Entry = Readonly<{
  number: number;
  stripeEventId: string;
  type: string;
  created: string;
  changes: readonly Readonly<{ path: string; from: unknown; to: unknown }>[] | null;
  late: boolean;
  ambiguous: boolean;
}>;

const PAGE = '100';

export const timelineCommand: ServiceCommand = {
  help: `Lists the events of a subscription in logical order, with the changes that each made.

  --linked            with the events of its payments, refunds and disputes
  --json              as a line of JSON for each event
`,
  takesNames: true,
  options: { linked: { type: 'boolean' }, json: { type: 'boolean' } },
  check({ names }) {
    if (names.length !== 1) throw new UsageError('timeline needs one subscription: timeline sub_123.');
  },
  run: async ({ names: [subscription = ''], values }, { service, print, printed, signal }) => {
    const include = values['linked'] === true ? 'linked' : undefined;
    for (let after: number | null = 0; after !== null && !signal.aborted;) {
      const page: { data: readonly Entry[]; nextAfter: number | null } = await service.get(
        `/v1/subscriptions/${encodeURIComponent(subscription)}/events`,
        { include, after: String(after), limit: PAGE },
      );
      for (const entry of page.data) print(values['json'] === true ? JSON.stringify(entry) : textOf(entry));
      await printed();
      after = page.nextAfter;
    }
    return 0;
  },
};

const CHANGES_MAX = 12;

function textOf({ stripeEventId, type, created, changes, late, ambiguous }: Entry): string {
  const remarks = [late ? 'arrived late' : '', ambiguous ? 'order uncertain' : ''].filter(Boolean);
  const shown = (changes ?? []).slice(0, CHANGES_MAX);
  const more = (changes ?? []).length - shown.length;
  return [
    [created.slice(0, 19).replace('T', ' '), type, stripeEventId, ...remarks].join('  '),
    ...shown.map(({ path, from, to }) => `    ${path}: ${valueText(from)} -> ${valueText(to)}`),
    ...(more > 0 ? [`    … and ${more} more (--json)`] : []),
  ].join('\n');
}

const VALUE_LENGTH_MAX = 80;

function valueText(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) ?? 'absent');
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}
