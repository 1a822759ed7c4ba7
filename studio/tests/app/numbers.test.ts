import { describe, expect, it } from 'vitest';
import { compareNumbers, jsonNumber, wholeNumber } from '../../src/app/forms/decimal';
import { draftOf, readDraft } from '../../src/app/forms/draft';
import type { Field } from '../../src/app/forms/fields';
import { Exact, readJson, writeJson } from '../../src/wire/json';

const NUMBER = {
  kind: 'number', name: 'n', label: 'n', help: '', required: true, nullable: false,
  fallback: undefined, integer: true, minimum: null, maximum: null, above: null, below: null,
} satisfies Field; // prettier-ignore
const ANY = {
  kind: 'json', name: 'x', label: 'x', help: '', required: true, nullable: false,
  fallback: undefined, wanted: 'any JSON value',
} satisfies Field; // prettier-ignore

function sent(field: Field, text: string): string {
  const read = readDraft(field, { kind: 'typed', text });
  return 'value' in read ? writeJson(read.value) : Object.values(read.problems).join();
}

describe('what is typed is what is sent', () => {
  it.each([
    ['9007199254740993', '9007199254740993'],
    ['3544790567247868102', '3544790567247868102'],
    ['-3544790567247868102', '-3544790567247868102'],
    ['+007', '7'],
    ['1e3', '1000'],
    ['9007199254740993e2', '900719925474099300'],
    ['9007199254740993.0', '9007199254740993'],
    ['1.50e1', '15'],
    ['-0', '0'],
    ['9007199254740993.5', 'has to be a whole number'],
    ['1e-400', 'has to be a whole number'],
    ['0x10', 'is no number'],
    ['1_000', 'is no number'],
    ['.', 'is no number'],
    ['Infinity', 'is no number'],
  ])('%s in a field for whole numbers', (typed, told) => {
    expect(sent(NUMBER, typed)).toBe(told);
  });

  it.each([
    ['0.1', '0.1'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-0', '-0'],
    ['1e400', '1e400'],
    ['12345678901234567890.5', '12345678901234567890.5'],
  ])('%s in a field for numbers', (typed, told) => {
    expect(sent({ ...NUMBER, integer: false }, typed)).toBe(told);
  });

  it.each(['{"id":3544790567247868102}', '[1e400,-0,0.1,12345678901234567890.5]'])(
    '%s in a field for JSON',
    (text) => {
      expect(sent(ANY, text)).toBe(text);
    },
  );

  it('and a form that is filled with it has it', () => {
    const value = readJson('{"id":3544790567247868102}');
    expect(draftOf(ANY, value)).toEqual({ kind: 'typed', text: '{"id":3544790567247868102}' });
    expect(draftOf(NUMBER, new Exact('3544790567247868102'))).toEqual({
      kind: 'typed',
      text: '3544790567247868102',
    });
  });
});

describe('bounds hold to the last digit', () => {
  const bounded = { ...NUMBER, minimum: 0, maximum: new Exact('9223372036854775807') };

  it.each([
    ['9223372036854775807', '9223372036854775807'],
    ['9223372036854775808', 'has to be at most 9223372036854775807'],
    ['-1', 'has to be at least 0'],
    ['1e999999999', 'has to be at most 9223372036854775807'],
  ])('%s', (typed, told) => {
    expect(sent(bounded, typed)).toBe(told);
  });
});

describe('decimals', () => {
  it.each([
    ['1', '2', -1],
    ['-1', '-2', 1],
    ['1e2', '100', 0],
    ['0.10', '0.1', 0],
    ['-0', '0', 0],
    ['1e400', '1e401', -1],
    ['-1e400', '1', -1],
    ['9007199254740993', '9007199254740992', 1],
    ['0.1000000000000000000001', '0.1', 1],
    ['1e-999999999', '1e999999999', -1],
  ])('%s beside %s', (a, b, told) => {
    expect(Math.sign(compareNumbers(a, b))).toBe(told);
    expect(Math.sign(compareNumbers(b, a))).toBe(told === 0 ? 0 : -told);
  });

  it('are written as JSON writes them', () => {
    expect(['+.5', '00', '1.', '-01.50', 'e5', '1e', ''].map(jsonNumber)).toEqual(
      ['0.5', '0', '1', '-1.50', null, null, null],
    ); // prettier-ignore
  });

  it('are whole where their digits end before the point', () => {
    expect(['1.0', '15e-1', '150e-1', '0.000', '1e-9'].map(wholeNumber)).toEqual(
      ['1', null, '15', '0', null],
    ); // prettier-ignore
  });
});
