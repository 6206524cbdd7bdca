// Logins where something of an earlier one, or a slip of the hand, is in the way.
import assert from 'node:assert/strict';
import { readdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { begin, login, ready, timeout, world } from './login_world.mjs';
import { visit } from './oauth_world.mjs';
import { binary, run, server, switchyard, until } from './support.mjs';

const prompt = /http:\S+\/auth\?\S+/;

test('a registration that was forgotten meanwhile is made again', { timeout }, async (t) => {
  const { authorization, gateway } = await world(t);
  assert.equal((await login(t, gateway)).code, 0);
  assert.equal((await switchyard(t, gateway, ['logout', 'notes'])).code, 0);
  await authorization.forgetClients();
  const again = await login(t, gateway);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(authorization.counts.registered, 2);
  await ready(gateway);
});

test('a code on another device does after a browser, and a browser after a code', { timeout }, async (t) => {
  const { authorization, resource, gateway } = await world(t);
  assert.equal((await login(t, gateway)).code, 0);
  const command = begin(t, gateway, ['login', 'notes', '--device', '--json']);
  const { userCode } = JSON.parse(await command.line(/\{"event":"code".*\}/));
  await authorization.approve(userCode, resource.url);
  assert.equal((await command.ended).code, 0);
  assert.equal((await login(t, gateway)).code, 0);
  assert.equal(authorization.counts.registered, 1);
});

test('the first browser that can be started is', { timeout }, async (t) => {
  const { gateway, browser } = await world(t);
  const env = { ...gateway.environment, BROWSER: `/nowhere/browser %s:${browser} %s` };
  const done = await run(t, binary, ['login', 'notes', ...gateway.common], { env });
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /A browser is being opened/);
});

test('a slip in pasting does not end the login', { timeout }, async (t) => {
  const { gateway } = await world(t);
  const command = begin(t, gateway, ['login', 'notes', '--paste']);
  const url = await command.line(prompt);
  const back = await visit(url);
  command.child.stdin.write(`${url}\n`);
  command.child.stdin.write(`${back.replace(/&iss=[^&]*/, '').replace(/\?iss=[^&]*&/, '?')}\n`);
  command.child.stdin.write(`  "${back}" \n`);
  const { code, stderr, stdout } = await command.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /neither a code nor an error[^]*The login still waits/);
  assert.match(stdout, /Logged in to "notes"/);
  const silent = begin(t, gateway, ['login', 'notes', '--paste']);
  silent.child.stdin.end();
  const ended = await silent.ended;
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /no address was pasted/);
});

test('logins of servers that are not there any more are seen and ended', { timeout }, async (t) => {
  const { authorization, resource, gateway } = await world(t);
  await writeFile(gateway.file, JSON.stringify({ mcpServers: { notes: { url: `${resource.url}?key=a-secret-of-the-url` } }, listen: '127.0.0.1:0' }));
  assert.equal((await login(t, gateway)).code, 0);
  await writeFile(gateway.file, JSON.stringify({ mcpServers: {}, listen: '127.0.0.1:0' }));
  await until('notes is gone', async () => (await server(gateway, 'notes')) ?? null, (one) => one === null);
  const { logins } = JSON.parse((await switchyard(t, gateway, ['login', '--list', '--json'])).stdout);
  assert.equal(logins.length, 1);
  assert.equal(logins[0].url, `${resource.url}?key=…`);
  assert.deepEqual(logins[0].servers, []);
  assert.equal(logins[0].subject, 'alice@example.test');
  assert.match((await switchyard(t, gateway, ['login', '--list'])).stdout, /alice@example\.test/);
  const out = await switchyard(t, gateway, ['logout', logins[0].url]);
  assert.match(out.stdout, /It was revoked/, out.stderr);
  assert.ok(authorization.counts.revoked > 0);
  assert.match((await switchyard(t, gateway, ['login', '--list'])).stdout, /Nobody is logged in anywhere/);
});

test('a login that cannot be read is no logout', { timeout }, async (t) => {
  const { gateway } = await world(t);
  assert.equal((await login(t, gateway)).code, 0);
  await gateway.stop();
  const folder = path.join(gateway.state, 'credentials');
  const [file] = (await readdir(folder)).filter((name) => name.startsWith('credential-') && name.endsWith('.sealed'));
  await truncate(path.join(folder, file), 40);
  const out = await run(t, binary, ['logout', 'notes', ...gateway.common], { env: gateway.environment });
  assert.equal(out.code, 1, out.stdout);
  assert.match(out.stderr, new RegExp(file));
});
