const HEIGHT = 72;
const STEP = 10;

/** One bar: what it stands for, and its parts from the bottom, each with the class of its colour. */
export type Bar = Readonly<{ label: string; parts: readonly Readonly<{ kind: string; count: number }>[] }>;

/** Stacked bars without axes: the table below has the numbers. */
export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  const sumOf = ({ parts }: Bar): number => parts.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(1, ...bars.map(sumOf));
  return (
    <svg
      class="bars"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${bars.length * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {bars.map((bar, at) => {
        let top = HEIGHT;
        return bar.parts.map(({ kind, count }) => {
          const height = (count / most) * (HEIGHT - 2);
          top -= height;
          return (
            <rect
              key={`${bar.label} ${kind}`}
              class={kind}
              x={at * STEP + 1}
              y={top.toFixed(2)}
              width={STEP - 2}
              height={height.toFixed(2)}
            />
          );
        });
      })}
    </svg>
  );
}

/** What went up and what went down in one time. */
export type Move = Readonly<{ label: string; up: Bar['parts']; down: Bar['parts'] }>;

/** Gains above a line and losses below it, in one measure. */
export function Moves({ bars, label }: { bars: readonly Move[]; label: string }) {
  const sumOf = (parts: Bar['parts']): number => parts.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(1, ...bars.flatMap(({ up, down }) => [sumOf(up), sumOf(down)]));
  const half = HEIGHT / 2;
  return (
    <svg
      class="bars"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${bars.length * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      {bars.map(({ label: name, up, down }, at) => {
        let [top, bottom] = [half, half];
        const heightOf = (count: number): number => (count / most) * (half - 2);
        return [
          ...up.map(({ kind, count }) => {
            top -= heightOf(count);
            return { kind, y: top, height: heightOf(count) };
          }),
          ...down.map(({ kind, count }) => {
            bottom += heightOf(count);
            return { kind, y: bottom - heightOf(count), height: heightOf(count) };
          }),
        ].map(({ kind, y, height }) => (
          <rect
            key={`${name} ${kind}`}
            class={kind}
            x={at * STEP + 1}
            y={y.toFixed(2)}
            width={STEP - 2}
            height={height.toFixed(2)}
          />
        ));
      })}
      <line x1="0" x2={bars.length * STEP} y1={half} y2={half} />
    </svg>
  );
}

/** A span of a band: a word, and where it begins and ends, in any one unit. */
export type Span = Readonly<{ word: string; tone: string; from: number; to: number }>;

/** What held over time, from left to right. `label` tells the same in words. */
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
