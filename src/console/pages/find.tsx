import type { Find } from '../answers.js';
import { page, Redirect, type Frame, type Shown } from '../page.js';
import { isOfStripe, pageAt, searchAtStripe } from '../places.js';
import { Empty, Table } from '../parts/layout.js';
import { Id, Unknown } from '../parts/text.js';

const SHOWN_MAX = 100;

function show(answer: Find | null, { asked }: Frame): Shown {
  const q = (asked.query['q'] ?? '').trim();
  const found = answer?.data ?? [];
  return {
    title: q === '' ? 'Find' : `Find ${q}`,
    main: (
      <>
        <h1>Find {q === '' ? null : <q class="asked">{q}</q>}</h1>
        {answer === null ? (
          <Empty>
            <p>
              In the field above, enter a Stripe id, a name or e-mail address (or its first letters), an invoice number,
              a promotion code, or your own reference.
            </p>
          </Empty>
        ) : found.length === 0 ? (
          <Empty>
            <h2>Nothing found</h2>
            <p>
              Enter ids, numbers and codes in full; names and e-mail addresses may be shortened. If the event was sent a
              moment ago, try again. If Stripe has the object, check that its event type is enabled at the endpoint.
            </p>
            {isOfStripe(q) ? (
              <p>
                <a href={searchAtStripe(q)} rel="noreferrer">
                  Look for it in Stripe
                </a>
              </p>
            ) : null}
            <details>
              <summary>What was searched</summary>
              <ul class="searched">
                {answer.searched.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </details>
          </Empty>
        ) : (
          <Table label="Results" columns={['What', 'Id', 'Name and status', 'Found by']}>
            {found.slice(0, SHOWN_MAX).map(({ kind, id, title, href, by }) => (
              <tr key={href}>
                <td>{kind}</td>
                <td>
                  <Id id={id} href={pageAt(href)} />
                </td>
                <td>{title ?? <Unknown />}</td>
                <td>{by}</td>
              </tr>
            ))}
          </Table>
        )}
      </>
    ),
  };
}

/** Who or what is this? A single hit redirects to its page. */
export const FIND = page<Find | null>({
  path: '/find',
  scope: 'access',
  async load(ledger, { query }) {
    const q = (query['q'] ?? '').trim();
    if (q === '') return null;
    const answer = await ledger.read<Find>('/v1/find', { q });
    const [only, ...others] = answer.data;
    if (only !== undefined && others.length === 0) throw new Redirect(pageAt(only.href));
    return answer;
  },
  show,
});
