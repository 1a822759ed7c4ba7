/** How a chart is drawn on a page: what of it stands in the address, so that a link shows the same. */
import { collapsedAtFirst, type Detail, type Direction, type View } from '../../diagram';
import type { Tree } from '../chart/tree';
import { ROOT } from '../chart/tree';
import { readStored, writeStored } from './storage';
import { listOf, textOf, viewOf, viewText } from './list';
import { router } from './router.svelte';
import { soon } from './loading.svelte';

const DETAILS: readonly Detail[] = ['names', 'events', 'full'];

export class Drawing {
  readonly #tree: () => Tree;
  readonly #fallback: Detail;
  #pending: View | null = null;
  readonly #noteView = soon(250, () => {
    if (this.#pending !== null) router.note({ view: viewText(this.#pending) });
  });

  constructor(tree: () => Tree, fallback: Detail = 'full') {
    this.#tree = tree;
    this.#fallback = fallback;
  }

  get detail(): Detail {
    return DETAILS.find((one) => one === router.query.get('detail')) ?? this.#fallback;
  }

  set detail(detail: Detail) {
    this.#relaid({ detail: detail === this.#fallback ? '' : detail });
  }

  get direction(): Direction {
    return router.query.get('direction') === 'right' ? 'RIGHT' : 'DOWN';
  }

  set direction(direction: Direction) {
    this.#relaid({ direction: direction === 'RIGHT' ? 'right' : '' });
  }

  /** From the address; else as this machine was left last; else all, where there is too much. */
  readonly collapsed: Set<string> = $derived.by(() => {
    const tree = this.#tree();
    const given = router.query.get('collapsed');
    if (given !== null) return new Set(given === 'none' ? [] : listOf(given));
    const kept = readStored(`collapsed.${tree.chart.name}`);
    if (Array.isArray(kept)) {
      return new Set(
        kept.filter((id): id is string => typeof id === 'string' && tree.states.has(id)),
      );
    }
    return collapsedAtFirst(tree.chart);
  });

  /** States that can be collapsed. */
  get groups(): string[] {
    const tree = this.#tree();
    return tree.chart.states
      .filter((state) => state.id !== ROOT && tree.children(state.id).length > 0)
      .map((state) => state.id);
  }

  collapse(ids: Set<string>): void {
    writeStored(`collapsed.${this.#tree().chart.name}`, [...ids]);
    this.#relaid({ collapsed: ids.size === 0 ? 'none' : textOf(ids) });
  }

  get root(): string | null {
    return router.query.get('in');
  }

  open(id: string | null): void {
    this.#relaid({ in: id ?? '' });
  }

  get selected(): string | null {
    return router.query.get('selected');
  }

  select(id: string | null): void {
    router.note({ selected: id ?? '' });
  }

  /** Selects it where it can be seen: what holds it is expanded, and nothing else is looked into. */
  reveal(id: string): void {
    const tree = this.#tree();
    const at = tree.transition(id)?.source ?? id;
    const around = tree.ancestors(at);
    const hidden = around.filter((one) => this.collapsed.has(one));
    if (hidden.length > 0) {
      this.collapse(new Set([...this.collapsed].filter((one) => !hidden.includes(one))));
    }
    if (this.root !== null && !tree.within(at, this.root)) this.open(null);
    this.select(id);
  }

  get view(): View | null {
    return viewOf(router.query.get('view'));
  }

  see(view: View | null): void {
    this.#pending = view;
    if (view === null) {
      this.#noteView.cancel();
      router.note({ view: '' });
    } else this.#noteView();
  }

  /** What changes the layout makes the place that was looked at mean nothing. */
  #relaid(changes: Record<string, string>): void {
    this.#noteView.cancel();
    router.note({ ...changes, view: '' });
  }
}
