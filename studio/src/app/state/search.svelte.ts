/** What is searched for, which the box at the top and the diagram below it both need to know. */
import { findIn, type Hit } from '../chart/find';
import type { Tree } from '../chart/tree';

class Search {
  text = $state('');
  /** The chart on the page, and what shows one of its parts there. */
  tree = $state.raw<Tree | null>(null);
  show = $state.raw<((id: string) => void) | null>(null);

  readonly hits: readonly Hit[] = $derived(this.tree === null ? [] : findIn(this.tree, this.text));

  /** Ids of what is found on the page. */
  get found(): string[] {
    return this.hits.map((hit) => hit.id);
  }

  /** For pages with a chart: gives what takes it back. */
  over(tree: Tree, show: (id: string) => void): () => void {
    this.tree = tree;
    this.show = show;
    return () => {
      if (this.tree === tree) {
        this.tree = null;
        this.show = null;
      }
    };
  }
}

export const search = new Search();
