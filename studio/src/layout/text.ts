/**
 * What is written, broken into lines: labels of arrows and rows of states, and how much room they
 * take. Nothing here knows where anything stands.
 */

import type { ViewRow, ViewState } from '../model/view';
import type { Row, Words } from '../model/words';
import { FONTS, measure, type Font } from './measure';

/** `names`: states alone. `events`: what triggers transitions, too. `full`: all there is. */
export type Detail = 'names' | 'events' | 'full';

/** The height of a line of a label, and of a row in a state. */
export const LINE = 15;
/** A label's line is broken where it would be wider. */
const LABEL_WIDTH = 160;
/** No single word is drawn wider. */
const WORD_WIDTH = 260;
/** A row in a state is broken where its text would be wider. */
const ROW_WIDTH = 230;
/** Lines of one row in a state. */
const ROW_LINES = 4;
/** Rows of one label; an arrow may stand for a thousand transitions. */
const LABEL_ROWS = 12;
/** Room for a clock, a tick or a bolt before a trigger. */
export const ICON = 15;
/** Between words of different kinds. */
export const GAP = 5;
/** Where the text of a state's rows begins, after their tags. */
export const TAG = 40;
export const LABEL_PADDING = 8;
export const BOX_PADDING = 14;
/** From a box's top to its first row. */
export const HEAD = 32;

export type Ink = 'trigger' | 'roles' | 'guard' | 'action' | 'more';

export interface Span {
  text: string;
  ink: Ink;
  /** From the line's beginning. */
  x: number;
}

export interface Line {
  /** Which of the arrow's rows it belongs to. */
  row: number;
  /** The first line of its row, which bears the icon. */
  leads: boolean;
  kind: Words['kind'];
  spans: Span[];
  width: number;
}

export interface Label {
  lines: Line[];
  w: number;
  h: number;
}

/** Null where nothing is written at the arrow. */
export function labelOf(rows: readonly ViewRow[], detail: Detail): Label | null {
  if (detail === 'names') return null;
  const lines: Line[] = [];
  const said = new Set<string>();
  const kept: number[] = [];
  // transitions of several states in one that is closed may say the same
  rows.forEach(({ words }, place) => {
    const says = JSON.stringify(detail === 'full' ? words : words.trigger);
    if (!said.has(says)) kept.push(place);
    said.add(says);
  });
  for (const place of kept.slice(0, LABEL_ROWS)) {
    const row = rows[place];
    if (row) lines.push(...linesOf(row, place, detail));
  }
  if (kept.length > LABEL_ROWS) {
    const text = `${kept.length - LABEL_ROWS} more`;
    lines.push({
      row: kept[LABEL_ROWS] ?? 0,
      leads: true,
      kind: 'event',
      spans: [{ text, ink: 'more', x: 0 }],
      width: measure(text, FONTS.text),
    });
  }
  if (!lines.length) return null;
  return {
    lines,
    w: Math.ceil(Math.max(...lines.map((line) => line.width)) + 2 * LABEL_PADDING),
    h: lines.length * LINE + 6,
  };
}

export function hasIcon(kind: Words['kind']): boolean {
  return kind !== 'event' && kind !== 'initial' && kind !== 'default';
}

export function fontOf(ink: Ink): Font {
  return ink === 'trigger' ? FONTS.trigger : FONTS.text;
}

function linesOf(row: ViewRow, place: number, detail: Detail): Line[] {
  const { words } = row;
  const parts: [Ink, string][] = [['trigger', words.trigger]];
  if (detail === 'full')
    parts.push(['roles', words.roles], ['guard', words.guards], ['action', words.actions]);
  const lines: Line[] = [];
  let line: Line | null = null;
  for (const [ink, text] of parts)
    for (const [piece, width] of broken(text, fontOf(ink), LABEL_WIDTH)) {
      const indent: number = line === null && hasIcon(words.kind) ? ICON : 0;
      if (line === null || line.width + GAP + width > LABEL_WIDTH) {
        line = { row: place, leads: line === null, kind: words.kind, spans: [], width: indent };
        lines.push(line);
      }
      const x = line.spans.length ? line.width + GAP : line.width;
      line.spans.push({ text: piece, ink, x });
      line.width = x + width;
    }
  return lines;
}

export interface BoxRow {
  /** Empty in the lines after a row's first. */
  tag: Row['tag'] | '';
  text: string;
  transition?: string;
}

export interface Box {
  rows: BoxRow[];
  w: number;
  /** Of a state without children: its height. Of a group: of its head, above what lies in it. */
  h: number;
}

export function boxOf(state: ViewState, detail: Detail, framed: boolean): Box {
  if (state.kind === 'history') return { rows: [], w: 28, h: 26 };
  const rows = detail === 'full' && !state.shut ? state.rows.flatMap(rowLines) : [];
  const group = state.children.length > 0;
  if (group && !framed) return { rows: [], w: 0, h: 0 };
  const beside = state.shut ? 62 : state.kind === 'final' ? 22 : group ? 34 : 0;
  const title = measure(titleOf(state), group || state.shut ? FONTS.group : FONTS.state) + beside;
  const w = Math.max(title, ...rows.map((row) => TAG + measure(row.text, FONTS.text)), 44);
  return {
    rows,
    w: Math.ceil(w + 2 * BOX_PADDING),
    h: HEAD + (rows.length ? rows.length * LINE + 8 : 0),
  };
}

/** A state's name, no wider than a box should be. */
export function titleOf(state: { name: string }): string {
  return shortened(state.name, FONTS.group, WORD_WIDTH);
}

function rowLines(row: Row): BoxRow[] {
  const pieces = broken(row.text, FONTS.text, ROW_WIDTH).map(([text]) => text);
  if (pieces.length > ROW_LINES) pieces.splice(ROW_LINES - 1, pieces.length, '…');
  return pieces.map((text, place) => ({
    tag: place ? '' : row.tag,
    text,
    ...(row.transition === undefined ? {} : { transition: row.transition }),
  }));
}

/** Broken between words so that no piece is wider; each with its width. */
function broken(text: string, font: Font, limit: number): [string, number][] {
  if (!text) return [];
  const whole = measure(text, font);
  if (whole <= limit) return [[text, whole]];
  const pieces: string[] = [];
  for (const word of text.split(' ')) {
    const fitting = shortened(word, font, WORD_WIDTH);
    const last = pieces.at(-1);
    // “/” alone at a line's end would belong to nothing
    if (last !== undefined && (last === '/' || measure(`${last} ${fitting}`, font) <= limit))
      pieces[pieces.length - 1] = `${last} ${fitting}`;
    else pieces.push(fitting);
  }
  return pieces.map((piece) => [piece, measure(piece, font)]);
}

function shortened(text: string, font: Font, limit: number): string {
  if (measure(text, font) <= limit) return text;
  const letters = [...text];
  while (letters.length > 1 && measure(`${letters.join('')}…`, font) > limit) letters.pop();
  return `${letters.join('')}…`;
}
