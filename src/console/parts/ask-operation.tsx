import type { ComponentChildren } from 'preact';
import { KINDS } from '../operation-words.js';
import { Choices } from './choices.js';

/** The fields of a request; fields without a value are left out. */
type Fields = Readonly<Record<string, string | undefined>>;

/** A button that starts one operation. `once` makes the form idempotent. */
export const AskOperation = ({
  fields,
  once,
  children,
  kind = '',
}: {
  fields: Fields;
  once: string;
  children: ComponentChildren;
  kind?: string;
}) => (
  <form method="post" action="/console/operations">
    <Hidden fields={{ ...fields, once }} />
    <button type="submit" class={kind}>
      {children}
    </button>
  </form>
);

const Hidden = ({ fields }: { fields: Fields }) => (
  <>
    {Object.entries(fields).map(([name, value]) =>
      value === undefined || value === '' ? null : <input key={name} type="hidden" name={name} value={value} />,
    )}
  </>
);

/** A form that starts an operation: which one, with its effect, and on which read model. */
export const OperationForm = ({
  models,
  asked,
  once,
}: {
  models: readonly string[];
  asked: Readonly<Record<string, string>>;
  once: string;
}) => {
  const chosen = KINDS.find(([kind]) => kind === asked['kind'])?.[0] ?? 'verify';
  return (
    <form class="confirm operation" method="post" action="/console/operations">
      <Hidden fields={{ once }} />
      <Choices legend="What to do" of={KINDS} chosen={chosen} />
      <div class="filters">
        <label>
          Read model
          <select name="projections">
            <option value="">all</option>
            {models.map((name) => (
              <option key={name} value={name} selected={name === asked['projection']}>
                {name.replaceAll('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        <label>
          Stream (to verify only one)
          <input name="stream" value={asked['stream'] ?? ''} size={36} maxLength={600} spellcheck={false} />
        </label>
        <button type="submit">Start</button>
      </div>
    </form>
  );
};
