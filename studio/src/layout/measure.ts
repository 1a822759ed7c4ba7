/**
 * How wide text is. The advances of the studio's own font are in `metrics.json`, so a chart is laid
 * out alike in a browser and on the command line, and whether the font has loaded by then does not
 * matter. Kerning is left out: it makes text narrower, if anything.
 */

import metrics from './metrics.json';

/** A weight and a size in pixels. */
export interface Font {
  weight: 450 | 550 | 600 | 650;
  size: number;
}

export const FONTS = {
  state: { weight: 600, size: 13 },
  group: { weight: 650, size: 13 },
  trigger: { weight: 550, size: 11.5 },
  text: { weight: 450, size: 11 },
} as const satisfies Record<string, Font>;

/** The family, and what stands in for letters that it does not have. */
export const FAMILY = "'Inter Variable', Inter, system-ui, sans-serif";

const advances = new Map(
  Object.entries(metrics.advances).map(([weight, widths]) => [
    Number(weight),
    new Map([...metrics.letters].map((letter, place) => [letter, widths[place] ?? 0])),
  ]),
);

/** In pixels. Letters that the font lacks are taken for as wide as they may be. */
export function measure(text: string, font: Font): number {
  const known = advances.get(font.weight);
  let thousandths = 0;
  for (const letter of text) thousandths += known?.get(letter) ?? unknown(letter);
  return (thousandths * font.size) / 1000;
}

const JOINS = /^[\p{M}\p{Cf}]$/u;
const WIDE =
  /^[\p{Extended_Pictographic}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u;

function unknown(letter: string): number {
  if (JOINS.test(letter)) return 0;
  return WIDE.test(letter) ? 1150 : 750;
}
