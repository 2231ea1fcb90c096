/** Texts that several commands print. */
import { UsageError } from './command.js';

/** A table of rows under headings, with columns as wide as needed. */
export function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, at) => Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)));
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Parses a time, or an age (`30m`, `2h`, `3d`), to the API's format. @throws UsageError */
export function timeOption(option: string, text: string | undefined, now = Date.now()): string | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const time = count === undefined ? Date.parse(text) : now - Number(count) * (UNITS[unit] ?? 0) * 1_000;
  if (Number.isNaN(time))
    throw new UsageError(`--${option} must be a time (2026-01-31T12:00:00Z) or an age (30m, 2h, 3d), not "${text}".`);
  return new Date(time).toISOString();
}
