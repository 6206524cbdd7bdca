// Logins against a real authorization server: npm's oidc-provider.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import { begin, login, ready, timeout, world } from './login_world.mjs';
import { visit } from './oauth_world.mjs';
import { admin, binary, connectHttp, everything, notifications, run, server, switchyard, text, types, until } from './support.mjs';

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

test('a browser on another machine comes back to the gateway itself', { timeout }, async (t) => {
  const callbackUrl = 'https://gateway.example.test/callback';
  const { gateway } = await world(t, { entry: { oauth: { callbackUrl } } });
  const { body } = await admin(gateway, 'POST', '/api/v1/servers/notes/login');
  const back = await visit(body.url);
  assert.ok(back.startsWith(`${callbackUrl}?`), back);
  // As a proxy in front would hand it on.
  const come = (search) => fetch(gateway.origin + '/callback' + search);
  const other = await come('?code=x&state=of-another-login');
  assert.equal(other.status, 400);
  assert.match(await other.text(), /paste the address of this page/);
  const page = await come(new URL(back).search);
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  await until('the login is done', async () => (await admin(gateway, 'GET', `/api/v1/logins/${body.id}`)).body.state, (now) => now === 'done');
  await ready(gateway);
  assert.equal((await come(new URL(back).search)).status, 400);

  // The command pastes, since nobody comes back to it.
  assert.equal((await switchyard(t, gateway, ['logout', 'notes'])).code, 0);
  const command = begin(t, gateway, ['login', 'notes', '--no-browser']);
  const url = await command.line(/http:\S+\/auth\?\S+/);
  command.child.stdin.end(`${await visit(url)}\n`);
  const { stdout, stderr, code } = await command.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /paste the address/);
  assert.match(stdout, /Logged in/);
});

test('a login ends nowhere but where it was to end', { timeout }, async (t) => {
  const { gateway, resource } = await world(t, { entry: { oauth: { callbackUrl: 'https://gateway.example.test/callback' } } });
  const entries = { notes: { url: resource.url, oauth: { callbackUrl: 'https://gateway.example.test/callback' } }, memos: { url: resource.url, oauth: { account: 'm' } } };
  await writeFile(gateway.file, JSON.stringify({ mcpServers: entries, listen: '127.0.0.1:0' }));
  await until('memos is there', () => server(gateway, 'memos'), (one) => one?.cause?.reason === 'login_required');
  const client = await connectHttp(t, `${gateway.origin}/mcp`, { capabilities: { elicitation: { form: {}, url: {} } } });
  const error = await client.callTool({ name: 'memos__echo', arguments: {} }).then(() => assert.fail('it was answered'), (thrown) => thrown);
  const back = new URL(await visit(error.data.elicitations[0].url));
  assert.equal((await fetch(`${gateway.origin}/callback${back.search}`)).status, 400);
  assert.equal((await server(gateway, 'memos')).login.loggedIn, false);
  // Nobody knows whose browser would come back to the gateway.
  const command = await client.callTool({ name: 'notes__echo', arguments: {} });
  assert.match(text(command), /switchyard login notes/);
});

test('a denial ends a login with its reason', { timeout }, async (t) => {
  const { authorization, gateway } = await world(t);
  authorization.deny = true;
  const denied = await login(t, gateway);
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /alice said no/);
  assert.equal((await server(gateway, 'notes')).login.loggedIn, false);
});

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

test('a call that wants a login gives an address to clients that can show one', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const client = await connectHttp(t, `${gateway.origin}/mcp`, { capabilities: { elicitation: { form: {}, url: {} } } });
  const done = notifications(client, types.ElicitationCompleteNotificationSchema);
  await until('login_required', () => server(gateway, 'notes'), (now) => now.cause?.reason === 'login_required');
  // Its tools are not known yet; but the name of one that somebody has heard of leads to it, and the instructions speak of it.
  assert.match(client.getInstructions(), /notes[^]*needs a login[^]*switchyard login notes/);
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

test('who comes to the server alone before anybody has logged in finds its tools afterwards', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const client = await connectHttp(t, `${gateway.origin}/mcp/servers/notes`);
  const changed = notifications(client, types.ToolListChangedNotificationSchema);
  assert.match(client.getInstructions(), /switchyard login notes/);
  assert.equal((await login(t, gateway)).code, 0);
  await changed.until(() => true, 'the tools');
  assert.equal(text(await client.callTool({ name: 'whoami', arguments: {} })), 'alice mcp:tools');
});

test('what a command has said is so', { timeout }, async (t) => {
  const { gateway } = await world(t);
  for (let round = 0; round < 3; ++round) {
    assert.match((await login(t, gateway)).stdout, /The running gateway uses it from now on/);
    const called = await switchyard(t, gateway, ['call', 'notes__whoami']);
    assert.equal(called.stdout.trim(), 'alice mcp:tools', called.stderr);
    assert.match((await switchyard(t, gateway, ['logout', 'notes'])).stdout, /Logged out of "notes"\. It was revoked/);
    const refused = await switchyard(t, gateway, ['call', 'notes__whoami']);
    assert.match(refused.stderr + refused.stdout, /server "notes" needs a login/);
  }
  const other = await login(t, gateway, ['--account', 'work']);
  assert.match(other.stdout, /No server of the running gateway uses it/);
  assert.match(other.stderr, /"oauth": \{"account": "work"\}/);
});
