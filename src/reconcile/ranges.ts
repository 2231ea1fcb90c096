import type { Page } from '../stripe-api/answers.js';
import type { Resource } from '../stripe-api/resources.js';

/**
 * A part of a list that is still to be read: objects created from `gte` to `lte`, both included, after a cursor. Null
 * bounds: the list cannot be filtered by time.
 */
export type OpenRange = Readonly<{
  object: string;
  params: Readonly<Record<string, string>>;
  gte: number | null;
  lte: number | null;
  after: string | null;
  /** Average seconds per object on the last page; null before the first page. */
  secondsEach: number | null;
}>;

const DAY_S = 86_400;
/** The number of parts that a list of more than one page is first split into. */
const PARTS = 16;

/** The range that covers a whole list. */
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
 * What is left of a range after one of its pages: nothing, or the rest after the page's cursor, split among idle
 * workers. Cuts fall between whole seconds, and the cursor stays in the newest part.
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
  // A span of less than a day is not worth another request.
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

/** The range without its cursor, which Stripe no longer knows; objects that are listed again change nothing. */
export const withoutCursor = (range: OpenRange): OpenRange => ({ ...range, after: null });

/**
 * Estimates the number of objects in a list: the `listed` ones, plus what its open ranges hold at the pace of their
 * last pages.
 */
export function estimateOf(ranges: readonly OpenRange[], listed: number): number {
  const known = ranges.flatMap(({ secondsEach }) => (secondsEach === null || secondsEach === 0 ? [] : [secondsEach]));
  const usual = known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
  return ranges.reduce((sum, { gte, lte, secondsEach }) => {
    const each = secondsEach === null || secondsEach === 0 ? usual : secondsEach;
    return sum + (gte === null || lte === null || each === null ? 0 : Math.ceil((lte - gte) / each));
  }, listed);
}
