import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { engineFrom } from '../../src/draw/elk';
import { draw } from '../../src/draw/request';
import { sceneBy } from '../../src/layout/layout';
import type { Scene } from '../../src/layout/scene';
import { pictureOf } from '../../src/paint/picture';
import { widthOf } from '../../src/paint/flow';
import { roundPath } from '../../src/paint/lines';
import { badgeOf, boxOf } from '../../src/paint/states';
import { svgText } from '../../src/paint/svg';
import { THEMES } from '../../src/paint/themes';
import { CASES, chartOf, state } from '../charts/cases';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const engine = engineFrom(file('../../node_modules/elkjs/lib/elk-worker.min.js'));
const css = readFileSync(file('../../src/paint/paint.css'), 'utf8');
let scene: Scene;
beforeAll(async () => {
  scene = await sceneBy(engine, CASES);
});

test('a file stands alone: its style is in it, in colours, and nothing is fetched', () => {
  const svg = svgText(scene, { css, theme: 'dark', font: 'd09GMg==' });
  expect(svg).toContain(THEMES.dark.ground);
  expect(svg).not.toContain('var(');
  expect(svg).not.toMatch(/style="|href=|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
  expect(svg).toContain('url(data:font/woff2;base64,d09GMg==)');
});

test('every class that is drawn has a look', () => {
  const chart = { badges: new Map([['A', { text: '3' }]]), flow: new Map([['A:stop', 3]]) };
  const svg = svgText(scene, { css: '', ...chart, taken: new Set(['A:stop']) });
  const drawn = new Set(
    [...svg.matchAll(/class="([^"]*)"/g)].flatMap(([, names]) => names!.split(' ')),
  );
  const known = new Set([...css.matchAll(/\.([a-z][a-z0-9-]*)/g)].map(([, name]) => name!));
  const silent = [
    'chart',
    'atomic',
    'final',
    'history',
    'transition',
    'odd',
    'plain',
    'badges',
    'label',
    'shut',
  ];
  expect([...drawn].filter((name) => !known.has(name) && !silent.includes(name))).toEqual([]);
});

test('colours of the style are those of the themes, and no theme has another', () => {
  const used = new Set([...css.matchAll(/var\(--chart-([a-z0-9-]+)\)/g)].map(([, name]) => name!));
  for (const theme of [THEMES.light, THEMES.dark])
    // the grid is the browser's alone
    expect([...used, 'grid'].sort()).toEqual(Object.keys(theme).sort());
});

test('weights are hundreds where the renderer wants that', () => {
  const weights = (svg: string) =>
    new Set([...svg.matchAll(/font-weight:(\d+)/g)].map(([, w]) => w));
  expect(weights(svgText(scene, { css }))).toEqual(new Set(['450', '550', '600', '650']));
  expect(weights(svgText(scene, { css, hundreds: true }))).toEqual(
    new Set(['400', '500', '600', '700']),
  );
});

test('active states and taken transitions are lit, and what is taken lies on top', () => {
  const picture = pictureOf(scene, {
    active: new Set(['P', 'P.mid', 'P.mid.m1']),
    taken: new Set(['A:stop']),
  });
  const lit = [...picture.boxes, ...picture.grounds].filter((one) => one.class.includes('active'));
  expect(lit.map((one) => one.of.id).sort()).toEqual(['P', 'P.mid', 'P.mid.m1']);
  expect(picture.arrows.at(-1)).toMatchObject({
    of: { id: 'A→Z' },
    class: 'arrow transition taken',
  });
});

test('shapes stay the same while only what is known changes', () => {
  const before = pictureOf(scene);
  const after = pictureOf(scene, { active: new Set(['Z']) });
  expect(after.boxes.map((one) => one.shapes)).toEqual(before.boxes.map((one) => one.shapes));
  after.boxes.forEach((one, place) => expect(one.shapes).toBe(before.boxes[place]!.shapes));
});

test('an arrow is as wide as its flow, and the busiest is the widest', () => {
  expect(widthOf(0, 100)).toBeLessThan(widthOf(1, 100));
  expect(widthOf(1, 100)).toBeLessThan(widthOf(100, 100));
  expect(widthOf(100, 100)).toBe(6);
  expect(widthOf(0, 0)).toBe(1.2);
});

test('text from charts cannot end an element, nor write what XML has no way to write', async () => {
  const name = `</text><script>x</script>"'&\u0000\u{d800}`;
  const chart = chartOf([{ ...state('a'), id: name }], []);
  const svg = await draw({ chart, title: name }, engine, { css });
  expect(svg).not.toContain('<script>');
  expect(svg).toContain('&lt;/text&gt;&lt;script&gt;');
  expect(svg).not.toMatch(/[\u0000\ud800]/);
});

test('corners are round, as far as there is room', () => {
  const corner = roundPath([
    { x: 0, y: 0 },
    { x: 0, y: 100 },
    { x: 6, y: 100 },
  ]);
  expect(corner).toBe('M0,0L0,97Q0,100 3,100L6,100');
});

test('a badge stands clear of the title', () => {
  // pixels from the baseline to the top of a tall letter, and a little air
  const TALL = 12;
  for (const of of scene.states.filter((one) => !one.group && one.kind !== 'history')) {
    const [badge] = badgeOf(of, { text: '1,204 · 12 min' });
    const body = badge!.kids!.find((shape) => shape.class === 'badge-body')!.at!;
    const title = boxOf(of).find((shape) => shape.class === 'title')!.at!;
    expect(Number(body.y) + Number(body.height)).toBeLessThan(Number(title.y) - TALL);
  }
});
