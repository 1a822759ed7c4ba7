/** How long to wait before the next try: doubling, bounded, and spread so that not all come at once. */

export const FIRST_MS = 500;
export const LONGEST_MS = 15_000;

/** `tries` that failed so far, at least 1; `chance` from 0 to 1. */
export function backoff(tries: number, chance: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 16));
  return Math.round(full * (0.5 + 0.5 * chance));
}
