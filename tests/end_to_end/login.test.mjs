// Logins against a real authorization server: npm's oidc-provider.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { makeBrowser, startAuthorizationServer, startProtectedServer, visit } from './oauth_world.mjs';
import { admin, binary, connectHttp, descendants, everything, names, notifications, run, server, startGateway, switchyard, temporaryFolder, text, types, until } from './support.mjs';

const timeout = 120_000;

async function world(t, { ttl, entry = {}, as = {}, rs = {}, others = {}, args, env = {} } = {}) {
  const authorization = await startAuthorizationServer(t, { ttl, ...as });
  const resource = await startProtectedServer(t, authorization, rs);
  const folder = await temporaryFolder(t);
  const browser = await makeBrowser(folder);
  const own = typeof entry === 'function' ? entry(authorization) : entry;
  const config = { mcpServers: { notes: { url: resource.url, ...own }, ...others }, listen: '127.0.0.1:0' };
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
  const doctor = await switchyard(t, gateway, ['doctor', 'notes']);
  assert.match(doctor.stdout, /wants a login \(HTTP 401\), and alice@example.test is logged in/);
  assert.doesNotMatch(doctor.stdout, /switchyard login/);
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
  const wider = await login(t, gateway);
  assert.equal(wider.code, 0, wider.stderr);
  await until('it reaches far enough', () => client.callTool({ name: 'notes__admin', arguments: {} }), (answer) => text(answer) === 'done');
  assert.match(text(await client.callTool({ name: 'notes__whoami', arguments: {} })), /^alice (mcp:tools mcp:admin|mcp:admin mcp:tools)$/);
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

/** A command that goes on while the test does something: its first line of output that `matches`, and its end. */
function begin(t, gateway, args) {
  const child = spawn(binary, [args[0], ...gateway.common, ...args.slice(1)], { env: gateway.environment });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (more) => { output[name] += more; });
  const ended = once(child, 'close').then(([code]) => ({ code, ...output }));
  t.after(() => child.kill('SIGKILL'));
  const line = (matches) => until(`${args.join(' ')} says ${matches}`, async () => output.stdout.match(matches)?.[0], (found) => found);
  return { child, ended, line };
}

test('what the browser ended up at can be pasted', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const command = begin(t, gateway, ['login', 'notes', '--paste']);
  const url = await command.line(/http:\S+\/auth\?\S+/);
  command.child.stdin.write('http://127.0.0.1/callback?code=x&state=of-another-login\n');
  command.child.stdin.write(`${await visit(url)}\n`);
  const { code, stdout, stderr } = await command.ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Logged in to "notes" as alice/);
  await ready(gateway);
});

test('a code on another device does as well', { timeout }, async (t) => {
  const { authorization, resource, gateway } = await world(t);
  const command = begin(t, gateway, ['login', 'notes', '--device', '--json']);
  const { userCode, verificationUri } = JSON.parse(await command.line(/\{"event":"code".*\}/));
  assert.equal(new URL(verificationUri).origin, authorization.issuer);
  await authorization.approve(userCode, resource.url);
  const { code, stdout, stderr } = await command.ended;
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout.trim().split('\n').at(-1)).event, 'done');
  await ready(gateway);
});

test('Ctrl-C ends a login cleanly', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const command = begin(t, gateway, ['login', 'notes', '--no-browser']);
  await command.line(/http:\S+\/auth\?\S+/);
  const began = Date.now();
  command.child.kill('SIGINT');
  const { code, stderr } = await command.ended;
  assert.equal(code, 1);
  assert.match(stderr, /interrupted; nothing was changed/);
  assert.ok(Date.now() - began < 5000);
  assert.equal((await server(gateway, 'notes')).login.loggedIn, false);
});

test('the callback takes its own login\'s answer alone', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const { body } = await admin(gateway, 'POST', '/api/v1/servers/notes/login');
  const back = new URL(await visit(body.url));
  const get = async (change) => {
    const url = new URL(back);
    change(url);
    const answer = await fetch(url);
    return { status: answer.status, page: await answer.text() };
  };
  assert.equal((await get((url) => { url.pathname = '/other'; })).status, 404);
  assert.equal((await get((url) => { url.search = ''; })).status, 400);
  assert.equal((await get((url) => url.searchParams.set('state', 'wrong'))).status, 400);
  assert.equal((await admin(gateway, 'GET', `/api/v1/logins/${body.id}`)).body.state, 'waiting');
  const done = await get(() => {});
  assert.equal(done.status, 200);
  assert.ok(!done.page.includes(back.searchParams.get('code')));
  await ready(gateway);
});

