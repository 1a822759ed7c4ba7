/**
 * A chart as what is drawn of it: boxes in boxes, and arrows between them.
 *
 * 1. A transition without a target stands as a row in its state; each target of another one is an
 *    arrow of its own.
 * 2. What a compound enters by default is an arrow from a dot in it.
 * 3. `states` is in document order, the root first, as the chart is.
 */

import { ROOT, type Chart, type StateKind, type StateNode, type Transition } from './chart';
import { actionsOf, cut, outcomesOf, rowsOf, wordsOf, type Row, type Words } from './words';

export interface GraphState {
  id: string;
  /** The last part of its path; the root's is the machine's name. */
  name: string;
  kind: StateKind;
  /** History states only: whether all levels are remembered. */
  deep: boolean;
  parent: string | null;
  depth: number;
  /** Whether its parent is parallel. */
  region: boolean;
  children: string[];
  rows: Row[];
  owner: string;
  doc: string;
}

export interface Arrow {
  /** The transition's id, several times where it has several targets. */
  transition: string;
  source: string;
  target: string;
  words: Words;
}

/** What `state` enters by default: from a dot inside it, or from a history state itself. */
export interface Entry {
  state: string;
  target: string;
  words: Words;
}

export interface Graph {
  states: Map<string, GraphState>;
  arrows: Arrow[];
  entries: Entry[];
}

/** Raises an `Error` that names the state where a chart's ids don't fit together. */
export function graphOf(chart: Chart): Graph {
  const outcomes = outcomesOf(chart);
  const leaving = new Map<string, Transition[]>();
  for (const transition of chart.transitions ?? []) {
    const known = leaving.get(transition.source);
    if (known) known.push(transition);
    else leaving.set(transition.source, [transition]);
  }
  const states = new Map<string, GraphState>();
  const entries: Entry[] = [];
  for (const node of chart.states) {
    const parent = node.id === ROOT ? null : need(states, node.parent ?? ROOT, node.id);
    const inside = (leaving.get(node.id) ?? []).filter((one) => !one.targets?.length);
    states.set(node.id, {
      id: node.id,
      name: nameOf(chart, node),
      kind: node.kind,
      deep: node.deep ?? false,
      parent: parent?.id ?? null,
      depth: parent ? parent.depth + 1 : 0,
      region: parent?.kind === 'parallel' && node.kind !== 'history',
      children: [],
      rows: rowsOf(node, inside, outcomes),
      owner: node.owner ?? '',
      doc: node.doc ?? '',
    });
    parent?.children.push(node.id);
    for (const target of node.initial?.targets ?? [])
      entries.push({
        state: node.id,
        target,
        words: {
          kind: node.kind === 'history' ? 'default' : 'initial',
          trigger: '',
          roles: '',
          guards: '',
          actions: actionsOf(node.initial?.actions),
        },
      });
  }
  const arrows: Arrow[] = [];
  for (const transition of chart.transitions ?? []) {
    need(states, transition.source, transition.id);
    const words = wordsOf(transition, outcomes);
    for (const target of new Set(transition.targets ?? [])) {
      need(states, target, transition.id);
      arrows.push({ transition: transition.id, source: transition.source, target, words });
    }
  }
  for (const entry of entries) need(states, entry.target, entry.state);
  return { states, arrows, entries };
}

/** From the parent up to the root. */
export function ancestors(graph: Graph, id: string): string[] {
  const found: string[] = [];
  let above = graph.states.get(id)?.parent ?? null;
  while (above !== null) {
    found.push(above);
    above = graph.states.get(above)?.parent ?? null;
  }
  return found;
}

function nameOf(chart: Chart, node: StateNode): string {
  if (node.label) return cut(node.label);
  if (node.id === ROOT) return chart.name;
  const prefix = node.parent ? `${node.parent}.` : '';
  return prefix && node.id.startsWith(prefix) ? node.id.slice(prefix.length) : node.id;
}

function need(states: Map<string, GraphState>, id: string, by: string): GraphState {
  const state = states.get(id);
  if (!state) throw new Error(`the chart has no state “${id}”, which “${by}” names`);
  return state;
}
