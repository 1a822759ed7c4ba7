/**
 * A board's cards, column by column, longest there first; followed live.
 *
 * Each column is loaded on its own and page by page, as far as it is scrolled to, so a board of any
 * size opens at once. Changes from the stream are put where they belong; after a lost
 * connection everything that is shown is fetched again.
 */
import { matches, queryOf, type Filter } from '../board/filter';
import { placesOf, type Lane } from '../board/lanes';
import { EMPTY, withCard, withPage, without, type Stack } from '../board/stack';
import type { Tree } from '../chart/tree';
import type { Summary } from '../../wire/types';
import { soon } from './loading.svelte';
import * as changes from './changes';
import { client } from './session.svelte';

const PAGE = 200;

/** The first pages of a column were asked for; `busy`: one is on its way. */
interface Loaded {
  stack: Stack;
  known: boolean;
  busy: boolean;
  error: Error | null;
}

const UNKNOWN: Loaded = { stack: EMPTY, known: false, busy: false, error: null };

export class BoardState {
  readonly #machine: string;
  readonly #tree: () => Tree;
  readonly #lanes: () => Lane[];
  readonly #filter: () => Filter;
  #columns = $state.raw<ReadonlyMap<string, Loaded>>(new Map());
  /** Answers to what was asked before a reset are dropped. */
  #era = 0;

  constructor(machine: string, tree: () => Tree, lanes: () => Lane[], filter: () => Filter) {
    this.#machine = machine;
    this.#tree = tree;
    this.#lanes = lanes;
    this.#filter = filter;
  }

  get connection() {
    return changes.live.state;
  }

  /** Changes are shown together: a busy machine has more of them than a screen has pictures. */
  #waiting: Summary[] = [];
  readonly #flush = soon(60, () => {
    this.put(this.#waiting);
    this.#waiting = [];
  });
  readonly #again = soon(300, () => void this.reload());

  /** Follows the machine; gives what ends it. */
  open(): () => void {
    const stop = changes.listen({
      changed: (instance) => {
        if (instance.machine !== this.#machine) return;
        this.#waiting.push(instance);
        this.#flush();
      },
      more: this.#again,
    });
    return () => {
      stop();
      this.#era += 1;
      this.#flush.cancel();
      this.#again.cancel();
    };
  }

  column(id: string): Loaded {
    return this.#columns.get(id) ?? UNKNOWN;
  }

  card(id: string): Summary | undefined {
    for (const { stack } of this.#columns.values()) {
      const found = stack.cards.find((card) => card.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Asks for these columns from the start, since something else is to be shown. */
  reset(columns: readonly string[]): void {
    this.#era += 1;
    this.#columns = new Map();
    for (const id of columns) void this.more(id);
  }

  /** Fetches as many cards of each column again as there are now. */
  async reload(): Promise<void> {
    await Promise.all([...this.#columns.keys()].map((id) => this.#load(id, true)));
  }

  /** The next page of a column, where there is one. */
  async more(id: string): Promise<void> {
    const { known, busy, stack } = this.column(id);
    if (busy || (known && stack.cursor === null)) return;
    await this.#load(id, false);
  }

  async #load(id: string, anew: boolean): Promise<void> {
    const era = this.#era;
    this.#set(id, { ...this.column(id), busy: true });
    try {
      const wanted = anew ? Math.max(PAGE, this.column(id).stack.cards.length) : PAGE;
      let stack = anew ? EMPTY : this.column(id).stack;
      do {
        const query = {
          ...queryOf(this.#filter()),
          state: id,
          order: 'since',
          limit: PAGE,
          ...(stack.cursor === null ? {} : { cursor: stack.cursor }),
        } as const;
        // a change that the stream has reported already does not come again
        const page = await client.instances(this.#machine, query, changes.heard());
        if (era !== this.#era) return;
        // changes from the stream meanwhile are in the stack that is shown
        if (!anew) stack = this.column(id).stack;
        stack = withPage(stack, page.instances, page.cursor ?? null);
      } while (anew && stack.cursor !== null && stack.cards.length < wanted);
      this.#set(id, { stack, known: true, busy: false, error: null });
    } catch (error) {
      if (era !== this.#era) return;
      const raised = error instanceof Error ? error : new Error(String(error));
      this.#set(id, { ...this.column(id), busy: false, error: raised });
    }
  }

  /** Instances as they are now: their cards go where they belong. */
  put(cards: readonly Summary[]): void {
    const next = new Map(this.#columns);
    for (const card of cards) {
      const shown = matches(this.#filter(), card);
      const places = placesOf(this.#tree(), this.#lanes(), card.state);
      for (const lane of this.#lanes()) {
        for (const { id } of lane.columns) {
          const loaded = next.get(id);
          if (loaded === undefined) continue;
          const here = shown && id === places.get(lane.id);
          const stack = here ? withCard(loaded.stack, card) : without(loaded.stack, card.id);
          if (stack !== loaded.stack) next.set(id, { ...loaded, stack });
        }
      }
    }
    this.#columns = next;
  }

  #set(id: string, loaded: Loaded): void {
    this.#columns = new Map(this.#columns).set(id, loaded);
  }
}
