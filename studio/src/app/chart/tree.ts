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
  readonly #events: ReadonlyMap<string, string>;

  constructor(chart: Chart) {
    this.chart = chart;
    this.states = new Map(chart.states.map((state) => [state.id, state]));
    this.#events = new Map((chart.events ?? []).map((one) => [one.name, one.label || one.name]));
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

  /** The label of a state; where the chart has none, the last part of its id. */
  name(id: string): string {
    const state = this.states.get(id);
    if (state?.label) return state.label;
    if (id === ROOT) return this.chart.name;
    const parent = state?.parent;
    if (parent != null && parent !== ROOT && id.startsWith(`${parent}.`)) {
      return id.slice(parent.length + 1);
    }
    return id;
  }

  /** With the states around it: `kitchen / cooking`. */
  path(id: string): string {
    return [id, ...this.ancestors(id)]
      .reverse()
      .map((one) => this.name(one))
      .join(' / ');
  }

  /** What people call an event; one that the chart does not declare has its name. */
  event(name: string): string {
    return this.#events.get(name) ?? name;
  }
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
