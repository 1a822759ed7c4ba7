/**
 * ELK's output as a scene: boxes widened again, points turned round, loops drawn into the room that
 * was kept for them, regions stretched, titles moved aside.
 */

import type { ElkNode } from 'elkjs/lib/elk-api';
import type { View } from '../model/view';
import { dotId, LOOP, nodeId, type Input, type Loop } from './input';
import type { Direction } from './options';
import type { Point, Scene, SceneArrow, SceneLabel, SceneState } from './scene';
import { alignRegions } from './regions';
import { clearTitles } from './titles';
import { titleOf, type Label } from './text';

/** Around the drawing. */
const MARGIN = 16;

export interface Placed {
  scene: Scene;
  /** Groups that would need such a width for their titles to stand clear of arrows. */
  cramped: Map<string, number>;
}

export function placedFrom(
  view: View,
  input: Input,
  placed: ElkNode,
  direction: Direction,
): Placed {
  const nodes = new Map<string, ElkNode>();
  const edges = new Map<string, { points: Point[]; label: Point | null }>();
  const open = [placed];
  for (let node = open.pop(); node; node = open.pop()) {
    nodes.set(node.id, node);
    open.push(...(node.children ?? []));
    for (const edge of node.edges ?? []) {
      const points = (edge.sections ?? []).flatMap((section) => [
        section.startPoint,
        ...(section.bendPoints ?? []),
        section.endPoint,
      ]);
      const at = edge.labels?.[0];
      edges.set(edge.id, { points, label: at ? { x: at.x ?? 0, y: at.y ?? 0 } : null });
    }
  }
  const states = statesOf(view, input, nodes);
  const arrows: SceneArrow[] = [];
  const add = (
    ends: Pick<SceneArrow, 'id' | 'source' | 'target' | 'kind' | 'rows'>,
    inside: boolean,
  ) => {
    const edge = edges.get(ends.id);
    if (!edge) return;
    const points = tidy(edge.points);
    if (input.back.has(ends.id)) points.reverse();
    const label = labelAt(input.labels.get(ends.id) ?? null, edge.label);
    arrows.push({ ...ends, points, loop: false, inside, label });
  };
  for (const { id, state, target, words } of view.entries) {
    const rows = [{ transition: '', words }];
    const kind = words.kind === 'default' ? 'default' : 'initial';
    add({ id, source: state, target, kind, rows }, false);
  }
  for (const arrow of view.arrows)
    if (arrow.source !== arrow.target)
      add({ ...arrow, kind: 'transition' }, holds(view, arrow.source, arrow.target));
  const at = new Map(states.map((state) => [state.id, state]));
  for (const loop of input.loops) {
    const state = at.get(loop.arrow.source);
    if (state) arrows.push(loopAt(state, loop, direction));
  }
  const dots = [...view.states.keys()].flatMap((state) => {
    const dot = nodes.get(dotId(state));
    return dot ? [{ state, ...centre(dot) }] : [];
  });
  const scene = { root: view.root, w: 0, h: 0, states, arrows, dots };
  alignRegions(scene, direction);
  const cramped = clearTitles(scene);
  return { scene: bounded(scene), cramped };
}

function statesOf(view: View, input: Input, nodes: ReadonlyMap<string, ElkNode>): SceneState[] {
  const { inset } = input;
  return [...view.states.values()].map((state) => {
    const node = nodes.get(nodeId(state.id));
    const box = input.boxes.get(state.id);
    const bare = state.id === view.root && !input.framed;
    return {
      id: state.id,
      name: state.name,
      title: titleOf(state),
      kind: state.kind,
      deep: state.deep,
      parent: state.parent,
      depth: state.depth,
      region: state.region,
      group: state.children.length > 0,
      shut: state.shut,
      hidden: state.hidden,
      outside: state.outside,
      bare,
      rows: box?.rows ?? [],
      shift: 0,
      head: box?.h ?? 0,
      doc: state.doc,
      owner: state.owner,
      does: state.rows,
      x: (node?.x ?? 0) - inset.x,
      y: (node?.y ?? 0) - inset.y,
      w: (node?.width ?? 0) + 2 * inset.x,
      h: (node?.height ?? 0) + 2 * inset.y,
    };
  });
}

