import { expect, test, vi } from 'vitest';
import type { ElkNode } from 'elkjs/lib/elk-api';
import { SceneCache, keyOf } from '../../src/layout/cache';
import { LayoutTimedOut, TooManyLayouts, WorkerEngine } from '../../src/layout/engine';
import type { Scene } from '../../src/layout/scene';
import { CASES } from '../charts/cases';

const graph = (id: string): ElkNode => ({ id });
const scene = (w: number): Scene => ({ root: '', w, h: 0, states: [], arrows: [], dots: [] });

/** Workers that answer when they are told to. */
function workers() {
  const begun: { graph: string; done: () => void }[] = [];
  const ended: number[] = [];
  let started = 0;
  const start = () => {
    const mine = (started += 1);
    return {
      layout: (of: ElkNode) =>
        new Promise<ElkNode>((done) => begun.push({ graph: of.id, done: () => done(of) })),
      terminateWorker: () => void ended.push(mine),
    };
  };
  return { begun, ended, start, count: () => started };
}

test('layouts are made one after another, by one worker', async () => {
  const { begun, start, count } = workers();
  const engine = new WorkerEngine(start);
  const both = [engine.layout(graph('a')), engine.layout(graph('b'))];
  await vi.waitFor(() => expect(begun.map((one) => one.graph)).toEqual(['a']));
  begun[0]!.done();
  await vi.waitFor(() => expect(begun.map((one) => one.graph)).toEqual(['a', 'b']));
  begun[1]!.done();
  expect((await Promise.all(both)).map((one) => one.id)).toEqual(['a', 'b']);
  expect(count()).toBe(1);
});

test('a layout that takes too long ends its worker, and the next one gets a new worker', async () => {
  vi.useFakeTimers();
  try {
    const { begun, ended, start, count } = workers();
    const engine = new WorkerEngine(start, 1000);
    const stuck = engine.layout(graph('stuck'));
    const next = engine.layout(graph('next'));
    const refused = expect(stuck).rejects.toThrow(LayoutTimedOut);
    await vi.advanceTimersByTimeAsync(1000);
    await refused;
    expect(ended).toEqual([1]);
    await vi.advanceTimersByTimeAsync(0);
    begun[1]!.done();
    expect((await next).id).toBe('next');
    expect(count()).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

test('a layout that nobody waits for any more is never begun', async () => {
  const { begun, start } = workers();
  const engine = new WorkerEngine(start);
  const first = engine.layout(graph('first'));
  const left = new AbortController();
  const second = engine.layout(graph('second'), left.signal);
  left.abort();
  await vi.waitFor(() => expect(begun).toHaveLength(1));
  begun[0]!.done();
  await first;
  await expect(second).rejects.toThrow(/abort/i);
  expect(begun).toHaveLength(1);
});

test('only so many layouts wait', async () => {
  const engine = new WorkerEngine(workers().start);
  const waiting = Array.from({ length: 32 }, (_, place) => engine.layout(graph(`${place}`)));
  await expect(engine.layout(graph('one more'))).rejects.toThrow(TooManyLayouts);
  expect(waiting).toHaveLength(32);
});

test('a scene is kept by what the chart says, and by how it is drawn', () => {
  const again = structuredClone(CASES);
  expect(keyOf(again, {})).toBe(keyOf(CASES, { detail: 'full', direction: 'DOWN', root: null }));
  expect(keyOf(CASES, { collapsed: new Set(['P', 'A']) })).toBe(
    keyOf(CASES, { collapsed: new Set(['A', 'P']) }),
  );
  const others = [
    keyOf({ ...CASES, version: 2 }, {}),
    keyOf(CASES, { detail: 'names' }),
    keyOf(CASES, { direction: 'RIGHT' }),
    keyOf(CASES, { collapsed: new Set(['A']) }),
    keyOf(CASES, { root: 'A' }),
  ];
  expect(new Set([keyOf(CASES, {}), ...others]).size).toBe(6);
});

test('of kept scenes the one that was longest not asked for goes first', () => {
  const cache = new SceneCache(2);
  cache.set('a', scene(1));
  cache.set('b', scene(2));
  cache.get('a');
  cache.set('c', scene(3));
  expect(['a', 'b', 'c'].map((key) => cache.get(key)?.w)).toEqual([1, undefined, 3]);
});
