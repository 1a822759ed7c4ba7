/** Counts of instances by state; the server has them by configuration. */
import type { Tree } from './tree';

/**
 * How many instances are in a state or below it. The server counts by active leaf; an instance in
 * two regions of a parallel state is counted once for each, so above regions the largest counts.
 */
export function countIn(tree: Tree, counts: Record<string, number>, id: string): number {
  const state = tree.state(id);
  const children = tree.children(id).filter((child) => child.kind !== 'history');
  const own = counts[id] ?? 0;
  if (state === undefined || children.length === 0) return own;
  const below = children.map((child) => countIn(tree, counts, child.id));
  if (state.kind === 'parallel') return own + Math.max(...below);
  return own + below.reduce((sum, count) => sum + count, 0);
}
