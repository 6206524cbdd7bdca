// Logins that stay alive under load: tokens of five seconds, refresh tokens that are rotated, and an authorization server that takes an old
// one for stolen.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { makeBrowser, startAuthorizationServer, startProtectedServer } from './oauth_world.mjs';
import { binary, connectHttp, run, server, startGateway, switchyard, temporaryFolder, text, until } from './support.mjs';

const seconds = Number(process.env.SWITCHYARD_LOGIN_SECONDS ?? 60);
const ttl = 5;
const timeout = (seconds + 60) * 1000;
const caller = path.join(path.dirname(binary), 'login_caller');

async function loggedIn(t) {
  const authorization = await startAuthorizationServer(t, { ttl });
  const resource = await startProtectedServer(t, authorization);
  const folder = await temporaryFolder(t);
  const browser = await makeBrowser(folder);
  const gateway = await startGateway(t, { mcpServers: { notes: { url: resource.url } }, listen: '127.0.0.1:0' }, { folder, env: { BROWSER: browser } });
  const done = await switchyard(t, gateway, ['login', 'notes']);
  assert.equal(done.code, 0, done.stderr);
  await until('notes is ready', async () => (await server(gateway, 'notes')).state, (now) => now === 'ready');
  return { authorization, resource, gateway };
}

/** Tokens are renewed a fifth of their life ahead: one refresh for each four seconds, and none besides. */
function assertOneRefreshEach(authorization, began) {
  const passed = (Date.now() - began) / 1000;
  const refreshes = authorization.counts.granted.refresh_token ?? 0;
  const expected = passed / (ttl * 0.8);
  assert.ok(Math.abs(refreshes - expected) <= 2, `${refreshes} refreshes in ${passed} s`);
  assert.deepEqual(authorization.counts.refused, {});
  assert.equal(authorization.counts.revoked, 0);
}

test('one process: no call fails, one refresh for each token', { timeout }, async (t) => {
  const began = Date.now();
  const { authorization, gateway } = await loggedIn(t);
  const clients = await Promise.all([1, 2, 3, 4].map(() => connectHttp(t, `${gateway.origin}/mcp`)));
  const until = Date.now() + seconds * 1000;
  let calls = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (Date.now() < until) {
        const answer = await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } });
        assert.equal(text(answer), 'x', JSON.stringify(answer));
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }),
  );
  assert.ok(calls > seconds * 20, `${calls} calls`);
  assertOneRefreshEach(authorization, began);
  t.diagnostic(`${calls} calls, ${authorization.counts.granted.refresh_token} refreshes`);
});

test('five processes on one store: the same', { timeout }, async (t) => {
  const began = Date.now();
  const { authorization, resource, gateway } = await loggedIn(t);
  const folder = path.join(gateway.state, 'credentials');
  const others = [1, 2, 3, 4].map(() => run(t, caller, [folder, resource.url, String(seconds * 1000)], { deadline: timeout }));
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const answer = await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } });
    assert.equal(text(answer), 'x', JSON.stringify(answer));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  let calls = 0;
  for (const { code, stdout, stderr } of await Promise.all(others)) {
    assert.equal(code, 0, stdout + stderr);
    const report = JSON.parse(stdout.trim().split('\n').at(-1));
    assert.deepEqual(report.failed, []);
    calls += report.calls;
  }
  assert.ok(calls > seconds * 20, `${calls} calls`);
  assertOneRefreshEach(authorization, began);
  t.diagnostic(`${calls} calls in four processes beside the gateway, ${authorization.counts.granted.refresh_token} refreshes`);
});
