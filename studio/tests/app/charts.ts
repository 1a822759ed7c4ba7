/** Charts that the tests share: small, and like those of the examples. */
import type { Chart, Explanation, Summary } from '../../src/wire/types';

export const ORDER: Chart = {
  name: 'order',
  version: 1,
  states: [
    { id: '', kind: 'compound', initial: { targets: ['creating'] } },
    { id: 'creating', kind: 'atomic', parent: '', owner: 'restaurant', doc: 'Create order.' },
    { id: 'fulfilling', kind: 'parallel', parent: '' },
    {
      id: 'fulfilling.kitchen',
      kind: 'compound',
      parent: 'fulfilling',
      initial: { targets: ['fulfilling.kitchen.cooking'] },
    },
    { id: 'fulfilling.kitchen.cooking', kind: 'atomic', parent: 'fulfilling.kitchen' },
    { id: 'fulfilling.kitchen.packed', kind: 'final', parent: 'fulfilling.kitchen' },
    {
      id: 'fulfilling.courier',
      kind: 'compound',
      parent: 'fulfilling',
      initial: { targets: ['fulfilling.courier.asked'] },
    },
    { id: 'fulfilling.courier.asked', kind: 'atomic', parent: 'fulfilling.courier' },
    { id: 'fulfilling.courier.waiting', kind: 'final', parent: 'fulfilling.courier' },
    { id: 'fulfilling.courier.again', kind: 'history', parent: 'fulfilling.courier' },
    { id: 'delivered', kind: 'final', parent: '' },
    { id: 'cancelled', kind: 'final', parent: '' },
  ],
  transitions: [
    {
      id: 'accept',
      source: 'creating',
      trigger: { kind: 'event', events: ['Accept'] },
      targets: ['fulfilling'],
      guards: [{ name: 'open' }, { name: 'restaurant', kind: 'by' }],
    },
    {
      id: 'lapse',
      source: 'creating',
      trigger: { kind: 'after', events: ['after.lapse'], delay: { seconds: 600 } },
      targets: ['cancelled'],
    },
    {
      id: 'pack',
      source: 'fulfilling.kitchen.cooking',
      trigger: { kind: 'event', events: ['Packed'] },
      targets: ['fulfilling.kitchen.packed'],
    },
    {
      id: 'cancel',
      source: '',
      trigger: { kind: 'event', events: ['Cancel'] },
      targets: ['cancelled'],
    },
    {
      id: 'finish',
      source: 'fulfilling',
      trigger: { kind: 'done', events: ['done.state.fulfilling'] },
      targets: ['delivered'],
    },
  ],
  events: [{ name: 'Accept' }, { name: 'Packed' }, { name: 'Cancel' }],
};

export const AT = Date.parse('2026-01-01T12:00:00Z');

export function summary(id: string, seconds: number, given: Partial<Summary> = {}): Summary {
  const since = new Date(AT + seconds * 1000).toISOString();
  return {
    machine: 'order',
    id,
    version: 1,
    seq: 1,
    status: 'running',
    state: ['creating'],
    tags: [],
    owners: [],
    indexes: {},
    created_at: since,
    since,
    changed_at: since,
    next_at: null,
    ...given,
  } as Summary;
}

export function explanation(given: Partial<Explanation> = {}): Explanation {
  return {
    summary: '',
    parts: [],
    instance: {
      machine: 'order',
      id: 'o-1',
      version: 1,
      seq: 1,
      status: 'running',
      state: ['creating'],
      view: {},
      tags: [],
      owners: [],
      allowed: [],
      held: false,
    },
    since: new Date(AT).toISOString(),
    because: null,
    active: [],
    timers: [],
    effects: [],
    may: [],
    next: [],
    incidents: [],
    ...given,
  };
}

export function possible(
  transition: string,
  event: string | null,
  targets: string[],
  given: Partial<Explanation['next'][number]> = {},
): Explanation['next'][number] {
  return {
    transition,
    kind: 'event',
    event,
    source: 'creating',
    targets,
    possible: true,
    stopped_by: [],
    by: [],
    due: null,
    doc: '',
    label: event ?? '',
    ...given,
  };
}
