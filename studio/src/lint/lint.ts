/**
 * What a reader would call ugly, as numbers. None of the faults may be in any drawing; the measures
 * distinguish a layout from a better one.
 */

import type { Rect, Scene, SceneArrow, SceneState } from '../layout/scene';
import { titleRect } from '../layout/titles';
import { crosses, meet, overlap, segmentsOf, type Segment } from '../layout/geometry';

/** Each the ids of the two that collide. */
export interface Faults {
  statesOverlap: [string, string][];
  /** A state or a dot stands out from the state that holds it. */
  outside: [string, string][];
  labelsOverlap: [string, string][];
  labelOverState: [string, string][];
  labelOverTitle: [string, string][];
  arrowThroughState: [string, string][];
  arrowThroughTitle: [string, string][];
  arrowThroughLabel: [string, string][];
  arrowMissesEnd: [string, string][];
  /** Text that is wider than its box. */
  tooNarrow: [string, string][];
}

export interface Measures {
  crossings: number;
  bends: number;
  length: number;
  area: number;
}

export interface Lint {
  faults: Faults;
  count: number;
  measures: Measures;
}

interface Drawn {
  arrow: SceneArrow;
  segments: Segment[];
  hull: Rect;
}

export function lint(scene: Scene): Lint {
  const faults: Faults = {
    statesOverlap: [],
    outside: [],
    labelsOverlap: [],
    labelOverState: [],
    labelOverTitle: [],
    arrowThroughState: [],
    arrowThroughTitle: [],
    arrowThroughLabel: [],
    arrowMissesEnd: [],
    tooNarrow: [],
  };
  const drawn = scene.arrows.map((arrow) => {
    const segments = segmentsOf(arrow.points);
    return { arrow, segments, hull: hullOf(arrow) };
  });
  const above = lineage(scene);
  const titles = scene.states
    .filter((state) => state.group && !state.bare)
    .map((state) => ({ state, rect: titleRect(state) }));
  lintStates(scene, above, faults);
  for (const { state, rect } of titles)
    if (rect.x + rect.w > state.x + state.w + 1) faults.tooNarrow.push([state.id, state.title]);
  for (const one of drawn) {
    lintLabel(one, scene, drawn, titles, faults);
    lintLine(one, scene, drawn, above, titles, faults);
  }
  const count = Object.values(faults).reduce((sum, found) => sum + found.length, 0);
  return { faults, count, measures: measuresOf(scene, drawn) };
}

function lintStates(scene: Scene, above: ReadonlyMap<string, Set<string>>, faults: Faults): void {
  const { states } = scene;
  const at = new Map(states.map((state) => [state.id, state]));
  states.forEach((one, place) => {
    for (const other of states.slice(place + 1)) {
      const kin = above.get(other.id)?.has(one.id) || above.get(one.id)?.has(other.id);
      if (!kin && overlap(one, other)) faults.statesOverlap.push([one.id, other.id]);
    }
    const holder = one.parent === null ? undefined : at.get(one.parent);
    if (holder && !holder.bare && !holds(holder, one)) faults.outside.push([one.id, holder.id]);
  });
  for (const dot of scene.dots) {
    const holder = at.get(dot.state);
    const rect = { x: dot.x - 5, y: dot.y - 5, w: 10, h: 10 };
    if (holder && !holder.bare && !holds(holder, rect)) faults.outside.push(['dot', dot.state]);
  }
}

function lintLabel(
  { arrow }: Drawn,
  scene: Scene,
  drawn: readonly Drawn[],
  titles: readonly { state: SceneState; rect: Rect }[],
  faults: Faults,
): void {
  const { label } = arrow;
  if (!label) return;
  for (const { arrow: other } of drawn)
    if (other.id > arrow.id && other.label && overlap(label, other.label))
      faults.labelsOverlap.push([arrow.id, other.id]);
  for (const state of scene.states)
    if (!state.group && overlap(label, state)) faults.labelOverState.push([arrow.id, state.id]);
  for (const { state, rect } of titles)
    if (overlap(label, rect)) faults.labelOverTitle.push([arrow.id, state.id]);
}

function lintLine(
  { arrow, segments, hull }: Drawn,
  scene: Scene,
  drawn: readonly Drawn[],
  above: ReadonlyMap<string, Set<string>>,
  titles: readonly { state: SceneState; rect: Rect }[],
  faults: Faults,
): void {
  const passes = (rect: Rect, margin: number) =>
    overlap(hull, rect, 0) && segments.some((segment) => crosses(segment, rect, margin));
  for (const state of scene.states) {
    const holds = above.get(arrow.source)?.has(state.id) || above.get(arrow.target)?.has(state.id);
    const isEnd = state.id === arrow.source || state.id === arrow.target;
    // an arrow runs inside what holds one of its ends, and only there
    if (state.bare || (state.group && (holds || isEnd))) continue;
    if (passes(state, 2)) faults.arrowThroughState.push([arrow.id, state.id]);
  }
  for (const { state, rect } of titles)
    if (passes(rect, 0)) faults.arrowThroughTitle.push([arrow.id, state.id]);
  for (const { arrow: other } of drawn)
    if (other.id !== arrow.id && other.label && passes(other.label, 1))
      faults.arrowThroughLabel.push([arrow.id, other.id]);
  const end = arrow.points.at(-1);
  const target = scene.states.find((state) => state.id === arrow.target);
  if (!end || !target || target.bare) return;
  const wide = { x: target.x - 2, y: target.y - 2, w: target.w + 4, h: target.h + 4 };
  if (!crosses([end, end], wide, 0)) faults.arrowMissesEnd.push([arrow.id, target.id]);
}

function measuresOf(scene: Scene, drawn: readonly Drawn[]): Measures {
  let crossings = 0;
  let bends = 0;
  let length = 0;
  drawn.forEach((one, place) => {
    bends += Math.max(0, one.arrow.points.length - 2);
    for (const [from, to] of one.segments)
      length += Math.abs(from.x - to.x) + Math.abs(from.y - to.y);
    for (const other of drawn.slice(place + 1)) {
      if (!overlap(one.hull, other.hull, 0)) continue;
      for (const a of one.segments) for (const b of other.segments) if (meet(a, b)) crossings += 1;
    }
  });
  return { crossings, bends, length: Math.round(length), area: Math.round(scene.w * scene.h) };
}

function hullOf(arrow: SceneArrow): Rect {
  const xs = arrow.points.map((point) => point.x);
  const ys = arrow.points.map((point) => point.y);
  const [x, y] = [Math.min(...xs) - 1, Math.min(...ys) - 1];
  return { x, y, w: Math.max(...xs) + 1 - x, h: Math.max(...ys) + 1 - y };
}

function holds(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x - 0.5 &&
    inner.y >= outer.y - 0.5 &&
    inner.x + inner.w <= outer.x + outer.w + 0.5 &&
    inner.y + inner.h <= outer.y + outer.h + 0.5
  );
}

/** Each state to all that hold it. */
function lineage(scene: Scene): Map<string, Set<string>> {
  const above = new Map<string, Set<string>>();
  for (const { id, parent } of scene.states)
    above.set(id, parent === null ? new Set() : new Set([...(above.get(parent) ?? []), parent]));
  return above;
}
