/**
 * Titles of groups stand where no arrow runs through them, and arrows that lead from a group to a
 * state in it begin below its title.
 */

import { crosses, segmentsOf, type Segment } from './geometry';
import type { Rect, Scene, SceneArrow, SceneState } from './scene';
import { BOX_PADDING, GAP, HEAD, LINE, TAG } from './text';
import { FONTS, measure } from './measure';

/** Room for the chevron before a group's name. */
export const CHEVRON = 14;
/** From an arrow to a letter. */
const CLEAR = 9;

/**
 * Gives the groups in whose head there is not enough room between the arrows, each with the width at
 * which there would be.
 */
export function clearTitles(scene: Scene): Map<string, number> {
  for (const arrow of scene.arrows) if (arrow.inside) beginBelow(scene, arrow);
  const segments = scene.arrows.flatMap((arrow) => segmentsOf(arrow.points));
  const cramped = new Map<string, number>();
  for (const state of scene.states) {
    const wanted = state.group && !state.bare ? moveAside(state, segments) : null;
    if (wanted !== null) cramped.set(state.id, wanted);
  }
  return cramped;
}

/** What is written in a group's head, as one rectangle; `shift` is counted in. */
export function titleRect(state: SceneState): Rect {
  const inner = Math.max(
    CHEVRON + measure(state.title, FONTS.group),
    ...state.rows.map((row) => TAG + measure(row.text, FONTS.text)),
  );
  const h = state.rows.length ? HEAD - 4 + state.rows.length * LINE : HEAD - 10;
  return { x: state.x + BOX_PADDING + state.shift, y: state.y + 5, w: inner, h };
}

function beginBelow(scene: Scene, arrow: SceneArrow): void {
  const source = scene.states.find((state) => state.id === arrow.source);
  const [first, second] = arrow.points;
  if (!source || !first || !second || source.bare) return;
  const floor = source.y + source.head - 2;
  // the piece that leaves the upper border, and is still in the head when it leaves it
  if (Math.abs(first.x - second.x) < 0.5 && first.y < floor && second.y > floor + 4)
    first.y = floor;
}

/** Null where it was moved, or stood well. */
function moveAside(state: SceneState, segments: readonly Segment[]): number | null {
  const at = titleRect(state);
  const band = { ...at, x: state.x + 2, w: state.w - 4 };
  const blocked = segments
    .filter((segment) => crosses(segment, band, 0))
    .map(([from, to]) => [Math.min(from.x, to.x) - CLEAR, Math.max(from.x, to.x) + CLEAR] as const)
    .sort((one, other) => one[0] - other[0]);
  const sign = BOX_PADDING - GAP + (state.kind === 'parallel' ? 20 : 0);
  let x = at.x;
  for (const [from, to] of blocked) if (x < to && x + at.w > from) x = to;
  const wanted = x + at.w + sign - state.x;
  if (wanted > state.w) return wanted;
  state.shift = x - at.x;
  return null;
}
