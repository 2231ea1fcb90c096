import type { AccessChange, AccessDecision } from '../answers.js';
import { reasonText } from '../access-words.js';
import { eventPage } from '../places.js';
import { Empty } from './layout.js';
import { Mark, Time } from './text.js';

type NameOf = (product: string) => string;

/** The members of `all` that `others` lacks. */
const without = (all: readonly string[], others: readonly string[]): readonly string[] =>
  all.filter((one) => !others.includes(one));

/** A change in words, with its colour, and the products and entitlements that it concerns. */
export function turnOf(
  { before, now }: Pick<AccessDecision, 'before' | 'now'>,
  nameOf: NameOf,
): Readonly<{ word: string; tone: 'good' | 'bad' | 'calm'; text: string }> {
  const allOf = ({ products, entitlements }: AccessDecision['before']) => [...products.map(nameOf), ...entitlements];
  const [had, has] = [allOf(before), allOf(now)];
  if (now.granted && !before.granted) return { word: 'access begins', tone: 'good', text: has.join(', ') };
  if (before.granted && !now.granted) return { word: 'access ends', tone: 'bad', text: had.join(', ') };
  const [gained, lost] = [without(has, had), without(had, has)];
  const parts = [
    gained.length === 0 ? null : `got ${gained.join(', ')}`,
    lost.length === 0 ? null : `lost ${lost.join(', ')}`,
  ];
  const text = parts.filter((part) => part !== null).join(', ');
  return { word: now.granted ? 'access changes' : 'no access', tone: 'calm', text };
}

/** What triggered a decision. */
export function Because({ of, mayLook }: { of: AccessDecision['because']; mayLook: boolean }) {
  switch (of.kind) {
    case 'event':
      if (of.stripeEventId == null) return <>an event arrived</>;
      return mayLook ? <a href={eventPage(of.stripeEventId)}>an event arrived</a> : <>an event arrived</>;
    case 'time':
      return <>a deadline passed</>;
    case 'policy':
      return <>the access policy changed</>;
    case 'repair':
      return <>rows were corrected</>;
  }
}

/** One decision: what changed, the reason, and the trigger. */
const Decision = ({ of, nameOf, mayLook }: { of: AccessChange; nameOf: NameOf; mayLook: boolean }) => {
  const { word, tone, text } = turnOf(of, nameOf);
  if (of.rejected !== null)
    return (
      <>
        <p class="event">
          <Mark tone="calm">rejected: {word}</Mark> {text} <Time at={of.rejected.at} />
        </p>
        <p>
          {of.rejected.by} rejected it: {of.rejected.why}{' '}
          <span class="dim">
            {capital(reasonText(of.now.reason, of.now.until))}. It was held because{' '}
            <Because of={of.because} mayLook={mayLook} />.
          </span>
        </p>
      </>
    );
  return (
    <>
      <p class="event">
        <Mark tone={tone}>{word}</Mark> {text} <Time at={of.decidedAt} />
      </p>
      <p>
        {capital(reasonText(of.now.reason, of.now.until))}.{' '}
        <span class="dim">
          Decided because <Because of={of.because} mayLook={mayLook} />
          {of.isBaseline ? '; this is the first decision, so no notification was sent' : ''}.
        </span>
      </p>
    </>
  );
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Decisions about a customer, newest first. */
export const History = ({
  of,
  nameOf,
  mayLook,
  isRest = false,
}: {
  of: readonly AccessChange[];
  nameOf: (product: string) => string;
  mayLook: boolean;
  isRest?: boolean;
}) =>
  of.length === 0 ? (
    <Empty>
      <p>
        {isRest
          ? 'There are no earlier decisions.'
          : 'There are no decisions yet. A customer without a decision counts as having no access. Decisions follow a few seconds after an event, unless ACCESS_CHANGES=no.'}
      </p>
    </Empty>
  ) : (
    <ol class="timeline">
      {of.map((one) => (
        <li key={one.id}>
          <Decision of={one} nameOf={nameOf} mayLook={mayLook} />
        </li>
      ))}
    </ol>
  );

/** The products before and after a decision, with repeats. */
export const productsOf = ({ before, now }: AccessDecision): readonly string[] => [...before.products, ...now.products];
