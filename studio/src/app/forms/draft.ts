/**
 * The text in a form, and the value that it stands for.
 *
 * A draft keeps what a person typed, as typed, so that nothing is lost or turned into something
 * else before it is sent. Reading it gives a value or every problem at once, each at its place
 * (`items.0.name`), as the server names places.
 */
import { isObject, numberOf, readJson, writeJson, type Exact } from '../../wire/json';
import type { Json } from '../../wire/types';
import { compareNumbers, jsonNumber, wholeNumber } from './decimal';
import type { Field } from './fields';

export type Draft =
  | { kind: 'typed'; text: string }
  | { kind: 'object'; members: Record<string, Draft> }
  | { kind: 'list'; items: Draft[] };

export type Read = { value: Json | undefined } | { problems: Record<string, string> };

export function emptyDraft(field: Field): Draft {
  return draftOf(field, field.fallback);
}

/** A draft with a value in it; `undefined`: nothing. */
export function draftOf(field: Field, value: Json | undefined): Draft {
  switch (field.kind) {
    case 'object': {
      const given = isObject(value) ? value : {};
      return {
        kind: 'object',
        members: Object.fromEntries(
          field.fields.map((one) => [
            one.name,
            draftOf(one, Object.hasOwn(given, one.name) ? given[one.name] : one.fallback),
          ]),
        ),
      };
    }
    case 'list': {
      const given = Array.isArray(value) ? value : [];
      const items = given.map((item) => draftOf(field.item, item));
      while (items.length < field.minItems) items.push(emptyDraft(field.item));
      return { kind: 'list', items };
    }
    case 'json':
    case 'choice':
      // a choice is kept as JSON, so that 1 and "1" stay apart
      return typed(value == null ? '' : writeJson(value));
    case 'boolean':
      return typed(value === true ? 'true' : value === false ? 'false' : '');
    case 'constant':
      return typed('');
    default:
      return typed(value == null ? '' : String(value));
  }
}

export function readDraft(field: Field, draft: Draft): Read {
  const problems: Record<string, string> = {};
  const value = read(field, draft, '', problems);
  return Object.keys(problems).length > 0 ? { problems } : { value };
}

type Problems = Record<string, string>;

function read(field: Field, draft: Draft, at: string, problems: Problems): Json | undefined {
  if (field.kind === 'constant') return field.value;
  if (field.kind === 'object' && draft.kind === 'object') {
    return object(field, draft, at, problems);
  }
  if (field.kind === 'list' && draft.kind === 'list') return list(field, draft, at, problems);
  if (draft.kind !== 'typed') throw new Error(`the draft at ${at || 'the top'} is of another form`);
  // what stands in a text is kept with its spaces; around anything else they mean nothing
  const text = field.kind === 'text' ? draft.text : draft.text.trim();
  if (text === '') return nothing(field, at, problems);
  switch (field.kind) {
    case 'text':
      return checked(textProblem(field, text), dated(field, text), at, problems);
    case 'number': {
      const exact = jsonNumber(text);
      if (exact === null) return checked('is no number', null, at, problems);
      const whole = field.integer ? wholeNumber(exact) : exact;
      const value = numberOf(whole ?? exact);
      return checked(numberProblem(field, exact, whole), value, at, problems);
    }
    case 'boolean':
      return text === 'true';
    default:
      return json(text, at, problems);
  }
}

function object(
  field: Field & { kind: 'object' },
  draft: Draft & { kind: 'object' },
  at: string,
  problems: Problems,
): Json | undefined {
  // an optional object in which nothing was written is left out, not sent half empty
  if (!field.required && at !== '' && isUntouched(draft)) return field.nullable ? null : undefined;
  const value: Record<string, Json> = {};
  for (const one of field.fields) {
    const member = draft.members[one.name] ?? emptyDraft(one);
    const found = read(one, member, join(at, one.name), problems);
    if (found !== undefined) value[one.name] = found;
  }
  return value;
}

function list(
  field: Field & { kind: 'list' },
  draft: Draft & { kind: 'list' },
  at: string,
  problems: Problems,
): Json | undefined {
  if (draft.items.length === 0 && !field.required) return field.nullable ? null : undefined;
  if (draft.items.length < field.minItems) {
    problems[at] = `needs at least ${field.minItems}`;
    return undefined;
  }
  if (field.maxItems !== null && draft.items.length > field.maxItems) {
    problems[at] = `takes at most ${field.maxItems}`;
    return undefined;
  }
  return draft.items.map(
    (item, n) => read(field.item, item, join(at, String(n)), problems) ?? null,
  );
}

function nothing(field: Field, at: string, problems: Problems): Json | undefined {
  if (field.nullable) return null;
  if (!field.required) return undefined;
  // a box that nobody ticked is no
  if (field.kind === 'boolean') return false;
  if (field.kind === 'text' && (field.minLength ?? 0) === 0 && field.format === 'plain') return '';
  problems[at] = 'is needed';
  return undefined;
}

function checked(
  problem: string | null,
  value: Json,
  at: string,
  problems: Problems,
): Json | undefined {
  if (problem === null) return value;
  problems[at] = problem;
  return undefined;
}

function textProblem(field: Field & { kind: 'text' }, text: string): string | null {
  // the server counts code points
  const length = [...text].length;
  if (field.minLength !== null && length < field.minLength) {
    return `has ${length} characters, at least ${field.minLength} are needed`;
  }
  if (field.maxLength !== null && length > field.maxLength) {
    return `has ${length} characters, at most ${field.maxLength} are taken`;
  }
  if (field.format === 'date-time' && Number.isNaN(Date.parse(text))) return 'is no moment';
  return null;
}

/** A browser's field for a moment knows no time zone: it means the one where its user is. */
function dated(field: Field & { kind: 'text' }, text: string): string {
  if (field.format !== 'date-time') return text;
  const at = Date.parse(text);
  return Number.isNaN(at) || /(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : new Date(at).toISOString();
}

function numberProblem(
  field: Field & { kind: 'number' },
  value: string,
  whole: string | null,
): string | null {
  if (whole === null) return 'has to be a whole number';
  const to = (bound: number | Exact) => compareNumbers(value, String(bound));
  const { minimum, maximum, above, below } = field;
  if (minimum !== null && to(minimum) < 0) return `has to be at least ${minimum}`;
  if (maximum !== null && to(maximum) > 0) return `has to be at most ${maximum}`;
  if (above !== null && to(above) <= 0) return `has to be above ${above}`;
  if (below !== null && to(below) >= 0) return `has to be below ${below}`;
  return null;
}

function json(text: string, at: string, problems: Problems): Json | undefined {
  try {
    return readJson(text);
  } catch {
    problems[at] = 'is no JSON; texts stand in double quotes';
    return undefined;
  }
}

function isUntouched(draft: Draft): boolean {
  switch (draft.kind) {
    case 'typed':
      return draft.text === '';
    case 'list':
      return draft.items.length === 0;
    case 'object':
      return Object.values(draft.members).every(isUntouched);
  }
}

function typed(text: string): Draft {
  return { kind: 'typed', text };
}

export function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}
