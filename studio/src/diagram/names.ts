/** What a screen reader says of states and arrows. */

import type { Scene, SceneArrow, SceneState } from '../layout/scene';
import { sentence } from '../model/words';
import type { Badge } from '../paint/states';

export function nameOfState(state: SceneState, active: boolean, badge?: Badge): string {
  const parts = [state.name, KINDS[state.kind]];
  if (state.region) parts.push('region');
  if (active) parts.push('active');
  if (state.shut) parts.push(`${state.hidden} ${state.hidden === 1 ? 'state' : 'states'} hidden`);
  if (state.owner) parts.push(`owner ${state.owner}`);
  if (badge) parts.push(badge.title ?? badge.text);
  return parts.filter(Boolean).join(', ');
}

export function nameOfArrow(scene: Scene, arrow: SceneArrow): string {
  const name = (id: string) => scene.states.find((state) => state.id === id)?.name ?? id;
  const rows = arrow.rows.map((row) => [sentence(row.words), row.beyond].filter(Boolean).join(' '));
  return `${rows.join('; ')}: ${name(arrow.source)} to ${name(arrow.target)}`;
}

const KINDS: Record<SceneState['kind'], string> = {
  atomic: '',
  compound: '',
  parallel: 'parallel',
  final: 'final',
  history: 'history',
};
