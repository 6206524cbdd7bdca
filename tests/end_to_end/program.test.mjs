// The program as people run it: its commands, its exit status, the quick start.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { test } from 'node:test';

import {
  binary,
  connectHttp,
  descendants,
  everything,
  names,
  root,
  run,
  startGateway,
  switchyard,
  temporaryFolder,
  text,
} from './support.mjs';

const timeout = 120_000;

test('wrong usage is status 2, help and version are status 0', { timeout }, async (t) => {
  assert.equal((await run(t, binary, ['no-such-command'])).code, 2);
  assert.equal((await run(t, binary, ['serve', '--no-such-option'])).code, 2);
  assert.match((await run(t, binary, ['--help'])).stdout, /serve/);
  assert.match((await run(t, binary, ['--version'])).stdout, /\d+\.\d+\.\d+/);
});

test('a second gateway on the same state exits 1 and names the first', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const second = await switchyard(t, gateway, ['serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`\\b${gateway.pid}\\b`));
});

test('tools are listed and called from a shell', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const tools = await switchyard(t, gateway, ['tools']);
  assert.equal(tools.code, 0, tools.stderr);
  assert.match(tools.stdout, /everything__echo/);
  const call = await switchyard(t, gateway, ['call', 'everything__echo', '{"message":"hi"}']);
  assert.equal(call.code, 0, call.stderr);
  assert.match(call.stdout, /Echo: hi/);
  const wrong = await switchyard(t, gateway, ['call', 'everything__no-such-tool']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /no-such-tool/);
});

test('script/server brings up the quick start and takes it down', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const args = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--state', path.join(folder, 'gateway-state')];
  // It builds before it runs, for which it wants the caller's own environment.
  const server = spawn(path.join(root, 'script/server'), args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_STATE_HOME: path.join(folder, 'state') },
  });
  const ended = once(server, 'close');
  t.after(() => server.exitCode === null && server.kill('SIGKILL'));
  let origin;
  for await (const line of readline.createInterface({ input: server.stdout })) {
    const found = line.match(/http:\/\/[^\s"']+/);
    if (!found) continue;
    origin = new URL(found[0]).origin;
    break;
  }
  assert.ok(origin, 'it ended before it was ready');
  server.stdout.resume();
  const client = await connectHttp(t, `${origin}/mcp`);
  const listed = names(await client.listTools());
  for (const name of ['everything__echo', 'everything-http__echo', 'files__list_directory']) {
    assert.ok(listed.includes(name), `${name} is not among ${listed.join(', ')}`);
  }
  const answer = await client.callTool({ name: 'everything-http__echo', arguments: { message: 'hi' } });
  assert.equal(text(answer), 'Echo: hi');
  assert.ok((await descendants(server.pid)).length > 0);
  await client.close();
  server.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
});
