/**
 * A scene with what is known of an instance or a fleet, in layers from the ground up. The browser
 * and the command line both draw these; the browser gives the groups their roles and keys.
 *
 * Grounds, then arrows (what is lit last), dots, boxes, labels, titles of groups, badges.
 */

import type { Scene, SceneArrow, SceneState } from '../layout/scene';
import { arrowOf, labelOf } from './arrows';
import { takenOf, widthOf } from './flow';
import { badgeOf, boxOf, dotOf, groundOf, headOf, type Badge } from './states';
import type { Shape } from './shape';

export interface Known {
  /** Active leaves and all that hold them, as far as they are seen. */
  active?: ReadonlySet<string>;
  /** Ids of the transitions of the last step. */
  taken?: ReadonlySet<string>;
  badges?: ReadonlyMap<string, Badge>;
  /** How often each transition was taken; empty where that is not shown. */
  flow?: ReadonlyMap<string, number>;
}

/** Shapes of a scene stay the same ones while only what is known of it changes. */
function remembered<T extends object>(make: (of: T) => Shape[]): (of: T) => Shape[] {
  const made = new WeakMap<T, Shape[]>();
  return (of) => {
    let shapes = made.get(of);
    if (!shapes) made.set(of, (shapes = make(of)));
    return shapes;
  };
}

const ground = remembered(groundOf);
const head = remembered(headOf);
const box = remembered(boxOf);
const plain = remembered((arrow: SceneArrow) => arrowOf(arrow));
const written = remembered((arrow: SceneArrow) => (arrow.label ? labelOf(arrow.label) : []));

export interface Piece<T> {
  of: T;
  class: string;
  shapes: Shape[];
}

export interface Picture {
  grounds: Piece<SceneState>[];
  arrows: Piece<SceneArrow>[];
  dots: Shape[];
  boxes: Piece<SceneState>[];
  labels: Piece<SceneArrow>[];
  heads: Piece<SceneState>[];
  badges: Piece<SceneState>[];
}

export function pictureOf(scene: Scene, known: Known = {}): Picture {
  const active = known.active ?? new Set<string>();
  const taken = known.taken ?? new Set<string>();
  const flow = known.flow?.size ? known.flow : null;
  const counts = scene.arrows.map((arrow) => (flow ? takenOf(arrow, flow) : 0));
  const busiest = Math.max(0, ...counts);
  const isTaken = (arrow: SceneArrow) => arrow.rows.some((row) => taken.has(row.transition));
  const arrows = scene.arrows.map((arrow, place) => {
    const flows = flow !== null && arrow.kind === 'transition';
    const width = flows ? widthOf(counts[place] ?? 0, busiest) : undefined;
    const name = names('arrow', arrow.kind, isTaken(arrow) && 'taken', flows && 'flows');
    return {
      of: arrow,
      class: name,
      shapes: width === undefined ? plain(arrow) : arrowOf(arrow, width),
    };
  });
  const groups = scene.states.filter((state) => state.group && !state.bare);
  const boxes = scene.states.filter((state) => !state.group);
  const lit = (state: SceneState) => active.has(state.id) && 'active';
  return {
    grounds: groups.map((of) => ({
      of,
      class: names('group', of.depth % 2 ? 'odd' : 'even', of.region && 'region', lit(of)),
      shapes: ground(of),
    })),
    arrows: [...arrows].sort((one, other) => +isTaken(one.of) - +isTaken(other.of)),
    dots: scene.dots.map(dotOf),
    boxes: boxes.map((of) => ({
      of,
      class: names('state', of.kind, of.shut && 'shut', of.outside && 'outside', lit(of)),
      shapes: box(of),
    })),
    labels: scene.arrows.flatMap((of) =>
      of.label ? [{ of, class: names('label', isTaken(of) && 'taken'), shapes: written(of) }] : [],
    ),
    heads: groups.map((of) => ({ of, class: names('head', lit(of)), shapes: head(of) })),
    badges: scene.states.flatMap((of) => {
      const badge = known.badges?.get(of.id);
      return badge && !of.bare ? [{ of, class: 'badges', shapes: badgeOf(of, badge) }] : [];
    }),
  };
}

function names(...parts: (string | false)[]): string {
  return parts.filter(Boolean).join(' ');
}
