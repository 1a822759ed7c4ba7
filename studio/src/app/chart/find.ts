/** States and transitions of a chart that a text leads to. */
import type { Tree } from './tree';
import { ROOT } from './tree';

export interface Hit {
  kind: 'state' | 'transition';
  id: string;
  /** What is shown of it, and what stands beside it. */
  name: string;
  beside: string;
}

/** All words have to be in it, whatever their case; states before events, names before docs. */
export function findIn(tree: Tree, text: string, limit = 50): Hit[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const ranked: { rank: number; hit: Hit }[] = [];
  const has = (where: string) => words.every((word) => where.toLowerCase().includes(word));
  for (const state of tree.chart.states) {
    if (state.id === ROOT) continue;
    const rank = has(tree.name(state.id)) ? 0 : has(state.id) ? 1 : has(around(state)) ? 3 : null;
    if (rank === null) continue;
    const name = tree.name(state.id);
    const beside = tree.ancestors(state.id).reverse().join(' / ') || (state.doc ?? '');
    ranked.push({ rank, hit: { kind: 'state', id: state.id, name, beside } });
  }
  for (const one of tree.chart.transitions ?? []) {
    const names = one.trigger.kind === 'event' ? (one.trigger.events ?? []) : [];
    const events = names.map((name) => tree.event(name)).join(' ');
    if (!has(`${events} ${names.join(' ')} ${one.id}`)) continue;
    const to = (one.targets ?? []).map((id) => tree.name(id)).join(', ');
    const beside = `${tree.name(one.source)} → ${to || 'itself'}`;
    const hit: Hit = { kind: 'transition', id: one.id, name: events || one.id, beside };
    ranked.push({ rank: events !== '' && has(events) ? 2 : 4, hit });
  }
  // sort is stable, so document order holds within a rank
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, limit)
    .map(({ hit }) => hit);
}

function around(state: { owner?: string | null; tags?: readonly string[]; doc?: string }): string {
  return `${state.owner ?? ''} ${(state.tags ?? []).join(' ')} ${state.doc ?? ''}`;
}
