/** The one client of this page, whom the server takes its user for, and whether it is there. */
import { claimHeaders, type Claim } from '../../wire/claim';
import { Client } from '../../wire/client';
import { Problem } from '../../wire/problem';
import type { Me, Right } from '../../wire/types';
import { signIn } from './sign-in.svelte';
import { noteStale } from './stale';
import { readStored, writeStored } from './storage';

const NOBODY: Claim = { name: '', roles: '' };

class Session {
  #claim = $state.raw<Claim>(claimOf(readStored('claim')));
  #me = $state.raw<Me | null>(null);
  #rights = $state.raw<ReadonlyMap<string, ReadonlySet<Right>>>(new Map());
  #error = $state.raw<Error | null>(null);
  #there = $state(true);
  #checking = false;

  readonly client = new Client({
    headers: () => (signIn.kind === 'claims' ? claimHeaders(this.#claim) : signIn.headers()),
    onrefused: (headers, error) => signIn.refused(headers, error.message),
    onanswer: (there) => this.#heard(there),
    onstale: noteStale,
  });

  /** null until the server has said. */
  get me(): Me | null {
    return this.#me;
  }

  get error(): Error | null {
    return this.#error;
  }

  get claim(): Claim {
    return this.#claim;
  }

  /** False from a request that got no answer until one that did. */
  get there(): boolean {
    return this.#there;
  }

  /**
   * Whether something is offered on a machine, on any if none is named: what may be permitted there
   * on some instance. Not until that is known.
   */
  may(right: Right, machine?: string): boolean {
    if (machine !== undefined) return this.#rights.get(machine)?.has(right) ?? false;
    return [...this.#rights.values()].some((rights) => rights.has(right));
  }

  /** Whether the server believes the name and the roles that are sent. */
  get believed(): boolean {
    return signIn.kind === 'claims';
  }

  /** Finds out how to sign in, and does it where nobody has to be asked. */
  async start(): Promise<void> {
    signIn.onchange = () => void this.ask();
    await signIn.start(() => this.client.signIn());
    // with a token, `onchange` asks
    if (signIn.state === 'in' && !signIn.maySignOut) await this.ask();
  }

  async claimToBe(claim: Claim): Promise<void> {
    this.#claim = claim;
    writeStored('claim', claim.name === '' && claim.roles === '' ? undefined : { ...claim });
    await this.ask();
  }

  /** Signs in with a token; why it was refused, or null. */
  async tryToken(token: string): Promise<string | null> {
    const trial = new Client({ headers: () => ({ authorization: `Bearer ${token}` }) });
    let me: Me;
    try {
      me = await trial.me();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const before = this.#me?.name;
    if (signIn.state === 'ended' && me.name !== before) {
      // what was begun by one is not finished by another
      return `This token is of ${me.name}, and what is open here of ${before}. Sign out first.`;
    }
    this.#me = me;
    this.#error = null;
    signIn.useToken(token);
    return null;
  }

  async ask(): Promise<void> {
    try {
      const [me, { machines }] = await Promise.all([this.client.me(), this.client.machines()]);
      this.#rights = new Map(machines.map(({ name, may }) => [name, new Set(may)]));
      this.#me = me;
      this.#error = null;
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
  }

  #heard(there: boolean): void {
    this.#there = there;
    if (!there && !this.#checking) void this.#untilThere();
  }

  /** Knocks until the server answers, so that the page knows when it is back. */
  async #untilThere(): Promise<void> {
    this.#checking = true;
    while (!this.#there) {
      await new Promise((done) => setTimeout(done, 2000));
      try {
        this.#me = await this.client.me();
        this.#error = null;
      } catch (error) {
        // a refusal is an answer too; #heard reports anything else
        if (error instanceof Problem) this.#error = error;
      }
    }
    this.#checking = false;
  }
}

function claimOf(kept: unknown): Claim {
  if (typeof kept !== 'object' || kept === null) return NOBODY;
  const { name, roles } = kept as Record<string, unknown>;
  return {
    name: typeof name === 'string' ? name : '',
    roles: typeof roles === 'string' ? roles : '',
  };
}

export const session = new Session();
export const client = session.client;
