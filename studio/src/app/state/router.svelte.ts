/** The address as state: pages read it, and write what is worth sharing back into it. */
import { href, parse, samePlace, type Address, type Place } from './address';

class Router {
  #address = $state.raw<Address>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => this.#read());
  }

  get place(): Place {
    return this.#address.place;
  }

  get query(): URLSearchParams {
    return this.#address.query;
  }

  /** Goes to another place: one step in the browser's history. */
  go(place: Place, query?: Record<string, string>): void {
    location.hash = href(place, query);
  }

  /** Changes what stands in the query, without a step in the history. An empty text leaves it out. */
  note(changes: Record<string, string>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') query.delete(name);
      else query.set(name, value);
    }
    const to = href(this.place, query);
    if (to === location.hash) return;
    // a state that is not ours may stand there
    history.replaceState(history.state, '', to);
    this.#address = { place: this.place, query };
  }

  #read(): void {
    const read = parse(location.hash);
    // the same object for the same place, so that nothing that depends on it alone runs again
    const place = samePlace(read.place, this.place) ? this.place : read.place;
    this.#address = { place, query: read.query };
  }
}

export const router = new Router();
