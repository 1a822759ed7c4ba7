import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { engineFrom } from '../../src/draw/elk';
import { sceneBy, type SceneOptions } from '../../src/layout/layout';
import type { Scene } from '../../src/layout/scene';
import { lint } from '../../src/lint/lint';
import type { Chart } from '../../src/model/chart';
import { examples } from '../charts/examples';
import { CASES, chartOf, on, state } from '../charts/cases';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const engine = engineFrom(file('../../node_modules/elkjs/lib/elk-worker.min.js'));
const sceneOf = (chart: Chart, options: SceneOptions = {}) => sceneBy(engine, chart, options);

describe('of the examples,', () => {
  const found = examples();

  test('there are some', () => {
    expect(found.map(([name]) => name)).toContain('examples.order.flow, order');
    expect(found.length).toBeGreaterThan(40);
  });

  test.each(found)(
    '%s has no fault, however it is drawn',
    { timeout: 60_000 },
    async (_, chart) => {
      for (const direction of ['DOWN', 'RIGHT'] as const)
        for (const detail of ['full', 'events', 'names'] as const)
          expect(lint(await sceneOf(chart, { detail, direction })).faults).toEqual(NONE);
      const groups = chart.states.filter((one) => one.kind === 'compound' && one.id);
      for (const { id } of groups) {
        expect(lint(await sceneOf(chart, { collapsed: new Set([id]) })).faults).toEqual(NONE);
        expect(lint(await sceneOf(chart, { root: id })).faults).toEqual(NONE);
      }
    },
  );
});

describe('awkward cases', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await sceneOf(CASES);
  });
  const of = (id: string) => scene.states.find((one) => one.id === id)!;
  const arrow = (id: string) => scene.arrows.find((one) => one.id === id)!;

  test('have no fault, downwards and to the right', async () => {
    expect(lint(scene).faults).toEqual(NONE);
    expect(lint(await sceneOf(CASES, { direction: 'RIGHT' })).faults).toEqual(NONE);
  });

  test('every arrow begins at its source and ends at its target, those that lead back too', () => {
    const bail = arrow('P.left.l2→A.past');
    const [first] = bail.points;
    const last = bail.points.at(-1)!;
    expect(first!.x).toBeGreaterThan(of('P.left.l2').x);
    expect(Math.abs(first!.y - of('P.left.l2').y)).toBeLessThan(1);
    expect(Math.abs(last.y - (of('A.past').y + of('A.past').h))).toBeLessThan(1);
  });

  test('regions have one top and one bottom', () => {
    const regions = ['P.left', 'P.mid', 'P.right'].map(of);
    expect(new Set(regions.map((one) => Math.round(one.y))).size).toBe(1);
    expect(new Set(regions.map((one) => Math.round(one.y + one.h))).size).toBe(1);
  });

  test('a loop is drawn beside its state, and comes back to it', () => {
    const loop = arrow('A→A');
    expect(loop.loop).toBe(true);
    for (const end of [loop.points[0]!, loop.points.at(-1)!])
      expect(end.x).toBeCloseTo(of('A').x + of('A').w);
  });

  test('an arrow from a group to what it holds begins below its title', () => {
    const reset = arrow('A→A.a1');
    expect(reset.inside).toBe(true);
    expect(reset.points[0]!.y).toBeGreaterThan(of('A').y + of('A').head - 4);
  });

  test('each group that is entered by default has a dot in it', () => {
    expect(scene.dots.map((dot) => dot.state)).toEqual(['', 'A', 'P.left', 'P.mid', 'P.right']);
  });

  test('nothing is drawn around the whole, unless an arrow ends there', async () => {
    expect(of('').bare).toBe(true);
    const chart = chartOf([state('a'), state('b')], [on('x', '', 'b')]);
    expect((await sceneOf(chart)).states[0]!.bare).toBe(false);
  });
});

test('less detail is a smaller picture, not hidden text', async () => {
  const [full, events, names] = await Promise.all(
    (['full', 'events', 'names'] as const).map((detail) => sceneOf(CASES, { detail })),
  );
  expect(events!.w * events!.h).toBeLessThan(full!.w * full!.h);
  expect(names!.w * names!.h).toBeLessThan(events!.w * events!.h);
  expect(names!.arrows.every((arrow) => arrow.label === null)).toBe(true);
});

test.each(['a chart of one state', 'names that are long, strange or empty'])(
  '%s is drawn',
  async (what) => {
    const chart =
      what === 'a chart of one state'
        ? chartOf([state('only')], [])
        : chartOf(
            [
              state('x'.repeat(400)),
              { id: '', kind: 'atomic', parent: '' },
              { id: '  <b>&"', kind: 'atomic', parent: '' },
              { id: '支付确认中的订单', kind: 'final', parent: '' },
              { id: 'toString', kind: 'atomic', parent: '' },
            ].filter((one) => one.id) as Chart['states'] as never,
            [on('e'.repeat(500), 'toString', '  <b>&"', { guards: [{ name: '条件'.repeat(60) }] })],
          );
    const scene = await sceneOf(chart);
    expect(lint(scene).faults).toEqual(NONE);
    expect(scene.w).toBeLessThan(2000);
  },
);

const NONE = Object.fromEntries(
  Object.entries(lint({ root: '', w: 0, h: 0, states: [], arrows: [], dots: [] }).faults).map(
    ([kind]) => [kind, []],
  ),
);
