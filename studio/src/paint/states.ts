/** States as shapes: boxes, groups, what is written in them, and badges. */

import { CHEVRON } from '../layout/titles';
import type { SceneState } from '../layout/scene';
import { BOX_PADDING, HEAD, LINE, TAG } from '../layout/text';
import { FONTS, measure } from '../layout/measure';
import { at, type Shape } from './shape';

const GROUP_CORNER = 12;
const CORNER = 9;

export interface Badge {
  text: string;
  tone?: 'plain' | 'good' | 'warn' | 'bad';
  title?: string;
}

/** A group's ground, which everything else lies on. */
export function groundOf(state: SceneState): Shape[] {
  return [box('ground', state, GROUP_CORNER)];
}

/** A group's chevron, title and rows, which lie on everything else. */
export function headOf(state: SceneState): Shape[] {
  const x = state.x + BOX_PADDING + state.shift;
  const shapes: Shape[] = [
    box(
      'hit-area',
      { x: state.x + 2, y: state.y + 2, w: state.w - 4, h: HEAD - 4 },
      GROUP_CORNER - 2,
    ),
    { tag: 'path', class: 'chevron', at: { d: `M${at(x - 1)},${at(state.y + 14)}l4,4l4,-4` } },
    words('group-title', x + CHEVRON, state.y + 20.5, state.title),
    ...rowsOf(state, x),
  ];
  if (state.kind === 'parallel') {
    const right = at(state.x + state.w - 24);
    const top = at(state.y + 10);
    shapes.push({ tag: 'path', class: 'bars', at: { d: `M${right},${top}v12m5,0v-12` } });
  }
  return shapes;
}

/** A state without children, or one whose children are hidden. */
export function boxOf(state: SceneState): Shape[] {
  if (state.kind === 'history') return historyOf(state);
  const final = state.kind === 'final';
  const corner = final ? Math.min(15, state.h / 2) : CORNER;
  const shapes: Shape[] = [];
  if (state.shut) shapes.push(box('under', { ...state, x: state.x + 4, y: state.y + 4 }, corner));
  shapes.push(box('ring', grown(state, 4), corner + 4), box('body', state, corner));
  if (final) shapes.push(box('inner', grown(state, -3), corner - 3));
  const left = state.x + BOX_PADDING;
  const baseline = state.rows.length ? state.y + 20.5 : state.y + state.h / 2 + 4.5;
  if (state.shut) {
    shapes.push({
      tag: 'path',
      class: 'chevron',
      at: { d: `M${at(left)},${at(state.y + state.h / 2 - 4)}l4,4l-4,4` },
    });
  }
  shapes.push(words('title', left + (state.shut ? CHEVRON : 0), baseline, state.title));
  if (state.shut) {
    shapes.push(
      ...pill('count', state.x + state.w - 42, state.y + state.h / 2, 32, `+${state.hidden}`),
    );
  }
  if (final) {
    const place = { cx: at(state.x + state.w - 18), cy: at(baseline - 4.5) };
    shapes.push(
      { tag: 'circle', class: 'end', at: { ...place, r: 5.5 } },
      { tag: 'circle', class: 'end-dot', at: { ...place, r: 2.6 } },
    );
  }
  shapes.push(...rowsOf(state, left));
  return shapes;
}

/** How far a badge stands above its box's upper edge, so that it covers no title. */
const LIFT = 5;

/** A number at the upper right corner. */
export function badgeOf(state: SceneState, badge: Badge): Shape[] {
  const wide = measure(badge.text, FONTS.state) * (11 / 13) + 14;
  const shapes = pill('badge', state.x + state.w - wide + 8, state.y - LIFT, wide, badge.text);
  const title: Shape[] = badge.title ? [{ tag: 'title', text: badge.title }] : [];
  return [{ tag: 'g', class: `badge ${badge.tone ?? 'plain'}`, kids: [...title, ...shapes] }];
}

export function dotOf(dot: { x: number; y: number }): Shape {
  return { tag: 'circle', class: 'dot', at: { cx: at(dot.x), cy: at(dot.y), r: 5 } };
}

function historyOf(state: SceneState): Shape[] {
  const corner = Math.min(state.w, state.h) / 2;
  return [
    box('ring', grown(state, 4), corner + 4),
    box('body', state, corner),
    {
      ...words(
        'title',
        state.x + state.w / 2,
        state.y + state.h / 2 + 4.5,
        state.deep ? 'H*' : 'H',
      ),
      class: 'title middle',
    },
  ];
}

function rowsOf(state: SceneState, left: number): Shape[] {
  return state.rows.map((row, place) => {
    const y = state.y + HEAD + 10 + place * LINE;
    const kids: Shape[] = [];
    if (row.tag) kids.push({ tag: 'tspan', class: 'tag', at: { x: at(left) }, text: row.tag });
    kids.push({ tag: 'tspan', at: { x: at(left + TAG) }, text: row.text });
    return { tag: 'text', class: 'row', at: { y: at(y) }, kids };
  });
}

function pill(name: string, x: number, middle: number, w: number, text: string): Shape[] {
  return [
    {
      tag: 'rect',
      class: `${name}-body`,
      at: { x: at(x), y: at(middle - 9), width: at(w), height: 18, rx: 9 },
    },
    { tag: 'text', class: `${name}-text`, at: { x: at(x + w / 2), y: at(middle + 4) }, text },
  ];
}

function box(
  name: string,
  rect: { x: number; y: number; w: number; h: number },
  rx: number,
): Shape {
  return {
    tag: 'rect',
    class: name,
    at: { x: at(rect.x), y: at(rect.y), width: at(rect.w), height: at(rect.h), rx },
  };
}

function grown(rect: { x: number; y: number; w: number; h: number }, by: number) {
  return { x: rect.x - by, y: rect.y - by, w: rect.w + 2 * by, h: rect.h + 2 * by };
}

function words(name: string, x: number, y: number, text: string): Shape {
  return { tag: 'text', class: name, at: { x: at(x), y: at(y) }, text };
}
