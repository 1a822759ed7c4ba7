/**
 * One instance: how it is now, live; its history; and how it was after the step that is looked at.
 */
import type {
  Explanation,
  Json,
  JournalEntry,
  MachineDetail,
  PastInstance,
  Reply,
} from '../../wire/types';
import { readJson } from '../../wire/json';
import { Problem } from '../../wire/problem';
import { BLOCK, History, type Step } from '../data/history';
import { Tree } from '../chart/tree';
import { Live } from './live.svelte';
import { Loading, soon } from './loading.svelte';
import { client } from './session.svelte';

/** Journal lines asked for at once. */
const PAGE = 400;
/** Past instances that are kept, since a scrubber is moved to and fro. */
const KEPT = 200;

export interface Seen {
  seq: number;
  state: string[];
  version: number;
  data: Json | undefined;
  /** undefined before the first step. */
  before: Json | undefined;
}

export class InstanceState {
  readonly machine: string;
  readonly id: string;
  readonly explained: Loading<Explanation>;
  readonly live: Live;
  /** What a caller has who may read it and not inspect it: no history, no data. */
  readonly read: Loading<Reply>;

  #history = new History();
  /** Called whenever the history has more. */
  #grown = $state(0);
  #wanted = $state<number | null>(null);
  #seen = $state.raw<Seen | null>(null);
  #seenError = $state.raw<Error | null>(null);
  #historyError = $state.raw<Error | null>(null);
  #machines = $state.raw<ReadonlyMap<number, MachineDetail>>(new Map());
  #trees = $state.raw<ReadonlyMap<number, Tree>>(new Map());
  #close: (() => void) | null = null;
  #reads = $state(false);
  #ended = false;
  readonly #past = new Map<number, Promise<PastInstance>>();

