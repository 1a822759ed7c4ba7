/** From a chart to its scene, given something that lays out ELK's graphs. */

import type { ElkNode } from 'elkjs/lib/elk-api';
import type { Chart } from '../model/chart';
import { graphOf } from '../model/graph';
import { viewOf, type View } from '../model/view';
import { inputOf } from './input';
import type { Direction } from './options';
import { placedFrom } from './place';
import type { Scene } from './scene';
import type { Detail } from './text';

export interface SceneOptions {
  detail?: Detail;
  direction?: Direction;
  collapsed?: ReadonlySet<string>;
  /** The group that is looked into; null: the whole. */
  root?: string | null;
}

export interface Engine {
  layout(graph: ElkNode, signal?: AbortSignal): Promise<ElkNode>;
}

/** Layouts of one view: the first, and others with room for titles that arrows ran through. */
const TRIES = 3;

export async function layOut(
  engine: Engine,
  view: View,
  { detail = 'full', direction = 'DOWN' }: Pick<SceneOptions, 'detail' | 'direction'> = {},
  signal?: AbortSignal,
): Promise<Scene> {
  const widths = new Map<string, number>();
  for (let tries = 1; ; tries++) {
    const input = inputOf(view, detail, direction, widths);
    const laid = await engine.layout(input.graph, signal);
    const { scene, cramped } = placedFrom(view, input, laid, direction);
    if (!cramped.size || tries === TRIES) return scene;
    for (const [group, width] of cramped) widths.set(group, width);
  }
}

export function sceneBy(
  engine: Engine,
  chart: Chart,
  options: SceneOptions = {},
  signal?: AbortSignal,
): Promise<Scene> {
  return layOut(engine, viewOf(graphOf(chart), options), options, signal);
}
