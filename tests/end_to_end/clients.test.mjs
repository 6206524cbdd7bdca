// Other makers' clients against the gateway's HTTP endpoint.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectRemote, everything, inspector, names, startEverythingHttp, startGateway, text, timeless } from './support.mjs';

const timeout = 90_000;

test('the Inspector lists and calls tools over HTTP', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const target = [`${gateway.origin}/mcp`, '--transport', 'http'];
  const list = await inspector(t, [...target, '--method', 'tools/list']);
  assert.ok(names(list.json).includes('everything__echo'));
  const call = ['--method', 'tools/call', '--tool-name', 'everything__echo', '--tool-arg', 'message=hi'];
  assert.equal(text((await inspector(t, [...target, ...call])).json), 'Echo: hi');
});

test('the Inspector finds all of a server as without a gateway', { timeout }, async (t) => {
  const url = await startEverythingHttp(t);
  const gateway = await startGateway(t, { mcpServers: { everything: { url } } });
  const requests = [
    ['resources/templates/list'],
    ['resources/read', '--uri', 'demo://resource/dynamic/text/5'],
    ['prompts/get', '--prompt-name', 'args-prompt', '--prompt-args', 'city=Bern'],
    ['logging/setLevel', '--log-level', 'warning'],
  ];
  const ask = async (target, [method, ...args]) => timeless((await inspector(t, [target, '--transport', 'http', '--method', method, ...args])).json);
  for (const request of requests) {
    const [through, direct] = await Promise.all([`${gateway.origin}/mcp/servers/everything`, url].map((target) => ask(target, request)));
    assert.deepEqual(through, direct, request[0]);
  }
});

test('mcp-remote bridges a stdio client to the gateway', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const client = await connectRemote(t, `${gateway.origin}/mcp`);
  assert.ok(names(await client.listTools()).includes('everything__echo'));
  assert.equal(text(await client.callTool({ name: 'everything__echo', arguments: { message: 'hi' } })), 'Echo: hi');
});