  constructor(machine: string, id: string) {
    this.machine = machine;
    this.id = id;
    this.explained = new Loading(() => client.explain(machine, id));
    this.read = new Loading(() => client.instance(machine, id));
    this.live = new Live({
      url: () => client.instanceStream(machine, id),
      after: () => String(this.#history.last),
      end: 'end',
      onevent: ({ event, data }) => {
        // of one that may only be read, the stream has its views
        if (event === 'view') this.#again();
        if (event !== 'step' && event !== 'note') return;
        this.#history.put(readJson(data) as unknown as JournalEntry);
        this.#grown += 1;
        this.#again();
      },
      // what is no step (a paused one's waiting events, say) may have changed too
      onopen: (again) => again && void (this.#reads ? this.refresh() : this.#compare()),
      onanew: () => this.#forget(),
    });
  }

  readonly #again = soon(40, () => void this.refresh());

  /** Asks for all that the page needs, then follows. Gives what ends it. */
  open(): () => void {
    void this.begin();
    return () => {
      this.#ended = true;
      this.#again.cancel();
      this.#close?.();
    };
  }

  /** Asks (again) for what is needed first. */
  async begin(): Promise<void> {
    const newest = this.#newest();
    await this.refresh(newest);
    if (this.#ended || this.#close !== null) return;
    if (this.explained.value !== undefined) this.want(this.last - 40, this.last);
    else if (this.read.value === undefined) return;
    this.#close = this.live.open();
  }

  /** Whether it may be read, and not inspected. */
  get onlyRead(): boolean {
    return this.#reads && this.read.value !== undefined;
  }

  async refresh(newest?: Promise<void>): Promise<void> {
    if (!this.#reads) await this.explained.load();
    const { error } = this.explained;
    this.#reads = error instanceof Problem && error.status === 403;
    if (this.#reads) {
      await this.read.load();
      const reply = this.read.value;
      if (reply !== undefined) await this.#machineFor(reply.version);
      return;
    }
    const explained = this.explained.value;
    if (explained !== undefined) {
      // an answer may have a step before the stream does
      this.#history.reach(explained.instance.seq);
      this.#grown += 1;
      // one answer may serve for both questions
      void Promise.resolve(newest).then(() => this.#machineFor(explained.instance.version));
    }
    void this.#look();
  }

  /**
   * After a lost connection: whether the last step that is here is still the server's. A restored
   * backup may have gone on beyond it since, with other steps.
   */
  async #compare(): Promise<void> {
    const known = this.#history.step(this.#history.last)?.entry;
    if (known !== undefined) {
      try {
        const there = await client.at(this.machine, this.id, known.seq);
        if (there.at !== known.at) this.#forget();
      } catch (error) {
        if (error instanceof Problem && error.status === 422) this.#forget();
      }
    }
    this.#again();
  }

  /** The history is another one: everything is fetched again. */
  #forget(): void {
    this.#history = new History();
    this.#past.clear();
    this.#wanted = null;
    this.#grown += 1;
    void this.refresh().then(() => {
      if (!this.#ended) this.want(this.last - 40, this.last);
    });
  }

  // --- the history ----------------------------------------------------------------------------

  get last(): number {
    void this.#grown;
    return this.#history.last;
  }

  get historyError(): Error | null {
    return this.#historyError;
  }

  step(seq: number): Step | undefined {
    void this.#grown;
    return this.#history.step(seq);
  }

  /** Loads what is not here of these steps. */
  want(first: number, last: number): void {
    for (const block of this.#history.missing(first, last)) void this.#load(block);
  }

  async #load(block: number): Promise<void> {
    this.#history.mark(block);
    let after: number | null = block * BLOCK;
    try {
      while (after !== null && after < (block + 1) * BLOCK) {
        const page = await client.journal(this.machine, this.id, after, PAGE);
        for (const entry of page.entries) this.#history.put(entry);
        this.#grown += 1;
        after = page.after ?? null;
      }
      this.#historyError = null;
    } catch (error) {
      this.#history.unmark(block);
      this.#historyError = error instanceof Error ? error : new Error(String(error));
    }
  }

  // --- the step that is looked at -------------------------------------------------------------

  /** null: the newest, whichever that is. */
  get looked(): number | null {
    return this.#wanted;
  }

  look(seq: number | null): void {
    this.#wanted = seq === null ? null : Math.max(1, seq);
    if (seq !== null) this.want(seq - 5, seq + 5);
    void this.#look();
  }

  /** How it was after that step; stays until the next is there. */
  get seen(): Seen | null {
    return this.#seen;
  }

  get seenError(): Error | null {
    return this.#seenError;
  }

  async #look(): Promise<void> {
    const seq = this.#wanted ?? this.#history.last;
    if (seq < 1) return;
    try {
      const [now, before] = await Promise.all([
        this.#at(seq),
        seq > 1 ? this.#at(seq - 1) : undefined,
      ]);
      if (seq !== (this.#wanted ?? this.#history.last)) return;
      void this.#machineFor(now.version);
      this.#seen = {
        seq,
        state: now.state,
        version: now.version,
        data: now.data as Json,
        before: before?.data as Json | undefined,
      };
      this.#seenError = null;
    } catch (error) {
      this.#seenError = error instanceof Error ? error : new Error(String(error));
    }
  }

  #at(seq: number): Promise<PastInstance> {
    const known = this.#past.get(seq);
    if (known !== undefined) return known;
    const asked = client.at(this.machine, this.id, seq);
    this.#past.set(seq, asked);
    asked.catch(() => this.#past.delete(seq));
    const [oldest] = this.#past.keys();
    if (this.#past.size > KEPT && oldest !== undefined) this.#past.delete(oldest);
    return asked;
  }

  // --- the machine, in the version that it was of ---------------------------------------------

  machineOf(version: number): MachineDetail | undefined {
    return this.#machines.get(version);
  }

  tree(version: number): Tree | undefined {
    return this.#trees.get(version);
  }

  /** The newest version, which most instances have: fetched before this one's is known. */
  async #newest(): Promise<void> {
    try {
      this.#keep(await client.machine(this.machine));
    } catch {
      // the instance's own version is fetched then, and has the error
    }
  }

  async #machineFor(version: number): Promise<void> {
    if (this.#machines.has(version)) return;
    try {
      this.#keep(await client.machine(this.machine, version));
    } catch (error) {
      this.#seenError = error instanceof Error ? error : new Error(String(error));
    }
  }

  #keep(detail: MachineDetail): void {
    if (this.#machines.has(detail.version)) return;
    this.#machines = new Map(this.#machines).set(detail.version, detail);
    this.#trees = new Map(this.#trees).set(detail.version, new Tree(detail.chart));
  }
}
