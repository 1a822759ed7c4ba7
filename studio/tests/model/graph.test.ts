import { expect, test } from 'vitest';
import type { Chart } from '../../src/model/chart';
import { graphOf } from '../../src/model/graph';
import { backArrows } from '../../src/model/order';
import { collapsedByDefault, lit, viewOf } from '../../src/model/view';
import { CASES, chartOf, on, state } from '../charts/cases';

const graph = graphOf(CASES);
const ends = (chart: Chart, options = {}) =>
  viewOf(graphOf(chart), options).arrows.map((arrow) => arrow.id);

test('a state is named by the last part of its path, and by its whole id where it has no path', () => {
  const named = graphOf(
    chartOf([state('a', 'compound'), { id: 'b', kind: 'atomic', parent: 'a' }], []),
  );
  expect(graph.states.get('P.left.l1')?.name).toBe('l1');
  expect(graph.states.get('')?.name).toBe('cases');
  expect(named.states.get('b')?.name).toBe('b');
});

test('labels stand at states and arrows, on one line and bounded', () => {
  const labelled = graphOf({
    ...chartOf([{ ...state('a'), label: 'x'.repeat(100) }, state('b')], [on('Go', 'a', 'b')]),
    events: [{ name: 'Go', label: 'Go on <b>' }],
  });
  expect(labelled.states.get('a')?.name).toBe(`${'x'.repeat(71)}…`);
  expect(labelled.states.get('b')?.name).toBe('b');
  expect(labelled.arrows[0]?.words.trigger).toBe('Go on <b>');
});

test('a transition without a target is a row of its state, and no arrow', () => {
  expect(graph.states.get('A.a1')?.rows).toEqual([
    { tag: 'on', text: 'note [open] / remember', transition: 'A.a1:note' },
  ]);
  expect(graph.arrows.some((arrow) => arrow.transition === 'A.a1:note')).toBe(false);
});

test('a transition with two targets is two arrows', () => {
  const forks = graph.arrows.filter((arrow) => arrow.transition === 'A.a2:fork');
  expect(forks.map((arrow) => arrow.target)).toEqual(['P.left.l2', 'P.right.r2']);
});

test('a chart whose ids do not fit together is refused by name', () => {
  expect(() => graphOf(chartOf([state('a')], [on('x', 'a', 'gone')]))).toThrow(/“gone”.*“a:x”/);
  expect(() => graphOf(chartOf([state('a.b')], []))).toThrow(/“a”/);
});

test('arrows with the same ends are one, with a row for each transition', () => {
  const chart = chartOf(
    [state('a'), state('b')],
    [on('x', 'a', 'b'), on('y', 'a', 'b'), on('z', 'b', 'a')],
  );
  const { arrows } = viewOf(graphOf(chart));
  expect(arrows.map((arrow) => [arrow.id, arrow.rows.map((row) => row.transition)])).toEqual([
    ['a→b', ['a:x', 'a:y']],
    ['b→a', ['b:z']],
  ]);
});

test('what lies in a collapsed state is counted, and its arrows begin and end at that', () => {
  const view = viewOf(graph, { collapsed: new Set(['P']) });
  expect(view.states.get('P')).toMatchObject({ shut: true, hidden: 9, children: [] });
  expect(view.states.has('P.left.l1')).toBe(false);
  const arrows = view.arrows.map((arrow) => arrow.id);
  expect(arrows).toContain('A.a2→P');
  expect(arrows).toContain('P→A.past');
  expect(arrows.filter((id) => id === 'P→P')).toEqual([]);
  expect(view.entries.every((entry) => !entry.state.startsWith('P'))).toBe(true);
});

test('a loop of a state that is seen stays one', () => {
  expect(ends(CASES)).toContain('A→A');
  expect(ends(CASES, { collapsed: new Set(['A']) })).toContain('A→A');
});

test('who looks into a group sees it and its neighbours, and nothing else', () => {
  const view = viewOf(graph, { root: 'P' });
  const outside = [...view.states.values()].filter((one) => one.outside && one.id);
  expect(outside.map((one) => one.id)).toEqual(['A.a2', 'A.past', 'Z']);
  expect(outside.every((one) => one.rows.length === 0 && one.parent === '')).toBe(true);
  expect(view.states.get('P')).toMatchObject({ outside: false, parent: '' });
  expect(view.arrows.map((arrow) => arrow.id)).not.toContain('A.a1→A.a2');
  expect(view.arrows.map((arrow) => arrow.id)).toContain('P.left.l2→A.past');
});

test('a root that is no group is the whole chart', () => {
  expect(viewOf(graph, { root: 'Z' })).toEqual(viewOf(graph));
  expect(viewOf(graph, { root: 'nowhere' })).toEqual(viewOf(graph));
});

test('small charts open whole, large ones as far as some forty states', () => {
  expect(collapsedByDefault(graph)).toEqual(new Set());
  const groups = Array.from({ length: 8 }, (_, group) => [
    state(`g${group}`, 'compound'),
    ...Array.from({ length: 9 }, (_, one) => state(`g${group}.s${one}`)),
  ]).flat();
  const large = graphOf(chartOf(groups, []));
  const collapsed = collapsedByDefault(large);
  expect(collapsed).toEqual(new Set(['g3', 'g4', 'g5', 'g6', 'g7']));
  expect(viewOf(large, { collapsed }).states.size).toBeLessThanOrEqual(41);
});

test('whoever holds an active state is lit too', () => {
  expect(lit(graph, ['P.left.l1'])).toEqual(new Set(['P.left.l1', 'P.left', 'P', '']));
});

test('arrows lead back where they close a circle from the initial state', () => {
  const chart = chartOf(
    [state('a'), state('b'), state('c')],
    [on('x', 'a', 'b'), on('y', 'b', 'c'), on('z', 'c', 'a'), on('w', 'c', 'b')],
  );
  expect(backArrows(viewOf(graphOf(chart)))).toEqual(new Set(['c→a', 'c→b']));
});

test('without the arrows that lead back no circle is left, in a chain of ten thousand states too', () => {
  const states = Array.from({ length: 10_000 }, (_, place) => state(`s${place}`));
  const steps = states.map((one, place) => on('x', one.id, `s${(place + 1) % states.length}`));
  expect(backArrows(viewOf(graphOf(chartOf(states, steps))))).toEqual(new Set(['s9999→s0']));
});
