import { describe, expect, test } from 'vitest';
import { commonEvents, dropsOf, eventsFrom, refusal, verdict } from '../../src/app/board/drops';
import { filterOf, filterTexts, isEmpty, matches, NO_FILTER } from '../../src/app/board/filter';
import { lanesOf, placesOf } from '../../src/app/board/lanes';
import { EMPTY, withCard, withPage, without } from '../../src/app/board/stack';
import { windowOf } from '../../src/app/board/window';
import { ROOT, Tree } from '../../src/app/chart/tree';
import { ORDER, possible, summary } from './charts';

const tree = new Tree(ORDER);
const lanes = lanesOf(tree, 'states');
const COOKING = ['fulfilling.kitchen.cooking', 'fulfilling.courier.asked'];

describe('lanes', () => {
  test('there is one for what is outside of regions and one for each region', () => {
    expect(lanes.map((lane) => [lane.id, lane.columns.map((column) => column.name)])).toEqual([
      [ROOT, ['creating', 'delivered', 'cancelled']],
      ['fulfilling.kitchen', ['cooking', 'packed']],
      ['fulfilling.courier', ['asked', 'waiting']],
    ]);
  });

  test('an instance has a card in each lane that it is active in', () => {
    expect([...placesOf(tree, lanes, COOKING)]).toEqual([
      ['fulfilling.kitchen', 'fulfilling.kitchen.cooking'],
      ['fulfilling.courier', 'fulfilling.courier.asked'],
    ]);
  });

  test('with groups a column is what is right below the lane', () => {
    const flat = new Tree({
      name: 'm',
      version: 1,
      states: [
        { id: '', kind: 'compound' },
        { id: 'g', kind: 'compound', parent: '' },
        { id: 'g.a', kind: 'atomic', parent: 'g' },
        { id: 'g.b', kind: 'atomic', parent: 'g' },
        { id: 'c', kind: 'atomic', parent: '' },
      ],
    });
    const [lane] = lanesOf(flat, 'groups');
    expect(lane?.columns.map((column) => column.id)).toEqual(['g', 'c']);
    expect(lanesOf(flat, 'states')[0]?.columns.map((column) => column.path)).toEqual([
      'g',
      'g',
      '',
    ]);
  });
});

describe('a drop', () => {
  test('is offered where an event leads, and nowhere else', () => {
    const drops = dropsOf(tree, lanes, COOKING, null);
    expect([...drops.keys()].sort()).toEqual(['cancelled', 'fulfilling.kitchen.packed']);
    expect(verdict(drops.get('creating'))).toBe('closed');
    expect(verdict(drops.get('cancelled'))).toBe('open');
  });

  test('on a parallel state is one on the first column of each region', () => {
    const drops = dropsOf(tree, lanes, ['creating'], null);
    expect([...drops.keys()].sort()).toEqual([
      'cancelled',
      'fulfilling.courier.asked',
      'fulfilling.kitchen.cooking',
    ]);
  });

  test('of a timer is none: nobody sends it', () => {
    const drops = dropsOf(tree, lanes, ['creating'], null);
    expect(drops.get('cancelled')?.map((offer) => offer.event)).toEqual(['Cancel']);
  });

  test('is stopped by what the server says no to, and says by what', () => {
    const next = [
      possible('accept', 'Accept', ['fulfilling'], { possible: false, stopped_by: ['open'] }),
      possible('cancel', 'Cancel', ['cancelled'], { source: '' }),
    ];
    const drops = dropsOf(tree, lanes, ['creating'], next);
    const cooking = drops.get('fulfilling.kitchen.cooking');
    expect(verdict(cooking)).toBe('stopped');
    expect(refusal(cooking, 'cooking')).toBe('Accept is stopped by open.');
    expect(verdict(drops.get('cancelled'))).toBe('open');
  });

  test('that depends on the payload is offered', () => {
    const next = [possible('accept', 'Accept', ['fulfilling'], { possible: null })];
    const drops = dropsOf(tree, lanes, ['creating'], next);
    expect(verdict(drops.get('fulfilling.kitchen.cooking'))).toBe('open');
  });

  test('that the server does not list is not possible', () => {
    const drops = dropsOf(tree, lanes, ['creating'], []);
    expect(verdict(drops.get('cancelled'))).toBe('stopped');
    expect(refusal(undefined, 'delivered')).toBe('No event leads from here to delivered.');
  });
});

describe('events in bulk', () => {
  test('are those that each of the instances takes', () => {
    expect(eventsFrom(tree, ['creating'])).toEqual(['Accept', 'Cancel']);
    expect(commonEvents(tree, [['creating'], COOKING])).toEqual(['Cancel']);
    expect(commonEvents(tree, [])).toEqual([]);
  });
});

describe('a stack of cards', () => {
  const [a, b, c] = [summary('a', 1), summary('b', 2), summary('c', 3)];
  const ids = (stack: { cards: readonly { id: string }[] }) => stack.cards.map((card) => card.id);

  test('is in the order in which its state was entered', () => {
    const stack = [c, a, b].reduce(withCard, EMPTY);
    expect(ids(stack)).toEqual(['a', 'b', 'c']);
  });

  test('has a card once, where it belongs now', () => {
    const stack = [a, b].reduce(withCard, EMPTY);
    expect(ids(withCard(stack, summary('a', 9)))).toEqual(['b', 'a']);
  });

  test('leaves what belongs behind its last page to the page that brings it', () => {
    const stack = withPage(EMPTY, [a, b], 'next');
    expect(ids(withCard(stack, c))).toEqual(['a', 'b']);
    expect(ids(withPage(stack, [c], null))).toEqual(['a', 'b', 'c']);
  });

  test('doubles nothing that came meanwhile by itself', () => {
    const stack = withCard(EMPTY, b);
    expect(ids(withPage(stack, [b, c], null))).toEqual(['b', 'c']);
  });

  test('without a card that it has not is itself', () => {
    const stack = withCard(EMPTY, a);
    expect(without(stack, 'z')).toBe(stack);
    expect(ids(without(stack, 'a'))).toEqual([]);
  });
});

describe('a filter', () => {
  test('is read from the address as it was written', () => {
    const filter = { ...NO_FILTER, owner: 'ann', status: 'paused', incidents: true } as const;
    expect(filterOf(new URLSearchParams(filterTexts(filter)))).toEqual(filter);
    expect(isEmpty(filterOf(new URLSearchParams('status=nonsense')))).toBe(true);
  });

  test.each([
    [{ owner: 'courier' }, true],
    [{ owner: 'restaurant' }, false],
    [{ tag: 'open' }, true],
    [{ status: 'paused' }, false],
    [{ q: 'o-' }, true],
    [{ q: '-1' }, false],
    [{ where: 'customer=ann=b' }, true],
    [{ where: 'customer=ann' }, false],
    [{ incidents: true }, false],
  ] as const)('%o of a told change: %s', (given, shown) => {
    const card = summary('o-1', 0, {
      owners: ['courier'],
      tags: ['open'],
      indexes: { customer: 'ann=b' },
    });
    expect(matches({ ...NO_FILTER, ...given }, card)).toBe(shown);
  });
});

describe('a window onto a long list', () => {
  test('holds what is seen and a little more', () => {
    expect(windowOf(6200, 620, 62, 10_000)).toEqual({ first: 94, end: 116 });
  });

  test('does not reach beyond the ends', () => {
    expect(windowOf(0, 620, 62, 3)).toEqual({ first: 0, end: 3 });
    expect(windowOf(62_000, 620, 62, 3)).toEqual({ first: 3, end: 3 });
  });
});
