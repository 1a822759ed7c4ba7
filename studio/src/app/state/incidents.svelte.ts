/** Open incidents, page by page; asked again, as many pages as are shown are. */
import type { Incident } from '../../wire/types';
import { client } from './session.svelte';

const PAGE = 100;

export class IncidentPages {
  readonly #machine: () => string | undefined;
  #incidents = $state.raw<Incident[] | undefined>(undefined);
  #count = $state.raw<number | null>(null);
  #cursor = $state.raw<string | null>(null);
  #error = $state.raw<Error | null>(null);
  #pages = 1;
  #asked = 0;

  constructor(machine: () => string | undefined) {
    this.#machine = machine;
  }

  /** undefined: not known yet. */
  get incidents(): Incident[] | undefined {
    return this.#incidents;
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

  async loadMore(): Promise<void> {
    this.#pages += 1;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const number = (this.#asked += 1);
    const machine = this.#machine();
    try {
      const found: Incident[] = [];
      let cursor: string | undefined;
      let count: number | null = null;
      for (let page = 0; page < this.#pages; page += 1) {
        const answer = await client.incidents(machine, cursor, PAGE);
        found.push(...answer.incidents);
        count ??= answer.count;
        cursor = answer.cursor ?? undefined;
        if (cursor === undefined) break;
      }
      if (number !== this.#asked) return;
      this.#incidents = found;
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
