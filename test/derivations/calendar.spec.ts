import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultPolicy } from '../../derivations/policy.js';
import { calendarOf, monthNamed } from '../../derivations/revenue/calendar.js';
import { earnedBy } from '../../derivations/revenue/earned.js';
import { monthsOf } from '../../derivations/revenue/months.js';
import { Schedule } from '../../derivations/revenue/schedule.js';

/**
 * Some zones changed their clocks at midnight of the first of a month: in Asuncion that midnight was skipped, in Havana
 * it occurred twice.
 */
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Asuncion', 'America/Havana', 'America/Sao_Paulo'],
  ...['Asia/Kolkata', 'Asia/Beirut', 'Australia/Lord_Howe', 'Pacific/Apia', 'Pacific/Chatham', 'Africa/Cairo'],
];
const secondOf = (time: string): number => Date.parse(time) / 1000;

describe('months', () => {
  it.each(ZONES)('begin where those before them end, in %s', (zone) => {
    const { monthStart, monthOf } = calendarOf(zone);
    for (let month = monthNamed('2011-01'); month < monthNamed('2031-01'); month += 1) {
      const start = monthStart(month);
      expect([month, monthOf(start), monthOf(start - 1)]).toEqual([month, month, month - 1]);
    }
  });

  it('begin at the first second that has them', () => {
    const start = (zone: string, month: string): number => calendarOf(zone).monthStart(monthNamed(month));
    expect(start('America/Asuncion', '2023-10')).toBe(secondOf('2023-10-01T04:00:00Z'));
    expect(start('America/Havana', '2020-11')).toBe(secondOf('2020-11-01T04:00:00Z'));
    expect(start('America/New_York', '2026-03')).toBe(secondOf('2026-03-01T05:00:00Z'));
  });
});

/** Services from the last of January, over a leap day, of a week and of a day. */
const SERVICES = [
  ...[
    ['2026-01-31T00:00:00Z', '2026-02-28T00:00:00Z'] as const,
    ['2028-01-31T12:30:00Z', '2028-02-29T12:30:00Z'] as const,
  ],
  ...[
    ['2028-02-29T00:00:00Z', '2029-02-28T00:00:00Z'] as const,
    ['2023-09-28T00:00:00Z', '2023-10-05T00:00:00Z'] as const,
  ],
  ...[
    ['2026-03-29T00:00:00Z', '2026-03-30T00:00:00Z'] as const,
    ['2026-10-15T00:00:00Z', '2027-10-15T00:00:00Z'] as const,
  ],
];

describe('the revenue of a line', () => {
  it('adds up over the months of any zone, and by the second is what its part of the time is', () => {
    const cases = fc.tuple(
      fc.constantFrom(...SERVICES),
      fc.constantFrom(...ZONES),
      fc.integer({ min: -99_999, max: 99_999 }),
    );
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom('second', 'day', 'month', 'month_prorated'),
        ([[from, to], zone, net], recognition) => {
          const service = { start: secondOf(from), end: secondOf(to) };
          const earned = earnedBy({ ...defaultPolicy, recognition, zone });
          const schedule = new Schedule(service, service.start, service.start, net, earned);
          const months = monthsOf(schedule, zone);
          expect(months.reduce((sum, { revenueMinor }) => sum + revenueMinor, 0)).toBe(net);
          if (recognition !== 'second') return;
          const { monthStart } = calendarOf(zone);
          const until = (at: number): number => {
            const [part, whole] = [
              Math.min(Math.max(at, service.start), service.end) - service.start,
              service.end - service.start,
            ];
            const size = (2n * BigInt(Math.abs(net)) * BigInt(part) + BigInt(whole)) / (2n * BigInt(whole));
            return Math.sign(net) * Number(size);
          };
          for (const { month, revenueMinor } of months)
            expect(revenueMinor).toBe(until(monthStart(month + 1)) - until(monthStart(month)));
        },
      ),
      { numRuns: 300 },
    );
  });
});
