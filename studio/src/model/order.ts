/**
 * Which arrows run against the story. Handed to the layout turned round, they make a picture that
 * reads downwards from the initial state; left to it, it breaks cycles anywhere.
 */

import { chainOf } from './lineage';
import type { View } from './view';

interface Step {
  arrow: string;
  to: string;
}

/** Ids of arrows that lead back: in each container, depth first from where it is entered. */
export function backArrows(view: View): Set<string> {
  const steps = new Map<string, Map<string, Step[]>>();
  for (const arrow of view.arrows) {
    const ends = siblings(view, arrow.source, arrow.target);
    if (!ends) continue;
    let within = steps.get(ends.container);
    if (!within) steps.set(ends.container, (within = new Map<string, Step[]>()));
    const leaving = within.get(ends.from);
    const step = { arrow: arrow.id, to: ends.to };
    if (leaving) leaving.push(step);
    else within.set(ends.from, [step]);
  }
  const back = new Set<string>();
  for (const [container, within] of steps) walk(view, container, within, back);
  return back;
}

/** The children of the lowest common container through which the arrow runs. */
function siblings(view: View, source: string, target: string) {
  const up = chainOf(view, source);
  const other = chainOf(view, target);
  const holds = new Set(other);
  const container = up.find((id) => holds.has(id));
  if (container === undefined) return null;
  const from = up[up.indexOf(container) - 1];
  const to = other[other.indexOf(container) - 1];
  // one end holds the other
  return from === undefined || to === undefined ? null : { container, from, to };
}

function walk(
  view: View,
  container: string,
  within: ReadonlyMap<string, Step[]>,
  back: Set<string>,
): void {
  const children = view.states.get(container)?.children ?? [];
  const rank = new Map(children.map((id, place) => [id, place]));
  const first = view.entries
    .filter((entry) => entry.state === container)
    .flatMap((entry) => childTowards(view, container, entry.target) ?? []);
  const state = new Map<string, 'open' | 'closed'>();
  const sorted = (id: string) =>
    [...(within.get(id) ?? [])].sort((a, b) => (rank.get(a.to) ?? 0) - (rank.get(b.to) ?? 0));
  // a stack of its own: a chain of states may be longer than calls can be deep
  for (const start of [...first, ...children]) {
    if (state.has(start)) continue;
    const path = [{ id: start, left: sorted(start) }];
    state.set(start, 'open');
    for (let here = path.at(-1); here; here = path.at(-1)) {
      const step = here.left.shift();
      if (!step) {
        state.set(here.id, 'closed');
        path.pop();
      } else if (state.get(step.to) === 'open') {
        back.add(step.arrow);
      } else if (!state.has(step.to)) {
        state.set(step.to, 'open');
        path.push({ id: step.to, left: sorted(step.to) });
      }
    }
  }
}

function childTowards(view: View, container: string, target: string): string | undefined {
  const chain = chainOf(view, target);
  return chain[chain.indexOf(container) - 1];
}
