/** One machine as the pages about it see it: its chart as a tree, and what is counted. */
import type { MachineDetail } from '../../wire/types';
import { Tree } from '../chart/tree';
import { Loading } from './loading.svelte';
import { follow } from './changes';
import { client } from './session.svelte';

const REST_MS = 1000;

export class MachineState {
  readonly name: string;
  readonly #version: () => number | undefined;
  readonly #loading: Loading<MachineDetail>;
  #tree = $state.raw<Tree | null>(null);

  /** `version` undefined: the newest. */
  constructor(name: string, version: () => number | undefined) {
    this.name = name;
    this.#version = version;
    this.#loading = new Loading(async () => {
      const detail = await client.machine(name, this.#version());
      // one tree for one chart, so that an unchanged drawing is kept
      const known = this.#tree?.chart;
      if (known === undefined || JSON.stringify(known) !== JSON.stringify(detail.chart)) {
        this.#tree = new Tree(detail.chart);
      }
      return detail;
    });
  }

  get detail(): MachineDetail | undefined {
    return this.#loading.value;
  }

  get tree(): Tree | null {
    return this.#tree;
  }

  get error(): Error | null {
    return this.#loading.error;
  }

  load(): Promise<void> {
    return this.#loading.load();
  }

  /** Asks again where an instance has changed; gives what ends it. */
  follow(): () => void {
    return follow(this.name, REST_MS, () => this.load());
  }
}
