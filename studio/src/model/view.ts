/**
 * The part of a graph that is looked at: without what lies in collapsed states, or one group alone.
 *
 * 1. An end of an arrow that is hidden is lifted to the nearest ancestor that is seen. An arrow
 *    whose ends meet by that is hidden too.
 * 2. Arrows with the same ends are one, with a row for each transition.
 * 3. Where one group is looked into, the states outside that arrows join it to stand around it, bare
 *    of all else: its neighbours.
 */

import { ROOT } from './chart';
import { ancestors, type Graph, type GraphState } from './graph';
import type { Words } from './words';

export interface ViewState extends GraphState {
  /** It has children, and they are hidden. */
  shut: boolean;
  /** How many states lie hidden in it, at any depth. */
  hidden: number;
  /** It lies outside the group that is looked into. */
  outside: boolean;
}

export interface ViewRow {
  transition: string;
  words: Words;
}

export interface ViewArrow {
  id: string;
  source: string;
  target: string;
  rows: ViewRow[];
}

/** From the dot in `state`, or from the history state `state`, to `target`. */
export interface ViewEntry {
  id: string;
  state: string;
  target: string;
  words: Words;
}

export interface View {
  root: string;
  /** In document order, the root first. */
  states: Map<string, ViewState>;
  arrows: ViewArrow[];
  entries: ViewEntry[];
}

/** States that are drawn open unless somebody asks: beyond it, a picture takes long to lay out. */
export const OPEN_LIMIT = 40;

export interface ViewOptions {
  collapsed?: ReadonlySet<string>;
  /** The group that is looked into; unknown ids and states without children mean all. */
  root?: string | null;
}

/** Neighbours of a group that is looked into; arrows to more of them are left out. */
const NEIGHBOURS = 60;

export function viewOf(graph: Graph, { collapsed = new Set(), root }: ViewOptions = {}): View {
  const top = root != null && graph.states.get(root)?.children.length ? root : ROOT;
  const lift = liftedTo(graph, collapsed, top);
  const states = seen(graph, lift, collapsed, top);
  if (top !== ROOT) surround(graph, lift, states, top);
  const arrows = new Map<string, ViewArrow>();
  for (const arrow of graph.arrows) {
    const source = lift.get(arrow.source);
    const target = lift.get(arrow.target);
    if (source === undefined || target === undefined) continue;
    if (states.get(source)?.outside && states.get(target)?.outside) continue;
    const itself = source === target;
    if (itself && (source !== arrow.source || target !== arrow.target)) continue;
    const id = `${source}→${target}`;
    let found = arrows.get(id);
    if (!found) arrows.set(id, (found = { id, source, target, rows: [] }));
    found.rows.push({ transition: arrow.transition, words: arrow.words });
  }
  const entries = new Map<string, ViewEntry>();
  for (const entry of graph.entries) {
    const state = lift.get(entry.state);
    const target = lift.get(entry.target);
    // a history state's default may lie outside; a dot stands only in an open state
    if (state !== entry.state || target === undefined || target === state) continue;
    if (states.get(state)?.outside || states.get(target)?.outside) continue;
    const id = `${state}⇢${target}`;
    if (!entries.has(id)) entries.set(id, { id, state, target, words: entry.words });
  }
  return { root: ROOT, states, arrows: [...arrows.values()], entries: [...entries.values()] };
}

/** Puts the group's neighbours around it, in the chart's root. */
function surround(
  graph: Graph,
  lift: Map<string, string>,
  states: Map<string, ViewState>,
  top: string,
): void {
  const before: string[] = [];
  const after: string[] = [];
  for (const { source, target } of graph.arrows) {
    const [from, to] = [lift.has(source), lift.has(target)];
    // those that only arrows of neighbours end at are none
    if (from === to) continue;
    const found = from ? after : before;
    const other = from ? target : source;
    if (other !== ROOT && before.length + after.length < NEIGHBOURS) found.push(other);
  }
  const inward = [...new Set(before)];
  const outward = [...new Set(after)].filter((id) => !inward.includes(id));
  const inside = [...states];
  states.clear();
  const whole = graph.states.get(ROOT);
  if (!whole) return;
  const children = [...inward, top, ...outward];
  const bare = { rows: [], shut: false, hidden: 0, outside: true, region: false };
  states.set(ROOT, { ...whole, ...bare, kind: 'compound', children, parent: null, depth: 0 });
  const add = (id: string) => {
    const state = graph.states.get(id);
    const kind = state?.kind === 'final' || state?.kind === 'history' ? state.kind : 'atomic';
    if (state) states.set(id, { ...state, ...bare, kind, children: [], parent: ROOT, depth: 1 });
    lift.set(id, id);
  };
  inward.forEach(add);
  for (const [id, state] of inside) states.set(id, id === top ? { ...state, parent: ROOT } : state);
  outward.forEach(add);
}

/** What to collapse so that not much more than `limit` states are seen, outer levels first. */
export function collapsedByDefault(graph: Graph, limit = OPEN_LIMIT, root = ROOT): Set<string> {
  const collapsed = new Set<string>();
  let count = 0;
  let level = [root];
  while (level.length) {
    const next: string[] = [];
    for (const id of level) {
      const children = graph.states.get(id)?.children ?? [];
      if (!children.length) continue;
      if (id !== root && count + children.length > limit) {
        collapsed.add(id);
        continue;
      }
      count += children.length;
      next.push(...children);
    }
    level = next;
  }
  return collapsed;
}

/** Those of `active`, and all that hold one of them: whatever is seen of these is lit. */
export function lit(graph: Graph, active: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const id of active) for (const one of [id, ...ancestors(graph, id)]) found.add(one);
  return found;
}

/** Each state in `top` to the one that stands for it; what lies outside has none. */
function liftedTo(graph: Graph, collapsed: ReadonlySet<string>, top: string): Map<string, string> {
  const lift = new Map<string, string>([[top, top]]);
  // parents come before their children
  for (const state of graph.states.values()) {
    if (state.id === top || state.parent === null) continue;
    const above = lift.get(state.parent);
    if (above === undefined) continue;
    const hidden = above !== state.parent || (above !== top && collapsed.has(above));
    lift.set(state.id, hidden ? above : state.id);
  }
  return lift;
}

function seen(
  graph: Graph,
  lift: ReadonlyMap<string, string>,
  collapsed: ReadonlySet<string>,
  top: string,
): Map<string, ViewState> {
  const states = new Map<string, ViewState>();
  for (const [id, stands] of lift) {
    const state = graph.states.get(id);
    if (!state) continue;
    if (stands !== id) {
      const holder = states.get(stands);
      if (holder) holder.hidden += 1;
      continue;
    }
    const shut = id !== top && collapsed.has(id) && state.children.length > 0;
    const children = shut ? [] : state.children;
    const parent = id === top ? null : state.parent;
    states.set(id, { ...state, parent, children, shut, hidden: 0, outside: false });
  }
  return states;
}
