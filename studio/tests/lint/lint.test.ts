import { expect, test } from 'vitest';
import type { Scene, SceneArrow, SceneState } from '../../src/layout/scene';
import { lint, type Faults } from '../../src/lint/lint';

test('what is well drawn has no fault', () => {
  expect(lint(scene()).count).toBe(0);
});

test.each<[keyof Faults, (good: Scene) => void]>([
  ['statesOverlap', (good) => (of(good, 'b').y = 20)],
  ['outside', (good) => (of(good, 'g.inner').x = -30)],
  [
    'labelsOverlap',
    (good) => (arrow(good, 'z', 'a', 'b', [50, 40], [50, 100]).label = label(45, 65)),
  ],
  ['labelOverState', (good) => (good.arrows[0]!.label = label(20, 30))],
  ['labelOverTitle', (good) => (good.arrows[0]!.label = label(10, 210))],
  ['arrowThroughState', (good) => arrow(good, 'through', 'a', 'g', [70, 40], [70, 200])],
  ['arrowThroughTitle', (good) => arrow(good, 'title', 'b', 'g.inner', [20, 140], [20, 260])],
  ['arrowThroughLabel', (good) => arrow(good, 'label', 'a', 'b', [30, 40], [30, 100])],
  ['arrowMissesEnd', (good) => arrow(good, 'short', 'a', 'b', [90, 40], [90, 92])],
  ['tooNarrow', (good) => (of(good, 'g').title = 'a title that is much too long for its group')],
])('%s is found', (fault, spoil) => {
  const spoilt = scene();
  spoil(spoilt);
  const { faults, count } = lint(spoilt);
  expect(faults[fault]).not.toEqual([]);
  expect(count).toBeGreaterThan(0);
});

test('crossings, bends and lengths are measured', () => {
  const crossed = scene();
  arrow(crossed, 'level', 'a', 'a', [0, 55], [80, 55], [80, 50]);
  expect(lint(crossed).measures).toMatchObject({ crossings: 1, bends: 1, length: 145 });
});

/** Two boxes, one above the other, and a group with one in it below. */
function scene(): Scene {
  const made: Scene = {
    root: '',
    w: 300,
    h: 300,
    states: [
      box('', { x: 0, y: 0, w: 300, h: 300, group: true, bare: true, parent: null }),
      box('a', { x: 0, y: 0, w: 100, h: 40 }),
      box('b', { x: 0, y: 100, w: 100, h: 40 }),
      box('g', { x: 0, y: 200, w: 120, h: 100, group: true, kind: 'compound', head: 32 }),
      box('g.inner', { x: 10, y: 250, w: 60, h: 40, parent: 'g' }),
    ],
    arrows: [],
    dots: [],
  };
  arrow(made, 'a→b', 'a', 'b', [50, 40], [50, 100]).label = label(20, 60);
  return made;
}

function box(id: string, more: Partial<SceneState>): SceneState {
  return {
    id,
    name: id,
    title: id,
    kind: 'atomic',
    deep: false,
    parent: '',
    depth: 1,
    region: false,
    group: false,
    shut: false,
    hidden: 0,
    outside: false,
    bare: false,
    rows: [],
    shift: 0,
    head: 32,
    doc: '',
    owner: '',
    does: [],
    x: 0,
    y: 0,
    w: 0,
    h: 0,
    ...more,
  };
}

function arrow(
  to: Scene,
  id: string,
  source: string,
  target: string,
  ...points: [number, number][]
): SceneArrow {
  const made: SceneArrow = {
    id,
    source,
    target,
    kind: 'transition',
    rows: [],
    loop: false,
    inside: false,
    label: null,
    points: points.map(([x, y]) => ({ x, y })),
  };
  to.arrows.push(made);
  return made;
}

function label(x: number, y: number) {
  return { x, y, w: 60, h: 20, lines: [] };
}

function of(good: Scene, id: string): SceneState {
  return good.states.find((state) => state.id === id)!;
}
