import { describe, expect, test } from 'vitest';
import { difference, inline, same } from '../../src/app/data/diff';
import { blockOf, History, stepsInView } from '../../src/app/data/history';
import type { JournalEntry, Json } from '../../src/wire/types';

function lines(before: Json | undefined, after: Json | undefined, all = false): string[] {
  return difference(before, after, { all }).map(
    (line) => `${line.mark}${'  '.repeat(line.depth)}${line.name ?? ''}: ${line.text}`,
  );
}

describe('the difference of data', () => {
  test('is what was set, changed and taken away', () => {
    expect(lines({ a: 1, b: 2, c: 3 }, { a: 1, b: 4, d: 5 })).toEqual([
      '-b: 2',
      '+b: 4',
      '+d: 5',
      '-c: 3',
    ]);
  });

  test('shows the rest too where it is wanted', () => {
    expect(lines({ a: 1, b: 2 }, { a: 1, b: 3 }, true)).toEqual([' a: 1', '-b: 2', '+b: 3']);
  });

  test('goes into objects and takes lists whole', () => {
    expect(lines({ o: { a: 1, b: [1] } }, { o: { a: 1, b: [1, 2] } })).toEqual([
      ' o: ',
      '-  b: [1]',
      '+  b: [1,2]',
    ]);
  });

  test('of nothing before is everything', () => {
    expect(lines(undefined, { a: { b: 1 }, c: {} })).toEqual(['+a: ', '+  b: 1', '+c: {}']);
  });

  test('of equal data is nothing', () => {
    expect(lines({ a: [{ b: 1 }] }, { a: [{ b: 1 }] })).toEqual([]);
  });

  test('of values that are no objects is the values', () => {
    expect(lines(1, 'x')).toEqual(['-: 1', '+: "x"']);
  });

  test('knows a member that is named like an object’s own', () => {
    expect(same({ constructor: 1 }, {})).toBe(false);
    expect(lines({}, { constructor: 1 })).toEqual(['+constructor: 1']);
    expect(lines({ toString: 1 }, {})).toEqual(['-toString: 1']);
  });

  test('is cut where a value is long', () => {
    expect(inline('x'.repeat(10), 5)).toBe('"xxx…');
  });
});

function line(seq: number, part = 0): JournalEntry {
  return { seq, part, kind: part ? 'tried' : 'event' } as JournalEntry;
}

describe('a history', () => {
  test('takes lines in any order and as often as they come', () => {
    const history = new History();
    for (const one of [line(2, 2), line(2, 1), line(2), line(2), line(2, 1)]) history.put(one);
    expect(history.step(2)?.notes.map((note) => note.part)).toEqual([1, 2]);
    expect(history.last).toBe(2);
  });

  test('has no step of which only notes are known', () => {
    const history = new History();
    history.put(line(1, 1));
    expect(history.step(1)).toBeUndefined();
  });

  test('asks for what is missing, the newest first and once', () => {
    const history = new History();
    history.reach(250);
    expect(history.missing(1, 250)).toEqual([2, 1, 0]);
    history.mark(1);
    expect(history.missing(1, 250)).toEqual([2, 0]);
    history.unmark(1);
    expect(history.missing(150, 150)).toEqual([1]);
    expect(history.missing(1, 0)).toEqual([0]);
  });

  test('has blocks of a hundred', () => {
    expect([1, 100, 101, 0].map(blockOf)).toEqual([0, 0, 1, 0]);
  });

  test('shows a part of itself', () => {
    expect(stepsInView(0, 1000, 100, 10_000)).toEqual([1, 14]);
    expect(stepsInView(500_000, 1000, 100, 10_000)).toEqual([4997, 5014]);
    expect(stepsInView(0, 1000, 100, 3)).toEqual([1, 3]);
  });
});
