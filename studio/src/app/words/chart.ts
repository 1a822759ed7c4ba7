/** A chart's parts in words, as `src/statehold/formats/label.py` says them. */
import { calledIn } from '../../model/words';
import type { Delay, Guard, StateNode, Transition } from '../../wire/types';
import type { Tree } from '../chart/tree';

const UNITS: readonly [seconds: number, unit: string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** `10 minutes`, in the largest unit that leaves a whole number; a function's name as it is. */
export function delayWords(delay: Delay | null | undefined): string {
  const seconds = delay?.seconds;
  if (seconds == null) return delay?.function ?? '';
  for (const [size, unit] of UNITS) {
    const count = seconds / size;
    if (count >= 1 && Number.isInteger(count)) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${seconds} seconds`;
}

/** What has to happen for a transition: `Accept`, `after 10 minutes`, `on result of charge`. */
export function triggerWords(tree: Tree, transition: Transition): string {
  const { kind, events = [], delay } = transition.trigger;
  switch (kind) {
    case 'after':
      return `after ${delayWords(delay)}`;
    case 'done':
      return 'on done';
    case 'any':
      return 'any event';
    case 'always':
      return 'always';
    case 'cancel':
      return 'on cancel';
    case 'result':
    case 'failure':
      return outcomeWords(tree, transition);
    case 'event':
      return events.map((event) => tree.event(event)).join(' or ');
  }
}

/** `result` and `failure` events carry an invoke's id; people know the effect's name. */
function outcomeWords(tree: Tree, transition: Transition): string {
  const names = (transition.trigger.events ?? []).map((event) => {
    for (const state of tree.chart.states) {
      for (const invoke of state.invokes ?? []) {
        if (event.endsWith(`.${invoke.id}`) || event.endsWith(`:${invoke.id}`))
          return calledIn(state, invoke) ?? invoke.name;
      }
    }
    return event;
  });
  return `on ${transition.trigger.kind} of ${names.join(' or ')}`;
}

export function guardWords(guards: readonly Guard[]): string[] {
  return guards
    .filter((guard) => guard.kind !== 'by')
    .map((guard) => (guard.kind === 'in' ? `in ${guard.name}` : guard.name));
}

/** The roles of which the sender needs one, for each `by`. */
export function rolesOf(guards: readonly Guard[]): string[] {
  return guards
    .filter((guard) => guard.kind === 'by')
    .map((guard) => guard.name.split(',').join(' or '));
}

export function actionNames(blocks: Transition['actions']): string[] {
  return (blocks ?? [])
    .flat()
    .map((action) => (action.kind === 'effect' ? `ask for ${action.name}` : action.name));
}

export function kindWords(state: StateNode): string {
  const words: Record<StateNode['kind'], string> = {
    atomic: 'state',
    compound: 'compound state',
    parallel: 'parallel state',
    final: 'final state',
    history: state.deep ? 'deep history' : 'history',
  };
  return words[state.kind];
}
