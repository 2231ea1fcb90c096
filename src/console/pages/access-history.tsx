import { includesScope } from '../../http/tokens.js';
import type { AccessChange, List, Product } from '../answers.js';
import { pathOf, withQuery } from '../ledger.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage } from '../places.js';
import { History, productsOf } from '../parts/access-decision.js';
import { Next } from '../parts/layout.js';
import { nameIn, namedProducts } from '../products.js';
import { Id } from '../parts/text.js';

type Data = Readonly<{ id: string; changes: List<AccessChange>; products: readonly Product[] }>;

function show({ id, changes, products }: Data, { visitor, asked }: Frame): Shown {
  const own = `${customerPage(id)}/access-changes`;
  return {
    title: `Access of ${id}`,
    main: (
      <>
        <p class="over">
          <a href={customerPage(id)}>Customer</a>
        </p>
        <h1>Access history</h1>
        <p class="under">
          <Id id={id} href={customerPage(id)} />
        </p>
        <History
          of={changes.data}
          nameOf={nameIn(products)}
          mayLook={includesScope(visitor.scope, 'read')}
          isRest={asked.query['cursor'] !== undefined}
        />
        <Next href={changes.nextCursor === null ? null : withQuery(own, { cursor: changes.nextCursor })} />
      </>
    ),
  };
}

/** When did this customer have access, and why did it end? */
export const ACCESS_HISTORY = page<Data>({
  path: '/customers/:id/access-changes',
  scope: 'access',
  async load(ledger, { path, query }) {
    const id = String(path['id']);
    const changes = await ledger.read<List<AccessChange>>(`/v1/${pathOf('customers', id, 'access-changes')}`, {
      limit: 50,
      cursor: query['cursor'],
    });
    return { id, changes, products: await namedProducts(ledger, changes.data.flatMap(productsOf)) };
  },
  show,
});
