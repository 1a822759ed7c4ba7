/** Questions about a chart's states, answered from tables that are made once. */
import type { Chart, StateNode, Transition } from '../../wire/types';

/** The id of the state that holds all others. */
export const ROOT = '';

export class Tree {
  readonly chart: Chart;
  readonly states: ReadonlyMap<string, StateNode>;
  readonly #children = new Map<string, StateNode[]>();
  readonly #outgoing = new Map<string, Transition[]>();
  readonly #transitions = new Map<string, Transition>();

  constructor(chart: Chart) {
    this.chart = chart;
    this.states = new Map(chart.states.map((state) => [state.id, state]));
    for (const state of chart.states) {
      if (state.parent == null) continue;
      push(this.#children, state.parent, state);
    }
    for (const transition of chart.transitions ?? []) {
      push(this.#outgoing, transition.source, transition);
      this.#transitions.set(transition.id, transition);
    }
  }

  state(id: string): StateNode | undefined {
    return this.states.get(id);
  }

  transition(id: string): Transition | undefined {
    return this.#transitions.get(id);
  }

  children(id: string): readonly StateNode[] {
    return this.#children.get(id) ?? [];
  }

  outgoing(id: string): readonly Transition[] {
    return this.#outgoing.get(id) ?? [];
  }

  incoming(id: string): readonly Transition[] {
    return (this.chart.transitions ?? []).filter((one) => one.targets?.includes(id));
  }

  /** From the parent outwards; the root is not among them. */
  ancestors(id: string): string[] {
    const found: string[] = [];
    let at = this.states.get(id)?.parent;
    while (at != null && at !== ROOT) {
      found.push(at);
      at = this.states.get(at)?.parent;
    }
    return found;
  }

  /** The state itself or one that holds it. */
  within(id: string, outer: string): boolean {
    return outer === ROOT || id === outer || this.ancestors(id).includes(outer);
  }

  /** States without children, in document order; history states are none. */
  leaves(under: string = ROOT): StateNode[] {
    return this.chart.states.filter(
      (state) =>
        state.id !== ROOT &&
        state.kind !== 'history' &&
        this.children(state.id).every((child) => child.kind === 'history') &&
        this.within(state.id, under),
    );
  }

  /** The leaves that are active once a state is entered by its defaults. */
  entry(id: string, seen: ReadonlySet<string> = new Set()): string[] {
    const state = this.states.get(id);
    if (state === undefined || seen.has(id)) return [];
    const on = new Set(seen).add(id);
    if (state.kind === 'parallel') {
      return this.children(id)
        .filter((child) => child.kind !== 'history')
        .flatMap((child) => this.entry(child.id, on));
    }
    if (state.kind === 'compound' || state.kind === 'history') {
      const first = this.children(id).find((child) => child.kind !== 'history')?.id;
      const targets = state.initial?.targets ?? (first === undefined ? [] : [first]);
      return targets.flatMap((target) => this.entry(target, on));
    }
    return [id];
  }

  /** The last part of a state's id, as it is written in the chart. */
  name(id: string): string {
    if (id === ROOT) return this.chart.name;
    const parent = this.states.get(id)?.parent;
    if (parent != null && parent !== ROOT && id.startsWith(`${parent}.`)) {
      return id.slice(parent.length + 1);
    }
    return id;
  }
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
