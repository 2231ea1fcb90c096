/** Radio buttons, each with the effect of its choice. */
export const Choices = ({
  legend,
  of,
  chosen,
}: {
  legend: string;
  of: readonly (readonly [kind: string, name: string, effect: string])[];
  chosen: string;
}) => (
  <fieldset>
    <legend>{legend}</legend>
    {of.map(([kind, name, effect]) => (
      <label key={kind} class="choice">
        <input type="radio" name="kind" value={kind} checked={kind === chosen} />
        <span>
          <strong>{name}</strong> <span class="dim">{effect}</span>
        </span>
      </label>
    ))}
  </fieldset>
);
