/** The server's time, updated each second, for ages and countdowns. */

class Clock {
  #now = $state(Date.now());
  #ahead = 0;

  constructor() {
    setInterval(() => {
      // what nobody sees need not be counted down
      if (!document.hidden) this.#now = Date.now() + this.#ahead;
    }, 1000);
    document.addEventListener('visibilitychange', () => {
      this.#now = Date.now() + this.#ahead;
    });
  }

  get now(): number {
    return this.#now;
  }

  /** The server's time at an answer; less than two seconds off is the network's. */
  set(server: number): void {
    const ahead = server - Date.now();
    this.#ahead = Math.abs(ahead) < 2000 ? 0 : ahead;
    this.#now = Date.now() + this.#ahead;
  }
}

export const clock = new Clock();
