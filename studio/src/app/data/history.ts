/**
 * The steps of an instance, as far as they were asked for. A journal may be long, so it is loaded in
 * blocks around what is looked at, the newest first.
 */
import type { JournalEntry } from '../../wire/types';

export interface Step {
  entry: JournalEntry;
  /** Notes under the step: attempts, incidents, operator actions. */
  notes: JournalEntry[];
}

export const BLOCK = 100;

export class History {
  readonly #steps = new Map<number, Step>();
  readonly #notes = new Map<number, Map<number, JournalEntry>>();
  readonly #loaded = new Set<number>();
  #last = 0;

  /** The last step that is known of, 0 before any is. */
  get last(): number {
    return this.#last;
  }

  step(seq: number): Step | undefined {
    return this.#steps.get(seq);
  }

  /** There are steps up to `seq`, whether they are here or not. */
  reach(seq: number): void {
    this.#last = Math.max(this.#last, seq);
  }

  /** Takes a line, in any order and as often as it comes. */
  put(entry: JournalEntry): void {
    this.reach(entry.seq);
    const part = entry.part ?? 0;
    if (part > 0) {
      const notes = this.#notes.get(entry.seq) ?? new Map<number, JournalEntry>();
      this.#notes.set(entry.seq, notes.set(part, entry));
    }
    const known = part === 0 ? entry : this.#steps.get(entry.seq)?.entry;
    if (known === undefined) return;
    const notes = [...(this.#notes.get(entry.seq) ?? [])].sort(([a], [b]) => a - b);
    this.#steps.set(entry.seq, { entry: known, notes: notes.map(([, note]) => note) });
  }

  /** Blocks that hold steps from `first` to `last` and were not loaded, the newest first. */
  missing(first: number, last: number): number[] {
    const blocks: number[] = [];
    const top = Math.min(last, this.#last);
    for (let block = blockOf(top); block >= blockOf(Math.max(1, first)); block -= 1) {
      if (!this.#loaded.has(block)) blocks.push(block);
    }
    return blocks;
  }

  /** A block is being loaded, or was. */
  mark(block: number): void {
    this.#loaded.add(block);
  }

  unmark(block: number): void {
    this.#loaded.delete(block);
  }
}

/** Steps 1 to 100 are block 0. */
export function blockOf(seq: number): number {
  return Math.floor((Math.max(1, seq) - 1) / BLOCK);
}

/** Which steps stand in a strip that is scrolled to `left`, with some on either side. */
export function stepsInView(
  left: number,
  width: number,
  size: number,
  last: number,
  spare = 4,
): [first: number, last: number] {
  const first = Math.max(1, Math.floor(left / size) + 1 - spare);
  const until = Math.min(last, Math.ceil((left + width) / size) + spare);
  return [Math.min(first, until), until];
}
