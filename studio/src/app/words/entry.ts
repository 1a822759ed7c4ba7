/** Titles of journal entries. */
import type { Tree } from '../chart/tree';
import { isObject } from '../../wire/json';
import type { Json, JournalEntry, JsonObject } from '../../wire/types';

export function eventOf(entry: JournalEntry): JsonObject {
  const { event } = entry;
  return isObject(event) ? event : {};
}

/** What happened, short: `Restaurant accepted`, `timer cooked`, `paused`. */
export function entryTitle(entry: JournalEntry, tree?: Tree): string {
  const event = eventOf(entry);
  const name = (key: string) => (typeof event[key] === 'string' ? event[key] : '');
  const worker = name('effect') || name('machine') || 'effect';
  switch (entry.kind) {
    case 'start':
      return 'started';
    case 'timer':
      return `timer ${shortTimer(name('timer'))}`.trim();
    case 'result':
      return `${worker} done`;
    case 'failure':
      return `${worker} failed`;
    case 'upgrade':
      return `upgraded to ${entry.version}`;
    case 'pause':
      return 'paused';
    case 'resume':
      return 'resumed';
    case 'cancel':
      return entry.status === 'cancelled' ? 'cancelled' : 'cancelled, cleans up';
    default:
      return (tree?.event(name('type')) ?? name('type')) || entry.kind;
  }
}

/** Who did it, and whether an authenticator has proved that: ` · by ada`, ` · by ada, as claimed`. */
export function callerOf(entry: JournalEntry): string {
  if (!entry.caller) return '';
  return ` · by ${entry.caller}${entry.proved ? '' : ', as claimed'}`;
}

/** The title of a note under a step: `offer attempt 2 failed`. */
export function noteTitle(entry: JournalEntry): string {
  const [effect] = entry.effects ?? [];
  const who = effect?.name ?? shortTimer(timerOf(entry));
  const does: Record<string, string> = {
    tried: `attempt ${effect?.attempt ?? ''} failed`,
    done: 'done',
    incident: 'needs a decision',
    retry: 'retried by an operator',
    skip: 'skipped by an operator',
    resolve: 'resolved by an operator',
    refused: 'refused',
    fire: 'fired by an operator',
    'cancel-timer': 'timer cancelled by an operator',
    reschedule: 'rescheduled by an operator',
  };
  return `${who} ${does[entry.kind] ?? entry.kind}`.trim();
}

/** Members of an event beside its type, where a person wants to read them. */
export function payloadOf(entry: JournalEntry): [string, Json][] {
  const hidden = new Set(['type', 'digest', 'timer']);
  return Object.entries(eventOf(entry)).filter(([name]) => !hidden.has(name));
}

/** The last part of where a state is: `standard.creating` is `creating`. */
export function lastPart(id: string): string {
  return id.slice(id.lastIndexOf('.') + 1);
}

/** A timer's id is its transition's, which may have its state in brackets. */
export function shortTimer(id: string): string {
  return lastPart(id.replace(/\[.*$/s, ''));
}

function timerOf(entry: JournalEntry): string {
  const timer = eventOf(entry)['timer'];
  return typeof timer === 'string' ? timer : (Object.keys(entry.timers ?? {})[0] ?? '');
}
