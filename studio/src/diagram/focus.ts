/** Which state the keys go to: one of them can be reached by tab, arrows lead to the others. */

import type { Scene, SceneArrow, SceneState } from '../layout/scene';

/** States that can be pointed at, in document order. */
export function reachable(scene: Scene): SceneState[] {
  return scene.states.filter((state) => !state.bare);
}

/** Where an arrow key leads from a state; null: nowhere. */
export function neighbour(scene: Scene, id: string, key: string): string | null {
  const states = reachable(scene);
  const place = states.findIndex((state) => state.id === id);
  const here = states[place];
  if (!here) return states[0]?.id ?? null;
  switch (key) {
    case 'ArrowDown':
      return states[place + 1]?.id ?? null;
    case 'ArrowUp':
      return states[place - 1]?.id ?? null;
    case 'ArrowLeft':
      return states.find((state) => state.id === here.parent)?.id ?? null;
    case 'ArrowRight':
      return states.find((state) => state.parent === here.id)?.id ?? null;
    case 'Home':
      return states[0]?.id ?? null;
    case 'End':
      return states.at(-1)?.id ?? null;
    default:
      return null;
  }
}

/** Arrows with a label that leave a state, in the order they are drawn. */
export function leaving(scene: Scene, id: string): SceneArrow[] {
  return scene.arrows.filter((arrow) => arrow.source === id && arrow.label !== null);
}
