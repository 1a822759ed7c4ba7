/**
 * Changes of instances of all machines, from one stream for the whole page: a browser has six
 * connections to a server, and may show many pages.
 *
 * The stream has nothing from before its `hello`: at each one, the first and those after a lost
 * connection, all followers fetch again.
 */
import { untrack } from 'svelte';
import { readJson } from '../../wire/json';
import type { Summary } from '../../wire/types';
import { Live } from './live.svelte';
import { soon } from './loading.svelte';
import { client } from './session.svelte';
import { completeBy } from './stale';

/** When the stream said something last, by the client's clock. */
let heardAt = -Infinity;

/** What an answer that is asked for now has to have: all that the stream has reported. */
export const heard = (): number => heardAt;

export interface Follower {
  /** An instance as it is now. */
  changed: (instance: Summary) => void;
  /** Others may have changed, too: fetch again. */
  more: () => void;
}

/** Times and windows move on without changes, and other processes count a little later. */
const MOVES_ON_MS = 15_000;

const followers = new Set<Follower>();
let close: (() => void) | null = null;

const all = (notify: (follower: Follower) => void) => {
  for (const follower of [...followers]) notify(follower);
};

export const live = new Live({
  url: () => client.stream(),
  onevent: ({ event, data }) => {
    heardAt = performance.now();
    if (event === 'change') {
      const instance = readJson(data) as unknown as Summary;
      all((follower) => follower.changed(instance));
    } else if (event === 'more' || event === 'hello') all((follower) => follower.more());
  },
});

/** Notifies a follower of changes from now on; returns what ends that. */
export function listen(follower: Follower): () => void {
  followers.add(follower);
  close ??= live.open();
  return () => {
    followers.delete(follower);
    if (followers.size > 0) return;
    close?.();
    close = null;
  };
}

/**
 * Runs at once, and again where an instance of the machine (of any, if none is named) has changed,
 * `ms` later at the latest, while the page is visible; and once more as long as what it was answered
 * may be older than the last change. Returns a function that ends this.
 */
export function follow(
  machine: string | undefined,
  ms: number,
  run: () => Promise<void>,
): () => void {
  let ended = false;
  let busy = false;
  let due = false;
  let changedAt = -Infinity;
  let idle: ReturnType<typeof setTimeout> | undefined;
  const again = soon(ms, () => void ask());
  const change = () => {
    changedAt = heardAt;
    again();
  };
  const ask = async () => {
    if (ended || document.hidden) return;
    if (busy) {
      due = true;
      return;
    }
    busy = true;
    clearTimeout(idle);
    let by = Infinity;
    try {
      by = await completeBy(run);
    } finally {
      busy = false;
    }
    if (ended) return;
    if (due || by < changedAt) again();
    due = false;
    idle = setTimeout(() => void ask(), MOVES_ON_MS);
  };
  const seen = () => void ask();
  document.addEventListener('visibilitychange', seen);
  const stop = listen({
    changed: (instance) => {
      if (machine === undefined || instance.machine === machine) change();
    },
    more: change,
  });
  // its reads are no dependencies of the caller's effect
  untrack(() => void ask());
  return () => {
    ended = true;
    again.cancel();
    clearTimeout(idle);
    document.removeEventListener('visibilitychange', seen);
    stop();
  };
}
