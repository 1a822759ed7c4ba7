/**
 * A view as ELK's input.
 *
 * 1. ELK sees boxes that are narrower than they are drawn, so that arrows keep off round corners.
 * 2. Arrows that lead back are handed over turned round (`model/order.ts`).
 * 3. A loop is no edge but a label outside the box, in whose room it is drawn.
 * 4. An edge stands in the lowest container that holds both its ends.
 */

import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api';
import { commonOf } from '../model/lineage';
import { backArrows } from '../model/order';
import type { View, ViewArrow } from '../model/view';
import {
  DOT_OPTIONS,
  ENTRY_OPTIONS,
  groupOptions,
  LABEL_OPTIONS,
  leafOptions,
  loopOptions,
  rootOptions,
  type Direction,
} from './options';
import { boxOf, labelOf, type Box, type Detail, type Label } from './text';

export const DOT = 10;
/** How far a loop stands out from its state. */
export const LOOP = 20;
const LOOP_GAP = 4;
const PADDING = 22;

export interface Loop {
  arrow: ViewArrow;
  label: Label | null;
  /** The room that is kept for it, beside the box or below it. */
  w: number;
  h: number;
}

export interface Input {
  graph: ElkNode;
  boxes: Map<string, Box>;
  labels: Map<string, Label | null>;
  loops: Loop[];
  back: Set<string>;
  /** Whether a box is drawn around all. */
  framed: boolean;
  inset: { x: number; y: number };
}

/** `widths`: at least so wide some groups have to be. */
export function inputOf(
  view: View,
  detail: Detail,
  direction: Direction,
  widths: ReadonlyMap<string, number> = new Map(),
): Input {
  const right = direction === 'RIGHT';
  const inset = right ? { x: 0, y: 6 } : { x: 10, y: 0 };
  const framed = isFramed(view, detail);
  const boxes = new Map<string, Box>();
  const nodes = new Map<string, ElkNode>();
  for (const state of view.states.values()) {
    const box = boxOf(state, detail, state.id !== view.root || framed);
    boxes.set(state.id, box);
    const w = Math.max(1, box.w, widths.get(state.id) ?? 0) - 2 * inset.x;
    const h = Math.max(1, box.h - 2 * inset.y);
    const node: ElkNode = { id: nodeId(state.id), children: [], edges: [], ports: [] };
    if (state.children.length) {
      const bare = state.id === view.root && !framed;
      node.layoutOptions = groupOptions(
        direction,
        view.states.size,
        bare ? 2 : box.h + 4 - inset.y,
        bare ? 2 : PADDING - (right ? inset.y : 0),
        w,
        h,
      );
    } else
      Object.assign(node, { width: w, height: h, layoutOptions: leafOptions(direction, w, h) });
    nodes.set(state.id, node);
    if (state.parent !== null) nodes.get(state.parent)?.children?.push(node);
  }
  const labels = new Map<string, Label | null>();
  const loops: Loop[] = [];
  addEntries(view, detail, nodes, labels);
  const back = backArrows(view);
  for (const arrow of view.arrows) {
    const label = labelOf(arrow.rows, detail);
    if (arrow.source === arrow.target) {
      const loop = loopOf(arrow, label, right, inset);
      loops.push(loop);
      const node = nodes.get(arrow.source);
      if (node)
        node.labels = [
          {
            id: `loop ${arrow.id}`,
            text: ' ',
            width: loop.w,
            height: loop.h,
            layoutOptions: loopOptions(direction),
          },
        ];
      continue;
    }
    labels.set(arrow.id, label);
    const turned = back.has(arrow.id);
    const [from, to] = turned ? [arrow.target, arrow.source] : [arrow.source, arrow.target];
    addEdge(view, nodes, arrow.id, from, to, label);
  }
  const root = nodes.get(view.root);
  const graph: ElkNode = {
    id: 'all',
    layoutOptions: rootOptions(direction, view.states.size),
    children: root ? [root] : [],
    edges: [],
  };
  return { graph, boxes, labels, loops, back, framed, inset };
}

/** A chart's root is a box only where something is written in it or ends at it. */
function isFramed(view: View, detail: Detail): boolean {
  const root = view.states.get(view.root);
  if (!root || root.outside) return false;
  return (
    root.kind === 'parallel' ||
    (detail === 'full' && root.rows.length > 0) ||
    view.arrows.some((arrow) => arrow.source === view.root || arrow.target === view.root)
  );
}

function addEntries(
  view: View,
  detail: Detail,
  nodes: ReadonlyMap<string, ElkNode>,
  labels: Map<string, Label | null>,
): void {
  for (const entry of view.entries) {
    const { id, state, target, words } = entry;
    const label =
      detail === 'full' && words.actions ? labelOf([{ transition: '', words }], detail) : null;
    labels.set(id, label);
    if (words.kind === 'default') {
      addEdge(view, nodes, id, state, target, label);
      continue;
    }
    const group = nodes.get(state);
    const dot = dotId(state);
    if (!group?.children?.some((child) => child.id === dot))
      group?.children?.unshift({ id: dot, width: DOT, height: DOT, layoutOptions: DOT_OPTIONS });
    group?.edges?.push({ ...edge(id, dot, nodeId(target), label), layoutOptions: ENTRY_OPTIONS });
  }
}

function addEdge(
  view: View,
  nodes: ReadonlyMap<string, ElkNode>,
  id: string,
  from: string,
  to: string,
  label: Label | null,
): void {
  nodes.get(commonOf(view, from, to))?.edges?.push(edge(id, nodeId(from), nodeId(to), label));
}

function edge(id: string, from: string, to: string, label: Label | null): ElkExtendedEdge {
  const labels = label
    ? [
        {
          id: `label ${id}`,
          text: ' ',
          width: label.w,
          height: label.h,
          layoutOptions: LABEL_OPTIONS,
        },
      ]
    : [];
  return { id, sources: [from], targets: [to], labels };
}

function loopOf(
  arrow: ViewArrow,
  label: Label | null,
  right: boolean,
  inset: { x: number; y: number },
): Loop {
  const beside = label ?? { w: 0, h: 0 };
  return right
    ? { arrow, label, w: Math.max(beside.w, 26), h: LOOP + LOOP_GAP + beside.h + inset.y }
    : { arrow, label, w: LOOP + LOOP_GAP + beside.w + inset.x, h: Math.max(beside.h, 26) };
}

/** ELK's ids; a chart's own may be anything, the empty one of its root too. */
export const nodeId = (state: string) => `state ${state}`;
export const dotId = (state: string) => `dot ${state}`;
