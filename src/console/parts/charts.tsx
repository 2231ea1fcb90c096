import type { ComponentChildren } from 'preact';

const HEIGHT = 72;
const STEP = 10;

/** One bar: its label, and its parts from the bottom up; `kind` is the class of the colour. */
export type Bar = Readonly<{ label: string; parts: readonly Readonly<{ kind: string; count: number }>[] }>;

/** A part of a bar; `y` is its upper edge. */
type Piece = Readonly<{ kind: string; y: number; height: number }>;

type Stacked = Readonly<{ label: string; pieces: readonly Piece[] }>;

/** Draws bars side by side, without axes. */
function Chart({ bars, label, children }: { bars: readonly Stacked[]; label: string; children?: ComponentChildren }) {
  return (
    <svg
      class="bars"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${bars.length * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {bars.map(({ label: name, pieces }, at) =>
        pieces.map(({ kind, y, height }) =>
          height === 0 ? null : (
            <rect
              key={`${name} ${kind}`}
              class={kind}
              x={at * STEP + 1}
              y={y.toFixed(2)}
              width={STEP - 2}
              height={height.toFixed(2)}
            />
          ),
        ),
      )}
      {children}
    </svg>
  );
}

const sumOf = (parts: Bar['parts']): number => parts.reduce((sum, { count }) => sum + count, 0);

/** Stacked bars without axes: the table below has the numbers. */
export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  const most = Math.max(1, ...bars.map(({ parts }) => sumOf(parts)));
  const stacked = bars.map(({ label: name, parts }) => {
    let top = HEIGHT;
    const pieces = parts.map(({ kind, count }) => {
      const height = (count / most) * (HEIGHT - 2);
      top -= height;
      return { kind, y: top, height };
    });
    return { label: name, pieces };
  });
  return <Chart bars={stacked} label={label} />;
}

/** Gains and losses of one period. */
export type Move = Readonly<{ label: string; up: Bar['parts']; down: Bar['parts'] }>;

/** Gains above a line and losses below it, on the same scale. */
export function Moves({ bars, label }: { bars: readonly Move[]; label: string }) {
  const most = Math.max(1, ...bars.flatMap(({ up, down }) => [sumOf(up), sumOf(down)]));
  const half = HEIGHT / 2;
  const heightOf = (count: number): number => (count / most) * (half - 2);
  const stacked = bars.map(({ label: name, up, down }) => {
    let [top, bottom] = [half, half];
    const gains = up.map(({ kind, count }) => {
      top -= heightOf(count);
      return { kind, y: top, height: heightOf(count) };
    });
    const losses = down.map(({ kind, count }) => {
      bottom += heightOf(count);
      return { kind, y: bottom - heightOf(count), height: heightOf(count) };
    });
    return { label: name, pieces: [...gains, ...losses] };
  });
  return (
    <Chart bars={stacked} label={label}>
      <line x1="0" x2={bars.length * STEP} y1={half} y2={half} />
    </Chart>
  );
}

/** A step from one amount to another, with its label. */
export type Step = Readonly<{ label: string; kind: string; from: number; to: number }>;

/** A waterfall chart: each step begins where the previous one ended. */
export function Steps({ steps, label }: { steps: readonly Step[]; label: string }) {
  const all = steps.flatMap(({ from, to }) => [from, to]);
  const [least, most] = [Math.min(0, ...all), Math.max(1, ...all)];
  const yOf = (amount: number): number => HEIGHT - 1 - ((amount - least) / (most - least)) * (HEIGHT - 2);
  const stacked = steps.map(({ label: name, kind, from, to }) => {
    const [top, bottom] = [yOf(Math.max(from, to)), yOf(Math.min(from, to))];
    return { label: name, pieces: [{ kind: `${kind} k0`, y: top, height: bottom - top }] };
  });
  return <Chart bars={stacked} label={label} />;
}

/** A span of a band: a word, and its begin and end, in any unit. */
export type Span = Readonly<{ word: string; tone: string; from: number; to: number }>;

/** States over time, from left to right. `label` says the same in words. */
export function Band({ spans, label }: { spans: readonly Span[]; label: string }) {
  const [first, last] = [spans[0]?.from ?? 0, spans.at(-1)?.to ?? 1];
  const scale = 1_000 / Math.max(1, last - first);
  return (
    <svg class="band" role="img" aria-label={label} viewBox="0 0 1000 28" preserveAspectRatio="none">
      {spans.map(({ word, tone, from, to }) => (
        <rect
          key={`${word} ${from}`}
          class={tone}
          x={((from - first) * scale).toFixed(2)}
          y="0"
          height="28"
          width={Math.max(3, (to - from) * scale).toFixed(2)}
        >
          <title>{word}</title>
        </rect>
      ))}
    </svg>
  );
}
