/** A list that comes in pages; asked again, as many of them as are shown. */

export interface Page<T> {
  items: T[];
  cursor: string | null;
  /** The total count, if the server returns it. */
  count?: number;
}

export class Pages<T> {
  readonly #ask: (cursor: string | undefined) => Promise<Page<T>>;
  #items = $state.raw<T[] | undefined>(undefined);
  #count = $state.raw<number | null>(null);
  #cursor = $state.raw<string | null>(null);
  #error = $state.raw<Error | null>(null);
  #pages = 1;
  #asked = 0;

  constructor(ask: (cursor: string | undefined) => Promise<Page<T>>) {
    this.#ask = ask;
  }

  /** undefined: not known yet. */
  get items(): T[] | undefined {
    return this.#items;
  }

  get count(): number | null {
    return this.#count;
  }

  get more(): boolean {
    return this.#cursor !== null;
  }

  get error(): Error | null {
    return this.#error;
  }

  /** From the first page on, since other things are asked for now. */
  reset(): void {
    this.#pages = 1;
    this.#items = undefined;
    this.#cursor = null;
  }

  async loadMore(): Promise<void> {
    this.#pages += 1;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const number = (this.#asked += 1);
    try {
      const found: T[] = [];
      let cursor: string | undefined;
      let count: number | null = null;
      for (let page = 0; page < this.#pages; page += 1) {
        const answer = await this.#ask(cursor);
        found.push(...answer.items);
        count ??= answer.count ?? null;
        cursor = answer.cursor ?? undefined;
        if (cursor === undefined) break;
      }
      if (number !== this.#asked) return;
      this.#items = found;
      this.#count = count;
      this.#cursor = cursor ?? null;
      this.#error = null;
    } catch (error) {
      if (number === this.#asked) {
        this.#error = error instanceof Error ? error : new Error(String(error));
      }
    }
  }
}
