/** Given these Stripe events of one stream, when this one comes, then these are the rows of these tables; a field that is not named may be anything. */
export type Scenario = Readonly<{
  title: string;
  given: readonly unknown[];
  when: unknown;
  then: 'unchanged' | Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}>;
