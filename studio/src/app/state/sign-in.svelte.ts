/**
 * How this page comes by what the server takes for its user, and keeps it.
 *
 * Rules:
 *
 * 1. Tokens are in this page's memory alone: no storage, no cookie, no address has them. What has to
 *    outlive the way to the provider and back (the state, the verifier, the page's own address) is
 *    in the tab's session storage, once, and gives nobody a token without the provider's code.
 * 2. A page that is loaded asks the provider silently first: where its session lives, nobody has
 *    to do anything. Only what comes back decides whether the user is asked.
 * 3. A token is renewed before it ends. Where that fails for good, the page stays as it is below a
 *    question, requests wait, and the one that was refused is sent again, by the same user alone.
 */
import { Problem } from '../../wire/problem';
import { NotSignedIn, Provider, type Begun, type Tokens } from '../../wire/sign-in';
import type { SignIn } from '../../wire/types';

/**
 * `asking`: how is not known, or the page is on its way; `out`: the user has to do something;
 * `in`: requests may be sent; `ended`: they wait until the user has signed in again.
 */
export type SignInState = 'asking' | 'out' | 'in' | 'ended';

export interface Known {
  signIn: SignIn;
  skew: number;
}

interface Departure {
  begun: Begun;
  hash: string;
  silent: boolean;
}

/** In a tab's storage: on the way to the provider; signed out by its user just now. */
const DEPARTED = 'statehold.sign-in';
const SIGNED_OUT = 'statehold.signed-out';
/** Begins the state of a sign-in in a window of its own, whose answer another page waits for. */
const OF_WINDOW = 'window.';
const CHANNEL = 'statehold.sign-in';

/** Share of a token's life after which it is renewed; how long without one that has an end. */
const RENEW_AT = 0.75;
const LONGEST_MS = 12 * 3600 * 1000;
const AGAIN_MS = 5000;
/** Replaced tokens that are known: those of requests that may have no answer yet. */
const REPLACED = 10;

class SignInFlow {
  #state = $state<SignInState>('asking');
  #kind = $state<SignIn['kind']>('claims');
  #why = $state<string | null>(null);
  #signedOut = $state(false);
  #popup = $state(false);
  #provider = $state.raw<Provider | null>(null);
  #tokens: Tokens | null = null;
  #renewing: Promise<boolean> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #inWindow: Begun | null = null;
  /** Those who wait until the user has signed in again. */
  #waiting: { go: () => void; stop: (why: Problem) => void }[] = [];
  /** The last of those that this user's token has replaced. */
  #replaced: string[] = [];
  readonly #channel = new BroadcastChannel(CHANNEL);
  /** Called when there is another token: who it is may have changed. */
  onchange: () => void = () => undefined;

  constructor() {
    this.#channel.onmessage = (event: MessageEvent<unknown>) => void this.#heard(event.data);
  }

  get state(): SignInState {
    return this.#state;
  }

  get kind(): SignIn['kind'] {
    return this.#kind;
  }

  /** What went wrong, for the user to read; null: nothing did. */
  get why(): string | null {
    return this.#why;
  }

  /** The user has signed out just now. */
  get signedOut(): boolean {
    return this.#signedOut;
  }

  /** This page is the window of another page's sign-in, and is done. */
  get isDone(): boolean {
    return this.#popup;
  }

  /** Where the user signs in, as the browser's address will show it; null: not elsewhere. */
  get place(): string | null {
    return this.#provider?.place ?? null;
  }

  /** Whether there is something to sign out of. */
  get maySignOut(): boolean {
    return this.#kind === 'oidc' || this.#kind === 'token';
  }

  async start(ask: () => Promise<Known>): Promise<void> {
    this.#state = 'asking';
    this.#why = null;
    try {
      const { signIn, skew } = await ask();
      this.#kind = signIn.kind;
      if (signIn.kind === 'token') this.#state = 'out';
      else if (signIn.oidc) await this.#arrive(new Provider(signIn.oidc, skew));
      else this.#state = 'in';
    } catch (error) {
      this.#out(error);
    }
  }

