/**
 * An OpenID provider on loopback for the tests of sign-in, which may be told what befalls it.
 *
 *   node main.js '{"client": {…}, "users": {"ada": {"roles": ["ops"]}}, "keys": […], "seconds": 300}'
 *
 * It prints its issuer once it listens. Anybody signs in under any name, with any password.
 * `POST /control` takes a JSON object: `keys` (new ones, the old ones are gone), `seconds` (how long
 * tokens live from now on), `skew` (seconds that its clock is ahead), `forget` (a user whose tokens
 * and session are no more) and `remember`, `down` (answers nothing but 503). `GET /control` says what was asked.
 */
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const AUDIENCE = 'https://statehold.example/api';

const given = JSON.parse(process.argv[2]);
let seconds = given.seconds ?? 300;
let keys = given.keys;
let skew = 0;
let down = false;
let provider;
let handle;
const asked = {};
/** By user: grants that are still good. */
const grants = new Map();
const forgotten = new Set();

const now = Date.now;
Date.now = () => now() + skew * 1000;

const server = createServer(answer);
server.listen(given.port ?? 0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  start(issuer);
  console.log(issuer);
});

function start(issuer) {
  provider = new Provider(issuer, configuration());
  provider.on('server_error', (_, error) => console.error(error));
  provider.on('grant.success', (ctx) => {
    const { Grant, AccessToken, RefreshToken } = ctx.oidc.entities;
    const account = (AccessToken ?? RefreshToken)?.accountId;
    if (account && Grant) grants.set(account, [...(grants.get(account) ?? []), Grant]);
  });
  handle = provider.callback();
  server.rotate = () => start(issuer);
}

function configuration() {
  return {
    clients: [
      {
        client_id: 'studio',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...given.client,
      },
    ],
    jwks: { keys },
    cookies: { keys: ['of these tests alone'] },
    claims: { openid: ['sub'] },
    clientBasedCORS: () => true,
    conformIdTokenClaims: true,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: () => seconds,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 300,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = page(`${form}
            <button type="submit" form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`);
        },
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenTTL: seconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    extraTokenClaims: (_, token) => given.users[token.accountId] ?? {},
    findAccount: (_, id) =>
      forgotten.has(id) ? undefined : { accountId: id, claims: () => ({ sub: id }) },
    // the client is the server's own: nobody is asked whether it may
    loadExistingGrant: async (ctx) => {
      const { provider, client, session } = ctx.oidc;
      const id = ctx.oidc.result?.consent?.grantId ?? session.grantIdFor(client.clientId);
      const found = id ? await provider.Grant.find(id) : undefined;
      if (found) return found;
      const grant = new provider.Grant({
        clientId: client.clientId,
        accountId: session.accountId,
      });
      grant.addOIDCScope('openid offline_access');
      grant.addResourceScope(AUDIENCE, '');
      await grant.save();
      return grant;
    },
  };
}

async function answer(request, response) {
  const path = request.url.split('?')[0];
  if (path === '/control') return control(request, response);
  asked[path] = (asked[path] ?? 0) + 1;
  if (down) {
    response.writeHead(503).end();
    return;
  }
  if (path.startsWith('/interaction/')) return interact(request, response);
  handle(request, response);
}

/** Anybody signs in under any name, or does not want to. */
async function interact(request, response) {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html' }).end(
      page(`<form method="post">
        <label>Name <input name="name" autofocus></label>
        <button name="answer" value="yes">Continue</button>
        <button name="answer" value="no">Cancel</button></form>`),
    );
    return;
  }
  const given = new URLSearchParams(await read(request));
  const result =
    given.get('answer') === 'yes'
      ? { login: { accountId: given.get('name') } }
      : { error: 'access_denied', error_description: 'the sign-in was cancelled' };
  await provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: false,
  });
}

const page = (body) =>
  `<!doctype html><html lang="en"><title>Provider</title><h1>The provider</h1>${body}</html>`;

async function read(request) {
  let body = '';
  for await (const part of request) body += part;
  return body;
}

async function control(request, response) {
  const body = await read(request);
  const told = body ? JSON.parse(body) : {};
  if (told.seconds !== undefined) seconds = told.seconds;
  if (told.skew !== undefined) skew = told.skew;
  if (told.down !== undefined) down = told.down;
  if (told.keys) {
    keys = told.keys;
    server.rotate();
  }
  if (told.remember) forgotten.delete(told.remember);
  if (told.forget) {
    forgotten.add(told.forget);
    for (const grant of grants.get(told.forget) ?? []) await grant.destroy();
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ asked }));
}
