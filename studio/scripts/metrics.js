// Writes src/layout/metrics.json: how far each letter of the studio's font advances, at each weight
// that is drawn. `node scripts/metrics.js` after the font's package was upgraded.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create } from 'fontkit';
import { format, resolveConfig } from 'prettier';
import subsetFont from 'subset-font';

const FONT = new URL(
  '../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  import.meta.url,
);
const WEIGHTS = [450, 550, 600, 650];
const FIRST = 0x20;
const LAST = 0x2122;

const variable = readFileSync(FONT);
const known = new Set(create(variable).characterSet);
const codes = [];
for (let code = FIRST; code <= LAST; code++)
  if (known.has(code) && (code === FIRST || String.fromCodePoint(code).trim())) codes.push(code);
const letters = String.fromCodePoint(...codes);

/** In thousandths of the font's size. */
const advances = {};
for (const weight of WEIGHTS) {
  const still = create(
    await subsetFont(variable, letters, {
      targetFormat: 'truetype',
      variationAxes: { wght: weight },
    }),
  );
  advances[weight] = codes.map((code) =>
    Math.round((still.glyphForCodePoint(code).advanceWidth / still.unitsPerEm) * 1000),
  );
}

const path = fileURLToPath(new URL('../src/layout/metrics.json', import.meta.url));
const options = { ...(await resolveConfig(path)), filepath: path };
const text = await format(JSON.stringify({ letters, advances }), options);
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('src/layout/metrics.json is not what the font says: node scripts/metrics.js');
    process.exit(1);
  }
} else writeFileSync(path, text);
