/** The steps of signing in, against a provider that answers as each test says. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { NotSignedIn, Provider, type Begun, type Tokens } from '../../src/wire/sign-in';
import type { OidcSignIn } from '../../src/wire/types';

const ISSUER = 'https://id.example.com';
const PAGE = 'https://flows.example.com/';
const GIVEN: OidcSignIn = {
  issuer: ISSUER,
  client_id: 'studio',
  scopes: ['openid', 'profile'],
  resource: null,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  end_session_endpoint: `${ISSUER}/end`,
  revocation_endpoint: `${ISSUER}/revoke`,
  names_issuer: true,
};

afterEach(() => vi.unstubAllGlobals());

/** What the provider was sent. */
function answering(...answers: Response[]): { url: string; body: URLSearchParams }[] {
  const asked: { url: string; body: URLSearchParams }[] = [];
  vi.stubGlobal('fetch', async (url: string | URL, init: RequestInit) => {
    asked.push({ url: String(url), body: new URLSearchParams(String(init.body)) });
    return answers.shift() ?? Response.error();
  });
  return asked;
}

const json = (value: unknown, status = 200) =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json' },
  });

/** The page checks the claims of an ID token; its signature is TLS's matter (OpenID Core, 3.1.3.7). */
function idToken(claims: Record<string, unknown>): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const all = { iss: ISSUER, aud: 'studio', sub: 'ada', iat: now, exp: now + 300, ...claims };
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(all)}.${Buffer.from('x').toString('base64url')}`;
}

const given = (begun: Begun, more: Record<string, unknown> = {}) =>
  json({
    access_token: 'a1',
    token_type: 'Bearer',
    refresh_token: 'r1',
    expires_in: 300,
    id_token: idToken({ nonce: begun.nonce }),
    ...more,
  });

const back = (begun: Begun, more: Record<string, string> = {}) =>
  new URLSearchParams({ code: 'c', state: begun.state, iss: ISSUER, ...more });

async function why(doing: Promise<unknown>): Promise<string> {
  const error = await doing.then(
    () => 'nothing was raised',
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(NotSignedIn);
  return (error as NotSignedIn).why;
}

describe('the way to the provider', () => {
  test('has the challenge of a verifier that stays here', async () => {
    const { url, begun } = await new Provider(GIVEN).begin(PAGE, false);
    const asked = Object.fromEntries(new URL(url).searchParams);
    expect(url.startsWith(`${ISSUER}/auth?`)).toBe(true);
    expect(asked).toEqual({
      client_id: 'studio',
      redirect_uri: PAGE,
      response_type: 'code',
      scope: 'openid profile',
      code_challenge: createHash('sha256').update(begun.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: begun.state,
      nonce: begun.nonce,
    });
    expect(url).not.toContain(begun.verifier);
  });

  test('is another one each time', async () => {
    const provider = new Provider(GIVEN);
    const [one, two] = [await provider.begin(PAGE, false), await provider.begin(PAGE, false)];
    for (const part of ['state', 'nonce', 'verifier'] as const) {
      expect(one.begun[part]).not.toBe(two.begun[part]);
    }
  });

  test('asks nobody where it is silent, and names what the token is for', async () => {
    const resource = 'https://flows.example.com/api';
    const { url } = await new Provider({ ...GIVEN, resource }).begin(PAGE, true);
    expect(new URL(url).searchParams.get('prompt')).toBe('none');
    expect(new URL(url).searchParams.get('resource')).toBe(resource);
  });
});

describe('the way back', () => {
  test('gives tokens for a code and its verifier', async () => {
    const provider = new Provider(GIVEN);
    const { begun } = await provider.begin(PAGE, false);
    const asked = answering(given(begun));
    const tokens = await provider.complete(back(begun), begun);
    expect(tokens).toMatchObject({ access: 'a1', refresh: 'r1', subject: 'ada', seconds: 300 });
    expect(Object.fromEntries(asked[0]!.body)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'c',
      code_verifier: begun.verifier,
      redirect_uri: PAGE,
      client_id: 'studio',
    });
  });

  test.each([
    ['another state', { state: 'of-an-attacker' }],
    ['another issuer', { iss: 'https://evil.example.com' }],
  ])('with %s is refused before the provider is asked', async (_name, more) => {
    const provider = new Provider(GIVEN);
    const { begun } = await provider.begin(PAGE, false);
    const asked = answering(given(begun));
    expect(await why(provider.complete(back(begun, more), begun))).toBe('failed');
    expect(asked).toEqual([]);
  });

  test('without the issuer that the provider names is refused', async () => {
    const provider = new Provider(GIVEN);
    const { begun } = await provider.begin(PAGE, false);
    const answer = back(begun);
    answer.delete('iss');
    expect(await why(provider.complete(answer, begun))).toBe('failed');
  });

  test.each([
    ['another nonce', { nonce: 'n' }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'another' }],
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['an end that is past', { exp: Math.floor(Date.now() / 1000) - 120 }],
  ])('with an ID token with %s signs nobody in', async (_name, claims) => {
    const provider = new Provider(GIVEN);
    const { begun } = await provider.begin(PAGE, false);
    answering(given(begun, { id_token: idToken({ nonce: begun.nonce, ...claims }) }));
    expect(await why(provider.complete(back(begun), begun))).toBe('failed');
  });

  test.each([
    ['no ID token', { id_token: undefined }],
    ['a token of another type', { token_type: 'DPoP' }],
    ['no access token', { access_token: undefined }],
  ])('with %s signs nobody in', async (_name, more) => {
    const provider = new Provider(GIVEN);
    const { begun } = await provider.begin(PAGE, false);
    answering(given(begun, more));
    expect(await why(provider.complete(back(begun), begun))).toBe('failed');
  });

  test.each([
    ['login_required', 'session'],
    ['consent_required', 'session'],
    ['access_denied', 'declined'],
    ['server_error', 'declined'],
  ])('with the error %s says why: %s', async (error, reason) => {
    const provider = new Provider(GIVEN);
    const { begun } = await provider.begin(PAGE, true);
    const answer = new URLSearchParams({ error, state: begun.state, iss: ISSUER });
    expect(await why(provider.complete(answer, begun))).toBe(reason);
  });
});

describe('renewing', () => {
  const OLD: Tokens = { access: 'a0', refresh: 'r0', id: 'i0', subject: 'ada', seconds: 300 };

  test('takes the next refresh token, and keeps what is not given anew', async () => {
    const asked = answering(
      json({ access_token: 'a1', token_type: 'bearer', refresh_token: 'r1' }),
      json({ access_token: 'a2', token_type: 'bearer', expires_in: 60 }),
    );
    const provider = new Provider(GIVEN);
    const first = await provider.renew(OLD);
    expect(first).toEqual({ access: 'a1', refresh: 'r1', id: 'i0', subject: 'ada', seconds: null });
    const second = await provider.renew(first);
    expect(second).toMatchObject({ access: 'a2', refresh: 'r1', seconds: 60 });
    expect(asked.map(({ body }) => body.get('refresh_token'))).toEqual(['r0', 'r1']);
  });

  test('means to sign in again where nothing was given to renew', async () => {
    const asked = answering();
    expect(await why(new Provider(GIVEN).renew({ ...OLD, refresh: null }))).toBe('session');
    expect(asked).toEqual([]);
  });

  test.each([
    ['that has ended there', () => json({ error: 'invalid_grant' }, 400), 'session'],
    [
      'with a provider that refuses the client',
      () => json({ error: 'invalid_client' }, 400),
      'failed',
    ],
    ['with a provider that is down', () => new Response('', { status: 503 }), 'failed'],
    ['with no answer', () => Response.error(), 'failed'],
  ])('a session %s', async (_name, answer, reason) => {
    answering(answer());
    expect(await why(new Provider(GIVEN).renew(OLD))).toBe(reason);
  });
});

describe('signing out', () => {
  const TOKENS: Tokens = { access: 'a', refresh: 'r', id: 'i', subject: 'ada', seconds: null };

  test('names the session, and leads back', () => {
    const url = new URL(new Provider(GIVEN).end(TOKENS, PAGE)!);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'studio',
      post_logout_redirect_uri: PAGE,
      id_token_hint: 'i',
    });
  });

  test('is at the page alone where the provider offers no end', () => {
    expect(new Provider({ ...GIVEN, end_session_endpoint: null }).end(TOKENS, PAGE)).toBe(null);
  });

  test('revokes the refresh token, where that is offered', async () => {
    const asked = answering(new Response(''));
    await new Provider(GIVEN).revoke(TOKENS);
    expect(asked[0]).toMatchObject({ url: `${ISSUER}/revoke` });
    expect(asked[0]!.body.get('token')).toBe('r');
    await new Provider({ ...GIVEN, revocation_endpoint: null }).revoke(TOKENS);
    expect(asked.length).toBe(1);
  });
});
