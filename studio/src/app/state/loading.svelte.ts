/**
 * One value from the server: loading, loaded, or failed.
 *
 * The old value stays during a reload, so a page never blinks; an error beside it says that
 * it may be old.
 */

export class Loading<T> {
  #value = $state.raw<T | undefined>(undefined);
  #error = $state.raw<Error | null>(null);
  #busy = $state(false);
  #asked = 0;
  readonly #ask: () => Promise<T>;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  get value(): T | undefined {
    return this.#value;
  }

  get error(): Error | null {
    return this.#error;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Asks (again). An answer that a later one has overtaken is dropped. */
  async load(): Promise<void> {
    const number = (this.#asked += 1);
    this.#busy = true;
    try {
      const value = await this.#ask();
      if (number !== this.#asked) return;
      this.#value = value;
      this.#error = null;
    } catch (error) {
      if (number !== this.#asked) return;
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    this.#busy = false;
  }
}

/** Runs soon, once for all calls within `ms`. */
export function soon(ms: number, run: () => void): { (): void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const call = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      run();
    }, ms);
  };
  call.cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return call;
}
