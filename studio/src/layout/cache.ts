/** Scenes that were laid out, by what they were laid out from; the oldest go first. */

import type { Chart } from '../model/chart';
import type { SceneOptions } from './layout';
import type { Scene } from './scene';

const LIMIT = 60;

export class SceneCache {
  private readonly scenes = new Map<string, Scene>();

  constructor(private readonly limit = LIMIT) {}

  get(key: string): Scene | undefined {
    const scene = this.scenes.get(key);
    if (scene) {
      this.scenes.delete(key);
      this.scenes.set(key, scene);
    }
    return scene;
  }

  set(key: string, scene: Scene): void {
    this.scenes.delete(key);
    this.scenes.set(key, scene);
    const [oldest] = this.scenes.keys();
    if (this.scenes.size > this.limit && oldest !== undefined) this.scenes.delete(oldest);
  }
}

export function keyOf(chart: Chart, options: SceneOptions): string {
  const { detail = 'full', direction = 'DOWN', collapsed = [], root = null } = options;
  return JSON.stringify([hashOf(chart), detail, direction, root, [...collapsed].sort()]);
}

const hashes = new WeakMap<Chart, string>();

/** Of what the chart says; charts that were read anew have the same. */
function hashOf(chart: Chart): string {
  let hash = hashes.get(chart);
  if (hash === undefined) hashes.set(chart, (hash = digest(JSON.stringify(chart))));
  return hash;
}

/** Two FNV-1a hashes of 32 bits, and the length: not against malice, only against mistakes. */
function digest(text: string): string {
  let one = 0x811c9dc5;
  let other = 0x9747b28c;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    one = Math.imul(one ^ code, 0x01000193);
    other = Math.imul(other ^ (code + place), 0x01000193);
  }
  return `${text.length}-${(one >>> 0).toString(36)}-${(other >>> 0).toString(36)}`;
}
