import type { TimelineEntry } from '../answers.js';
import { isCounted, type Moments } from '../moments.js';

const SIZE = 100;
const EDGE = 8;

/**
 * Plots the logical order of events against their order of arrival: events on the diagonal arrived in order. The
 * timeline below has the same facts as text.
 */
export function ArrivalPlot({ entries, moments }: { entries: readonly TimelineEntry[]; moments: Moments }) {
  const scale = (SIZE - 2 * EDGE) / Math.max(1, entries.length - 1);
  const radius = entries.length > 60 ? 1.4 : 2.2;
  const late = entries.filter((entry) => entry.late).length;
  return (
    <svg
      class="plot"
      role="img"
      viewBox={`0 0 ${SIZE} ${SIZE}`}
      aria-label={`Order of arrival against logical order: ${late} of ${entries.length} events arrived late`}
    >
      <line x1={EDGE} y1={SIZE - EDGE} x2={SIZE - EDGE} y2={EDGE} />
      {moments.arrivals.map((entry, rank) => (
        <circle
          key={entry.stripeEventId}
          {...classOf(entry, isCounted(entry, entries, moments))}
          cx={(EDGE + entries.indexOf(entry) * scale).toFixed(2)}
          cy={(SIZE - EDGE - rank * scale).toFixed(2)}
          r={radius}
          data-known={rank + 1}
        >
          <title>
            {entry.type}, arrived as {rank + 1}
            {entry.late ? ', late' : ''}
          </title>
        </circle>
      ))}
      <text x={SIZE - EDGE} y={SIZE - 1.5} text-anchor="end">
        happened →
      </text>
      <text x="1.5" y="6.5">
        arrived ↑
      </text>
    </svg>
  );
}

function classOf({ late }: TimelineEntry, counts: boolean): { class?: string } {
  if (!counts) return { class: 'off' };
  return late ? { class: 'late' } : {};
}
