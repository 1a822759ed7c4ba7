/**
 * JSON whose numbers stay what they are.
 *
 * A number of JavaScript has 53 bits: 9007199254740993 would be read as 9007199254740992, 1e400 as
 * infinity and -0 would be written as 0. A number that would not come out as it went in is kept as
 * its text, in an `Exact`; every other one is a number.
 */
import { isSafeNumber, LosslessNumber as Exact, parse, stringify } from 'lossless-json';
import type { Json } from './types';

export { Exact };

/**
 * Where no number stands that JavaScript might change, its own reader does, which is many times as
 * fast: most of what a server sends. What looks like such a number within a text does no harm.
 */
const SUSPECT = /(?:^|[[:,\s])-?(?:\d[\d.]{15}|[\d.]+[eE]|0(?<=-0)(?:\.0+)?(?![\d.]))/;

/** Raises SyntaxError for what is no JSON. */
export function readJson(text: string): Json {
  return (SUSPECT.test(text) ? parse(text, null, numberOf) : JSON.parse(text)) as Json;
}

export function writeJson(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** A number as JSON writes it: a number, or an `Exact` where that would be another one. */
export function numberOf(text: string): number | Exact {
  const value = Number(text);
  return isSafeNumber(text) && Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : new Exact(text);
}

export function isExact(value: unknown): value is Exact {
  return value instanceof Exact;
}

/** An object of JSON: no list, and no number. */
export function isObject(value: unknown): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExact(value);
}
