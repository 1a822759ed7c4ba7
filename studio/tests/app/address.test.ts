import { describe, expect, test } from 'vitest';
import { href, parse, type Place } from '../../src/app/state/address';
import { listOf, textOf, viewOf, viewText } from '../../src/app/state/list';

const PLACES: Place[] = [
  { page: 'machines' },
  { page: 'incidents' },
  { page: 'machine', machine: 'order', view: 'diagram' },
  { page: 'machine', machine: 'a/b c?#%', view: 'board' },
  { page: 'machine', machine: 'order', view: 'instances' },
  { page: 'machine', machine: 'order', view: 'fleet' },
  { page: 'instance', machine: 'order', id: 'o@1:2.3' },
];

describe('addresses', () => {
  test.each(PLACES)('%o is read as it was written', (place) => {
    expect(parse(href(place)).place).toEqual(place);
  });

  test('what is shown stands in them, legibly', () => {
    const to = href(
      { page: 'machine', machine: 'order', view: 'diagram' },
      { collapsed: 'a,b', detail: 'full', selected: '' },
    );
    expect(to).toBe('#/machines/order?collapsed=a,b&detail=full');
    expect(parse(to).query.get('collapsed')).toBe('a,b');
  });

  test.each([
    '#/nothing',
    '#/machines/order/nowhere',
    '#/machines/%E0%A4%A',
    '#/machines/a/board/x',
  ])('%s leads to no page', (hash) => {
    expect(parse(hash).place.page).toBe('unknown');
  });
});

describe('lists', () => {
  test.each([[[]], [['a', 'b.c']], [['with,comma', 'with~tilde', '~c']]])(
    '%o is read as it was written',
    (list) => {
      expect(listOf(textOf(list))).toEqual(list);
    },
  );
});

describe('views', () => {
  test('are rounded to what can be seen', () => {
    expect(viewText({ x: 1.4, y: -2.6, k: 0.123456 })).toBe('1,-3,0.123');
    expect(viewOf('1,-3,0.123')).toEqual({ x: 1, y: -3, k: 0.123 });
  });

  test.each([null, '', '1,2', '1,2,x', '1,2,0', '1,2,-1', '1,2,3,4'])('%s is none', (text) => {
    expect(viewOf(text)).toBeNull();
  });
});
