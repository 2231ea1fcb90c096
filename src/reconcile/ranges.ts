import type { Page } from '../stripe-api/answers.js';
import type { Resource } from '../stripe-api/resources.js';

/**
 * A part of a list that is still to be read: objects created from `gte` to `lte`, both included, from a cursor on. Null ends: the list
 * cannot be bounded by time.
 */
export type OpenRange = Readonly<{
  object: string;
  params: Readonly<Record<string, string>>;
  gte: number | null;
  lte: number | null;
  after: string | null;
  /** Seconds that the last page spanned, for an object; null before the first page. */
  secondsEach: number | null;
}>;

const DAY_S = 86_400;
/** Parts of a list that has more than a page, at first. */
const PARTS = 16;

/** The whole of a list. */
export const wholeOf = (
  { object, hasCreated }: Resource,
  params: OpenRange['params'],
  { from, to }: { from: number; to: number },
): OpenRange => ({
  ...{ object, params, after: null, secondsEach: null },
  gte: hasCreated ? from : null,
  lte: hasCreated ? to : null,
});

/**
 * What is left of a range after a page of it: nothing; or the rest, from the page's cursor on, in as many parts as workers are idle. A cursor
 * stays in the part that begins with its own second: whole seconds are never cut.
 */
export function restOf(range: OpenRange, page: Page, idle: number): readonly OpenRange[] {
  if (!page.hasMore || page.cursor === null) return [];
  const seconds = page.items.flatMap(({ created }) => (created === null ? [] : [created]));
  const [newest, oldest] = [Math.max(...seconds), Math.min(...seconds)];
  const rest = { ...range, after: page.cursor, secondsEach: (newest - oldest) / Math.max(page.items.length, 1) };
  const { gte } = range;
  if (gte === null || range.lte === null || !Number.isFinite(oldest)) return [rest];
  const parts = range.after === null && range.secondsEach === null ? PARTS : Math.min(idle + 1, 2);
  const span = oldest - gte;
  // A day with less than a few pages is not worth a request more.
  if (parts < 2 || span < DAY_S) return [{ ...rest, lte: Math.min(range.lte, oldest) }];
  const cuts = Array.from({ length: parts - 1 }, (_, at) => gte + Math.floor((span * (at + 1)) / parts));
  const bounds = [...new Set(cuts)].filter((cut) => cut >= gte && cut < oldest);
  const newestPart = { ...rest, gte: (bounds.at(-1) ?? gte - 1) + 1, lte: range.lte };
  const older = bounds.map((lte, at) => ({
    ...rest,
    after: null,
    gte: at === 0 ? gte : (bounds[at - 1] as number) + 1,
    lte,
  }));
  return [newestPart, ...older.reverse()];
}

/** A range whose cursor Stripe knows no more: from the last second that was seen on, what is listed twice is no news. */
export const withoutCursor = (range: OpenRange): OpenRange => ({ ...range, after: null });

/** About how many objects are left in ranges; `listed` objects of the same list took `seconds` so far. */
export function estimateOf(ranges: readonly OpenRange[], listed: number): number {
  const known = ranges.flatMap(({ secondsEach }) => (secondsEach === null || secondsEach === 0 ? [] : [secondsEach]));
  const usual = known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
  return ranges.reduce((sum, { gte, lte, secondsEach }) => {
    const each = secondsEach === null || secondsEach === 0 ? usual : secondsEach;
    return sum + (gte === null || lte === null || each === null ? 0 : Math.ceil((lte - gte) / each));
  }, listed);
}
