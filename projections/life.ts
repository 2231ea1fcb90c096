/** The statuses of a life that never goes back, from first to last, those of one stage together. */
export type Life = readonly (readonly string[])[];

/**
 * Whether a snapshot with the status `is` is stale once its object was seen with the status `was`: it shows an earlier stage
 * of its life. Nothing but another status of the last stage follows the last stage; before it, a status that nobody knows
 * yet passes.
 */
export function isStale(life: Life, was: string, is: string): boolean {
  const stageOf = (status: string): number => life.findIndex((statuses) => statuses.includes(status));
  const stage = stageOf(is);
  return stageOf(was) === life.length - 1 ? stage !== life.length - 1 : stage !== -1 && stage < stageOf(was);
}
