import { describe, expect, test } from 'vitest';
import { countIn } from '../../src/app/chart/counts';
import { findIn } from '../../src/app/chart/find';
import { ROOT, Tree } from '../../src/app/chart/tree';
import { ORDER } from './charts';

const tree = new Tree(ORDER);

describe('a chart', () => {
  test('has leaves in document order, and no history among them', () => {
    expect(tree.leaves().map((state) => state.id)).toEqual([
      'creating',
      'fulfilling.kitchen.cooking',
      'fulfilling.kitchen.packed',
      'fulfilling.courier.asked',
      'fulfilling.courier.waiting',
      'delivered',
      'cancelled',
    ]);
  });

  test('is entered by its defaults, each region by its own', () => {
    expect(tree.entry(ROOT)).toEqual(['creating']);
    expect(tree.entry('fulfilling')).toEqual([
      'fulfilling.kitchen.cooking',
      'fulfilling.courier.asked',
    ]);
  });

  test('whose defaults lead in a circle is entered nowhere', () => {
    const circle = new Tree({
      name: 'c',
      version: 1,
      states: [
        { id: '', kind: 'compound', initial: { targets: ['a'] } },
        { id: 'a', kind: 'compound', parent: '', initial: { targets: ['a'] } },
        { id: 'a.b', kind: 'atomic', parent: 'a' },
      ],
    });
    expect(circle.entry('a')).toEqual([]);
  });

  test('names states by the last part that is theirs', () => {
    expect(tree.name('fulfilling.kitchen.cooking')).toBe('cooking');
    expect(tree.name(ROOT)).toBe('order');
  });
});

describe('labels', () => {
  const labelled = new Tree({
    ...ORDER,
    label: 'Food orders',
    states: ORDER.states.map((state) =>
      state.id === ''
        ? { ...state, label: 'Food orders' }
        : state.id === 'fulfilling.kitchen'
          ? { ...state, label: 'In the <kitchen>' }
          : state,
    ),
    events: [{ name: 'Packed', label: 'It is packed' }, { name: 'Cancel' }],
  });

  test('stand in place of what the chart calls its states and events', () => {
    expect(labelled.name(ROOT)).toBe('Food orders');
    expect(labelled.name('fulfilling.kitchen')).toBe('In the <kitchen>');
    expect(labelled.path('fulfilling.kitchen.cooking')).toBe(
      'fulfilling / In the <kitchen> / cooking',
    );
    expect(labelled.event('Packed')).toBe('It is packed');
  });

  test('that are not there leave the names as they are', () => {
    expect(labelled.event('Cancel')).toBe('Cancel');
    expect(labelled.event('Unknown')).toBe('Unknown');
    expect(labelled.path('gone')).toBe('gone');
  });

  test('are found, and so are the names', () => {
    const found = (text: string) => findIn(labelled, text).map((hit) => hit.id);
    expect(found('it is packed')).toEqual(['pack']);
    expect(found('packed')).toContain('pack');
    expect(found('in the')).toContain('fulfilling.kitchen');
  });
});

describe('counts', () => {
  const counts = {
    creating: 2,
    'fulfilling.kitchen.cooking': 3,
    'fulfilling.kitchen.packed': 1,
    'fulfilling.courier.asked': 4,
  };

  test('of a group are those of what is in it', () => {
    expect(countIn(tree, counts, 'fulfilling.kitchen')).toBe(4);
  });

  test('of a parallel state count an instance once, though it is in each region', () => {
    expect(countIn(tree, counts, 'fulfilling')).toBe(4);
  });
});

describe('a search', () => {
  test('finds states by name before events', () => {
    expect(findIn(tree, 'pack').map((hit) => [hit.kind, hit.id])).toEqual([
      ['state', 'fulfilling.kitchen.packed'],
      ['transition', 'pack'],
    ]);
  });

  test('wants every word', () => {
    expect(findIn(tree, 'kitchen COOK').map((hit) => hit.id)).toEqual([
      'fulfilling.kitchen.cooking',
    ]);
    expect(findIn(tree, 'kitchen nothing')).toEqual([]);
  });

  test('finds by owner and by words about it', () => {
    expect(findIn(tree, 'restaurant')[0]?.id).toBe('creating');
  });

  test('of nothing finds nothing', () => {
    expect(findIn(tree, '   ')).toEqual([]);
  });
});
