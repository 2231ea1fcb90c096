/**
 * Given these Stripe events of one stream, `when` results in the rows `then`; fields that are not named may have any
 * value.
 */
export type Scenario = Readonly<{
  title: string;
  given: readonly unknown[];
  when: unknown;
  then: 'unchanged' | Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}>;