  /** Headers with the token, once there is one. */
  async headers(): Promise<Record<string, string>> {
    if (this.#state === 'ended') await this.#signedInAgain();
    if (this.#renewing !== null) await this.#renewing;
    return this.#tokens === null ? {} : { authorization: `Bearer ${this.#tokens.access}` };
  }

  /**
   * After an answer 401 to these headers: renews, or asks the user. True: the same user has another
   * token. What was sent by a user who has signed out since is not for the next one to send.
   */
  async refused(headers: Record<string, string>, why: string): Promise<boolean> {
    if (!this.maySignOut || this.#tokens === null) return false;
    const sent = headers['authorization']?.replace('Bearer ', '') ?? '';
    if (sent !== this.#tokens.access) return this.#replaced.includes(sent);
    if (await this.#renew()) return true;
    this.#end(why);
    return this.#signedInAgain().then(
      () => true,
      () => false,
    );
  }

  /** Leaves for the provider, and comes back to the same address. */
  async signIn(): Promise<void> {
    if (this.#provider === null) return;
    await this.#depart(false);
  }

  /** In a window of its own, so that this page stays as it is. To be called by a click. */
  async signInAside(): Promise<void> {
    if (this.#provider === null) return;
    // before anything is awaited: a browser lets only a click open a window
    const opened = open('about:blank', 'statehold-sign-in', 'popup,width=520,height=680');
    const { url, begun } = await this.#provider.begin(redirectUri(), false, OF_WINDOW);
    if (opened === null) {
      this.#why = 'The browser has not opened a window to sign in with. Permit it for this page.';
      return;
    }
    this.#inWindow = begun;
    opened.location.replace(url);
  }

  /** With a token that the user has, and the server has taken. */
  useToken(access: string): void {
    this.#in({ access, refresh: null, id: null, subject: null, seconds: null });
  }

  async signOut(): Promise<void> {
    const [tokens, provider] = [this.#tokens, this.#provider];
    this.#forget();
    this.#channel.postMessage({ out: true });
    this.#signedOut = true;
    this.#state = 'out';
    if (provider === null) return;
    if (tokens !== null) {
      // the session's end, below, is what counts: this is for tokens that somebody has copied
      await provider.revoke(tokens).catch((error: unknown) => (this.#why = sentence(error)));
    }
    const end = provider.end(tokens, redirectUri());
    if (end === null) return;
    sessionStorage.setItem(SIGNED_OUT, '1');
    location.assign(end);
  }

  // --- the way to the provider and back -------------------------------------------------------

  async #arrive(provider: Provider): Promise<void> {
    this.#provider = provider;
    const answer = new URLSearchParams(location.search);
    const state = answer.get('state');
    const departure = taken(DEPARTED) as Departure | null;
    if (state?.startsWith(OF_WINDOW)) {
      clean(location.hash);
      this.#channel.postMessage({ answer: answer.toString() });
      this.#popup = true;
      close();
      return;
    }
    if (state !== null && (answer.has('code') || answer.has('error'))) {
      clean(departure?.hash ?? location.hash);
      // a link that somebody else has made, or a page that was loaded again: begin anew
      if (departure !== null && departure.begun.state === state) {
        await this.#complete(answer, departure);
        return;
      }
    }
    if (taken(SIGNED_OUT) !== null) {
      clean(location.hash);
      this.#signedOut = true;
      this.#state = 'out';
      return;
    }
    await this.#depart(true);
  }

  async #depart(silent: boolean): Promise<void> {
    if (this.#provider === null) return;
    const { url, begun } = await this.#provider.begin(redirectUri(), silent);
    const departure: Departure = { begun, hash: location.hash, silent };
    sessionStorage.setItem(DEPARTED, JSON.stringify(departure));
    this.#state = 'asking';
    // no step back to a page that only leads here
    if (silent) location.replace(url);
    else location.assign(url);
  }

  async #complete(answer: URLSearchParams, { begun, silent }: Departure): Promise<void> {
    try {
      this.#in(await this.#provider!.complete(answer, begun));
    } catch (error) {
      if (silent && error instanceof NotSignedIn && error.why === 'session') this.#state = 'out';
      else this.#out(error);
    }
  }

  /** Another page of this browser has something to say. */
  async #heard(data: unknown): Promise<void> {
    if (typeof data !== 'object' || data === null) return;
    if ('out' in data && this.maySignOut && this.#kind === 'oidc') {
      this.#forget();
      this.#signedOut = true;
      this.#state = 'out';
    }
    if (!('answer' in data) || typeof data.answer !== 'string' || this.#inWindow === null) return;
    const answer = new URLSearchParams(data.answer);
    const begun = this.#inWindow;
    if (answer.get('state') !== begun.state) return;
    this.#inWindow = null;
    try {
      const tokens = await this.#provider!.complete(answer, begun);
      if (this.#tokens !== null && tokens.subject !== this.#tokens.subject) {
        // what was begun by one is not finished by another
        location.reload();
        return;
      }
      this.#in(tokens);
    } catch (error) {
      this.#why = sentence(error);
    }
  }

  // --- tokens ---------------------------------------------------------------------------------

  #in(tokens: Tokens): void {
    if (this.#tokens !== null) {
      this.#replaced = [...this.#replaced.slice(1 - REPLACED), this.#tokens.access];
    }
    this.#tokens = tokens;
    this.#why = null;
    this.#signedOut = false;
    this.#state = 'in';
    if (tokens.seconds !== null) this.#renewIn(tokens.seconds * RENEW_AT * 1000);
    for (const { go } of this.#waiting.splice(0)) go();
    this.onchange();
  }

  #renewIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), Math.min(ms, LONGEST_MS));
  }

  /** False: the user has to sign in again. */
  #renew(): Promise<boolean> {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewOnce(): Promise<boolean> {
    const old = this.#tokens;
    if (old === null || this.#provider === null || old.refresh === null) return false;
    try {
      const renewed = await this.#provider.renew(old);
      // signed out meanwhile
      if (this.#tokens !== old) return this.#replaced.includes(old.access);
      this.#in(renewed);
      return true;
    } catch (error) {
      if (error instanceof NotSignedIn && error.why === 'failed') {
        // the provider is away; the token may be good for a while
        this.#renewIn(AGAIN_MS);
        return false;
      }
      // its session has ended, which is what the question says
      this.#end(null);
      return false;
    }
  }

  #end(why: string | null): void {
    if (this.#state !== 'in') return;
    this.#why = why;
    this.#state = 'ended';
  }

  #out(error: unknown): void {
    this.#forget();
    this.#why = sentence(error);
    this.#state = 'out';
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#tokens = null;
    this.#inWindow = null;
    // the next one who signs in does not send what was begun by this one
    const over = new Problem(401, { title: 'Signed out', detail: 'You have signed out.' });
    this.#replaced = [];
    for (const { stop } of this.#waiting.splice(0)) stop(over);
  }

  #signedInAgain(): Promise<void> {
    return new Promise((go, stop) => this.#waiting.push({ go, stop }));
  }
}

/** This page's own address without what stands in it: what the provider sends browsers back to. */
function redirectUri(): string {
  return new URL('.', location.href.replace(/[?#].*/s, '')).href;
}

/** Takes the provider's answer out of the address, so that nothing sends it again or copies it. */
function clean(hash: string): void {
  history.replaceState(null, '', location.pathname + hash);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

function taken(name: string): unknown {
  const text = sessionStorage.getItem(name);
  sessionStorage.removeItem(name);
  try {
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const signIn = new SignInFlow();
