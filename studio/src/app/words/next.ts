/** What can happen to an instance next, and why the rest can't. */
import type { Explanation, PossibleTransition } from '../../wire/types';
import { ROOT, type Tree } from '../chart/tree';
import { triggerWords } from './chart';

/** An event that can be sent, with every transition that may take it. */
export interface Choice {
  event: string;
  /** What people call it. */
  name: string;
  ways: { transition: string; from: string; leadsTo: string; only: string[]; certain: boolean }[];
  by: string[];
}

export interface Next {
  events: Choice[];
  /** What happens without an event from outside: timers, results of effects, completions. */
  itself: { transition: string; kind: string; when: string; leadsTo: string }[];
  notNow: { event: string; name: string; why: string }[];
}

export function nextOf(tree: Tree, explained: Explanation): Next {
  const choices = new Map<string, Choice>();
  const stopped = new Map<string, string[]>();
  const itself: Next['itself'] = [];
  for (const one of explained.next) {
    if (one.kind !== 'event') {
      if (one.possible !== false) itself.push(ofItself(tree, one));
      continue;
    }
    for (const event of one.event?.split(', ') ?? []) {
      if (one.possible === false) {
        const why = one.stopped_by?.join(', ') || 'a guard';
        stopped.set(event, [...(stopped.get(event) ?? []), `stopped by ${why}`]);
      } else take(tree, choices, event, one);
    }
  }
  return { events: [...choices.values()], itself, notNow: notNow(tree, choices, stopped) };
}

function take(
  tree: Tree,
  choices: Map<string, Choice>,
  event: string,
  one: PossibleTransition,
): void {
  const choice = choices.get(event) ?? {
    event,
    name: tree.event(event),
    ways: [],
    by: [],
  };
  choices.set(event, choice);
  const guards = tree.transition(one.transition)?.guards ?? [];
  choice.ways.push({
    transition: one.transition,
    from: tree.name(one.source),
    leadsTo: targets(tree, one),
    only: guards.filter((guard) => guard.kind !== 'by').map((guard) => guard.name),
    certain: one.possible === true,
  });
  for (const role of one.by ?? []) if (!choice.by.includes(role)) choice.by.push(role);
}

function ofItself(tree: Tree, one: PossibleTransition): Next['itself'][number] {
  const transition = tree.transition(one.transition);
  const when = transition === undefined ? one.kind : triggerWords(tree, transition);
  return { transition: one.transition, kind: one.kind, when, leadsTo: targets(tree, one) };
}

/** Events of the machine that no transition takes now: refused here, or accepted in other states only. */
function notNow(
  tree: Tree,
  choices: ReadonlyMap<string, Choice>,
  stopped: ReadonlyMap<string, string[]>,
): Next['notNow'] {
  const found: Next['notNow'] = [];
  const events = new Set((tree.chart.events ?? []).map((event) => event.name));
  for (const event of stopped.keys()) events.add(event);
  for (const event of events) {
    if (choices.has(event)) continue;
    const reasons = stopped.get(event);
    const places = (tree.chart.transitions ?? [])
      .filter((one) => one.trigger.events?.includes(event))
      .map((one) => (one.source ? tree.path(one.source) : tree.name(ROOT)));
    const elsewhere =
      places.length === 0
        ? 'no transition takes it'
        : `only from ${[...new Set(places)].join(', ')}`;
    found.push({ event, name: tree.event(event), why: reasons?.join('; ') ?? elsewhere });
  }
  return found;
}

function targets(tree: Tree, one: PossibleTransition): string {
  return one.targets.map((id) => tree.name(id)).join(', ') || 'stays where it is';
}
