/** The statuses of a lifecycle that never goes back, from first to last, grouped by stage. */
export type Life = readonly (readonly string[])[];

/**
 * Whether a snapshot with the status `is` is stale once the object was seen with the status `was`, because it shows an
 * earlier stage. Only another status of the last stage can follow the last stage; before it, an unknown status is
 * accepted.
 */
export function isStale(life: Life, was: string, is: string): boolean {
  const stageOf = (status: string): number => life.findIndex((statuses) => statuses.includes(status));
  const stage = stageOf(is);
  return stageOf(was) === life.length - 1 ? stage !== life.length - 1 : stage !== -1 && stage < stageOf(was);
}
