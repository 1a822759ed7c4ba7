/** A live stream for as long as a component is shown, and whether it is connected. */
import { openStream, type StreamOptions, type StreamState } from '../../wire/stream';
import { client, session } from './session.svelte';

/** A page that nobody looks at gives its connection back after this long: a browser has only six. */
const HIDDEN_MS = 20_000;

type Given = Pick<StreamOptions, 'url' | 'onevent' | 'onopen' | 'onanew' | 'end'> & {
  after?: () => string;
};

export class Live {
  #state = $state<StreamState>('connecting');
  readonly #given: Given;
  #close: (() => void) | null = null;
  #opened = false;
  #hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(given: Given) {
    this.#given = given;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Gives what closes it for good. */
  open(): () => void {
    const seen = () => this.#seen();
    document.addEventListener('visibilitychange', seen);
    this.#connect();
    return () => {
      document.removeEventListener('visibilitychange', seen);
      clearTimeout(this.#hiding);
      this.#close?.();
    };
  }

  #connect(): void {
    this.#close = openStream({
      ...this.#given,
      after: this.#given.after?.() ?? null,
      headers: () => client.headers(),
      onrefused: (headers, error) => client.refused(headers, error),
      onstate: (state) => {
        this.#state = state;
        // a stream may end for reasons of its own; a request shows whether the server is away
        if (state === 'lost') void session.ask();
      },
      onopen: () => {
        this.#given.onopen?.(this.#opened);
        this.#opened = true;
      },
    });
  }

  #seen(): void {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#close?.();
        this.#close = null;
      }, HIDDEN_MS);
    } else if (this.#close === null && this.#state !== 'ended') {
      this.#connect();
    }
  }
}
