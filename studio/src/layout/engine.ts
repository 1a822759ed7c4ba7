/**
 * ELK in a Web Worker, one layout at a time. Some charts take it for ever, so a layout that takes
 * too long ends its worker; the next one gets a new worker.
 */

import ELK from 'elkjs/lib/elk-api.js';
import type { ElkNode } from 'elkjs/lib/elk-api';
import type { Engine } from './layout';

/** Milliseconds. 100 states take less than one second; 300 with many arrows may take longer than this. */
export const LAYOUT_LIMIT = 15_000;
/** Layouts that wait for the running one. */
const WAITING_LIMIT = 32;

export class LayoutTimedOut extends Error {
  override name = 'LayoutTimedOut';

  constructor(milliseconds: number) {
    super(
      `the layout took longer than ${milliseconds / 1000} s and was given up; ` +
        'collapse groups, or look into one of them',
    );
  }
}

export class TooManyLayouts extends Error {
  override name = 'TooManyLayouts';

  constructor() {
    super(`${WAITING_LIMIT} layouts wait already; try again when they are done`);
  }
}

interface Elk {
  layout(graph: ElkNode): Promise<ElkNode>;
  terminateWorker(): void;
}

export class WorkerEngine implements Engine {
  private elk: Elk | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly start: () => Elk,
    private readonly limit = LAYOUT_LIMIT,
  ) {}

  /** Starts the worker before there is anything to lay out. */
  warm(): void {
    this.elk ??= this.start();
  }

  /** `signal`: nobody waits any more; a layout that has not begun then never does. */
  async layout(graph: ElkNode, signal?: AbortSignal): Promise<ElkNode> {
    if (this.waiting >= WAITING_LIMIT) throw new TooManyLayouts();
    this.waiting += 1;
    const mine = this.last.then(() => {
      signal?.throwIfAborted();
      return this.watched(graph);
    });
    this.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.waiting -= 1;
    }
  }

  private async watched(graph: ElkNode): Promise<ElkNode> {
    this.elk ??= this.start();
    const { elk } = this;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, refuse) => {
      timer = setTimeout(() => {
        elk.terminateWorker();
        this.elk = null;
        refuse(new LayoutTimedOut(this.limit));
      }, this.limit);
    });
    try {
      return await Promise.race([elk.layout(graph), tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** `url`: where the worker's file is served. */
export function engineAt(url: string): WorkerEngine {
  return new WorkerEngine(() => new ELK({ workerUrl: url }) as unknown as Elk);
}
