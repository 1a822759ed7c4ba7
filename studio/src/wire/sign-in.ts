/**
 * Signing in at an OpenID provider by authorization code with PKCE (RFC 6749, 7636, 9700), in the
 * steps that a page has: begin, come back, renew, end. What is kept, and where, is the caller's.
 */
import * as oauth from 'oauth4webapi';
import type { OidcSignIn } from './types';

/** What has to be known when the provider sends the browser back; without it, nobody is let in. */
export interface Begun {
  state: string;
  nonce: string;
  verifier: string;
  redirect: string;
}

export interface Tokens {
  access: string;
  /** Absent where the provider gives none: then renewing means to sign in again. */
  refresh: string | null;
  /** Names the session at the provider when it is ended there. */
  id: string | null;
  /** Whom the provider signed in. */
  subject: string | null;
  /** How long it lives, in seconds; null: the provider does not say. */
  seconds: number | null;
}

/**
 * Why there is no token. `session`: the provider has no session of this browser, or needs to ask
 * its user something; `declined`: it let nobody in; `failed`: it did not answer, or not as it should.
 */
export type Why = 'session' | 'declined' | 'failed';

export class NotSignedIn extends Error {
  override readonly name = 'NotSignedIn';
  readonly why: Why;

  constructor(why: Why, message: string, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
  }
}

/** The answers of a provider that may not ask its user anything (OpenID Connect Core, 3.1.2.6). */
const NEEDS_USER = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/** Seconds by which the clocks of browser and provider may differ. */
const TOLERANCE_S = 60;

export class Provider {
  readonly #given: OidcSignIn;
  readonly #server: oauth.AuthorizationServer;
  readonly #client: oauth.Client;
  readonly #options: oauth.TokenEndpointRequestOptions;

  /** `skew`: by how many seconds this browser's clock is behind. */
  constructor(given: OidcSignIn, skew = 0) {
    this.#given = given;
    this.#server = {
      issuer: given.issuer,
      authorization_endpoint: given.authorization_endpoint,
      token_endpoint: given.token_endpoint,
      authorization_response_iss_parameter_supported: given.names_issuer,
      ...(given.revocation_endpoint ? { revocation_endpoint: given.revocation_endpoint } : {}),
    };
    this.#client = {
      client_id: given.client_id,
      token_endpoint_auth_method: 'none',
      [oauth.clockSkew]: Math.round(skew),
      [oauth.clockTolerance]: TOLERANCE_S,
    };
    this.#options = {
      // the server has refused plain http anywhere but on loopback
      [oauth.allowInsecureRequests]: new URL(given.issuer).protocol === 'http:',
      additionalParameters: given.resource === null ? {} : { resource: given.resource },
    };
  }

  /** The host that the browser shows while its user signs in. */
  get place(): string {
    return new URL(this.#given.authorization_endpoint).host;
  }

  /** Where to send the browser. `silent`: the provider is to ask its user nothing.
   * `mark` begins the state. */
  async begin(
    redirect: string,
    silent: boolean,
    mark = '',
  ): Promise<{ url: string; begun: Begun }> {
    const begun: Begun = {
      state: mark + oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      redirect,
    };
    const url = new URL(this.#given.authorization_endpoint);
    for (const [name, value] of Object.entries({
      client_id: this.#given.client_id,
      redirect_uri: redirect,
      response_type: 'code',
      scope: this.#given.scopes.join(' '),
      code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier),
      code_challenge_method: 'S256',
      state: begun.state,
      nonce: begun.nonce,
      ...(silent ? { prompt: 'none' } : {}),
      // OpenID Connect Core, 11: without it, a provider leaves offline_access out
      ...(!silent && this.#given.scopes.includes('offline_access') ? { prompt: 'consent' } : {}),
      ...(this.#given.resource === null ? {} : { resource: this.#given.resource }),
    })) {
      url.searchParams.set(name, value);
    }
    return { url: url.href, begun };
  }

  /** With what the browser came back with. Raises `NotSignedIn`. */
  async complete(answer: URLSearchParams, begun: Begun): Promise<Tokens> {
    try {
      const parameters = oauth.validateAuthResponse(
        this.#server,
        this.#client,
        answer,
        begun.state,
      );
      const response = await oauth.authorizationCodeGrantRequest(
        this.#server,
        this.#client,
        oauth.None(),
        parameters,
        begun.redirect,
        begun.verifier,
        this.#options,
      );
      const found = await oauth.processAuthorizationCodeResponse(
        this.#server,
        this.#client,
        response,
        { expectedNonce: begun.nonce, requireIdToken: true },
      );
      return tokensOf(found, null);
    } catch (error) {
      throw notSignedIn(error);
    }
  }

  /** New tokens for old ones. Raises `NotSignedIn`. */
  async renew(old: Tokens): Promise<Tokens> {
    if (old.refresh === null)
      throw new NotSignedIn('session', 'the provider gave nothing to renew');
    try {
      const response = await oauth.refreshTokenGrantRequest(
        this.#server,
        this.#client,
        oauth.None(),
        old.refresh,
        this.#options,
      );
      const found = await oauth.processRefreshTokenResponse(this.#server, this.#client, response);
      return tokensOf(found, old);
    } catch (error) {
      throw notSignedIn(error);
    }
  }

  /** Makes what could be renewed worthless, where the provider can. */
  async revoke(tokens: Tokens): Promise<void> {
    if (this.#server.revocation_endpoint === undefined || tokens.refresh === null) return;
    try {
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(
          this.#server,
          this.#client,
          oauth.None(),
          tokens.refresh,
          this.#options,
        ),
      );
    } catch (error) {
      throw notSignedIn(error);
    }
  }

  /** Where the browser's session at the provider is ended; null: that is not offered. */
  end(tokens: Tokens | null, back: string): string | null {
    if (this.#given.end_session_endpoint === null) return null;
    const url = new URL(this.#given.end_session_endpoint);
    url.searchParams.set('client_id', this.#given.client_id);
    url.searchParams.set('post_logout_redirect_uri', back);
    if (tokens?.id) url.searchParams.set('id_token_hint', tokens.id);
    return url.href;
  }
}

function tokensOf(found: oauth.TokenEndpointResponse, old: Tokens | null): Tokens {
  if (found.token_type !== 'bearer') {
    throw new NotSignedIn('failed', `the provider gave a token of type ${found.token_type}`);
  }
  return {
    access: found.access_token,
    // a provider that rotates gives the next one, which makes the last one worthless
    refresh: found.refresh_token ?? old?.refresh ?? null,
    id: found.id_token ?? old?.id ?? null,
    subject: oauth.getValidatedIdTokenClaims(found)?.sub ?? old?.subject ?? null,
    seconds: found.expires_in ?? null,
  };
}

function notSignedIn(error: unknown): NotSignedIn {
  if (error instanceof NotSignedIn) return error;
  if (error instanceof oauth.AuthorizationResponseError) {
    const why = NEEDS_USER.has(error.error) ? 'session' : 'declined';
    return new NotSignedIn(why, error.error_description ?? error.error, { cause: error });
  }
  if (error instanceof oauth.ResponseBodyError) {
    const why = error.error === 'invalid_grant' ? 'session' : 'failed';
    return new NotSignedIn(why, error.error_description ?? error.error, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new NotSignedIn('failed', message, { cause: error });
}
