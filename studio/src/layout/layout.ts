/** From a chart to its scene, given something that lays out ELK's graphs. */

import type { ElkNode } from 'elkjs/lib/elk-api';
import type { Chart } from '../model/chart';
import { graphOf } from '../model/graph';
import { viewOf, type View } from '../model/view';
import { inputOf } from './input';
import type { Direction } from './options';
import { sceneFrom } from './place';
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

export async function layOut(
  engine: Engine,
  view: View,
  { detail = 'full', direction = 'DOWN' }: Pick<SceneOptions, 'detail' | 'direction'> = {},
  signal?: AbortSignal,
): Promise<Scene> {
  const input = inputOf(view, detail, direction);
  return sceneFrom(view, input, await engine.layout(input.graph, signal), direction);
}

export function sceneBy(
  engine: Engine,
  chart: Chart,
  options: SceneOptions = {},
  signal?: AbortSignal,
): Promise<Scene> {
  return layOut(engine, viewOf(graphOf(chart), options), options, signal);
}
