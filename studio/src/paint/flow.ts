/** How wide an arrow is drawn for how often it was taken. */

import type { SceneArrow } from '../layout/scene';

const THIN = 1.2;
const WIDE = 6;

/** What went along the arrow: all its transitions together. */
export function takenOf(arrow: SceneArrow, flow: ReadonlyMap<string, number>): number {
  return arrow.rows.reduce((sum, row) => sum + (flow.get(row.transition) ?? 0), 0);
}

/** By the root of its share in the busiest arrow, so that small flows are still seen. */
export function widthOf(taken: number, busiest: number): number {
  return busiest > 0 ? THIN + Math.sqrt(taken / busiest) * (WIDE - THIN) : THIN;
}
