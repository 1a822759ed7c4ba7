/** Awkward ones: loops, arrows from a group to what it holds and back, across regions, history. */

import type { Chart, StateKind, StateNode, Transition } from '../../src/model/chart';

export function state(id: string, kind: StateKind = 'atomic', more: Partial<StateNode> = {}) {
  const parent = id.includes('.') ? id.slice(0, id.lastIndexOf('.')) : '';
  return { id, kind, parent, ...more } satisfies StateNode;
}

export function on(
  event: string,
  source: string,
  target: string | readonly string[] | null,
  more: Partial<Transition> = {},
): Transition {
  const targets = target === null ? [] : typeof target === 'string' ? [target] : target;
  return {
    id: `${source}:${event}`,
    source,
    targets,
    trigger: { kind: 'event', events: [event] },
    ...more,
  };
}

/** The root is entered at the first state. */
export function chartOf(states: StateNode[], transitions: Transition[], name = 'cases'): Chart {
  const root: StateNode = { id: '', kind: 'compound', parent: null };
  const first = states[0];
  if (first) root.initial = { targets: [first.id] };
  return { name, version: 1, states: [root, ...states], transitions };
}

export const CASES = chartOf(
  [
    state('A', 'compound', {
      initial: { targets: ['A.a1'], actions: [[{ name: 'prepare' }]] },
      entry: [[{ name: 'openSession' }]],
    }),
    state('A.a1'),
    state('A.a2'),
    state('A.past', 'history', { deep: true, initial: { targets: ['A.a1'] } }),
    state('P', 'parallel'),
    state('P.left', 'compound', { initial: { targets: ['P.left.l1'] } }),
    state('P.left.l1'),
    state('P.left.l2'),
    state('P.mid', 'compound', { initial: { targets: ['P.mid.m1'] } }),
    state('P.mid.m1'),
    state('P.mid.m2', 'final'),
    state('P.right', 'compound', { initial: { targets: ['P.right.r1'] } }),
    state('P.right.r1'),
    state('P.right.r2', 'atomic', {
      owner: 'support',
      tags: ['open', 'late'],
      deadline: { seconds: 5400 },
      invokes: [{ id: 'r2.0', name: 'ask_partner' }],
      exit: [[{ name: 'close' }]],
    }),
    state('Z', 'final'),
  ],
  [
    on('retry', 'A', 'A', { actions: [[{ name: 'log' }]] }),
    on('reset', 'A', 'A.a1'),
    on('stop', 'A', 'Z'),
    on('next', 'A.a1', 'A.a2'),
    on('note', 'A.a1', null, { actions: [[{ name: 'remember' }]], guards: [{ name: 'open' }] }),
    on('again', 'A.a2', 'A.a2', { guards: [{ name: 'n < 3' }] }),
    on('restart', 'A.a2', 'A'),
    on('fork', 'A.a2', ['P.left.l2', 'P.right.r2']),
    on('all', 'A.a2', 'P'),
    on('x', 'P.left.l1', 'P.left.l2'),
    on('bail', 'P.left.l2', 'A.past'),
    on('y', 'P.mid.m1', 'P.mid.m2'),
    {
      id: 'wait',
      source: 'P.right.r1',
      targets: ['P.right.r2'],
      trigger: { kind: 'after', delay: { seconds: 3600 } },
      actions: [[{ name: 'nudge' }, { name: 'escalate', kind: 'effect' }]],
    },
    on('done', 'P.right.r2', 'Z', {
      guards: [
        { name: 'support,owner', kind: 'by' },
        { name: "data.items.exists(item, item.price > 100.0 && item.name != '')" },
      ],
    }),
    {
      id: 'answered',
      source: 'P.right.r2',
      targets: ['Z'],
      trigger: { kind: 'result', events: ['done.invoke.r2.0'] },
    },
    {
      id: 'failed',
      source: 'P.right.r2',
      targets: ['P.right.r1'],
      trigger: { kind: 'failure', events: ['error.invoke.r2.0'] },
    },
    { id: 'over', source: 'P', targets: ['Z'], trigger: { kind: 'done' } },
  ],
);
