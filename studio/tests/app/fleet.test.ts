import { expect, test } from 'vitest';
import { Tree } from '../../src/app/chart/tree';
import { badgesOf, percent, rowsOf, waysOut } from '../../src/app/fleet/numbers';
import { permits, settleAll } from '../../src/app/state/settle';
import type { Flows, Incident } from '../../src/wire/types';
import { ORDER } from './charts';

const tree = new Tree(ORDER);
const flows = {
  transitions: { accept: 30, lapse: 10 },
  states: {
    creating: {
      entered: 45,
      left: 40,
      now: 1234,
      dwell: { count: 40, median_seconds: 2, p95_seconds: 90 },
    },
    delivered: { entered: 5, left: 0, now: 0, dwell: null },
  },
} as unknown as Flows;

test('ways out of a state are told with their share, the most taken first', () => {
  expect(waysOut(tree, flows, 'creating').map((way) => [way.words, way.count, way.share])).toEqual([
    ['Accept', 30, 0.75],
    ['after 10 minutes', 10, 0.25],
  ]);
});

test('those who left with a state around it are told apart from its own ways', () => {
  const cancelled = {
    ...flows,
    states: { ...flows.states, creating: { ...flows.states.creating, left: 50 } },
  } as unknown as Flows;
  expect(
    waysOut(tree, cancelled, 'creating').map((way) => [way.words, way.count, way.share]),
  ).toEqual([
    ['Accept', 30, 0.6],
    ['after 10 minutes', 10, 0.2],
    ['with a state around it', 10, 0.2],
  ]);
});

test('where nothing was taken there is no share', () => {
  expect(waysOut(tree, flows, 'fulfilling.kitchen.cooking')[0]?.share).toBeNull();
});

test('a state that the numbers do not name has none', () => {
  const row = rowsOf(tree, flows).find(({ id }) => id === 'cancelled');
  expect(row?.flow).toEqual({ entered: 0, left: 0, now: 0, dwell: null });
});

test('a badge tells how many are there and how long they stay, and nothing where nothing is', () => {
  const badges = badgesOf(tree, flows);
  expect(badges.get('creating')?.text).toBe('1,234 · 2 s');
  expect(badges.get('creating')?.title).toBe(
    '1,234 now; half leave within 2 s, 95 % within 1 min 30 s',
  );
  expect(badges.has('delivered')).toBe(false);
});

test('shares are told as people read them', () => {
  expect([0, 0.004, 0.756, 1].map(percent)).toEqual(['0 %', '<1 %', '76 %', '100 %']);
});

test('one refusal stops none of the other acts', async () => {
  const incidents = ['a', 'b', 'c'].map((id) => ({ id })) as Incident[];
  const asked: string[] = [];
  const client = {
    settle: (id: string) => {
      asked.push(id);
      return id === 'b' ? Promise.reject(new Error('kept')) : Promise.resolve({} as never);
    },
  };
  const failed = await settleAll(client, 'retry', incidents, { reason: 'fixed' });
  expect(asked).toEqual(['a', 'b', 'c']);
  expect(failed.map(({ incident, error }) => [incident.id, error.message])).toEqual([
    ['b', 'kept'],
  ]);
});

test('an upgrade is not skipped, and only effects have results', () => {
  expect(permits({ kind: 'upgrade' }, 'skip')).toBe(false);
  expect(permits({ kind: 'timer' }, 'resolve')).toBe(false);
  expect(permits({ kind: 'effect' }, 'resolve')).toBe(true);
  expect(permits({ kind: 'upgrade' }, 'retry')).toBe(true);
});
