import { expect, test } from 'vitest';
import type { StateNode, Transition } from '../../src/model/chart';
import { cut, outcomesOf, rowsOf, sentence, spokenDelay, wordsOf } from '../../src/model/words';
import { CASES, on } from '../charts/cases';

const outcomes = outcomesOf(CASES);
const said = (transition: Transition) => sentence(wordsOf(transition, outcomes));

test.each([
  [600, '10 min'],
  [45, '45 s'],
  [5400, '1 h 30 min'],
  [86_400, '1 d'],
  [90_061, '90061 s'],
  [0.25, '0.25 s'],
  [0, '0 s'],
])('%f seconds are %s', (seconds, words) => {
  expect(spokenDelay({ seconds })).toBe(words);
});

test('a delay that is computed goes by its function', () => {
  expect(spokenDelay({ function: 'preparation_time' })).toBe('preparation_time');
});

test('a transition says event, roles, guards and actions, in that order', () => {
  const transition = on('Pay', 'a', 'b', {
    guards: [
      { name: 'cook,owner', kind: 'by' },
      { name: 'enough' },
      { name: 'P.left', kind: 'in' },
    ],
    actions: [[{ name: 'note' }], [{ name: 'tell', kind: 'effect' }]],
  });
  expect(said(transition)).toBe('Pay by cook or owner [enough and in P.left] / note, ask for tell');
});

test('names of a use of a state leave out its path', () => {
  const transition = on('Pay', 'checking.domain.unclear', 'over', {
    guards: [{ name: 'checking.domain.is_yes' }, { name: 'checking.phone.is_yes' }],
    actions: [[{ name: 'checking.domain.note#2' }, { name: 'checking.ask', kind: 'effect' }]],
  });
  expect(said(transition)).toBe('Pay [is_yes and checking.phone.is_yes] / note#2, ask for ask');
  const state: StateNode = {
    id: 'checking.domain',
    kind: 'atomic',
    entry: [[{ name: 'checking.domain.x > 3' }]],
    deadline: { function: 'checking.domain.soon' },
    invokes: [{ id: 'i', name: 'checking.domain.resolve' }],
  };
  expect(rowsOf(state, [], outcomes).map((row) => row.text)).toEqual([
    'resolve',
    'checking.domain.x > 3',
    'soon',
  ]);
  const result = outcomesOf({ ...CASES, states: [state] });
  expect(result.get('done.invoke.i')).toBe('on result of resolve');
});

test('results and failures are told by what ran', () => {
  const [result, failure] = ['answered', 'failed'].map((id) =>
    CASES.transitions?.find((one) => one.id === id),
  );
  expect(result && said(result)).toBe('on result of ask_partner');
  expect(failure && said(failure)).toBe('on failure of ask_partner');
});

test('of two that a state runs of one machine, each has its id', () => {
  const both: StateNode = {
    id: 'form.both',
    kind: 'atomic',
    invokes: [
      { id: 'form.both/left', name: 'kid', kind: 'machine' },
      { id: 'right', name: 'kid', kind: 'machine' },
      { id: 'form.both/ask', name: 'ask' },
    ],
  };
  const outcomes = outcomesOf({ ...CASES, states: [both] });
  expect([...outcomes.values()].filter((words) => words.startsWith('on result'))).toEqual([
    'on result of left',
    'on result of right',
    'on result of ask',
  ]);
  expect(rowsOf(both, [], outcomes).map((row) => row.text)).toEqual([
    'machine kid as left',
    'machine kid as right',
    'ask',
  ]);
});

test('a cancellation is named as one', () => {
  const trigger = { kind: 'cancel', events: ['error.cancelled'] } as const;
  expect(said({ ...on('X', 'a', 'b'), trigger: { ...trigger, events: [...trigger.events] } })).toBe(
    'on cancel',
  );
});

test('long names are cut, on one line, and never inside a letter', () => {
  expect(cut('a\n  b')).toBe('a b');
  expect(cut('😀'.repeat(80))).toBe(`${'😀'.repeat(71)}…`);
});

test('of very many names some are told', () => {
  const many = Array.from({ length: 30 }, (_, place) => ({ name: `act${place}` }));
  expect(said(on('X', 'a', 'b', { actions: [many] }))).toMatch(/act7, 22 more$/);
});
