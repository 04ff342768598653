/** A short curve of the last minutes. */

import { type Dot, SPAN_MS } from '../api/history.ts';

const WIDTH = 100;
const HEIGHT = 28;

interface Props {
  label: string;
  stretches: Dot[][];
  /** A second curve in the same scale, drawn as a dashed line. */
  limit?: Dot[][];
  /** The scale begins at 0, or at the least value: where a small change matters. */
  fromZero?: boolean;
  className?: string;
}

export function Curve({ label, stretches, limit = [], fromZero = true, className = 'curve' }: Props) {
  const values = [...stretches, ...limit].flat().map((dot) => dot.value);
  const top = Math.max(...values);
  const bottom = fromZero ? 0 : Math.min(...values);
  const height = top - bottom || 1;
  const line = (dots: Dot[]) =>
    dots
      .map(({ age, value }) => {
        const x = WIDTH * (1 + age / SPAN_MS);
        const y = HEIGHT - 2 - ((value - bottom) / height) * (HEIGHT - 4);
        return `${x.toFixed(2)},${y.toFixed(2)}`;
      })
      .join(' ');
  return (
    <svg
      className={className}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {limit.map((dots) => (
        <polyline key={`limit ${dots[0]?.age}`} className="limit" points={line(dots)} />
      ))}
      {stretches.map((dots) => (
        <polyline key={dots[0]?.age} points={line(dots)} />
      ))}
    </svg>
  );
}
