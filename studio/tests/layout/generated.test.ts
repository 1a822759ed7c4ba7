import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { engineFrom } from '../../src/draw/elk';
import { sceneBy } from '../../src/layout/layout';
import { lint, type Faults } from '../../src/lint/lint';
import { randomChart } from '../charts/random';

// `npm run charts` draws 300
const COUNT = Number(process.env['CHARTS'] ?? 40);
const FIRST = Number(process.env['FIRST'] ?? 1);
const engine = engineFrom(
  fileURLToPath(new URL('../../node_modules/elkjs/lib/elk-worker.min.js', import.meta.url)),
);

test(
  `${COUNT} charts from seeds have no overlap and no arrow through a box`,
  { timeout: 900_000 },
  async () => {
    const bad: string[] = [];
    let states = 0;
    let slowest = 0;
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const chart = randomChart(seed);
      states += chart.states.length;
      const detail = (['full', 'events', 'names'] as const)[seed % 3]!;
      const direction = seed % 2 ? 'DOWN' : 'RIGHT';
      const began = performance.now();
      const scene = await sceneBy(engine, chart, { detail, direction });
      slowest = Math.max(slowest, performance.now() - began);
      const { count, faults } = lint(scene);
      if (count)
        bad.push(`${seed} (${chart.states.length}, ${detail}, ${direction}): ${told(faults)}`);
    }
    console.info(`${COUNT} charts, ${states} states, slowest ${Math.round(slowest)} ms`);
    expect(bad).toEqual([]);
  },
);

function told(faults: Faults): string {
  return Object.entries(faults)
    .filter(([, found]) => found.length)
    .map(([kind, found]) => `${kind} ${found.length}: ${JSON.stringify(found[0])}`)
    .join('; ');
}
