/** What went through a machine, in numbers that can be read: shares, rows, badges. */
import type { Badge } from '../../diagram';
import type { Flows, StateFlow } from '../../wire/types';
import type { Tree } from '../chart/tree';
import { triggerWords } from '../words/chart';
import { measured } from '../words/time';

export interface Row {
  id: string;
  flow: StateFlow;
}

export interface Way {
  /** Empty for those of the states around it. */
  transition: string;
  words: string;
  target: string;
  count: number;
  /** Of all that were taken out of the state; null where none was. */
  share: number | null;
}

const NONE: StateFlow = { entered: 0, left: 0, now: 0, dwell: null };

export function flowOf(flows: Flows, id: string): StateFlow {
  return { ...NONE, ...flows.states[id] };
}

/** Leaf states in document order. */
export function rowsOf(tree: Tree, flows: Flows): Row[] {
  return tree.leaves().map((state) => ({ id: state.id, flow: flowOf(flows, state.id) }));
}

/**
 * How those who left a state did: by its own transitions, the most taken first, and last with those
 * of the states around it, where there were any.
 */
export function waysOut(tree: Tree, flows: Flows, id: string): Way[] {
  const ways = tree.outgoing(id).map((one) => ({
    transition: one.id,
    words: triggerWords(tree, one),
    target: (one.targets ?? []).map((target) => tree.name(target)).join(', '),
    count: flows.transitions[one.id] ?? 0,
  }));
  const leaving = ways.filter((way) => way.target).reduce((sum, way) => sum + way.count, 0);
  const around = Math.max(0, flowOf(flows, id).left - leaving);
  const total = ways.reduce((sum, way) => sum + way.count, around);
  const rows = ways
    .map((way) => ({ ...way, target: way.target || 'stays' }))
    .sort((a, b) => b.count - a.count);
  if (around > 0)
    rows.push({ transition: '', words: 'with a state around it', target: '', count: around });
  return rows.map((way) => ({ ...way, share: total === 0 ? null : way.count / total }));
}

/** At each leaf how many are there now, and how long they stay. */
export function badgesOf(tree: Tree, flows: Flows): Map<string, Badge> {
  const badges = new Map<string, Badge>();
  for (const { id, flow } of rowsOf(tree, flows)) {
    const parts = [];
    if (flow.now > 0) parts.push(flow.now.toLocaleString('en'));
    if (flow.dwell) parts.push(`${measured(flow.dwell.median_seconds)}`);
    if (parts.length === 0) continue;
    badges.set(id, {
      text: parts.join(' · '),
      tone: 'plain',
      title:
        `${flow.now.toLocaleString('en')} now` +
        (flow.dwell
          ? `; half leave within ${measured(flow.dwell.median_seconds)}, ` +
            `95 % within ${measured(flow.dwell.p95_seconds)}`
          : ''),
    });
  }
  return badges;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1 %';
  return `${Math.round(share * 100)} %`;
}
