// A client starts `switchyard serve --stdio` itself, as hosts start their servers.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import {
  binary,
  connectStdio,
  descendants,
  everything,
  inspector,
  names,
  privateEnvironment,
  run,
  startGateway,
  temporaryFolder,
  text,
} from './support.mjs';

const timeout = 90_000;

/** A folder with a configuration and no gateway running: what `serve --stdio` finds when it is the first. */
async function coldFolder(t) {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'switchyard.json');
  await writeFile(file, JSON.stringify({ mcpServers: { everything }, listen: '127.0.0.1:0', admin: '127.0.0.1:0' }));
  const args = ['serve', '--stdio', '--config', file, '--state', path.join(folder, 'gateway-state')];
  return { args, env: privateEnvironment(folder) };
}

test('the Inspector lists and calls tools of a cold start', { timeout }, async (t) => {
  const { args, env } = await coldFolder(t);
  // What follows -- is the server's command line, its options included.
  const list = await inspector(t, ['--method', 'tools/list', '--transport', 'stdio', '--', binary, ...args], { env });
  assert.ok(names(list.json).includes('everything__echo'));
  const call = ['--method', 'tools/call', '--tool-name', 'everything__echo', '--tool-arg', 'message=hi', '--transport', 'stdio'];
  const result = await inspector(t, [...call, '--', binary, ...args], { env });
  assert.equal(text(result.json), 'Echo: hi');
});

test("the SDK's client works over stdio", { timeout }, async (t) => {
  const { args, env } = await coldFolder(t);
  const client = await connectStdio(t, binary, args, { env });
  assert.ok(names(await client.listTools()).includes('everything__echo'));
  assert.equal(text(await client.callTool({ name: 'everything__echo', arguments: { message: 'hi' } })), 'Echo: hi');
});

test('standard output carries messages and nothing else, and the end of input ends it', { timeout }, async (t) => {
  const { args, env } = await coldFolder(t);
  const messages = [
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'plain', version: '1' } },
    },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'ping' },
  ];
  const { code, stdout, stderr } = await run(t, binary, args, { env, input: messages.map((message) => `${JSON.stringify(message)}\n`).join('') });
  assert.equal(code, 0, stderr);
  const answers = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    // A ping may overtake initialize, which waits for the servers' instructions.
    answers
      .filter((answer) => 'id' in answer)
      .map(({ id }) => id)
      .sort(),
    [1, 2],
  );
  for (const answer of answers) assert.equal(answer.jsonrpc, '2.0');
});

test('beside a running gateway, stdio relays to it and starts no server', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const warm = await connectStdio(t, binary, ['serve', '--stdio', ...gateway.common], { env: gateway.environment });
  assert.equal(text(await warm.callTool({ name: 'everything__echo', arguments: { message: 'hi' } })), 'Echo: hi');
  const relay = warm.transport.pid;
  assert.deepEqual(await descendants(relay), []);
});
