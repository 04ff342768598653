/** Polygons over the picture, in coordinates from 0 to 1. Knows no screen. */

import type { Point } from '../api/types.ts';

/** As the configuration file has it. */
export const MOST_CORNERS = 64;
export const FEWEST_CORNERS = 3;

const clamped = (value: number) => Math.min(1, Math.max(0, value));
/** Finer than any picture, and short to write. */
const rounded = (value: number) => Math.round(clamped(value) * 1e4) / 1e4;

export const point = (x: number, y: number): Point => [rounded(x), rounded(y)];

/** Moves a polygon as far as it stays within the picture. */
export function moved(points: Point[], dx: number, dy: number): Point[] {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const right = Math.min(1 - Math.max(...xs), Math.max(-Math.min(...xs), dx));
  const down = Math.min(1 - Math.max(...ys), Math.max(-Math.min(...ys), dy));
  return points.map(([x, y]) => point(x + right, y + down));
}

export function withCorner(points: Point[], index: number, corner: Point): Point[] {
  return points.map((old, at) => (at === index ? point(...corner) : old));
}

/** With a further corner on the edge that begins at `index`. */
export function split(points: Point[], index: number): Point[] {
  if (points.length >= MOST_CORNERS) return points;
  return [...points.slice(0, index + 1), middle(points, index), ...points.slice(index + 1)];
}

/** Without a corner, unless it wouldn't be a polygon then. */
export function without(points: Point[], index: number): Point[] {
  return points.length > FEWEST_CORNERS ? points.filter((_, at) => at !== index) : points;
}

/** The middle of the edge that begins at `index`. */
export function middle(points: Point[], index: number): Point {
  const [ax, ay] = points[index] ?? [0, 0];
  const [bx, by] = points[(index + 1) % points.length] ?? [0, 0];
  return point((ax + bx) / 2, (ay + by) / 2);
}

/** Where a zone's name stands: the mean of its corners. */
export function centre(points: Point[]): Point {
  const sum = points.reduce(([x, y], [px, py]): Point => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

/** Whether two places are nearer to each other than `distance_px` on a surface of that size. */
export function near(
  a: Point,
  b: Point,
  size: { width: number; height: number },
  distancePx: number,
): boolean {
  return Math.hypot((a[0] - b[0]) * size.width, (a[1] - b[1]) * size.height) <= distancePx;
}
