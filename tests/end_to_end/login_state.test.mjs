// What becomes of logins that end, lack something, or are changed by several, against a real authorization server.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { login, ready, state, timeout, world } from './login_world.mjs';
import { visit } from './oauth_world.mjs';
import { admin, binary, connectHttp, descendants, names, run, server, startGateway, switchyard, text, until } from './support.mjs';

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

test('a server comes back as soon as its login can be renewed again', { timeout }, async (t) => {
  const { authorization, resource, gateway, folder } = await world(t);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  // Gone from now on: the token, and whoever could give another one.
  const old = [...resource.tokens].map((token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).jti);
  resource.refuse = ({ jti }) => old.includes(jti);
  authorization.fault = (request, response) => {
    response.writeHead(503, { 'retry-after': '2' }).end();
    return true;
  };
  await gateway.stop();
  const again = await startGateway(t, JSON.parse(await readFile(gateway.file, 'utf8')), { folder });
  const waiting = await until('it waits', () => server(again, 'notes'), (one) => one.state === 'backing_off' && one.cause.reason === 'authorization_unavailable');
  assert.match(waiting.cause.remedy, /Try again at 20/);
  authorization.fault = undefined;
  await ready(again);
  assert.ok(Date.now() < Date.parse(waiting.retryAt), `not before ${waiting.retryAt}`);
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

test('a scope that is missing is asked for by the address that the call leads to', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const client = await connectHttp(t, `${gateway.origin}/mcp`, { capabilities: { elicitation: { form: {}, url: {} } } });
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  const call = () => client.callTool({ name: 'notes__admin', arguments: {} });
  const error = await call().then(() => assert.fail('it was answered'), (thrown) => thrown);
  assert.equal(error.code, -32042, String(error));
  const { url } = error.data.elicitations[0];
  assert.deepEqual(new URL(url).searchParams.get('scope').split(' ').filter((scope) => scope.startsWith('mcp:')).sort(), ['mcp:admin', 'mcp:tools']);
  assert.equal((await fetch(await visit(url))).status, 200);
  await until('the call works', () => call().catch(() => undefined), (answer) => answer && text(answer) === 'done');
});

test('a scope that is not given is told', { timeout }, async (t) => {
  const { gateway } = await world(t, { rs: { adminScope: 'mcp:unheard-of' } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal((await login(t, gateway)).code, 0);
  await ready(gateway);
  const call = async () => text(await client.callTool({ name: 'notes__admin', arguments: {} }));
  assert.match(await call(), /the server wants the scope mcp:unheard-of/);
  const again = await login(t, gateway);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /Not given: mcp:unheard-of/);
  await ready(gateway);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } })), 'x');
});

test('a login without a way to be renewed is over at its end, and says so', { timeout }, async (t) => {
  const { gateway } = await world(t, { ttl: 3, as: { refresh: false } });
  const done = await login(t, gateway);
  assert.match(done.stdout, /without a refresh token/);
  await ready(gateway);
  const over = await until('it is over', () => server(gateway, 'notes'), (one) => one.login?.needsPerson === true && one.login?.trouble);
  assert.match(JSON.stringify(over.login.trouble), /reauthentication_required.*ran out/);
  assert.match((await switchyard(t, gateway, ['status', 'notes'])).stdout, /ran out[^]*switchyard login notes/);
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
