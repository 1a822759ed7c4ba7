/** Regions of a parallel state stand side by side, with one top and one bottom. */

import { crosses, overlap, segmentsOf } from './geometry';
import type { Direction } from './options';
import type { Scene, SceneState } from './scene';

export function alignRegions(scene: Scene, direction: Direction): void {
  for (const parallel of scene.states) {
    if (parallel.kind !== 'parallel' || !parallel.group) continue;
    const regions = scene.states.filter((state) => state.parent === parallel.id && state.group);
    if (regions.length > 1 && sideBySide(regions, direction)) stretch(scene, regions, direction);
  }
}

/** Where the layout put one below another, stretching would lay one over the other. */
function sideBySide(regions: readonly SceneState[], direction: Direction): boolean {
  const [at, size] = direction === 'RIGHT' ? (['y', 'h'] as const) : (['x', 'w'] as const);
  const sorted = [...regions].sort((one, other) => one[at] - other[at]);
  return sorted.every((region, place) => {
    const before = sorted[place - 1];
    return !before || region[at] >= before[at] + before[size];
  });
}

function stretch(scene: Scene, regions: readonly SceneState[], direction: Direction): void {
  const [at, size] = direction === 'RIGHT' ? (['x', 'w'] as const) : (['y', 'h'] as const);
  const low = Math.min(...regions.map((region) => region[at]));
  const high = Math.max(...regions.map((region) => region[at] + region[size]));
  for (const region of regions) {
    const wanted = { ...region, [at]: low, [size]: high - low };
    if (isFree(scene, region, wanted)) Object.assign(region, wanted);
  }
}

/** Whether what now lies beside the region stays outside it. */
function isFree(scene: Scene, region: SceneState, wanted: SceneState): boolean {
  const inside = new Set([region.id]);
  for (const state of scene.states)
    if (state.parent !== null && inside.has(state.parent)) inside.add(state.id);
  return scene.arrows.every((arrow) => {
    if (inside.has(arrow.source) && inside.has(arrow.target)) return true;
    const before = segmentsOf(arrow.points).filter((segment) => crosses(segment, region, 0)).length;
    const after = segmentsOf(arrow.points).filter((segment) => crosses(segment, wanted, 0)).length;
    const label = arrow.label;
    const covered = label !== null && overlap(label, wanted) && !overlap(label, region);
    return after === before && !covered;
  });
}
