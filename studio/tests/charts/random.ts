/**
 * Charts nobody would think of, from a seed: groups in groups, regions, history, loops, arrows across
 * all of it. The same seed gives the same chart.
 */

import type { Action, Chart, Guard, StateNode, Transition } from '../../src/model/chart';

const WORDS = 'offer order courier kitchen payment refund review ship wait retry check close'.split(
  ' ',
);

/** Numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Shape {
  /** About as many states. */
  states: number;
  /** Arrows for each state. */
  density: number;
}

/** From 3 to 100 states, thin and dense. */
export function shapeFor(seed: number): Shape {
  const random = randomFrom(seed * 7919 + 1);
  return { states: 3 + Math.floor(random() ** 1.5 * 98), density: 0.6 + random() * 0.9 };
}

export function randomChart(seed: number, shape: Shape = shapeFor(seed)): Chart {
  return new Builder(randomFrom(seed)).chart(seed, shape);
}

class Builder {
  private readonly states: StateNode[] = [];
  private readonly transitions: Transition[] = [];

  constructor(private readonly random: () => number) {}

  chart(seed: number, { states, density }: Shape): Chart {
    const kind = this.chance(0.06) ? 'parallel' : 'compound';
    this.states.push({ id: '', kind, parent: null });
    const root = 0;
    this.fill(root, states, 0);
    const count = Math.round(this.states.length * density);
    for (let number = 0; number < count; number++) this.connect(number);
    if (this.chance(0.1)) this.add('', this.pick(this.states.slice(1)).id, this.states.length);
    return {
      name: `chart-${seed}`,
      version: 1,
      states: this.states,
      transitions: this.transitions,
    };
  }

  /** Puts about `budget` states into the one at `place`, in document order. */
  private fill(place: number, budget: number, depth: number): void {
    const holder = this.states[place]!;
    const parallel = holder.kind === 'parallel';
    const children: string[] = [];
    let left = budget;
    const width = parallel ? 2 + Math.floor(this.random() * 3) : 2 + Math.floor(this.random() * 7);
    while (left > 0 && (children.length < width || depth >= 4)) {
      const nest = depth < 4 && left > 3 && (parallel || this.chance(0.35));
      const share = nest ? Math.min(left, 2 + Math.floor(this.random() * left)) : 0;
      children.push(this.state(holder.id, children.length, share, depth));
      left -= 1 + share;
    }
    while (left > 0 && !parallel) {
      const share = Math.min(left - 1, 12);
      children.push(this.state(holder.id, children.length, share > 2 ? share : 0, depth));
      left -= 1 + (share > 2 ? share : 0);
    }
    if (!children.length) children.push(this.state(holder.id, 0, 0, depth));
    if (!parallel && this.chance(0.15)) {
      const id = this.id(holder.id, `h${children.length}`);
      const deep = this.chance(0.5);
      this.states.push({
        id,
        kind: 'history',
        parent: holder.id,
        deep,
        initial: { targets: [this.pick(children)] },
      });
    }
    if (!parallel) holder.initial = { targets: [children[0]!] };
  }

  private state(parent: string, number: number, budget: number, depth: number): string {
    const id = this.id(parent, `${this.pick(WORDS)}${number}`);
    const kind = budget
      ? this.chance(0.25) && budget > 3
        ? 'parallel'
        : 'compound'
      : this.chance(0.1) && number > 0
        ? 'final'
        : 'atomic';
    const node: StateNode = { id, kind, parent };
    if (this.chance(0.25)) node.entry = [this.actions()];
    if (this.chance(0.1)) node.exit = [this.actions()];
    if (kind === 'atomic' && this.chance(0.15))
      node.invokes = [{ id: `${id}.0`, name: this.name() }];
    if (this.chance(0.1)) node.owner = this.pick(WORDS);
    if (this.chance(0.1)) node.deadline = { seconds: 60 * Math.ceil(this.random() * 90) };
    this.states.push(node);
    if (budget) this.fill(this.states.length - 1, budget, depth + 1);
    return id;
  }

  private connect(number: number): void {
    const sources = this.states.filter(
      (one) => one.id && one.kind !== 'final' && one.kind !== 'history',
    );
    const source = this.pick(sources);
    if (this.chance(0.06)) return this.add(source.id, null, number);
    if (this.chance(0.06)) return this.add(source.id, source.id, number);
    const near = this.states.filter((one) => one.parent === source.parent && one.id !== source.id);
    const pool = this.chance(0.75) && near.length ? near : this.states.slice(1);
    this.add(source.id, this.pick(pool).id, number);
  }

  private add(source: string, target: string | null, number: number): void {
    const kinds = ['event', 'event', 'event', 'after', 'always', 'done', 'any'] as const;
    const kind = this.pick(kinds);
    this.transitions.push({
      id: `t${number}`,
      source,
      trigger: {
        kind,
        ...(kind === 'event' ? { events: [this.name()] } : {}),
        ...(kind === 'after' ? { delay: { seconds: Math.ceil(this.random() * 7200) } } : {}),
      },
      targets: target === null ? [] : [target],
      ...(this.chance(0.3) ? { guards: [this.guard()] } : {}),
      ...(this.chance(0.35) || target === null ? { actions: [this.actions()] } : {}),
    });
  }

  private guard(): Guard {
    return this.chance(0.3)
      ? { name: this.pick(WORDS), kind: 'by' }
      : { name: `${this.name()}${this.chance(0.2) ? ' and data.items[0].price < 100' : ''}` };
  }

  private actions(): Action[] {
    return Array.from({ length: 1 + Math.floor(this.random() * 2) }, () => ({ name: this.name() }));
  }

  private name(): string {
    return `${this.pick(WORDS)}_${this.pick(WORDS)}`;
  }

  private id(parent: string, name: string): string {
    return parent ? `${parent}.${name}` : name;
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)]!;
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }
}