test('the gateway publishes the document that says which client it is', { timeout }, async (t) => {
  const { gateway } = await world(t, { entry: { oauth: { clientMetadataUrl: 'https://gateway.example.com/oauth/client.json' } } });
  const answer = await fetch(`${gateway.origin}/oauth/client.json`);
  assert.equal(answer.status, 200);
  const document = await answer.json();
  assert.equal(document.client_id, 'https://gateway.example.com/oauth/client.json');
  assert.ok(document.redirect_uris.every((uri) => /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])/.test(uri)));
  assert.equal((await fetch(`${gateway.origin}/oauth/other.json`)).status, 404);
});

test('logins and logouts while several processes renew leave what was done last', { timeout }, async (t) => {
  const { authorization, resource, gateway } = await world(t, { ttl: 2 });
  assert.equal((await login(t, gateway)).code, 0);
  const folder = path.join(gateway.state, 'credentials');
  const caller = path.join(path.dirname(binary), 'login_caller');
  const others = [1, 2, 3].map(() => run(t, caller, [folder, resource.url, '9000'], { deadline: 60_000 }));
  for (const account of ['bob', 'carol', 'dave']) {
    authorization.account = account;
    const done = await login(t, gateway);
    assert.equal(done.code, 0, done.stderr);
    await ready(gateway);
  }
  await Promise.all(others);
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  await until('dave is asked', () => client.callTool({ name: 'notes__whoami', arguments: {} }), (answer) => /^dave /.test(text(answer)));
  // Nobody brings back what is gone.
  const before = resource.counts.let_in;
  const again = [1, 2, 3].map(() => run(t, caller, [folder, resource.url, '4000'], { deadline: 60_000 }));
  await until('they call', async () => resource.counts.let_in - before, (count) => count > 30);
  const out = await switchyard(t, gateway, ['logout', 'notes']);
  assert.equal(out.code, 0, out.stderr);
  await Promise.all(again);
  const status = await server(gateway, 'notes');
  assert.equal(status.login.loggedIn, false);
  assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('credential-') && name.endsWith('.sealed')), []);
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
    entry: ({ issuer }) => ({ oauth: { grant: 'client_credentials', clientId: 'machine', clientSecret: '${MACHINE}', authorizationServer: issuer } }),
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

test('nothing of it lies about in clear text, and nothing shows it', { timeout }, async (t) => {
  const secret = 'a-secret-of-a-registered-client';
  const { authorization, gateway, folder } = await world(t, {
    ttl: 2,
    args: ['--log-level', 'debug'],
    entry: ({ issuer }) => ({ oauth: { clientId: 'registered', clientSecret: '${CLIENT}', authorizationServer: issuer } }),
    as: {
      clients: [
        {
          client_id: 'registered',
          client_secret: secret,
          application_type: 'native',
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: ['http://127.0.0.1/callback'],
          token_endpoint_auth_method: 'client_secret_basic',
        },
      ],
    },
    env: { CLIENT: secret },
  });
  const printed = [await login(t, gateway)];
  assert.equal(printed[0].code, 0, printed[0].stderr);
  await ready(gateway);
  await until('a token was renewed', async () => authorization.counts.granted.refresh_token ?? 0, (count) => count > 0);
  const arguments_ = [];
  for (const { pid } of (await descendants(process.pid)).concat([{ pid: gateway.pid }])) {
    arguments_.push(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
  }
  authorization.fault = (request, response) => {
    // Some repeat what they were sent.
    let sent = request.headers.authorization ?? '';
    request.on('data', (part) => { sent += part; });
    request.on('end', () => response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: 'invalid_grant', error_description: sent })));
    return true;
  };
  await until('the login is over', () => server(gateway, 'notes'), (one) => one.login?.needsPerson === true);
  for (const args of [['status'], ['status', 'notes'], ['list'], ['explain', 'notes'], ['status', '--json'], ['doctor', '--offline']]) {
    printed.push(await switchyard(t, gateway, args));
  }
  const metrics = await admin(gateway, 'GET', '/api/v1/servers');
  authorization.fault = undefined;
  printed.push(await switchyard(t, gateway, ['logout', 'notes']));
  const shown = printed.map(({ stdout, stderr }) => stdout + stderr).concat(gateway.program.stderr, JSON.stringify(metrics.body), arguments_);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) shown.push(await readFile(path.join(entry.parentPath, entry.name), 'latin1'));
  }
  const secrets = [...authorization.secrets, secret, Buffer.from(`registered:${secret}`).toString('base64')];
  assert.ok(authorization.secrets.size >= 4, `${authorization.secrets.size} secrets seen`);
  for (const one of secrets) {
    for (const place of shown) assert.ok(!place.includes(one), `${one.slice(0, 6)}… is shown`);
  }
});
