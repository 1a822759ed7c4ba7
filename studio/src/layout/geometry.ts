/** Rectangles, and the straight pieces of arrows. */

import type { Point, Rect } from './scene';

export type Segment = readonly [Point, Point];

export function segmentsOf(points: readonly Point[]): Segment[] {
  return points.slice(1).map((point, place) => [points[place] ?? point, point]);
}

/** Whether they share more than `margin` pixels either way. */
export function overlap(one: Rect, other: Rect, margin = 1): boolean {
  return (
    one.x < other.x + other.w - margin &&
    other.x < one.x + one.w - margin &&
    one.y < other.y + other.h - margin &&
    other.y < one.y + one.h - margin
  );
}

/** Whether the piece runs through the rectangle, more than `margin` pixels inside its border. */
export function crosses([from, to]: Segment, rect: Rect, margin: number): boolean {
  return (
    Math.min(from.x, to.x) < rect.x + rect.w - margin &&
    Math.max(from.x, to.x) > rect.x + margin &&
    Math.min(from.y, to.y) < rect.y + rect.h - margin &&
    Math.max(from.y, to.y) > rect.y + margin
  );
}

/** Whether a level piece and an upright one cross, other than at an end. */
export function meet(one: Segment, other: Segment): boolean {
  const level = isLevel(one);
  if (level === isLevel(other)) return false;
  const [flat, steep] = level ? [one, other] : [other, one];
  const x = steep[0].x;
  const y = flat[0].y;
  return within(x, flat[0].x, flat[1].x) && within(y, steep[0].y, steep[1].y);
}

function isLevel([from, to]: Segment): boolean {
  return Math.abs(from.y - to.y) < 0.5;
}

function within(value: number, one: number, other: number): boolean {
  return value > Math.min(one, other) + 0.5 && value < Math.max(one, other) - 0.5;
}
