// Logins against a real authorization server: npm's oidc-provider.
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { makeBrowser, startAuthorizationServer, startProtectedServer, visit } from './oauth_world.mjs';
import { admin, binary, connectHttp, everything, names, notifications, run, server, startGateway, switchyard, temporaryFolder, text, types, until } from './support.mjs';

const timeout = 120_000;

async function world(t, { ttl, entry = {}, as = {}, rs = {}, others = {}, args, env = {} } = {}) {
  const authorization = await startAuthorizationServer(t, { ttl, ...as });
  const resource = await startProtectedServer(t, authorization, rs);
  const folder = await temporaryFolder(t);
  const browser = await makeBrowser(folder);
  const config = { mcpServers: { notes: { url: resource.url, ...entry }, ...others }, listen: '127.0.0.1:0' };
  const gateway = await startGateway(t, config, { folder, env: { BROWSER: browser, ...env }, args });
  return { authorization, resource, gateway, folder, browser };
}

const login = (t, gateway, args = []) => switchyard(t, gateway, ['login', 'notes', ...args]);
const state = async (gateway) => (await server(gateway, 'notes')).state;
const ready = (gateway) => until('notes is ready', () => state(gateway), (now) => now === 'ready');

test('a server that wants a login says so, and works by itself after it', { timeout }, async (t) => {
  const { authorization, gateway } = await world(t, { others: { everything } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const before = await until('login_required', () => server(gateway, 'notes'), (now) => now.cause?.reason === 'login_required');
  assert.match(before.cause.remedy, /switchyard login notes/);
  await until('everything is ready', async () => (await server(gateway, 'everything')).state, (now) => now === 'ready');
  const { pid } = await server(gateway, 'everything');

  const done = await login(t, gateway);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /Logged in to "notes" as alice@example.test/);
  assert.match(done.stdout, /The running gateway uses it from now on/);
  await ready(gateway);
  const answer = await client.callTool({ name: 'notes__whoami', arguments: {} });
  assert.equal(text(answer), 'alice mcp:tools');
  assert.equal((await server(gateway, 'everything')).pid, pid);
  assert.equal(authorization.counts.registered, 1);

  const status = await switchyard(t, gateway, ['status', 'notes']);
  assert.match(status.stdout, /login +alice@example.test at http:\/\/127/);
  assert.match(status.stdout, /scopes +.*mcp:tools/);
  assert.match(status.stdout, /token until +20\d\d-/);
});

test('a logout revokes, and is seen at once', { timeout }, async (t) => {
  const { authorization, gateway } = await world(t);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  const done = await switchyard(t, gateway, ['logout', 'notes']);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /Logged out of "notes"/);
  assert.ok(authorization.counts.revoked > 0);
  const now = await until('login_required', () => server(gateway, 'notes'), (one) => one.cause?.reason === 'login_required');
  assert.equal(now.login.loggedIn, false);
  const again = await switchyard(t, gateway, ['logout', 'notes', '--json']);
  assert.deepEqual(JSON.parse(again.stdout), { server: 'notes', wasLoggedIn: false });
});

test('without a gateway a login is kept for the next one', { timeout }, async (t) => {
  const { gateway } = await world(t);
  await gateway.stop();
  const done = await run(t, binary, ['login', 'notes', ...gateway.common], { env: gateway.environment });
  assert.equal(done.code, 0, done.stderr);
  assert.doesNotMatch(done.stdout, /running gateway/);
  const call = await run(t, binary, ['call', 'notes__whoami', ...gateway.common], { env: gateway.environment });
  assert.equal(call.code, 0, call.stderr);
  assert.equal(call.stdout.trim(), 'alice mcp:tools');
});

test('a renamed server keeps its login', { timeout }, async (t) => {
  const { resource, gateway } = await world(t);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  await writeFile(gateway.file, JSON.stringify({ mcpServers: { memos: { url: resource.url } }, listen: '127.0.0.1:0' }));
  await until('memos is ready', async () => (await server(gateway, 'memos'))?.state, (now) => now === 'ready');
});

test('pasting the address is enough where the browser is elsewhere', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const started = await admin(gateway, 'POST', '/api/v1/servers/notes/login');
  assert.equal(started.status, 200);
  assert.equal(started.body.state, 'waiting');
  const again = await admin(gateway, 'POST', '/api/v1/servers/notes/login');
  assert.equal(again.body.id, started.body.id);
  const back = await visit(started.body.url);
  // Another login's answer is none of this one's.
  const foreign = new URL(back);
  foreign.searchParams.set('state', 'x'.repeat(32));
  const refused = await admin(gateway, 'POST', `/api/v1/logins/${started.body.id}?response=${encodeURIComponent(foreign.href)}`);
  assert.equal(refused.status, 400);
  const done = await admin(gateway, 'POST', `/api/v1/logins/${started.body.id}?response=${encodeURIComponent(back)}`);
  assert.equal(done.body.state, 'done', JSON.stringify(done.body));
  assert.equal(done.body.subject, 'alice@example.test');
  await ready(gateway);
  assert.equal((await admin(gateway, 'GET', '/api/v1/logins/nothing')).status, 404);
});

