import { UsageError } from './command.js';
import type { ServiceCommand } from './on-service.js';
import { tableOf } from './texts.js';

type Found = Readonly<{ kind: string; id: string; title: string | null; href: string; by: string }>;

export const findCommand: ServiceCommand = {
  help: `Searches by id, e-mail address (or its first characters), customer name (or the first letters of its words), invoice number, code
or your own reference.
Exits with 1 when nothing is found.

  --json              as JSON
`,
  takesNames: true,
  options: { json: { type: 'boolean' } },
  check({ names }) {
    if (names.length === 0) throw new UsageError('find needs a text: find jenny@example.com.');
  },
  run: async ({ names, values }, { service, print, report }) => {
    const q = names.join(' ');
    const { data } = await service.get<{ data: readonly Found[] }>('/v1/find', { q });
    if (values['json'] === true) print(JSON.stringify(data, null, 2));
    else if (data.length === 0) report(`Nothing found for "${q}".`);
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
