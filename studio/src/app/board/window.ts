/** Which lines of a long list stand in a window onto it. */

export interface Window {
  first: number;
  /** Behind the last. */
  end: number;
}

/** `spare` lines on either side, so that a fast wheel shows no gap. */
export function windowOf(
  top: number,
  height: number,
  line: number,
  count: number,
  spare = 6,
): Window {
  const first = Math.max(0, Math.floor(top / line) - spare);
  const end = Math.min(count, Math.ceil((top + height) / line) + spare);
  return { first: Math.min(first, end), end };
}
