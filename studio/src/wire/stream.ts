/**
 * One live stream that stays: it comes back after a lost connection, from where it was.
 *
 * Rules:
 *
 * 1. `Last-Event-ID` is the id of the last event that was given on, so nothing is missed and
 *    nothing but notes comes twice.
 * 2. Silence for longer than the server's heartbeat allows is a lost connection.
 * 3. Between tries it waits longer each time, up to a bound; an answer that says "no" for good
 *    (4xx) ends the stream.
 * 4. One answer 401 is no end where the caller signs in again.
 * 5. A position that the server does not have (`beyond-end`), as after a backup was restored, does
 *    not: `onanew` is called, and the stream begins anew without a position.
 */
import { backoff } from './backoff';
import { EventParser, type ServerEvent } from './events';
import { Problem, Unreachable, WireError, problemOf } from './problem';

export type StreamState = 'connecting' | 'open' | 'lost' | 'ended';

export interface StreamOptions {
  url: () => string;
  headers: () => Record<string, string> | Promise<Record<string, string>>;
  /** After an answer 401 to these headers: whether it is worth asking again. */
  onrefused?: (headers: Record<string, string>, error: WireError) => boolean | Promise<boolean>;
  /** The id to go on from; null: none. */
  after?: string | null;
  onevent: (event: ServerEvent) => void;
  onstate: (state: StreamState, error: WireError | null) => void;
  /** At each connection; `again` after a lost one. */
  onopen?: (again: boolean) => void;
  /** What was seen is not the history any more; all of it follows. */
  onanew?: () => void;
  /** An event of this name is the stream's end. */
  end?: string;
  fetch?: typeof fetch;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  chance?: () => number;
  silenceMs?: number;
}

/** Three of the server's heartbeats (15 s). */
const SILENCE_MS = 45_000;

/** Opens a stream and gives the function that closes it. */
export function openStream(options: StreamOptions): () => void {
  const control = new AbortController();
  void run(options, control.signal);
  return () => control.abort();
}

async function run(options: StreamOptions, signal: AbortSignal): Promise<void> {
  const wait = options.wait ?? sleep;
  const chance = options.chance ?? Math.random;
  let last = options.after ?? null;
  let failed = 0;
  let opened = false;
  let refused = false;
  options.onstate('connecting', null);
  while (!signal.aborted) {
    let error: WireError | null = null;
    let who: Record<string, string> = {};
    try {
      who = await options.headers();
      for await (const event of events(options, who, last, signal, () => {
        failed = 0;
        refused = false;
        options.onstate('open', null);
        options.onopen?.(opened);
        opened = true;
      })) {
        if (signal.aborted) return;
        if (event.event === options.end) {
          options.onstate('ended', null);
          return;
        }
        if (event.id !== null) last = event.id;
        options.onevent(event);
      }
    } catch (caught) {
      if (signal.aborted) return;
      error = caught instanceof WireError ? caught : new Unreachable(String(caught));
    }
    if (signal.aborted) return;
    if (error instanceof Problem && error.code === 'beyond-end' && last !== null) {
      last = null;
      options.onanew?.();
      continue;
    }
    if (error instanceof Problem && error.status === 401 && !refused) {
      refused = true;
      if (await options.onrefused?.(who, error)) continue;
    }
    if (signal.aborted) return;
    if (error instanceof Problem && error.status < 500 && error.status !== 429) {
      options.onstate('ended', error);
      return;
    }
    failed += 1;
    options.onstate('lost', error);
    await wait(backoff(failed, chance()), signal);
  }
}

async function* events(
  options: StreamOptions,
  who: Record<string, string>,
  last: string | null,
  signal: AbortSignal,
  opened: () => void,
): AsyncGenerator<ServerEvent> {
  const silence = new AbortController();
  const stop = () => silence.abort();
  signal.addEventListener('abort', stop);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, options.silenceMs ?? SILENCE_MS);
  };
  try {
    heard();
    const response = await (options.fetch ?? fetch)(options.url(), {
      headers: {
        accept: 'text/event-stream',
        ...(last === null ? {} : { 'last-event-id': last }),
        ...who,
      },
      cache: 'no-store',
      signal: silence.signal,
    });
    if (!response.ok) throw await problemOf(response);
    if (response.body === null) throw new Unreachable('the stream has no body');
    opened();
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    // a generator that is left early leaves its request behind otherwise
    silence.abort();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    // the network coming back is worth a try at once
    globalThis.addEventListener?.('online', done);
    signal.addEventListener('abort', done);
    function done() {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
