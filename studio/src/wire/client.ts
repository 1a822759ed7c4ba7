/**
 * Requests to the server, one method each; what it refuses is raised as a `Problem`.
 *
 * Lists and counts may come from a standby of the server's store, and be a little behind. They are
 * never behind what this client itself has written: it asks for less than the time since then.
 */
import { readJson, writeJson } from './json';
import { Problem, Unreachable, problemOf, type WireError } from './problem';
import type {
  Explanation,
  Flows,
  Found,
  Incidents,
  Instances,
  Journal,
  Json,
  JsonObject,
  MachineDetail,
  MachineSummary,
  Me,
  PastInstance,
  Reply,
  SendAnswer,
  SignIn,
  Status,
} from './types';

export interface InstanceQuery {
  state?: string | undefined;
  tag?: string | undefined;
  owner?: string | undefined;
  status?: Status | undefined;
  version?: number | undefined;
  where?: string[] | undefined;
  q?: string | undefined;
  order?: 'created' | 'since' | undefined;
  incidents?: boolean | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

export interface Sent {
  machine: string;
  id: string;
  event: JsonObject;
  key?: string;
}

export type InstanceAct = 'pause' | 'resume' | 'cancel';
export type Settling = 'retry' | 'skip' | 'resolve';
export type TimerAct = 'fire' | 'cancel' | 'reschedule';

/** The body of an operator's action: a reason, and for some actions more. */
export interface ActBody {
  reason?: string;
  result?: Json;
  due?: string;
  seconds?: number;
  force?: boolean;
}

/** Within it, a server may answer with what is older than a write of this client. */
const LONGEST_LAG_S = 1_000_000;

type Query = Record<string, string | number | boolean | string[] | undefined>;

type MaybeLater<T> = T | Promise<T>;

export interface Options {
  /** Where the server is; the page's own place if left out. */
  base?: string;
  /** Headers that say who asks; asked for before each request. */
  headers?: () => MaybeLater<Record<string, string>>;
  /** Called for an answer 401 to a request with these headers; true: it is worth sending again. */
  onrefused?: (headers: Record<string, string>, error: WireError) => MaybeLater<boolean>;
  fetch?: typeof fetch;
  /** Called for each answer (true) and for each that did not come (false). */
  onanswer?: (there: boolean) => void;
  /** Called for each answer that may be behind: what was committed by then, of `now`, is in it. */
  onstale?: (by: number) => void;
  /** A clock that never goes back, in milliseconds. */
  now?: () => number;
}

export class Client {
  readonly #base: string;
  readonly #headers: NonNullable<Options['headers']>;
  readonly #onrefused: NonNullable<Options['onrefused']>;
  readonly #fetch: typeof fetch;
  readonly #onanswer: (there: boolean) => void;
  readonly #onstale: (by: number) => void;
  readonly #now: () => number;
  /** When the last request ended that may have changed something. */
  #wroteAt = -Infinity;

  constructor(options: Options = {}) {
    this.#base = options.base ?? '.';
    this.#headers = options.headers ?? (() => ({}));
    this.#onrefused = options.onrefused ?? (() => false);
    this.#fetch = options.fetch ?? ((...given) => fetch(...given));
    this.#onanswer = options.onanswer ?? (() => undefined);
    this.#onstale = options.onstale ?? (() => undefined);
    this.#now = options.now ?? (() => performance.now());
  }

  // --- who, which machines --------------------------------------------------------------------

  /** How a browser signs in, and by how many seconds its clock is behind the server's. */
  async signIn(): Promise<{ signIn: SignIn; skew: number }> {
    // nobody is asked who they are: nothing says it yet
    const response = await this.#ask(this.#url('/api/sign-in', {}), { method: 'GET' }, {});
    if (!response.ok) throw await problemOf(response);
    this.#onanswer(true);
    const there = Date.parse(response.headers.get('date') ?? '');
    const skew = Number.isNaN(there) ? 0 : Math.round((there - Date.now()) / 1000);
    return { signIn: readJson(await response.text()) as unknown as SignIn, skew };
  }

  me(): Promise<Me> {
    return this.#get('/api/me');
  }

  machines(): Promise<{ machines: MachineSummary[] }> {
    return this.#list('/api/machines');
  }

  machine(name: string, version?: number): Promise<MachineDetail> {
    return this.#list(machinePath(name), { version });
  }

  flows(name: string, window: string, version?: number): Promise<Flows> {
    return this.#list(`${machinePath(name)}/flows`, { window, version });
  }

  mermaid(name: string, version?: number): Promise<string> {
    return this.#request('GET', `${machinePath(name)}/diagram`, { version }).then((r) => r.text());
  }

  search(q: string, limit: number, signal?: AbortSignal): Promise<Found> {
    return this.#list('/api/search', { q, limit }, { signal });
  }

  // --- instances ------------------------------------------------------------------------------

  /** With `by`, all that was committed by that moment of the client's clock is in the answer. */
  instances(name: string, query: InstanceQuery, by = -Infinity): Promise<Instances> {
    return this.#list(`${machinePath(name)}/instances`, { ...query }, { by });
  }

  instance(name: string, id: string): Promise<Reply> {
    return this.#get(instancePath(name, id));
  }

  explain(name: string, id: string, signal?: AbortSignal): Promise<Explanation> {
    return this.#get(`${instancePath(name, id)}/explain`, {}, signal);
  }

  /** Whole steps, after `after`, in order. */
  journal(name: string, id: string, after: number, limit: number): Promise<Journal> {
    return this.#get(`${instancePath(name, id)}/journal`, { after, limit });
  }

