/**
 * What is drawn, and where: every place absolute, in pixels, and no word about how it looks.
 */

import type { Row, Words } from '../model/words';
import type { ViewRow } from '../model/view';
import type { StateKind } from '../model/chart';
import type { BoxRow, Label } from './text';

export interface Point {
  x: number;
  y: number;
}

export interface Rect extends Point {
  w: number;
  h: number;
}

export interface SceneState extends Rect {
  id: string;
  /** The whole name; `title` is what fits. */
  name: string;
  title: string;
  kind: StateKind;
  deep: boolean;
  parent: string | null;
  depth: number;
  region: boolean;
  /** Its children are drawn in it. */
  group: boolean;
  /** Its children are hidden, `hidden` of them. */
  shut: boolean;
  hidden: number;
  /** Outside the group that is looked into. */
  outside: boolean;
  /** The outermost group that nothing is written in or ends at: no box is drawn. */
  bare: boolean;
  rows: BoxRow[];
  /** How far title and rows are moved to the right, out of the way of arrows. */
  shift: number;
  /** The height of title and rows. */
  head: number;
  doc: string;
  owner: string;
  /** Everything that it does, whatever the detail. */
  does: readonly Row[];
}

export interface SceneLabel extends Rect {
  lines: Label['lines'];
}

export interface SceneArrow {
  id: string;
  source: string;
  target: string;
  kind: 'transition' | 'initial' | 'default';
  rows: ViewRow[];
  points: Point[];
  loop: boolean;
  /** It begins inside its source, below the title, since it leads to a state in that. */
  inside: boolean;
  label: SceneLabel | null;
}

export interface Scene {
  root: string;
  w: number;
  h: number;
  /** In document order, groups before what they hold. */
  states: SceneState[];
  arrows: SceneArrow[];
  /** Where groups are entered by default: centres of dots. */
  dots: (Point & { state: string })[];
}

export function transitionsOf(arrow: SceneArrow): string[] {
  return arrow.rows.map((row) => row.transition);
}

export type { Words };
