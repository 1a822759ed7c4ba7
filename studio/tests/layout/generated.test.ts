import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { engineFrom } from '../../src/draw/elk';
import { sceneBy } from '../../src/layout/layout';
import { lint, type Faults } from '../../src/lint/lint';
import { randomChart, shapeFor } from '../charts/random';

// `npm run charts` draws 300, of up to 100 states; every other run draws a few small ones
const MANY = process.env['CHARTS'];
const COUNT = Number(MANY ?? 12);
const FIRST = Number(process.env['FIRST'] ?? 1);
const engine = engineFrom(
  fileURLToPath(new URL('../../node_modules/elkjs/lib/elk-worker.min.js', import.meta.url)),
);

test(
  `${COUNT} charts from seeds have no overlap and no arrow through a box`,
  { timeout: 3_600_000 },
  async () => {
    const bad: string[] = [];
    let drawn = 0;
    let slowest = 0;
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const shape = shapeFor(seed);
      const states = MANY ? shape.states : Math.min(shape.states, 24);
      const chart = randomChart(seed, { ...shape, states });
      drawn += chart.states.length;
      // every other one with all that can be written
      const detail = seed % 2 ? 'full' : seed % 4 ? 'events' : 'names';
      const direction = seed % 3 ? 'DOWN' : 'RIGHT';
      const began = performance.now();
      const scene = await sceneBy(engine, chart, { detail, direction });
      slowest = Math.max(slowest, performance.now() - began);
      const { count, faults } = lint(scene);
      const what = `${seed} (${chart.states.length} states, ${detail}, ${direction}): ${told(faults)}`;
      if (count) bad.push(what);
      if (count || (MANY && seed % 25 === 0)) process.stdout.write(`${what}\n`);
    }
    process.stdout.write(`${COUNT} charts, ${drawn} states, slowest ${Math.round(slowest)} ms\n`);
    expect(bad).toEqual([]);
  },
);

function told(faults: Faults): string {
  return Object.entries(faults)
    .filter(([, found]) => found.length)
    .map(([kind, found]) => `${kind} ${found.length}: ${JSON.stringify(found[0])}`)
    .join('; ');
}
