/**
 * Titles of groups stand where no arrow runs through them, and arrows that lead from a group to a
 * state in it begin below its title.
 */

import { crosses, segmentsOf, type Segment } from '../lint/geometry';
import type { Rect, Scene, SceneArrow, SceneState } from './scene';
import { BOX_PADDING, GAP, HEAD, LINE, TAG } from './text';
import { FONTS, measure } from './measure';

/** Room for the chevron before a group's name. */
export const CHEVRON = 14;
/** From an arrow to a letter. */
const CLEAR = 9;

export function clearTitles(scene: Scene): void {
  for (const arrow of scene.arrows) if (arrow.inside) beginBelow(scene, arrow);
  const uprights = scene.arrows.flatMap((arrow) => segmentsOf(arrow.points));
  for (const state of scene.states)
    if (state.group && !state.bare && state.kind !== 'history') moveAside(state, uprights);
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

function moveAside(state: SceneState, segments: readonly Segment[]): void {
  const at = titleRect(state);
  const band = { ...at, x: state.x + 2, w: state.w - 4 };
  const inTheWay = segments.filter((segment) => crosses(segment, band, 0));
  const blocked = inTheWay
    .map(([from, to]) => [Math.min(from.x, to.x) - CLEAR, Math.max(from.x, to.x) + CLEAR] as const)
    .sort((one, other) => one[0] - other[0]);
  const end = state.x + state.w - BOX_PADDING - (state.kind === 'parallel' ? 20 : 0) + GAP;
  let x = at.x;
  for (const [from, to] of blocked) if (x < to && x + at.w > from) x = to;
  if (x + at.w <= end) state.shift = x - at.x;
}
