/**
 * Where an instance is and why, what it waits for and what may come: sentences for somebody who
 * knows nothing of it. The server tells the same in `summary`; here it counts on, and its words have
 * their kinds.
 */
import type { Explanation } from '../../wire/types';
import { entryTitle, lastPart, shortTimer } from './entry';
import { countdown, span } from './time';

export interface Piece {
  text: string;
  kind: 'plain' | 'state' | 'event' | 'time' | 'good' | 'warn' | 'bad';
}

export function story(told: Explanation, now: number): Piece[] {
  const pieces: Piece[] = [];
  const say = (text: string, kind: Piece['kind'] = 'plain') => pieces.push({ text, kind });
  const { status, state } = told.instance;
  lead(told, now, say);
  if (status === 'done' || status === 'cancelled') return pieces;
  if (status === 'paused') {
    say(' It is ');
    say('paused', 'warn');
    say(': events and timers wait until it is resumed.');
  }
  for (const incident of told.incidents) {
    say(' ');
    say(`${incident.name} waits for a person`, 'bad');
    say(`: ${sentence(incident.error)}`);
  }
  for (const effect of told.effects) {
    if (effect.status === 'running') say(` ${effect.name} is under way, at try ${effect.attempt}.`);
    else if (effect.status === 'child') say(` It waits for its ${effect.name} to end.`);
    else if (effect.status === 'waiting') {
      if (effect.next_at == null && effect.error == null) {
        say(` ${effect.name} waits for a worker with a place.`);
        continue;
      }
      const again = effect.next_at == null ? 'soon' : countdown(Date.parse(effect.next_at), now);
      say(` ${effect.name} `);
      say(`failed ${times(effect.attempt)}`, 'warn');
      say(` and is tried again ${again}.`);
    }
  }
  moves(told, say);
  for (const timer of told.timers) {
    const target = told.next.find((one) => one.transition === timer.id)?.targets[0];
    say(' ');
    say(`${capital(countdown(Date.parse(timer.due), now))}`, 'time');
    say(` the timer ${shortTimer(timer.id)} fires`);
    if (target !== undefined) {
      say(' and leads to ');
      say(lastPart(target), 'state');
    }
    say('.');
  }
  if (state.length > 0) late(told, now, say);
  return pieces;
}

type Say = (text: string, kind?: Piece['kind']) => void;

function lead(told: Explanation, now: number, say: Say): void {
  const { status, state } = told.instance;
  const age = span(now - Date.parse(told.since));
  const over = status === 'done' || status === 'cancelled';
  say(
    over
      ? `This instance is ${status === 'done' ? 'done' : 'cancelled'}: it ended in `
      : 'It is in ',
  );
  state.forEach((id, n) => {
    if (n > 0) say(n === state.length - 1 ? ' and ' : ', ');
    say(lastPart(id), 'state');
  });
  const [only] = told.active.filter((one) => one.id === state[0]);
  if (state.length === 1 && only?.doc) say(` – ${only.doc.replace(/\.$/, '')} –`);
  say(over ? ` ${age} ago` : ` for ${age}`);
  const because = told.because;
  if (because) {
    say(over ? ', because of ' : ', since ');
    say(because.kind === 'start' ? 'it was started' : entryTitle(because), 'event');
    if (because.caller) say(` by ${because.caller}`);
  }
  say('.');
}

/** Whose move it is, and what each event leads to. */
function moves(told: Explanation, say: Say): void {
  const events = told.next.filter((one) => one.kind === 'event' && one.possible !== false);
  const { owners } = told.instance;
  if (owners.length > 0) say(` It is ${owners.join(' and ')}’s move.`);
  else if (events.length > 0) say(' It waits for an event.');
  events.forEach((one, n) => {
    say(n === 0 ? ' ' : n === events.length - 1 ? ' or ' : ', ');
    say(one.event ?? 'any event', 'event');
    const target = one.targets[0];
    if (target === undefined) {
      say(' keeps it there');
      return;
    }
    say(' leads to ');
    say(lastPart(target), 'state');
  });
  if (events.length > 0) say('.');
}

function late(told: Explanation, now: number, say: Say): void {
  for (const state of told.active) {
    if (state.deadline == null) continue;
    const due = Date.parse(state.deadline);
    if (now < due) say(` Its deadline is ${countdown(due, now)}.`);
    else {
      say(' ');
      say(`Its time in ${lastPart(state.id)} is over since ${span(now - due)}.`, 'bad');
    }
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function sentence(text: string): string {
  const trimmed = text.trim().replace(/[:\s]+$/, '');
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed || 'no cause was told'}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
