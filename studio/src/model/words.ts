/**
 * What is written at arrows and in states. The words are those of
 * `src/statehold/formats/label.py`, so that Mermaid's text and the drawing say the same; only
 * delays are shorter here: `after 10 min`.
 */

import type {
  Block,
  Chart,
  Delay,
  Guard,
  Invoke,
  StateNode,
  Transition,
  TriggerKind,
} from './chart';

/** Characters of one name in a drawing. */
const NAME_LIMIT = 72;
/** Names of one list in a drawing. */
const NAMES_LIMIT = 8;

/** One arrow's words, part by part; parts that are not there are empty. */
export interface Words {
  /** `default` is the way from a history state to what it stands for before anything is recorded. */
  kind: TriggerKind | 'initial' | 'default';
  trigger: string;
  roles: string;
  guards: string;
  actions: string;
}

/** A line of what a state does. `transition`: the one without a target that it stands for. */
export interface Row {
  tag: 'owner' | 'runs' | 'entry' | 'exit' | 'within' | 'tags' | 'on';
  text: string;
  transition?: string;
}

/** What events mean to a person: their labels, and results and failures of what states run. */
export function outcomesOf(chart: Chart): Map<string, string> {
  const outcomes = new Map<string, string>();
  for (const event of chart.events ?? []) if (event.label) outcomes.set(event.name, event.label);
  for (const state of chart.states)
    for (const invoke of state.invokes ?? []) {
      const called = cut(calledIn(state, invoke) ?? near(invoke.name, state.id));
      outcomes.set(`done.invoke.${invoke.id}`, `on result of ${called}`);
      outcomes.set(`error.invoke.${invoke.id}`, `on failure of ${called}`);
    }
  return outcomes;
}

/** The id by which it differs from others of its name that its state runs. */
export function calledIn(state: StateNode, invoke: Invoke): string | undefined {
  const alike = (state.invokes ?? []).filter((other) => other.name === invoke.name);
  if (alike.length < 2) return undefined;
  const prefix = `${state.id}/`;
  return invoke.id.startsWith(prefix) ? invoke.id.slice(prefix.length) : invoke.id;
}

export function wordsOf(transition: Transition, outcomes: ReadonlyMap<string, string>): Words {
  const guards = transition.guards ?? [];
  const roles = guards.filter((guard) => guard.kind === 'by');
  const asked = guards.filter((guard) => guard.kind !== 'by');
  return {
    kind: transition.trigger.kind,
    trigger: triggerOf(transition, outcomes),
    roles: roles.length
      ? `by ${some(roles.map((guard) => guard.name.replaceAll(',', ' or '))).join(' and ')}`
      : '',
    guards: asked.length
      ? `[${some(asked.map((guard) => guardName(guard, transition.source))).join(' and ')}]`
      : '',
    actions: actionsOf(transition.actions, transition.source),
  };
}

/** All of it in one line, as `event by roles [guards] / actions`. */
export function sentence(words: Words): string {
  return [words.trigger, words.roles, words.guards, words.actions].filter(Boolean).join(' ');
}

/** `/ actions`; empty where there are none. */
export function actionsOf(blocks: readonly Block[] | undefined, place = ''): string {
  const names = namesOf(blocks, place);
  return names.length ? `/ ${some(names).join(', ')}` : '';
}

/** What a state does, a line each; `inside` are its transitions without a target. */
export function rowsOf(
  state: StateNode,
  inside: readonly Transition[],
  outcomes: ReadonlyMap<string, string>,
): Row[] {
  const rows: Row[] = [];
  if (state.owner) rows.push({ tag: 'owner', text: cut(state.owner) });
  for (const invoke of (state.invokes ?? []).slice(0, NAMES_LIMIT)) {
    const called = calledIn(state, invoke);
    const as = called === undefined ? '' : ` as ${cut(called)}`;
    rows.push({
      tag: 'runs',
      text: `${invoke.kind === 'machine' ? 'machine ' : ''}${cut(near(invoke.name, state.id))}${as}`,
    });
  }
  const entry = namesOf(state.entry, state.id);
  if (entry.length) rows.push({ tag: 'entry', text: some(entry).join(', ') });
  const exit = namesOf(state.exit, state.id);
  if (exit.length) rows.push({ tag: 'exit', text: some(exit).join(', ') });
  for (const transition of inside)
    rows.push({
      tag: 'on',
      text: sentence(wordsOf(transition, outcomes)).replace(/^on /, ''),
      transition: transition.id,
    });
  if (state.deadline) rows.push({ tag: 'within', text: spokenDelay(state.deadline, state.id) });
  if (state.tags?.length) rows.push({ tag: 'tags', text: some(state.tags).join(', ') });
  return rows;
}

const UNITS = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** `10 min`, `1 h 30 min`; or the name of the function that gives it. */
export function spokenDelay(delay: Delay | null | undefined, place = ''): string {
  if (delay == null || delay.seconds == null) return cut(near(delay?.function ?? '', place));
  const { seconds } = delay;
  const parts: string[] = [];
  let left = seconds;
  for (const [size, unit] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    left -= count * size;
  }
  // a fraction, or more than three units: the author of 90.5 s expects to read that
  if (left > 0 || parts.length > 3 || !parts.length) return `${+seconds.toPrecision(6)} s`;
  return parts.join(' ');
}

/** On one line, and no longer than a drawing bears. */
export function cut(name: string, limit = NAME_LIMIT): string {
  const line = name.replace(/\s+/g, ' ').trim();
  // by characters, so that no pair of surrogates is parted
  const letters = [...line];
  if (letters.length <= limit) return line;
  return `${letters
    .slice(0, limit - 1)
    .join('')
    .trimEnd()}…`;
}

function triggerOf(transition: Transition, outcomes: ReadonlyMap<string, string>): string {
  const { trigger } = transition;
  switch (trigger.kind) {
    case 'after':
      return `after ${spokenDelay(trigger.delay, transition.source)}`;
    case 'done':
      return 'on done';
    case 'any':
      return 'any event';
    case 'always':
      return 'always';
    case 'cancel':
      return 'on cancel';
    default:
      return some([
        ...new Set((trigger.events ?? []).map((name) => outcomes.get(name) ?? name)),
      ]).join(' or ');
  }
}

function guardName(guard: Guard, place: string): string {
  return guard.kind === 'in' ? `in ${guard.name}` : near(guard.name, place);
}

function namesOf(blocks: readonly Block[] | undefined, place: string): string[] {
  return (blocks ?? []).flatMap((block) =>
    block.map((action) => {
      const name = near(action.name, place);
      return action.kind === 'effect' ? `ask for ${name}` : name;
    }),
  );
}

/** A name as it is read at a state: without the path of the state around it that it begins with, as
 * names of a use of a state do. */
function near(name: string, place: string): string {
  for (let path = place; path; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const rest = name.slice(path.length + 1);
    if (name.startsWith(`${path}.`) && /^[\p{L}\p{N}_]+(#\d+)?$/u.test(rest)) return rest;
  }
  return name;
}

function some(names: readonly string[]): string[] {
  const found = names.slice(0, NAMES_LIMIT).map((name) => cut(name));
  const more = names.length - NAMES_LIMIT;
  return more > 0 ? [...found, `${more} more`] : found;
}
