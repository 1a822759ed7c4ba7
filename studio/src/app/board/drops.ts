/**
 * What a card may be dropped on: the columns that an event leads to, from where its instance is.
 *
 * The chart alone answers at once; the server's explanation of the instance then says which of
 * those its guards and its sender's roles allow.
 */
import type { PossibleTransition } from '../../wire/types';
import { ROOT, type Tree } from '../chart/tree';
import type { Lane } from './lanes';

export interface Offer {
  transition: string;
  event: string;
  /** What people call it. */
  name: string;
  /** null: it depends on the event's payload, or is not known yet. */
  possible: boolean | null;
  /** What says no. */
  stoppedBy: string[];
}

/** By column. One that is not there is reached by no event from here. */
export type Drops = Map<string, Offer[]>;

export function dropsOf(
  tree: Tree,
  lanes: readonly Lane[],
  state: readonly string[],
  next: readonly PossibleTransition[] | null,
): Drops {
  const drops: Drops = new Map();
  const answers = new Map((next ?? []).map((one) => [one.transition, one]));
  const active = new Set(state.flatMap((leaf) => [leaf, ...tree.ancestors(leaf), ROOT]));
  for (const transition of tree.chart.transitions ?? []) {
    if (transition.trigger.kind !== 'event' || !active.has(transition.source)) continue;
    const leaves = (transition.targets ?? []).flatMap((target) => tree.entry(target));
    const answer = answers.get(transition.id);
    for (const lane of lanes) {
      for (const column of lane.columns) {
        if (!leaves.some((leaf) => tree.within(leaf, column.id))) continue;
        // what stays where it is needs no drop
        if (state.some((leaf) => tree.within(leaf, column.id))) continue;
        const offers = drops.get(column.id) ?? [];
        drops.set(column.id, offers);
        for (const event of transition.trigger.events ?? []) {
          offers.push({
            transition: transition.id,
            event,
            name: tree.event(event),
            // null is an answer too: it depends
            possible: next === null ? null : answer === undefined ? false : answer.possible,
            stoppedBy: answer?.stopped_by ?? [],
          });
        }
      }
    }
  }
  return drops;
}

export type Verdict = 'open' | 'stopped' | 'closed';

/** `open`: a drop sends an event. `stopped`: a guard or a role says no. `closed`: no way leads there. */
export function verdict(offers: readonly Offer[] | undefined): Verdict {
  if (offers === undefined || offers.length === 0) return 'closed';
  return offers.some((offer) => offer.possible !== false) ? 'open' : 'stopped';
}

/** Why a column takes no drop, for people. */
export function refusal(offers: readonly Offer[] | undefined, column: string): string {
  if (offers === undefined || offers.length === 0) return `No event leads from here to ${column}.`;
  return offers
    .map((offer) =>
      offer.stoppedBy.length > 0
        ? `${offer.name} is stopped by ${offer.stoppedBy.join(', ')}.`
        : `${offer.name} is not possible now.`,
    )
    .join(' ');
}

/** Events that every one of these states takes, by the chart, in the chart's order. */
export function commonEvents(tree: Tree, states: readonly (readonly string[])[]): string[] {
  const [first, ...others] = states.map((state) => eventsFrom(tree, state));
  if (first === undefined) return [];
  return first.filter((event) => others.every((events) => events.includes(event)));
}

export function eventsFrom(tree: Tree, state: readonly string[]): string[] {
  const active = new Set(state.flatMap((leaf) => [leaf, ...tree.ancestors(leaf), ROOT]));
  const events = new Set<string>();
  for (const transition of tree.chart.transitions ?? []) {
    if (transition.trigger.kind !== 'event' || !active.has(transition.source)) continue;
    for (const event of transition.trigger.events ?? []) events.add(event);
  }
  return [...events];
}
