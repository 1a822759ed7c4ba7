/** Ages, countdowns and moments in words. Times are milliseconds unless the name says otherwise. */

const UNITS: readonly [name: string, short: string, ms: number][] = [
  ['day', 'd', 86_400_000],
  ['hour', 'h', 3_600_000],
  ['minute', 'min', 60_000],
  ['second', 's', 1000],
];

/** `3 min 20 s`: the two largest units; below a second `0 s`. */
export function span(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1000)) * 1000;
  const parts: string[] = [];
  for (const [, short, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${short}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0 s';
}

/** The same in one unit, for where there is little room: `3 min`. */
export function shortSpan(ms: number): string {
  return span(ms).split(' ').slice(0, 2).join(' ');
}

/** A median or a percentile, which may be short: `420 ms`, `3.2 s`, `4 min 10 s`. */
export function measured(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  return span(seconds * 1000);
}

/** `in 3 min 20 s`, `due now`, `4 s late`. */
export function countdown(due: number, now: number): string {
  const left = due - now;
  if (left >= 1000) return `in ${span(left)}`;
  if (left > -1000) return 'due now';
  return `${span(-left)} late`;
}

/** `3 min ago`; within the first second `just now`. */
export function ago(then: number, now: number): string {
  return now - then < 1000 ? 'just now' : `${shortSpan(now - then)} ago`;
}

/** The time of day, and the date where it is another day than now's. */
export function moment(at: number, now: number, locale?: string): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.toLocaleDateString(locale, { day: 'numeric', month: 'short' })} ${time}`;
}

export type Urgency = 'none' | 'calm' | 'soon' | 'over';

/** How a deadline stands: `soon` in the last quarter of its time. */
export function urgency(since: number, deadline: number | null, now: number): Urgency {
  if (deadline === null) return 'none';
  if (now >= deadline) return 'over';
  return deadline - now <= (deadline - since) / 4 ? 'soon' : 'calm';
}

/** What part of the time from `since` to `due` is over, 0 to 1. */
export function elapsed(since: number, due: number, now: number): number {
  if (due <= since) return 1;
  return Math.min(1, Math.max(0, (now - since) / (due - since)));
}
