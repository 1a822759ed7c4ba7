/**
 * A drawing as plain elements: what the browser makes into nodes and the command line into text.
 * How they look is said by their classes, in `paint.css`; there is no `style` attribute anywhere.
 */

export interface Shape {
  tag: 'g' | 'path' | 'rect' | 'circle' | 'text' | 'tspan' | 'title';
  class?: string;
  at?: Readonly<Record<string, string | number>>;
  text?: string;
  kids?: readonly Shape[];
}

/** As SVG's text. */
export function written(shapes: readonly Shape[]): string {
  return shapes.map(element).join('');
}

function element(shape: Shape): string {
  const name = shape.class ? ` class="${escaped(shape.class)}"` : '';
  const attributes = Object.entries(shape.at ?? {})
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
    .join('');
  const inner = escaped(shape.text ?? '') + written(shape.kids ?? []);
  const open = `<${shape.tag}${name}${attributes}`;
  return inner ? `${open}>${inner}</${shape.tag}>` : `${open}/>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escaped(text: string): string {
  return (
    text
      // characters that XML has no way to write
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
      .replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter)
  );
}

/** Hundredths of a pixel: finer is only longer. */
export function at(value: number): number {
  return Math.round(value * 100) / 100;
}
