/** The card that is dragged: which columns accept it, and which it is over. */
import type { PossibleTransition, Summary } from '../../wire/types';
import type { Tree } from '../chart/tree';
import { dropsOf, verdict, type Drops, type Offer, type Verdict } from './drops';
import type { Lane } from './lanes';

export class Carry {
  readonly card: Summary;
  readonly by: 'mouse' | 'keys';
  readonly #tree: Tree;
  readonly #lanes: readonly Lane[];
  #next = $state.raw<readonly PossibleTransition[] | null>(null);
  /** Where on the screen it is, for the mouse. */
  x = $state(0);
  y = $state(0);
  over = $state<string | null>(null);

  constructor(card: Summary, by: 'mouse' | 'keys', tree: Tree, lanes: readonly Lane[]) {
    this.card = card;
    this.by = by;
    this.#tree = tree;
    this.#lanes = lanes;
  }

  readonly drops: Drops = $derived.by(() =>
    dropsOf(this.#tree, this.#lanes, this.card.state, this.#next),
  );

  /** What the server says of it, once it has. */
  learn(next: readonly PossibleTransition[]): void {
    this.#next = next;
  }

  verdict(column: string): Verdict | 'home' {
    if (this.card.state.some((leaf) => this.#tree.within(leaf, column))) return 'home';
    return verdict(this.drops.get(column));
  }

  offers(column: string): Offer[] {
    return (this.drops.get(column) ?? []).filter((offer) => offer.possible !== false);
  }

  /** The column beside the one that it is over, round the end. */
  beside(step: 1 | -1): string | null {
    const columns = this.#lanes.flatMap((lane) => lane.columns.map((column) => column.id));
    const at = columns.findIndex((id) => id === this.over);
    return columns[(at + step + columns.length) % columns.length] ?? null;
  }
}
