import { UsageError } from './command.js';
import type { ServiceCommand } from './on-service.js';
import { tableOf } from './texts.js';

type Found = Readonly<{ kind: string; id: string; title: string | null; href: string; by: string }>;

export const findCommand: ServiceCommand = {
  help: `Finds by any id, e-mail address (or its beginning), customer's name (or how its words begin), invoice number, code or
reference of your own.
Exits with 1 when nothing is found.

  --json              as JSON
`,
  takesNames: true,
  options: { json: { type: 'boolean' } },
  check({ names }) {
    if (names.length === 0) throw new UsageError('find takes a text: find jenny@example.com.');
  },
  run: async ({ names, values }, { service, print, report }) => {
    const q = names.join(' ');
    const { data } = await service.get<{ data: readonly Found[] }>('/v1/find', { q });
    if (values['json'] === true) print(JSON.stringify(data, null, 2));
    else if (data.length === 0) report(`Nothing is known of "${q}".`);
    else
      print(
        tableOf(
          ['kind', 'id', 'title', 'found by'],
          data.map(({ kind, id, title, by }) => [kind, id, title ?? '-', by]),
        ),
      );
    return data.length === 0 ? 1 : 0;
  },
};
