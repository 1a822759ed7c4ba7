/** Shapes as nodes of the page. They are replaced whole, and only when they are other ones. */

import type { Shape } from '../paint/shape';
import { THEMES, type Theme } from '../paint/themes';

const SVG = 'http://www.w3.org/2000/svg';
const shown = new WeakMap<Element, readonly Shape[]>();

export function drawn(shapes: readonly Shape[]): (node: Element) => void {
  return (node) => {
    if (shown.get(node) === shapes) return;
    shown.set(node, shapes);
    node.replaceChildren(...shapes.map(made));
  };
}

/** The theme's colours as custom properties, set one by one: no `style` attribute is parsed. */
export function coloured(theme: Theme): (node: SVGElement) => void {
  return (node) => {
    for (const [name, colour] of Object.entries(THEMES[theme]))
      node.style.setProperty(`--chart-${name}`, colour);
  };
}

function made(shape: Shape): Element {
  const node = document.createElementNS(SVG, shape.tag);
  if (shape.class) node.setAttribute('class', shape.class);
  for (const [name, value] of Object.entries(shape.at ?? {}))
    node.setAttribute(name, String(value));
  // the space parts words for those who read the page by its text; it is not drawn
  if (shape.text) node.append(`${shape.text} `);
  for (const kid of shape.kids ?? []) node.append(made(kid));
  return node;
}