test('a login by the admin API comes back through the browser, and can be given up', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const first = await admin(gateway, 'POST', '/api/v1/servers/notes/login');
  const given = await admin(gateway, 'DELETE', `/api/v1/logins/${first.body.id}`);
  assert.equal(given.body.state, 'failed');
  assert.equal(given.body.error.reason, 'cancelled');
  const { body } = await admin(gateway, 'POST', '/api/v1/servers/notes/login');
  assert.notEqual(body.id, first.body.id);
  const page = await fetch(await visit(body.url));
  assert.equal(page.status, 200);
  await until('the login is done', async () => (await admin(gateway, 'GET', `/api/v1/logins/${body.id}`)).body.state, (now) => now === 'done');
  await ready(gateway);
  const out = await admin(gateway, 'DELETE', '/api/v1/servers/notes/login');
  assert.equal(out.body.revoked, true, JSON.stringify(out.body));
  assert.equal((await admin(gateway, 'POST', '/api/v1/servers/none/login')).status, 404);
});

test('a denial ends a login with its reason', { timeout }, async (t) => {
  const { authorization, gateway } = await world(t);
  authorization.deny = true;
  const denied = await login(t, gateway);
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /alice said no/);
  assert.equal((await server(gateway, 'notes')).login.loggedIn, false);
});

test('a dead login is one reason everywhere', { timeout }, async (t) => {
  const { authorization, gateway } = await world(t, { ttl: 5 });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  authorization.fault = (request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    return true;
  };
  const now = await until('reauthentication_required', () => server(gateway, 'notes'), (one) => one.cause?.reason === 'reauthentication_required' || one.login?.needsPerson === true);
  assert.ok(now);
  const failed = await until(
    'the call says so',
    () => client.callTool({ name: 'notes__echo', arguments: { message: 'x' } }),
    (answer) => answer.isError === true,
  );
  assert.equal(failed._meta['switchyard/error'].reason, 'reauthentication_required');
  assert.match(text(failed), /switchyard login notes/);
  assert.match((await switchyard(t, gateway, ['status'])).stdout, /switchyard login notes/);
  const metrics = await (async () => {
    const { adminUrl, token } = JSON.parse(await readFile(path.join(gateway.state, 'gateway.json'), 'utf8'));
    return (await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text();
  })();
  assert.match(metrics, /switchyard_server_needs_login\{server="notes",reason="reauthentication_required"\} 1/);
  assert.match(metrics, /switchyard_login_refreshes_total\{server="notes",outcome="refresh_token_dead"\} 1/);
  const explained = await switchyard(t, gateway, ['explain', 'notes']);
  assert.match(explained.stdout, /reauthentication_required|login/);
  // The tools stay listed, and the login mends it.
  assert.ok(names(await client.listTools()).includes('notes__echo'));
  authorization.fault = undefined;
  assert.equal((await login(t, gateway)).code, 0);
  await until(
    'calls work again',
    () => client.callTool({ name: 'notes__echo', arguments: { message: 'again' } }),
    (answer) => text(answer) === 'again',
  );
});

test('a scope that is missing concerns that call alone, and the next login asks for it', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  const refused = await client.callTool({ name: 'notes__admin', arguments: {} });
  assert.equal(refused._meta['switchyard/error'].reason, 'reauthentication_required');
  assert.match(text(refused), /mcp:admin/);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'still' } })), 'still');
  assert.equal(await state(gateway), 'ready');
  assert.match((await switchyard(t, gateway, ['status'])).stdout, /wants more than its login allows: mcp:admin/);
});

