/** Who lies in whom. */

import type { View } from './view';

/** The state itself, its parent, and so on up to the root. */
export function chainOf(view: View, id: string): string[] {
  const found: string[] = [];
  for (let at: string | null = id; at !== null; at = view.states.get(at)?.parent ?? null)
    found.push(at);
  return found;
}

/** The lowest state that holds both, which may be one of them. */
export function commonOf(view: View, one: string, other: string): string {
  const holds = new Set(chainOf(view, other));
  return chainOf(view, one).find((id) => holds.has(id)) ?? view.root;
}
