/** Arrows as paths: orthogonal lines with round corners, and their points. */

import type { Point } from '../layout/scene';
import { at } from './shape';

const CORNER = 8;
/** How far a line ends before its arrow's point, so that it doesn't stand out there. */
const SHORT = 5;
const POINT = { length: 8, width: 4 };

export function roundPath(points: readonly Point[], corner = CORNER): string {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length < 2) return '';
  let path = `M${at(first.x)},${at(first.y)}`;
  for (let place = 1; place < points.length - 1; place++) {
    const [before, here, next] = [points[place - 1], points[place], points[place + 1]];
    if (!before || !here || !next) continue;
    const radius = Math.min(corner, distance(before, here) / 2, distance(here, next) / 2);
    const from = towards(here, before, radius);
    const to = towards(here, next, radius);
    path += `L${at(from.x)},${at(from.y)}Q${at(here.x)},${at(here.y)} ${at(to.x)},${at(to.y)}`;
  }
  return `${path}L${at(last.x)},${at(last.y)}`;
}

export function shortened(points: readonly Point[], by = SHORT): Point[] {
  const last = points.at(-1);
  const before = points.at(-2);
  if (!last || !before || distance(before, last) <= by + 1) return [...points];
  return [...points.slice(0, -1), towards(last, before, by)];
}

/** The point of an arrow, `scale` times the usual size. */
export function pointOf(points: readonly Point[], scale = 1): string {
  const last = points.at(-1);
  const before = points.at(-2);
  if (!last || !before) return '';
  const long = distance(before, last) || 1;
  const [x, y] = [(last.x - before.x) / long, (last.y - before.y) / long];
  const length = POINT.length * scale;
  const width = POINT.width * scale;
  const corner = (side: number) =>
    `${at(last.x - x * length - side * y * width)},${at(last.y - y * length + side * x * width)}`;
  const notch = `${at(last.x - x * (length - 2))},${at(last.y - y * (length - 2))}`;
  return `M${at(last.x)},${at(last.y)}L${corner(1)}L${notch}L${corner(-1)}Z`;
}

function distance(one: Point, other: Point): number {
  return Math.hypot(other.x - one.x, other.y - one.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const long = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) / long) * by, y: from.y + ((to.y - from.y) / long) * by };
}