function labelAt(label: Label | null, at: Point | null): SceneLabel | null {
  return label && at ? { ...at, w: label.w, h: label.h, lines: label.lines } : null;
}

function loopAt(state: SceneState, loop: Loop, direction: Direction): SceneArrow {
  const half = 8;
  const { arrow, label } = loop;
  const shared = { ...arrow, kind: 'transition' as const, loop: true, inside: false };
  if (direction === 'RIGHT') {
    const x = state.x + state.w / 2;
    const y = state.y + state.h;
    return {
      ...shared,
      points: [
        { x: x + half, y },
        { x: x + half, y: y + LOOP },
        { x: x - half, y: y + LOOP },
        { x: x - half, y },
      ],
      label: label && {
        lines: label.lines,
        x: x - label.w / 2,
        y: y + LOOP,
        w: label.w,
        h: label.h,
      },
    };
  }
  const x = state.x + state.w;
  const y = state.y + state.h / 2;
  return {
    ...shared,
    points: [
      { x, y: y - half },
      { x: x + LOOP, y: y - half },
      { x: x + LOOP, y: y + half },
      { x, y: y + half },
    ],
    label: label && {
      lines: label.lines,
      x: x + LOOP + 2,
      y: y - label.h / 2,
      w: label.w,
      h: label.h,
    },
  };
}

/** Without points that say nothing: doubled ones, and those on the way between their neighbours. */
function tidy(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const last = kept.at(-1);
    if (last && near(last.x, point.x) && near(last.y, point.y)) continue;
    const before = kept.at(-2);
    const straight =
      last &&
      before &&
      ((near(before.x, last.x) && near(last.x, point.x)) ||
        (near(before.y, last.y) && near(last.y, point.y)));
    if (straight) kept.pop();
    kept.push({ ...point });
  }
  return kept;
}

const near = (a: number, b: number) => Math.abs(a - b) < 0.01;

function holds(view: View, holder: string, held: string): boolean {
  for (
    let at = view.states.get(held)?.parent ?? null;
    at !== null;
    at = view.states.get(at)?.parent ?? null
  )
    if (at === holder) return true;
  return false;
}

function centre(node: ElkNode): Point {
  return { x: (node.x ?? 0) + (node.width ?? 0) / 2, y: (node.y ?? 0) + (node.height ?? 0) / 2 };
}

/** Moved so that nothing lies left of or above the margin. */
function bounded(scene: Scene): Scene {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (x: number, y: number, w = 0, h = 0) => {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + w);
    bottom = Math.max(bottom, y + h);
  };
  for (const state of scene.states) if (!state.bare) take(state.x, state.y, state.w, state.h);
  for (const dot of scene.dots) take(dot.x - 5, dot.y - 5, 10, 10);
  for (const arrow of scene.arrows) {
    for (const point of arrow.points) take(point.x, point.y);
    if (arrow.label) take(arrow.label.x, arrow.label.y, arrow.label.w, arrow.label.h);
  }
  if (left === Infinity) return { ...scene, w: 2 * MARGIN, h: 2 * MARGIN };
  const [dx, dy] = [MARGIN - left, MARGIN - top];
  const moved = <T extends Point>(one: T): T => ({ ...one, x: one.x + dx, y: one.y + dy });
  return {
    root: scene.root,
    w: right - left + 2 * MARGIN,
    h: bottom - top + 2 * MARGIN,
    states: scene.states.map(moved),
    dots: scene.dots.map(moved),
    arrows: scene.arrows.map((arrow) => ({
      ...arrow,
      points: arrow.points.map(moved),
      label: arrow.label && moved(arrow.label),
    })),
  };
}
