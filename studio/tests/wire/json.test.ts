import { describe, expect, it } from 'vitest';
import { difference, inline, same } from '../../src/app/data/diff';
import { Exact, isExact, isObject, readJson, writeJson } from '../../src/wire/json';

/** Texts of numbers that JavaScript's own would change. */
const CHANGED = [
  '9007199254740993',
  '-9007199254740993',
  '3544790567247868102',
  '12345678901234567890.5',
  '0.1234567890123456789',
  '1e400',
  '-1E+400',
  '1e-400',
  '-0',
  '-0.0',
  '9007199254740992.0',
  '1e21',
  '123456789012345678901234567890',
];
const KEPT = ['0', '1', '-1', '0.1', '1.5e3', '9007199254740991', '0.30000000000000004'];

describe('a number is read and written as it is', () => {
  it.each([...CHANGED, ...KEPT])('%s alone, in a list, and as a member', (text) => {
    for (const whole of [
      text,
      `[${text}]`,
      `[1,${text}]`,
      `{"a":${text}}`,
      `{"a":{"b":[${text}]}}`,
    ]) {
      const read = readJson(whole);
      const again = readJson(writeJson(read));
      expect(writeJson(again)).toBe(writeJson(read));
      if (CHANGED.includes(text)) expect(writeJson(read)).toBe(whole);
      expect(same(read, again)).toBe(true);
    }
  });

  it.each(CHANGED)('%s is kept as its text', (text) => {
    expect(isExact(readJson(text))).toBe(true);
    expect(String(readJson(text))).toBe(text);
  });

  it.each(KEPT)('%s is a number', (text) => {
    expect(readJson(text)).toBe(Number(text));
  });

  it('with spaces and lines around it', () => {
    expect(writeJson(readJson('{\n  "id" : 3544790567247868102\n}'))).toBe(
      '{"id":3544790567247868102}',
    );
  });
});

describe('everything else is read as ever', () => {
  it.each([
    '{"at":"2026-01-05T00:00:00Z","id":"2e3f1c-00-0"}',
    '["12345678901234567890", ": 12345678901234567890, ", null, true]',
    '{"__proto__":{"a":12345678901234567890},"b":"\\u0000\\ud83d\\ude00"}',
  ])('%s', (text) => {
    const plain = JSON.parse(text) as unknown;
    const read = readJson(text);
    expect(Object.keys(read as object)).toEqual(Object.keys(plain as object));
    expect(({} as Record<string, unknown>)['a']).toBe(undefined);
  });

  it.each(['', '{', '[1,]', '{"a":01234567890123456789}', 'NaN', '12345678901234567890x'])(
    '%s is refused',
    (text) => {
      expect(() => readJson(text)).toThrow(SyntaxError);
    },
  );

  it('a number is no object', () => {
    expect(isObject(readJson('12345678901234567890'))).toBe(false);
    expect(isObject(readJson('{}'))).toBe(true);
    expect(isObject(readJson('[]'))).toBe(false);
    expect(isObject(null)).toBe(false);
  });
});

describe('data that differ in the last digit differ', () => {
  const [before, after] = ['{"n":9007199254740993}', '{"n":9007199254740992}'].map(readJson);

  it('and are shown in full', () => {
    expect(same(before, after)).toBe(false);
    expect(difference(before, after).map((line) => line.mark + line.text)).toEqual([
      '-9007199254740993',
      '+9007199254740992',
    ]);
    expect(inline(before!)).toBe('{"n":9007199254740993}');
  });

  it('and the same ones are the same', () => {
    expect(same(before, readJson('{"n":9007199254740993}'))).toBe(true);
    expect(same(new Exact('1e400'), new Exact('1e400'))).toBe(true);
  });
});