test('tools of a server that wants a login leave where that is configured', { timeout }, async (t) => {
  const { gateway } = await world(t, { entry: { onLoginRequired: 'hide' } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  await until('the tools are there', async () => names(await client.listTools()).length, (count) => count === 3);
  assert.equal((await switchyard(t, gateway, ['logout', 'notes'])).code, 0);
  await until('the tools have left', async () => names(await client.listTools()).length, (count) => count === 0);
  assert.equal((await login(t, gateway)).code, 0);
  await until('the tools are back', async () => names(await client.listTools()).length, (count) => count === 3);
});

test('two accounts are two logins', { timeout }, async (t) => {
  const { authorization, resource, gateway } = await world(t, {
    entry: { oauth: { account: 'work' } },
    others: {},
  });
  assert.equal((await login(t, gateway)).code, 0);
  authorization.account = 'bob';
  assert.equal((await login(t, gateway, ['--account', 'home'])).code, 0);
  await writeFile(
    gateway.file,
    JSON.stringify({
      mcpServers: {
        notes: { url: resource.url, oauth: { account: 'work' } },
        private: { url: resource.url, oauth: { account: 'home' } },
      },
      listen: '127.0.0.1:0',
    }),
  );
  await until('private is ready', async () => (await server(gateway, 'private'))?.state, (now) => now === 'ready');
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal(text(await client.callTool({ name: 'notes__whoami', arguments: {} })), 'alice mcp:tools');
  assert.equal(text(await client.callTool({ name: 'private__whoami', arguments: {} })), 'bob mcp:tools');
});

test('the gateway as a client of its own needs nobody', { timeout }, async (t) => {
  const machine = {
    client_id: 'machine',
    client_secret: 'a-secret-of-the-machine',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  };
  const { authorization, resource, gateway } = await world(t, {
    entry: { oauth: { grant: 'client_credentials', clientId: 'machine', clientSecret: '${MACHINE}' } },
    as: { clients: [machine] },
    env: { MACHINE: machine.client_secret },
  });
  await ready(gateway);
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'hello' } })), 'hello');
  // A token that is refused is replaced without anybody noticing.
  const old = [...resource.tokens];
  resource.refuse = ({ jti }) => old.some((token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).jti === jti);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'again' } })), 'again');
  assert.equal(authorization.counts.granted.client_credentials, 2);
  assert.match((await switchyard(t, gateway, ['status', 'notes'])).stdout, /login +as the client machine/);
  const refused = await login(t, gateway);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /client_credentials/);
});

test('a token of a program is asked for again when it is refused', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const program = path.join(folder, 'helper');
  await writeFile(program, '#!/bin/sh\necho run >> "$(dirname "$0")/runs"\ncat "$(dirname "$0")/token"\n', { mode: 0o755 });
  const machine = {
    client_id: 'machine',
    client_secret: 'a-secret-of-the-machine',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_post',
  };
  const authorization = await startAuthorizationServer(t, { clients: [machine] });
  const resource = await startProtectedServer(t, authorization);
  const renew = async () => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'machine', client_secret: machine.client_secret, scope: 'mcp:tools', resource: resource.url });
    const answer = await (await fetch(`${authorization.issuer}/token`, { method: 'POST', body: form })).json();
    await writeFile(path.join(folder, 'token'), `${answer.access_token}\n`);
    return answer.access_token;
  };
  const first = await renew();
  const gateway = await startGateway(t, { mcpServers: { notes: { url: resource.url, bearer: { command: [program] } } }, listen: '127.0.0.1:0' });
  await ready(gateway);
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const { jti } = JSON.parse(Buffer.from(first.split('.')[1], 'base64url'));
  resource.refuse = (claims) => claims.jti === jti;
  await renew();
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } })), 'x');
  assert.equal((await readFile(path.join(folder, 'runs'), 'utf8')).trim().split('\n').length, 2);
  // The same one again is the end of it, and nobody's login.
  resource.refuse = () => true;
  const refused = await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } });
  assert.equal(refused._meta['switchyard/error'].reason, 'credential_refused');
  assert.match(text(refused), /the program .*helper/);
});

test('a call that wants a login gives an address to clients that can show one', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const client = await connectHttp(t, `${gateway.origin}/mcp`, { capabilities: { elicitation: { form: {}, url: {} } } });
  const done = notifications(client, types.ElicitationCompleteNotificationSchema);
  await until('login_required', () => server(gateway, 'notes'), (now) => now.cause?.reason === 'login_required');
  // Its tools are not known yet, so there is nothing to call: a login and a logout make them known.
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  assert.equal((await switchyard(t, gateway, ['logout', 'notes'])).code, 0);
  await until('login_required', () => server(gateway, 'notes'), (now) => now.cause?.reason === 'login_required');
  const error = await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } }).then(
    () => assert.fail('it was answered'),
    (thrown) => thrown,
  );
  assert.equal(error.code, -32042, String(error));
  const [asked] = error.data.elicitations;
  assert.equal(asked.mode, 'url');
  const page = await fetch(await visit(asked.url));
  assert.equal(page.status, 200);
  await done.until(({ elicitationId }) => elicitationId === asked.elicitationId, 'the end of the login');
  await ready(gateway);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'now' } })), 'now');
});

test('nothing of it lies about in clear text', { timeout }, async (t) => {
  const { resource, gateway } = await world(t, { ttl: 5 });
  const printed = [await login(t, gateway)];
  await ready(gateway);
  for (const args of [['status', 'notes'], ['list'], ['explain', 'notes'], ['status', '--json']]) printed.push(await switchyard(t, gateway, args));
  printed.push(await switchyard(t, gateway, ['logout', 'notes']));
  assert.ok(resource.tokens.size > 0);
  const texts = printed.map(({ stdout, stderr }) => stdout + stderr).concat(gateway.program.stderr);
  const files = [];
  for (const entry of await readdir(gateway.home, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(await readFile(path.join(entry.parentPath, entry.name), 'latin1'));
  }
  for (const token of resource.tokens) {
    for (const one of texts.concat(files)) assert.ok(!one.includes(token) && !one.includes(token.split('.')[2]));
  }
});
