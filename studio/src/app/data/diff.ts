/** What became of the data between two steps, as lines that can be shown. */
import { isExact, isObject, writeJson } from '../../wire/json';
import type { Json } from '../../wire/types';

export type Line =
  | { mark: ' '; depth: number; name: string | null; text: string }
  | { mark: '+' | '-'; depth: number; name: string | null; text: string };

/** Beyond this many, unchanged members are shown as a number. */
export interface Options {
  /** Show what did not change too. */
  all?: boolean;
}

/** Lines in the order of the newer value, removed members last. `undefined`: there was none. */
export function difference(
  before: Json | undefined,
  after: Json | undefined,
  options: Options = {},
): Line[] {
  const lines: Line[] = [];
  compare(before, after, null, 0, options.all ?? false, lines);
  return lines;
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isExact(a) && isExact(b)) return a.value === b.value;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, n) => same(item, b[n]));
  }
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
    );
  }
  return false;
}

/** A value in one line, cut where it is long. */
export function inline(value: Json, limit = 120): string {
  const text = writeJson(value);
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

function compare(
  before: Json | undefined,
  after: Json | undefined,
  name: string | null,
  depth: number,
  all: boolean,
  lines: Line[],
): void {
  if (same(before, after)) {
    if (all && after !== undefined) whole(after, ' ', name, depth, lines);
    return;
  }
  if (isObject(before) && isObject(after)) {
    const below = name === null ? depth : depth + 1;
    if (name !== null) lines.push({ mark: ' ', depth, name, text: '' });
    for (const key of Object.keys(after)) {
      compare(own(before, key), after[key], key, below, all, lines);
    }
    for (const key of Object.keys(before)) {
      if (!Object.hasOwn(after, key)) compare(before[key], undefined, key, below, all, lines);
    }
    return;
  }
  if (before !== undefined) whole(before, '-', name, depth, lines);
  if (after !== undefined) whole(after, '+', name, depth, lines);
}

/** One value on a line, or an object's members on a line each. */
function whole(
  value: Json,
  mark: ' ' | '+' | '-',
  name: string | null,
  depth: number,
  lines: Line[],
): void {
  if (isObject(value) && Object.keys(value).length > 0) {
    if (name !== null) lines.push({ mark, depth, name, text: '' });
    const below = name === null ? depth : depth + 1;
    for (const [key, member] of Object.entries(value)) whole(member, mark, key, below, lines);
    return;
  }
  lines.push({ mark, depth, name, text: writeJson(value) });
}

/** Members that every object has from elsewhere are none of the data's. */
function own(value: { [name: string]: Json }, name: string): Json | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
