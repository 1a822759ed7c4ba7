// Writes the fonts of drawings beside the program that draws them: what a file that stands alone
// carries in it, and what a PNG is written with, whose renderer knows no variable fonts.
// `node scripts/fonts.js FOLDER`, part of `npm run build`.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import subsetFont from 'subset-font';

const FAMILY = new URL('../node_modules/@fontsource-variable/inter/', import.meta.url);
/** Weights that are drawn, and the hundreds that the renderer knows them by (src/paint/svg.ts). */
const WEIGHTS = [
  [450, 400],
  [550, 500],
  [600, 600],
  [650, 700],
];
const [, , folder] = process.argv;
if (!folder) throw new Error('node scripts/fonts.js FOLDER');

const variable = readFileSync(new URL('files/inter-latin-wght-normal.woff2', FAMILY));
const metrics = new URL('../src/layout/metrics.json', import.meta.url);
const { letters } = JSON.parse(readFileSync(metrics, 'utf8'));

mkdirSync(folder, { recursive: true });
const small = await subsetFont(variable, letters, {
  targetFormat: 'woff2',
  variationAxes: { wght: { min: 450, max: 650, default: 450 } },
});
writeFileSync(join(folder, 'inter.woff2'), small);
for (const [weight, hundred] of WEIGHTS) {
  const still = await subsetFont(variable, letters, {
    targetFormat: 'truetype',
    variationAxes: { wght: weight },
  });
  writeFileSync(join(folder, `inter-${hundred}.ttf`), named(still, hundred));
}
copyFileSync(fileURLToPath(new URL('LICENSE', FAMILY)), join(folder, 'inter.LICENSE.txt'));

/** The font with that weight in its table `OS/2`. */
function named(font, weight) {
  const tables = font.readUInt16BE(4);
  for (let table = 0; table < tables; table++) {
    const record = 12 + 16 * table;
    if (font.toString('latin1', record, record + 4) !== 'OS/2') continue;
    font.writeUInt16BE(weight, font.readUInt32BE(record + 8) + 4);
    return font;
  }
  throw new Error('the font has no table OS/2');
}
