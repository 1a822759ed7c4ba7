/** The cards of one column, longest there first; what changed is put where it belongs. */
import type { Summary } from '../../wire/types';

export interface Stack {
  cards: readonly Summary[];
  /** For the next page; null: all are here. */
  cursor: string | null;
}

export const EMPTY: Stack = { cards: [], cursor: null };

/** The stack without one instance's card; itself where it has none. */
export function without(stack: Stack, id: string): Stack {
  const at = stack.cards.findIndex((card) => card.id === id);
  return at < 0 ? stack : { ...stack, cards: stack.cards.toSpliced(at, 1) };
}

/**
 * The stack with a card as it is now. One that belongs behind the last card of a stack that is not
 * whole is left to the page that will bring it.
 */
export function withCard(stack: Stack, card: Summary): Stack {
  const rest = without(stack, card.id);
  const at = placeOf(rest.cards, card);
  if (at === rest.cards.length && rest.cursor !== null) return rest;
  return { ...rest, cards: rest.cards.toSpliced(at, 0, card) };
}

/** The stack with a page behind it; cards that came meanwhile by themselves are not doubled. */
export function withPage(stack: Stack, page: readonly Summary[], cursor: string | null): Stack {
  const fresh = new Set(page.map((card) => card.id));
  return { cards: [...stack.cards.filter((card) => !fresh.has(card.id)), ...page], cursor };
}

/** Where a card stands by the time that it entered its state, and by its id where that is equal. */
function placeOf(cards: readonly Summary[], card: Summary): number {
  let low = 0;
  let high = cards.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = cards[middle];
    if (other !== undefined && before(other, card)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function before(a: Summary, b: Summary): boolean {
  // a caller who may only read gets no times
  const [mine, others] = [a.since ?? '', b.since ?? ''];
  return mine < others || (mine === others && a.id < b.id);
}
