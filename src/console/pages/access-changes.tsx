import type { HeldChange, Product } from '../answers.js';
import { reasonText } from '../access-words.js';
import { fingerprintOf, HELD, HELD_SHOWN, type Held } from '../held.js';
import { withQuery } from '../ledger.js';
import { plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage } from '../places.js';
import { Because, productsOf, turnOf } from '../parts/access-decision.js';
import { Empty, Next, Section, Table, Verdict } from '../parts/layout.js';
import { Id, Mark, Time } from '../parts/text.js';
import { nameIn, namedProducts } from '../products.js';

const TOLD: Readonly<Record<string, string>> = {
  approved: 'Approved. The process that projects records the changes within seconds.',
  rejected: 'Rejected. The history of each customer shows this within seconds.',
  changed: 'The held changes are not those that you saw. Nothing was approved or rejected; review them again.',
};

type Data = Readonly<{ held: Held; products: readonly Product[] }>;

function show({ held, products }: Data, { asked }: Frame): Shown {
  const { data, count, nextCursor } = held;
  const message = TOLD[asked.query['told'] ?? ''];
  const isFirst = asked.query['cursor'] === undefined;
  const lost = data.filter(({ before, now }) => before.granted && !now.granted).length;
  const got = data.filter(({ before, now }) => !before.granted && now.granted).length;
  const turns = [
    [lost, 'would lose access'],
    [got, 'would gain access'],
    [data.length - lost - got, 'would have access to other products'],
  ].flatMap(([customers, what]) => (customers === 0 ? [] : [`${plural(Number(customers), 'customer')} ${what}`]));
  const since = data.map(({ decidedAt }) => decidedAt).sort()[0];
  return {
    title: 'Access changes',
    nav: 'Access',
    refreshS: 10,
    main: (
      <>
        <h1>Access changes</h1>
        {message === undefined ? null : <p role="status">{message}</p>}
        <Verdict tone={count === 0 ? 'good' : 'bad'}>
          <p class="sentence">
            {count === 0 ? (
              'No access changes are held.'
            ) : (
              <>
                {plural(count, 'change')} of access {count === 1 ? 'is' : 'are'} held
                {since === undefined ? null : (
                  <>
                    , since <Time at={since} />
                  </>
                )}
                .
              </>
            )}
          </p>
          {count === 0 ? null : (
            <p>
              {count > data.length ? `Of the ${data.length} that are shown here, ` : ''}
              {turns.join(', ')}. Your application is not notified until you approve.
            </p>
          )}
        </Verdict>
        {count === 0 ? (
          <Empty>
            <p>
              Changes are held here when more customers than usual would lose or gain access at once, for example after
              a release, a new policy or an outage. All other changes are recorded immediately. They are on the page of
              each customer and in the feed <code>/v1/access-changes</code>.
            </p>
          </Empty>
        ) : (
          <>
            <Causes of={data} />
            {isFirst ? <Judge held={held} /> : null}
            <Section title="Who" id="who">
              <Table label="Held changes" columns={['Customer', 'Change', 'Why', 'Decided because']}>
                {data.map((one) => {
                  const { word, tone, text } = turnOf(one, nameIn(products));
                  return (
                    <tr key={one.customer}>
                      <td>
                        <Id id={one.customer} href={customerPage(one.customer)} />
                        {one.reference === null ? null : <span class="dim"> {one.reference}</span>}
                      </td>
                      <td>
                        <Mark tone={tone}>{word}</Mark> {text}
                      </td>
                      <td>{reasonText(one.now.reason, one.now.until)}</td>
                      <td>
                        <Because of={one.because} mayLook />
                      </td>
                    </tr>
                  );
                })}
              </Table>
              <Next href={nextCursor === null ? null : withQuery('/console/access-changes', { cursor: nextCursor })} />
            </Section>
          </>
        )}
      </>
    ),
  };
}

/** Counts the held changes by effect and rule, so that a common cause stands out. */
function Causes({ of }: { of: readonly HeldChange[] }) {
  const counts = new Map<string, number>();
  for (const one of of) {
    const cause = `${turnOf(one, (product) => product).word}: ${one.now.reason.rule.replaceAll('_', ' ')}`;
    counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return (
    <Section title="By effect" id="causes">
      <Table label="Held changes by effect" columns={['What', ['Customers', 'number']]}>
        {[...counts]
          .sort(([, a], [, b]) => b - a)
          .map(([cause, count]) => (
            <tr key={cause}>
              <th scope="row">{cause}</th>
              <td class="number">{count}</td>
            </tr>
          ))}
      </Table>
    </Section>
  );
}

const Judge = ({ held }: { held: Held }) => (
  <Section title="Approve or reject" id="judge">
    <details>
      <summary>Record {held.count === 1 ? 'this change' : `all ${held.count} changes`}</summary>
      <form class="confirm" method="post" action="/console/access-changes/approve">
        <input type="hidden" name="seen" value={fingerprintOf(held)} />
        <p>
          The changes are appended to the log and sent to your application, which then grants or removes access. This
          cannot be undone; only a later change can correct it. Changes held later need a new approval.
        </p>
        <button type="submit" class="danger">
          Approve {plural(held.count, 'change')}
        </button>
      </form>
    </details>
    <details>
      <summary>Reject {held.count === 1 ? 'this change' : `all ${held.count} changes`}</summary>
      <form class="confirm" method="post" action="/console/access-changes/reject">
        <input type="hidden" name="seen" value={fingerprintOf(held)} />
        <p>
          Your application is not notified and keeps the current access. The history of each customer records your
          rejection and the reason. The ledger still answers with the new decision, so also correct the cause, such as a
          rule or a missing event. The next event of a customer is decided as usual.
        </p>
        <label class="field">
          Reason
          <input name="why" required maxLength={500} size={60} autocomplete="off" />
        </label>
        <p>
          <button type="submit" class="danger">
            Reject {plural(held.count, 'change')}
          </button>
        </p>
      </form>
    </details>
  </Section>
);

/** Which customers' access would change at the same time, and should it? */
export const ACCESS_CHANGES = page<Data>({
  path: '/access-changes',
  scope: 'admin',
  async load(ledger, { query }) {
    const held = await ledger.read<Held>(HELD, { limit: HELD_SHOWN, cursor: query['cursor'] });
    return { held, products: await namedProducts(ledger, held.data.flatMap(productsOf)) };
  },
  show,
});
