/** What is asked of the drawing program: one JSON object on its standard input. */

import type { Chart } from '../model/chart';
import { graphOf } from '../model/graph';
import { collapsedByDefault, lit, viewOf } from '../model/view';
import { layOut, type Engine } from '../layout/layout';
import type { Direction } from '../layout/options';
import type { Detail } from '../layout/text';
import { svgText } from '../paint/svg';
import type { Theme } from '../paint/themes';

export interface DrawRequest {
  chart: Chart;
  detail?: Detail;
  direction?: Direction;
  theme?: Theme;
  /** Left out: as much as is needed to see at most some 40 states. */
  collapsed?: string[];
  /** The group to look into. */
  root?: string | null;
  /** Ids of active leaves. */
  active?: string[];
  title?: string;
  transparent?: boolean;
  /** It is for a renderer of PNG: without a font in it, in weights that are hundreds. */
  raster?: boolean;
}

export async function draw(
  request: DrawRequest,
  engine: Engine,
  look: { css: string; font?: string },
): Promise<string> {
  const graph = graphOf(request.chart);
  const root = request.root ?? null;
  const collapsed = new Set(
    request.collapsed ?? collapsedByDefault(graph, undefined, root ?? undefined),
  );
  const view = viewOf(graph, { collapsed, root });
  const scene = await layOut(engine, view, request);
  const { css, font } = look;
  return svgText(scene, {
    css,
    ...(font === undefined || request.raster ? {} : { font }),
    hundreds: request.raster ?? false,
    active: lit(graph, request.active ?? []),
    theme: request.theme ?? 'light',
    title: request.title ?? `${request.chart.name}, version ${request.chart.version}`,
    transparent: request.transparent ?? false,
  });
}
