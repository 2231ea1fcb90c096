import type { MrrTrials, MrrTrialsEnded } from '../answers.js';
import { withQuery } from '../ledger.js';
import { plural } from '../operation-words.js';
import { page, type Frame, type Shown } from '../page.js';
import { customerPage, subscriptionPage } from '../places.js';
import { Band } from '../parts/charts.js';
import { Empty, Next, Section, Table, Verdict } from '../parts/layout.js';
import { Incomplete, MoneyPages, PeriodForm, scopeIn, scopeText } from '../parts/money.js';
import { dayText, Id, Mark, Time } from '../parts/text.js';

type Data = Readonly<{ trials: MrrTrials; ended: MrrTrialsEnded }>;
type Scoped = MrrTrials['data'][number];

const HERE = '/console/mrr/trials';
const whoseText = ({ currency, ...of }: Pick<Scoped, 'livemode' | 'account' | 'currency'>): string =>
  scopeText({ ...of, currency: currency ?? 'no currency' });

function show({ trials, ended }: Data, { asked }: Frame): Shown {
  const { from, to, withinDays, data } = trials;
  const { converted } = asked.query;
  const own = { from, to, withinDays, ...scopeIn(asked.query) };
  return {
    title: 'Trials',
    nav: 'Money',
    main: (
      <>
        <MoneyPages at="Trials" />
        <h1>Trials</h1>
        <p>
          Trials that ended from {dayText(from)} to {dayText(to)}, and those whose subscription then had MRR
          {withinDays === 0 ? ' immediately' : ` within ${plural(withinDays, 'day')}`}.
        </p>
        <PeriodForm action={HERE} asked={{ ...asked.query, from, to }} type="date">
          <label>
            Days to convert
            <input name="withinDays" type="number" min={0} max={365} value={withinDays} />
          </label>
        </PeriodForm>
        {data.length === 0 ? (
          <Empty>
            <p>No trials ended in this period. Trials from before the first event of a subscription are not counted.</p>
          </Empty>
        ) : (
          data.map((scope) => <Scope key={whoseText(scope)} of={scope} own={own} />)
        )}
        {data.length === 0 ? null : (
          <Section
            title="All trials"
            id="ended"
            aside={
              <span>
                {([undefined, 'true', 'false'] as const).map((one) => (
                  <a
                    key={one ?? 'all'}
                    class="detail"
                    href={withQuery(HERE, { ...own, converted: one })}
                    {...(one === converted ? { 'aria-current': 'page' } : {})}
                  >
                    {one === undefined ? 'all' : one === 'true' ? 'converted' : 'not converted'}
                  </a>
                ))}
              </span>
            }
          >
            <Ended of={ended} />
            <Next
              href={ended.nextCursor === null ? null : withQuery(HERE, { ...own, converted, cursor: ended.nextCursor })}
            />
          </Section>
        )}
        <Incomplete of={trials} />
      </>
    ),
  };
}

function Scope({ of, own }: { of: Scoped; own: Readonly<Record<string, string | number | undefined>> }) {
  const { ended, converted, conversion, livemode, account, currency } = of;
  const leads = (which: 'true' | 'false') =>
    withQuery(HERE, { ...own, livemode: String(livemode), account, currency, converted: which });
  return (
    <Section title={whoseText(of)} id={`trials-${currency ?? 'none'}-${livemode}-${account ?? ''}`}>
      <Verdict tone="calm">
        <p class="sentence">
          <strong>{conversion.percent ?? 0} %</strong> of {plural(ended, 'trial')} converted.
        </p>
        <p>
          <a href={leads('true')}>{converted} converted</a>, <a href={leads('false')}>{ended - converted} did not</a>.
        </p>
      </Verdict>
      <Band
        label={`${converted} of ${ended} trials converted`}
        spans={[
          { word: 'converted', tone: 'good', from: 0, to: converted },
          { word: 'not converted', tone: 'calm', from: converted, to: ended },
        ].filter(({ from, to }) => from < to)}
      />
    </Section>
  );
}

const Ended = ({ of: { data } }: { of: MrrTrialsEnded }) =>
  data.length === 0 ? (
    <Empty>
      <p>None.</p>
    </Empty>
  ) : (
    <Table label="Trials, last ended first" columns={['Customer', 'Subscription', 'Of', 'Began', 'Ended', 'Then']}>
      {data.map((one) => (
        <tr key={`${one.subscription} ${one.endedAt}`}>
          <td>
            <Id id={one.customer} href={customerPage(one.customer)} />
          </td>
          <td>
            <Id id={one.subscription} href={subscriptionPage(one.subscription)} />
          </td>
          <td class="whole">{whoseText(one)}</td>
          <td>
            <Time at={one.startedAt} as="day" />
          </td>
          <td>
            <Time at={one.endedAt} as="day" />
          </td>
          <td>
            {one.isConverted ? (
              <Mark tone="good">converted</Mark>
            ) : one.convertedAt === null ? (
              <Mark tone="calm">not converted</Mark>
            ) : (
              <>
                <Mark tone="calm">later</Mark> <Time at={one.convertedAt} as="day" />
              </>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );

/** How many trials converted, and which? */
export const TRIALS = page<Data>({
  path: '/mrr/trials',
  scope: 'read',
  async load(ledger, { query }) {
    const wanted = { from: query['from'], to: query['to'], withinDays: query['withinDays'], ...scopeIn(query) };
    const [trials, ended] = await Promise.all([
      ledger.read<MrrTrials>('/v1/mrr/trials', wanted),
      ledger.read<MrrTrialsEnded>('/v1/mrr/trials/ended', {
        ...wanted,
        converted: query['converted'],
        cursor: query['cursor'],
        limit: 50,
      }),
    ]);
    return { trials, ended };
  },
  show,
});
