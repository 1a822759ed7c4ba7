/**
 * Two versions of a machine as one chart, so that they are laid out once and each state stands at the
 * same place in both; laid out one by one they come out mirrored.
 *
 * 1. A state is the same in both where its id is, or where it was mapped to one that only the new
 *    version has, inside the same state. It goes by its new id.
 * 2. What only the old version has stands behind the sibling that it stood behind.
 * 3. Transitions are the same where their ends and triggers are.
 */

import { ROOT, type Chart, type StateNode, type Transition } from './chart';

/** What one version has of the union. */
export interface Side {
  /** The union's ids to the version's own. */
  states: Map<string, string>;
  /** Arrows, as `source→target` of the union's ids. */
  arrows: Set<string>;
}

export interface Union {
  chart: Chart;
  old: Side;
  new: Side;
}

/** `mapping`: from old ids to new ones; those that are missing keep theirs, null has no target. */
export function unionOf(
  old: Chart,
  next: Chart,
  mapping: ReadonlyMap<string, string | null> = new Map(),
): Union {
  const known = new Set(next.states.map((state) => state.id));
  const renamed = renames(old, known, mapping);
  const place = (id: string) => renamed.get(id) ?? id;
  const moved = old.states.map((state) => translated(state, place));
  const transitions = [...(next.transitions ?? [])];
  const said = new Set(transitions.map(saying));
  const ids = new Set(transitions.map((one) => one.id));
  for (const one of old.transitions ?? []) {
    const here = { ...one, source: place(one.source), targets: (one.targets ?? []).map(place) };
    if (said.has(saying(here))) continue;
    transitions.push(
      ids.has(one.id) ? { ...here, id: `${one.id} of version ${old.version}` } : here,
    );
  }
  return {
    chart: { ...next, states: merged(moved, next.states), transitions },
    old: sideOf(old, place),
    new: sideOf(next, (id) => id),
  };
}

function renames(
  old: Chart,
  known: ReadonlySet<string>,
  mapping: ReadonlyMap<string, string | null>,
): Map<string, string> {
  const had = new Set(old.states.map((state) => state.id));
  const renamed = new Map<string, string>();
  const taken = new Set<string>();
  // parents come first, so that what lies in a renamed state is found in its new one
  for (const { id, parent } of old.states) {
    const above = parent ?? ROOT;
    const inherited = renamed.get(above);
    const wanted =
      mapping.get(id) ?? (inherited === undefined ? id : inherited + id.slice(above.length));
    if (wanted === id || !known.has(wanted) || had.has(wanted) || taken.has(wanted)) continue;
    if (holderOf(wanted) !== (inherited ?? above)) continue;
    renamed.set(id, wanted);
    taken.add(wanted);
  }
  return renamed;
}

function holderOf(id: string): string {
  return id.includes('.') ? id.slice(0, id.lastIndexOf('.')) : ROOT;
}

function translated(state: StateNode, place: (id: string) => string): StateNode {
  const { initial } = state;
  return {
    ...state,
    id: place(state.id),
    parent: state.id === ROOT ? null : place(state.parent ?? ROOT),
    ...(initial ? { initial: { ...initial, targets: initial.targets.map(place) } } : {}),
  };
}

/** In document order, the new version's states with what only the old one has among them. */
function merged(old: readonly StateNode[], next: readonly StateNode[]): StateNode[] {
  const states = new Map(next.map((state) => [state.id, state]));
  const children = new Map<string, string[]>();
  const list = (parent: string) => {
    let found = children.get(parent);
    if (!found) children.set(parent, (found = []));
    return found;
  };
  for (const state of next) if (state.id !== ROOT) list(state.parent ?? ROOT).push(state.id);
  const before = new Map<string, string>();
  for (const state of old) {
    if (state.id === ROOT) continue;
    const parent = state.parent ?? ROOT;
    const previous = before.get(parent);
    before.set(parent, state.id);
    if (states.has(state.id)) continue;
    states.set(state.id, state);
    const siblings = list(parent);
    const at = previous === undefined ? 0 : siblings.indexOf(previous) + 1;
    siblings.splice(at, 0, state.id);
  }
  const ordered: StateNode[] = [];
  const open = [ROOT];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const state = states.get(id);
    const inside = children.get(id) ?? [];
    if (!state) continue;
    // a state that had nothing in it in one of the versions
    const opened = state.kind === 'atomic' && inside.length > 0;
    ordered.push(opened ? { ...state, kind: 'compound' } : state);
    open.push(...[...inside].reverse());
  }
  return ordered;
}

function sideOf(chart: Chart, place: (id: string) => string): Side {
  const arrows = (chart.transitions ?? []).flatMap((one) =>
    (one.targets ?? []).map((target) => `${place(one.source)}→${place(target)}`),
  );
  return {
    states: new Map(chart.states.map((state) => [place(state.id), state.id])),
    arrows: new Set(arrows),
  };
}

function saying(one: Transition): string {
  const { kind, events = [] } = one.trigger;
  return JSON.stringify([one.source, one.targets ?? [], kind, kind === 'event' ? events : []]);
}
