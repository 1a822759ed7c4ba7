/** One version's part of a scene that was laid out for two. */

import type { Side } from '../model/union';
import type { Scene } from './scene';

/** The scene of a union as one of its versions has it. */
export function half(scene: Scene, side: Side): Scene {
  return {
    ...scene,
    states: scene.states
      .filter((state) => side.states.has(state.id))
      .map((state) => {
        const own = side.states.get(state.id) ?? state.id;
        const name = own.slice(own.lastIndexOf('.') + 1);
        return own === state.id ? state : { ...state, name, title: name };
      }),
    arrows: scene.arrows.filter((arrow) =>
      arrow.kind === 'transition'
        ? side.arrows.has(arrow.id)
        : side.states.has(arrow.source) && side.states.has(arrow.target),
    ),
    dots: scene.dots.filter((dot) => side.states.has(dot.state)),
  };
}
