/** Arrows and their labels as shapes. */

import type { SceneArrow, SceneLabel } from '../layout/scene';
import { hasIcon, LABEL_PADDING, LINE, type Line } from '../layout/text';
import { pointOf, roundPath, shortened } from './lines';
import { at, type Shape } from './shape';

const LINE_WIDTH = 1.5;

/** `width` in pixels where the arrow's flow is known; lines are 1.5 wide otherwise. */
export function arrowOf(arrow: SceneArrow, width?: number): Shape[] {
  const { points, loop } = arrow;
  // the point grows more slowly than the line, and still stands out on both sides of it
  const scale = width === undefined ? 1 : Math.max(1, 0.7 + width / 5);
  const line = roundPath(shortened(points, Math.min(5 * scale, 9)), loop ? 10 : 8);
  const shapes: Shape[] = [
    // crossed lines are kept apart by a rim of the ground's colour
    { tag: 'path', class: 'rim', at: { d: roundPath(points) } },
    {
      tag: 'path',
      class: 'line',
      at: { d: line, 'stroke-width': at(width ?? LINE_WIDTH) },
    },
    { tag: 'path', class: 'point', at: { d: pointOf(points, scale) } },
  ];
  const [start] = points;
  if (arrow.inside && start)
    shapes.push({
      tag: 'circle',
      class: 'start',
      at: { cx: at(start.x), cy: at(start.y), r: 2.5 },
    });
  return shapes;
}

export function labelOf(label: SceneLabel): Shape[] {
  const shapes: Shape[] = [
    {
      tag: 'rect',
      class: 'plate',
      at: { x: at(label.x), y: at(label.y), width: at(label.w), height: at(label.h), rx: 7 },
    },
  ];
  label.lines.forEach((line, place) => {
    const top = label.y + 3 + place * LINE;
    const left = label.x + LABEL_PADDING;
    if (line.leads && place > 0)
      shapes.push({
        tag: 'path',
        class: 'divide',
        at: { d: `M${at(left)},${at(top - 0.5)}h${at(label.w - 2 * LABEL_PADDING)}` },
      });
    if (line.leads && hasIcon(line.kind)) shapes.push(...iconOf(line.kind, left, top + 2.5));
    shapes.push({
      tag: 'text',
      class: 'words',
      at: { y: at(top + 11.5) },
      kids: line.spans.map((span) => ({
        tag: 'tspan',
        class: span.ink === 'trigger' ? `trigger ${toneOf(line.kind)}`.trim() : span.ink,
        at: { x: at(left + span.x) },
        text: span.text,
      })),
    });
  });
  return shapes;
}

function toneOf(kind: Line['kind']): string {
  switch (kind) {
    case 'after':
      return 'time';
    case 'done':
    case 'result':
      return 'good';
    case 'failure':
    case 'cancel':
      return 'bad';
    default:
      return '';
  }
}

/** A clock, a tick, a cross, a bolt or a star, ten pixels wide. */
function iconOf(kind: Line['kind'], x: number, y: number): Shape[] {
  const name = `icon ${toneOf(kind)}`.trim();
  const path = (d: string): Shape => ({
    tag: 'path',
    class: name,
    at: { d: `M${at(x)},${at(y)}${d}` },
  });
  switch (kind) {
    case 'after':
      return [
        { tag: 'circle', class: name, at: { cx: at(x + 5), cy: at(y + 5), r: 4.4 } },
        path('m5,2.5v2.7l1.8,1.2'),
      ];
    case 'done':
    case 'result':
      return [path('m1,5.4l3,2.8l5.4,-6.4')];
    case 'failure':
    case 'cancel':
      return [path('m1.8,1.8l6.4,6.4m0,-6.4l-6.4,6.4')];
    case 'always':
      return [path('m6,0l-4,6h3l-1,4l4,-6h-3z')];
    default:
      return [path('m5,1v8m-4,-4h8m-6.8,-2.8l5.6,5.6m0,-5.6l-5.6,5.6')];
  }
}
