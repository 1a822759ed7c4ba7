/**
 * What a screen reader says of states and arrows: what is written in them, in its order, so that they
 * can be called by that, and then what is only drawn.
 */

import type { Scene, SceneArrow, SceneState } from '../layout/scene';
import type { Shape } from '../paint/shape';
import type { Badge } from '../paint/states';

export function nameOfState(
  state: SceneState,
  shapes: readonly Shape[],
  active: boolean,
  badge?: Badge,
): string {
  const parts = [textOf(shapes)];
  if (state.kind === 'history') parts.push(state.name);
  if (state.title !== state.name && state.kind !== 'history') parts.push(state.name);
  if (state.shut) parts.push(state.hidden === 1 ? 'state hidden' : 'states hidden');
  if (['final', 'history', 'parallel'].includes(state.kind)) parts.push(state.kind);
  if (state.region) parts.push('region');
  if (active) parts.push('active');
  if (badge) parts.push(badge.title ?? badge.text);
  return parts.join(', ');
}

export function nameOfArrow(scene: Scene, arrow: SceneArrow, shapes: readonly Shape[]): string {
  const name = (id: string) => scene.states.find((state) => state.id === id)?.name ?? id;
  return `${textOf(shapes)}: ${name(arrow.source)} to ${name(arrow.target)}`;
}

function textOf(shapes: readonly Shape[]): string {
  return shapes
    .flatMap((shape) => [shape.text ?? '', textOf(shape.kids ?? [])])
    .filter(Boolean)
    .join(' ');
}
