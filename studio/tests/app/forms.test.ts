import { describe, expect, test } from 'vitest';
import { draftOf, emptyDraft, readDraft, type Draft } from '../../src/app/forms/draft';
import { fieldOf, isBare, type Field } from '../../src/app/forms/fields';
import type { Json, JsonSchema } from '../../src/wire/types';

const typed = (text: string): Draft => ({ kind: 'typed', text });

function read(schema: JsonSchema, text: string) {
  return readDraft(fieldOf(schema), typed(text));
}

function object(members: Record<string, string>, schema: JsonSchema) {
  const drafts = Object.fromEntries(Object.entries(members).map(([n, text]) => [n, typed(text)]));
  return readDraft(fieldOf(schema), { kind: 'object', members: drafts });
}

function kinds(schema: JsonSchema): Record<string, string> {
  const field = fieldOf(schema) as Field & { kind: 'object' };
  return Object.fromEntries(field.fields.map((one) => [one.name, one.kind]));
}

describe('fields', () => {
  test('are made of each type', () => {
    expect(
      kinds({
        type: 'object',
        properties: {
          text: { type: 'string' },
          number: { type: 'number' },
          whole: { type: 'integer' },
          yes: { type: 'boolean' },
          one: { enum: ['a', 'b'] },
          fixed: { const: 3 },
          list: { type: 'array', items: { type: 'string' } },
          inner: { type: 'object', properties: { a: { type: 'string' } } },
          free: { type: 'object', additionalProperties: true },
          pair: { type: 'array', prefixItems: [{ type: 'string' }] },
          any: {},
          union: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
        },
      }),
    ).toEqual({
      text: 'text',
      number: 'number',
      whole: 'number',
      yes: 'boolean',
      one: 'choice',
      fixed: 'constant',
      list: 'list',
      inner: 'object',
      free: 'json',
      pair: 'json',
      any: 'json',
      union: 'json',
    });
  });

  test('that may be null may be left empty', () => {
    for (const schema of [
      { anyOf: [{ type: 'number' }, { type: 'null' }], default: null },
      { type: ['number', 'null'] },
    ] satisfies JsonSchema[]) {
      const field = fieldOf(schema);
      expect([field.kind, field.nullable]).toEqual(['number', true]);
      expect(readDraft(field, typed(''))).toEqual({ value: null });
    }
  });

  test('follow references, with what is said beside them', () => {
    const field = fieldOf({
      $defs: { Size: { enum: ['S', 'L'], description: 'how big' } },
      type: 'object',
      properties: { size: { $ref: '#/$defs/Size' }, other: { allOf: [{ $ref: '#/$defs/Size' }] } },
    }) as Field & { kind: 'object' };
    expect(field.fields.map((one) => [one.kind, one.help])).toEqual([
      ['choice', 'how big'],
      ['choice', 'how big'],
    ]);
  });

  test('of a type that holds itself end as JSON', () => {
    const field = fieldOf({
      $ref: '#/$defs/Node',
      $defs: {
        Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } },
      },
    });
    expect(JSON.stringify(field).match(/"kind":"json"/g)).toHaveLength(1);
  });

  test('of a reference to itself take anything', () => {
    expect(fieldOf({ $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/A' } } }).kind).toBe('json');
  });

  test('there are none for an event without a payload', () => {
    expect(isBare(fieldOf({ type: 'object', properties: {} }))).toBe(true);
    expect(isBare(fieldOf(null))).toBe(false);
    expect(isBare(fieldOf({ properties: { a: { type: 'string' } } }))).toBe(false);
  });
});

describe('what is typed', () => {
  test.each<[JsonSchema, string, Json]>([
    [{ type: 'number' }, ' 1.5 ', 1.5],
    [{ type: 'number' }, '1e3', 1000],
    [{ type: 'integer' }, '-7', -7],
    [{ type: 'string' }, ' a ', ' a '],
    [{ type: 'string' }, '', ''],
    [{ type: 'boolean' }, 'true', true],
    [{ enum: [1, '1'] }, '"1"', '1'],
    [{}, '{"a": [1]}', { a: [1] }],
    [{ const: 'x' }, '', 'x'],
    [{ type: 'string', format: 'date-time' }, '2026-01-01T12:00:00Z', '2026-01-01T12:00:00Z'],
  ])('%o with %j is %j', (schema, text, value) => {
    expect(read(schema, text)).toEqual({ value });
  });

  test.each<[JsonSchema, string, string]>([
    [{ type: 'number' }, 'ten', 'is no number'],
    [{ type: 'number' }, '0x10', 'is no number'],
    [{ type: 'number' }, 'Infinity', 'is no number'],
    [{ type: 'integer' }, '1.5', 'has to be a whole number'],
    [{ type: 'number', minimum: 1 }, '0', 'has to be at least 1'],
    [{ type: 'number', exclusiveMinimum: 0 }, '0', 'has to be above 0'],
    [{ type: 'number', maximum: 240 }, '241', 'has to be at most 240'],
    [{ type: 'number', exclusiveMaximum: 1 }, '1', 'has to be below 1'],
    [{ type: 'number' }, '', 'is needed'],
    [{ type: 'string', minLength: 1 }, '', 'is needed'],
    [{ type: 'string', minLength: 3 }, 'ab', 'has 2 characters, at least 3 are needed'],
    [{ type: 'string', maxLength: 1 }, '🍕🍕', 'has 2 characters, at most 1 are taken'],
    [{ type: 'string', format: 'date-time' }, 'soon', 'is no moment'],
    [{}, '{', 'is no JSON; texts stand in double quotes'],
  ])('%o with %j %s', (schema, text, problem) => {
    expect(read(schema, text)).toEqual({ problems: { '': problem } });
  });

  test('a moment without a zone is one where its user is', () => {
    const value = read({ type: 'string', format: 'date-time' }, '2026-01-01T12:00');
    expect(value).toEqual({ value: new Date('2026-01-01T12:00').toISOString() });
  });

  test('every problem is told at once, each at its place', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: { a: { type: 'number' }, b: { type: 'integer' }, c: { type: 'string' } },
      required: ['a', 'b'],
    };
    expect(object({ a: 'x', b: '', c: '' }, schema)).toEqual({
      problems: { a: 'is no number', b: 'is needed' },
    });
  });

  test('what is optional and empty is left out', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: {
        a: { type: 'string' },
        inner: { type: 'object', properties: { b: { type: 'number' } }, required: ['b'] },
        list: { type: 'array', items: { type: 'number' } },
      },
    };
    expect(readDraft(fieldOf(schema), emptyDraft(fieldOf(schema)))).toEqual({ value: {} });
  });

  test('a list has its places by number', () => {
    const field = fieldOf({ type: 'array', items: { type: 'number' }, minItems: 1 });
    expect(emptyDraft(field)).toEqual({ kind: 'list', items: [typed('')] });
    expect(readDraft(field, { kind: 'list', items: [typed('1'), typed('x')] })).toEqual({
      problems: { '1': 'is no number' },
    });
    expect(readDraft(field, { kind: 'list', items: [] })).toEqual({
      problems: { '': 'needs at least 1' },
    });
  });

  test('a needed yes or no that nobody touched is no', () => {
    expect(read({ type: 'boolean' }, '')).toEqual({ value: false });
  });

  test('a default stands in the form', () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: {
        delivery: { enum: ['standard', 'courier'], default: 'standard' },
        address: { type: 'string', default: '' },
        items: { type: 'array', items: { type: 'string' }, default: ['pizza'] },
      },
    };
    const field = fieldOf(schema);
    expect(readDraft(field, emptyDraft(field))).toEqual({
      value: { delivery: 'standard', items: ['pizza'] },
    });
  });

  test.each<[JsonSchema, Json]>([
    [{ type: 'string' }, 'a'],
    [{ type: 'number' }, 0],
    [{ type: 'boolean' }, false],
    [{ enum: ['1', 1] }, 1],
    [{ type: 'array', items: { type: 'integer' } }, [1, 2]],
    [{ properties: { a: { properties: { b: { type: 'string' } } } } }, { a: { b: 'x' } }],
    [{}, { any: ['thing'] }],
  ])('a form of %o that was filled with %j gives it back', (schema, value) => {
    const field = fieldOf(schema);
    expect(readDraft(field, draftOf(field, value))).toEqual({ value });
  });
});
