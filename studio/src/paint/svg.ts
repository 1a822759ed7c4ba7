/** A scene as an SVG file that stands alone: its style, and its font if one is given, are in it. */

import type { Scene } from '../layout/scene';
import { pictureOf, type Known, type Piece } from './picture';
import { escaped, written } from './shape';
import { inTheme, THEMES, type Theme } from './themes';

export interface SvgOptions extends Known {
  theme?: Theme;
  /** What it is a drawing of, for those who can't see it. */
  title?: string;
  /** The drawing's stylesheet, `paint.css`. */
  css: string;
  /** A font file, woff2, as base64. */
  font?: string;
  /** For renderers that know no weights but hundreds; the fonts that they are given say so too. */
  hundreds?: boolean;
  /** Without a ground of its own it takes that of the page. */
  transparent?: boolean;
}

export function svgText(scene: Scene, options: SvgOptions): string {
  const theme = options.theme ?? 'light';
  const picture = pictureOf(scene, options);
  const [w, h] = [Math.ceil(scene.w), Math.ceil(scene.h)];
  const title = options.title ?? scene.root;
  const font = options.font
    ? `@font-face{font-family:'Inter Variable';font-weight:100 900;src:url(data:font/woff2;base64,${options.font}) format('woff2');}`
    : '';
  const css = options.hundreds ? inHundreds(options.css) : options.css;
  const style = font + compact(inTheme(css, theme));
  const ground = options.transparent
    ? ''
    : `<rect width="${w}" height="${h}" fill="${THEMES[theme].ground}"/>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${w}" height="${h}" ` +
    `viewBox="0 0 ${w} ${h}" role="img" aria-label="${escaped(title)}">` +
    `<title>${escaped(title)}</title><style>${style}</style>${ground}` +
    layer(picture.grounds) +
    layer(picture.arrows) +
    written(picture.dots) +
    layer(picture.boxes) +
    layer(picture.labels) +
    layer(picture.heads) +
    layer(picture.badges) +
    '</svg>\n'
  );
}

function layer<T>(pieces: readonly Piece<T>[]): string {
  return pieces.map((piece) => `<g class="${piece.class}">${written(piece.shapes)}</g>`).join('');
}

function inHundreds(css: string): string {
  return css.replace(
    /font-weight: (\d+)/g,
    (_, weight) => `font-weight: ${hundred(Number(weight))}`,
  );
}

/** 450 is 400, 550 is 500, 650 is 700: as `scripts/fonts.js` has it. */
function hundred(weight: number): number {
  return weight > 600 ? 700 : Math.floor(weight / 100) * 100;
}

function compact(css: string): string {
  return css
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};:,]) ?/g, '$1')
    .trim();
}
