import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { engineFrom } from '../../src/draw/elk';
import { sceneBy } from '../../src/layout/layout';
import { half } from '../../src/layout/half';
import { unionOf } from '../../src/model/union';
import { chartOf, on, state } from '../charts/cases';

const engine = engineFrom(
  fileURLToPath(new URL('../../node_modules/elkjs/lib/elk-worker.min.js', import.meta.url)),
);

const OLD = chartOf(
  [
    state('g', 'compound', { initial: { targets: ['g.asked'] } }),
    state('g.asked'),
    state('g.going'),
    state('left_at_door'),
    state('done', 'final'),
  ],
  [
    on('take', 'g.asked', 'g.going'),
    on('leave', 'g.going', 'left_at_door'),
    on('end', 'left_at_door', 'done'),
  ],
);
const NEW = chartOf(
  [
    state('g', 'compound', { initial: { targets: ['g.offered'] } }),
    state('g.offered'),
    state('g.batched'),
    state('g.going'),
    state('done', 'final'),
  ],
  [
    on('take', 'g.offered', 'g.batched'),
    on('go', 'g.batched', 'g.going'),
    on('end', 'g.going', 'done'),
  ],
);
const MAPPING = new Map([
  ['g.asked', 'g.offered'],
  ['left_at_door', null],
]);
const both = unionOf(OLD, NEW, MAPPING);
const ids = (states: readonly { id: string }[]) => states.map((one) => one.id);

test('a state that only changed its name is one, and what was left out stands where it stood', () => {
  expect(ids(both.chart.states)).toEqual([
    '',
    'g',
    'g.offered',
    'g.batched',
    'g.going',
    'left_at_door',
    'done',
  ]);
});

test('each version has its own states, by its own names, at the same places', async () => {
  const scene = await sceneBy(engine, both.chart, { detail: 'names' });
  const [before, after] = [half(scene, both.old), half(scene, both.new)];
  expect(ids(before.states)).toEqual(['', 'g', 'g.offered', 'g.going', 'left_at_door', 'done']);
  expect(before.states.find((one) => one.id === 'g.offered')?.title).toBe('asked');
  expect(ids(after.states)).not.toContain('left_at_door');
  const place = (of: typeof scene, id: string) => {
    const found = of.states.find((one) => one.id === id);
    return found && [found.x, found.y];
  };
  for (const id of ['g', 'g.offered', 'g.going', 'done'])
    expect(place(before, id)).toEqual(place(after, id));
});

test('each version has its own arrows', async () => {
  const scene = await sceneBy(engine, both.chart, { detail: 'names' });
  const arrows = (side: typeof both.old) =>
    half(scene, side)
      .arrows.filter((arrow) => arrow.kind === 'transition')
      .map((arrow) => arrow.id)
      .sort();
  expect(arrows(both.old)).toEqual([
    'g.going→left_at_door',
    'g.offered→g.going',
    'left_at_door→done',
  ]);
  expect(arrows(both.new)).toEqual(['g.batched→g.going', 'g.going→done', 'g.offered→g.batched']);
});

test('a version with itself is itself', () => {
  expect(unionOf(OLD, OLD).chart).toEqual(OLD);
});

test('a group that became a single state is drawn as a group that holds what it held', () => {
  const flat = chartOf([state('g'), state('done', 'final')], [on('end', 'g', 'done')]);
  const { chart } = unionOf(OLD, flat);
  expect(chart.states.find((one) => one.id === 'g')?.kind).toBe('compound');
  expect(ids(chart.states)).toContain('g.asked');
});
