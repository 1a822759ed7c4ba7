/**
 * A chart as the server gives it: `chart` of `GET /api/machines/{machine}`, which is
 * `Chart.to_json` of `src/statehold/chart/model.py`. Fields that have their default are left out.
 */

export type StateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
export type TriggerKind =
  'event' | 'any' | 'after' | 'always' | 'done' | 'result' | 'failure' | 'cancel';

/** The id of the state that holds all others. */
export const ROOT = '';

export interface Delay {
  seconds?: number | null;
  function?: string | null;
}

export interface Action {
  name: string;
  kind?: 'run' | 'effect';
}

/** Actions that stand or fall together. */
export type Block = readonly Action[];

export interface Guard {
  name: string;
  kind?: 'function' | 'in' | 'by';
}

export interface Initial {
  targets: readonly string[];
  actions?: readonly Block[];
}

export interface Invoke {
  id: string;
  name: string;
  kind?: 'effect' | 'machine';
}

export interface StateNode {
  id: string;
  kind: StateKind;
  parent?: string | null;
  initial?: Initial | null;
  entry?: readonly Block[];
  exit?: readonly Block[];
  invokes?: readonly Invoke[];
  deep?: boolean;
  output?: string | null;
  owner?: string | null;
  tags?: readonly string[];
  deadline?: Delay | null;
  doc?: string;
  /** What people read in place of the id; the server gives every state one. */
  label?: string;
}

export interface Trigger {
  kind: TriggerKind;
  events?: readonly string[];
  delay?: Delay | null;
}

export interface Transition {
  id: string;
  source: string;
  trigger: Trigger;
  targets?: readonly string[];
  guards?: readonly Guard[];
  actions?: readonly Block[];
  internal?: boolean;
  doc?: string;
}

export interface EventName {
  name: string;
  label?: string;
}

/** States and transitions are in document order, the root first. */
export interface Chart {
  name: string;
  version: number;
  states: readonly StateNode[];
  transitions?: readonly Transition[];
  events?: readonly EventName[];
  doc?: string;
  label?: string;
}