  /** The instance as it was after a step. */
  at(name: string, id: string, seq: number): Promise<PastInstance> {
    return this.#get(`${instancePath(name, id)}/at/${seq}`);
  }

  start(name: string, id: string | undefined, data: Json | undefined, key: string): Promise<Reply> {
    const body = { ...(id ? { id } : {}), ...(data === undefined ? {} : { data }) };
    return this.#post(`${machinePath(name)}/instances`, body, { 'idempotency-key': key });
  }

  send(name: string, id: string, event: JsonObject, key: string): Promise<Reply> {
    return this.#post(`${instancePath(name, id)}/events`, event, { 'idempotency-key': key });
  }

  sendMany(events: Sent[]): Promise<{ answers: SendAnswer[] }> {
    return this.#post('/api/events', events);
  }

  act(name: string, id: string, act: InstanceAct, body: ActBody): Promise<Reply> {
    return this.#post(`${instancePath(name, id)}/${act}`, body);
  }

  timer(name: string, id: string, timer: string, act: TimerAct, body: ActBody): Promise<Reply> {
    return this.#post(`${instancePath(name, id)}/timers/${segment(timer)}/${act}`, body);
  }

  effect(name: string, id: string, key: string, act: Settling, body: ActBody): Promise<Reply> {
    return this.#post(`${instancePath(name, id)}/effects/${segment(key)}/${act}`, body);
  }

  // --- incidents ------------------------------------------------------------------------------

  incidents(machine?: string, cursor?: string, limit = 100): Promise<Incidents> {
    return this.#list('/api/incidents', { machine, cursor, limit });
  }

  settle(incident: string, act: Settling, body: ActBody): Promise<Reply> {
    // an incident's id is machine/instance/key, and stands in the path as it is
    const path = incident.split('/').map(segment).join('/');
    return this.#post(`/api/incidents/${path}/${act}`, body);
  }

  // --- where streams are ----------------------------------------------------------------------

  /** The position to continue from is in `Last-Event-ID`. */
  instanceStream(name: string, id: string): string {
    return this.#url(`${instancePath(name, id)}/stream`, {});
  }

  /** Of every machine. */
  stream(): string {
    return this.#url('/api/stream', {});
  }

  headers(): MaybeLater<Record<string, string>> {
    return this.#headers();
  }

  refused(headers: Record<string, string>, error: WireError): MaybeLater<boolean> {
    return this.#onrefused(headers, error);
  }

  // --- how ------------------------------------------------------------------------------------

  async #get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const response = await this.#request('GET', path, query, signal ? { signal } : {});
    return readJson(await response.text()) as T;
  }

  /** Lists and counts, which may be behind. */
  async #list<T>(
    path: string,
    query: Query = {},
    { signal, by = -Infinity }: { signal?: AbortSignal | undefined; by?: number } = {},
  ): Promise<T> {
    const asked = this.#now();
    // cut off, never up: the server compares
    const lag = Math.floor(asked - Math.max(by, this.#wroteAt)) / 1000;
    const response = await this.#request('GET', path, query, {
      ...(signal ? { signal } : {}),
      ...(lag < LONGEST_LAG_S ? { headers: { 'statehold-max-lag': lag.toFixed(3) } } : {}),
    });
    const behind = Number(response.headers.get('statehold-lag') ?? 0);
    if (behind > 0) this.#onstale(asked - behind * 1000);
    return readJson(await response.text()) as T;
  }

  async #post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    const init = {
      body: writeJson(body),
      headers: { 'content-type': 'application/json', ...headers },
    };
    try {
      const response = await this.#request('POST', path, {}, init);
      return readJson(await response.text()) as T;
    } finally {
      // also one that failed: it may have taken effect
      this.#wroteAt = this.#now();
    }
  }

  async #request(
    method: string,
    path: string,
    query: Query = {},
    init: { body?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    for (let first = true; ; first = false) {
      const who = await this.#headers();
      const response = await this.#ask(this.#url(path, query), { method, ...init }, who);
      if (response.ok) {
        this.#onanswer(true);
        return response;
      }
      const problem = await problemOf(response);
      this.#onanswer(problem instanceof Problem);
      // nothing has happened yet: the server asks who it is before all else
      const again = response.status === 401 && first && (await this.#onrefused(who, problem));
      if (!again) throw problem;
    }
  }

  async #ask(
    url: string,
    init: RequestInit & { headers?: Record<string, string> },
    who: Record<string, string>,
  ): Promise<Response> {
    try {
      return await this.#fetch(url, {
        cache: 'no-store',
        ...init,
        headers: { accept: 'application/json', ...who, ...init.headers },
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      this.#onanswer(false);
      throw new Unreachable('the server can’t be reached');
    }
  }

  #url(path: string, query: Query): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (Array.isArray(value)) for (const one of value) search.append(name, one);
      else if (value !== undefined && value !== '') search.set(name, String(value));
    }
    const text = search.toString();
    return `${this.#base}${path}${text ? `?${text}` : ''}`;
  }
}

/** A key under which a request may be sent again: random, 128 bits. */
export function freshKey(): string {
  // randomUUID is missing where the page was not loaded over TLS
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function machinePath(name: string): string {
  return `/api/machines/${segment(name)}`;
}

function instancePath(name: string, id: string): string {
  return `${machinePath(name)}/instances/${segment(id)}`;
}

function segment(text: string): string {
  return encodeURIComponent(text);
}
