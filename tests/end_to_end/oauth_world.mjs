// A real authorization server (npm's oidc-provider) and an MCP server (the official SDK's) that takes its tokens, both on loopback in
// the test's own process, so that a test can count and change what they do.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { root } from './support.mjs';

const require = createRequire(path.join(root, 'tests/npm/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: Provider } = await load('oidc-provider');
const { createRemoteJWKSet, jwtVerify } = await load('jose');
const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js');
const { StreamableHTTPServerTransport } = require('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { z } = require('zod');

const loopback = '127.0.0.1';

async function listen(t, server) {
  server.listen(0, loopback);
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${loopback}:${server.address().port}`;
}

const key = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(),
  use: 'sig',
  alg,
});

/**
 * An authorization server: registers clients, wants PKCE, rotates refresh tokens and revokes all of a login where an old one comes
 * again. Whoever comes is logged in as `account` and consents, unless `deny`. `counts` says how often which grant was given or refused;
 * `fault` may answer a request to the token endpoint in its place: (request, response) => true.
 */
export async function startAuthorizationServer(t, { ttl = 3600, clients = [], account = 'alice', refresh = true } = {}) {
  const server = http.createServer();
  const issuer = await listen(t, server);
  const world = { issuer, counts: { granted: {}, refused: {}, registered: 0, revoked: 0 }, deny: false, account, fault: undefined, resource: '', secrets: new Set() };
  const provider = new Provider(issuer, {
    // RS256 is what clients get that ask for no other.
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
    clients,
    cookies: { keys: [randomUUID()] },
    scopes: ['openid', 'offline_access', 'mcp:tools', 'mcp:admin'],
    claims: { openid: ['sub', 'email'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    clientBasedCORS: () => true,
    issueRefreshToken: async (_, client) => refresh && client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    ttl: { AccessToken: ttl, ClientCredentials: ttl, AuthorizationCode: 30, RefreshToken: 600, Grant: 3600, Session: 3600, Interaction: 60, IdToken: 60, DeviceCode: 60 },
    findAccount: async (_, sub) => ({ accountId: sub, claims: async () => ({ sub, email: `${sub}@example.test` }) }),
    extraTokenClaims: async (_, token) => (token.accountId ? { email: `${token.accountId}@example.test` } : {}),
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true, initialAccessToken: false },
      registrationManagement: { enabled: true },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: async (ctx, form) => { ctx.body = form; },
        userCodeConfirmSource: async (ctx, form) => { ctx.body = form; },
        successSource: async (ctx) => { ctx.body = 'signed in'; },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => world.resource,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_, resource) => ({
          scope: 'mcp:tools mcp:admin',
          audience: resource,
          accessTokenTTL: world.ttl ?? ttl,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  });
  const count = (table, name) => { table[name] = (table[name] ?? 0) + 1; };
  provider.on('grant.success', (ctx) => count(world.counts.granted, ctx.oidc.params.grant_type));
  provider.on('grant.error', (ctx, error) => count(world.counts.refused, error.error));
  const registered = [];
  provider.on('registration_create.success', (_, client) => {
    world.counts.registered += 1;
    registered.push(client.clientId);
  });
  /** Knows nobody any more that has registered so far. */
  world.forgetClients = async () => {
    for (const id of registered.splice(0)) await provider.Client.adapter.destroy(id);
  };
  provider.on('grant.revoked', () => { world.counts.revoked += 1; });
  world.provider = provider;
  /** As if somebody had entered the code of a device and consented. */
  world.approve = async (userCode, resource) => {
    const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''), { ignoreExpiration: true });
    const grant = new provider.Grant({ accountId: world.account, clientId: code.clientId });
    grant.addOIDCScope(String(code.params.scope ?? ''));
    grant.addResourceScope(resource, String(code.params.scope ?? ''));
    Object.assign(code, { accountId: world.account, authTime: Math.floor(Date.now() / 1000), grantId: await grant.save(), scope: code.params.scope, resource });
    await code.save();
  };
  const app = provider.callback();
  /** What is secret in an answer of the token endpoint. */
  const watch = (response) => {
    const end = response.end.bind(response);
    response.end = (body, ...rest) => {
      try {
        const { access_token: access, refresh_token: refresh } = JSON.parse(String(body));
        for (const secret of [access, refresh]) if (secret) world.secrets.add(secret);
      } catch {
        // No JSON, so no tokens.
      }
      return end(body, ...rest);
    };
  };
  const decide = async (request, response) => {
    const details = await provider.interactionDetails(request, response);
    let result;
    if (world.deny && details.prompt.name === 'consent') {
      result = { error: 'access_denied', error_description: 'alice said no' };
    } else if (details.prompt.name === 'login') {
      result = { login: { accountId: world.account } };
    } else {
      const grant = details.grantId
        ? await provider.Grant.find(details.grantId)
        : new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
      const missing = details.prompt.details;
      if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(' '));
      for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '));
      result = { consent: { grantId: await grant.save() } };
    }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  };
  server.on('request', (request, response) => {
    if (request.url.startsWith('/interaction/')) return decide(request, response).catch((error) => response.writeHead(500).end(String(error.stack)));
    if (request.url.startsWith('/token') && world.fault?.(request, response)) return undefined;
    if (request.url.startsWith('/token')) watch(response);
    return app(request, response);
  });
  return world;
}

/**
 * An MCP server behind OAuth, with the tools `echo`, `whoami` and `admin` (which wants the scope mcp:admin, or `adminScope`). `counts` says how many
 * requests it let in, how many it refused, and how often a session began.
 */
export async function startProtectedServer(t, authorization, { scopes = ['mcp:tools'], refuse = () => false, adminScope = 'mcp:admin' } = {}) {
  const server = http.createServer();
  const origin = await listen(t, server);
  const url = `${origin}/mcp`;
  const keys = createRemoteJWKSet(new URL(`${authorization.issuer}/jwks`));
  const world = { url, origin, counts: { let_in: 0, refused: 0, sessions: 0 }, refuse, tokens: new Set() };
  authorization.resource ||= url;
  const sessions = new Map();
  const open = async () => {
    const mcp = new McpServer({ name: 'protected', version: '1.0.0' });
    mcp.registerTool('echo', { description: 'Says it again', inputSchema: { message: z.string() } }, async ({ message }) => ({
      content: [{ type: 'text', text: message }],
    }));
    mcp.registerTool('whoami', { description: 'Who asks' }, async ({ authInfo }) => ({
      content: [{ type: 'text', text: `${authInfo.extra.sub} ${authInfo.scopes.join(' ')}` }],
    }));
    mcp.registerTool('admin', { description: 'For administrators' }, async () => ({ content: [{ type: 'text', text: 'done' }] }));
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        world.counts.sessions += 1;
        sessions.set(id, transport);
      },
    });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await mcp.connect(transport);
    return transport;
  };
  const challenge = (response, status, extra) => {
    world.counts.refused += 1;
    const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
    response.writeHead(status, { 'www-authenticate': `Bearer resource_metadata="${metadata}", ${extra}` }).end();
  };
  const body = async (request) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    return parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString('utf8'));
  };
  const serve = async (request, response) => {
    if (request.url.startsWith('/.well-known/oauth-protected-resource')) {
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ resource: url, authorization_servers: [authorization.issuer], scopes_supported: scopes, bearer_methods_supported: ['header'] }));
    }
    if (!request.url.startsWith('/mcp')) return response.writeHead(404).end();
    const message = request.method === 'POST' ? await body(request) : undefined;
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    let claims;
    try {
      ({ payload: claims } = await jwtVerify(token, keys, { issuer: authorization.issuer, audience: url }));
    } catch {
      return challenge(response, 401, `scope="${scopes.join(' ')}"`);
    }
    world.tokens.add(token);
    if (world.refuse(claims)) return challenge(response, 401, 'error="invalid_token"');
    const granted = String(claims.scope ?? '').split(' ');
    if (message?.params?.name === 'admin' && !granted.includes(adminScope)) {
      return challenge(response, 403, `error="insufficient_scope", scope="${adminScope}"`);
    }
    world.counts.let_in += 1;
    request.auth = { token, clientId: String(claims.client_id), scopes: granted, extra: { sub: claims.sub } };
    const known = sessions.get(request.headers['mcp-session-id']);
    if (!known && message?.method !== 'initialize') return response.writeHead(404).end();
    return (known ?? (await open())).handleRequest(request, response, message);
  };
  server.on('request', (request, response) => {
    serve(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error.stack));
    });
  });
  return world;
}

/** A program that stands for the user's browser: follows redirects with cookies until it is back at the one who sent it. */
export async function makeBrowser(folder) {
  const file = path.join(folder, 'browser');
  await writeFile(
    file,
    `#!${process.execPath}
const jar = new Map();
let url = process.argv[2];
for (let hops = 0; hops < 20; ++hops) {
  const cookie = [...jar].map(([name, value]) => name + '=' + value).join('; ');
  const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
  for (const line of answer.headers.getSetCookie()) {
    const [pair] = line.split(';');
    const at = pair.indexOf('=');
    jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const next = answer.headers.get('location');
  await answer.text();
  if (!next) break;
  url = new URL(next, url).href;
}
`,
  );
  await chmod(file, 0o755);
  return file;
}

/** Where such a browser ends up: the address that it would be sent back to, not visited. */
export async function visit(url, stopAt = '/callback') {
  const jar = new Map();
  for (let hops = 0; hops < 20; ++hops) {
    if (new URL(url).pathname.startsWith(stopAt)) return url;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const next = answer.headers.get('location');
    const text = await answer.text();
    if (!next) throw new Error(`no way on from ${url}: ${answer.status} ${text}`);
    url = new URL(next, url).href;
  }
  throw new Error('too many redirects');
}
