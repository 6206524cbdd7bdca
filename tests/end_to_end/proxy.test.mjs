// A server that only a proxy can reach.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';

import { connectHttp, names, startEverythingHttp, startGateway, switchyard, text, until, server as stateOf } from './support.mjs';

const timeout = 90_000;
const login = `Basic ${Buffer.from('ana:open sesame').toString('base64')}`;

/** A proxy that finds mcp.example.test at this port of loopback, and wants a login: { url, seen }. */
async function startProxy(t, port) {
  const seen = [];
  const proxy = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.headers['proxy-authorization'] !== login) return response.writeHead(407).end();
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== 'mcp.example.test') return response.writeHead(502).end();
    const onward = http.request({ port, host: '127.0.0.1', method: request.method, path: pathname, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { seen, url: `http://ana:open%20sesame@127.0.0.1:${proxy.address().port}` };
}

test('servers are reached through the proxy of the environment', { timeout }, async (t) => {
  const direct = await startEverythingHttp(t);
  const proxy = await startProxy(t, Number(new URL(direct).port));
  const config = {
    mcpServers: {
      behind: { url: 'http://mcp.example.test/mcp' },
      refused: { url: 'https://mcp.example.test/mcp' },
      near: { url: direct },
    },
  };
  const gateway = await startGateway(t, config, { env: { HTTP_PROXY: proxy.url, https_proxy: proxy.url } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  await until('the server behind the proxy is ready', () => stateOf(gateway, 'behind'), (one) => one.state === 'ready');
  const listed = names(await client.listTools());
  for (const name of ['behind__echo', 'near__echo']) assert.ok(listed.includes(name), name);
  const said = await client.callTool({ name: 'behind__echo', arguments: { message: 'far away' } });
  assert.equal(text(said), 'Echo: far away');
  assert.ok(proxy.seen.includes('POST http://mcp.example.test/mcp'));
  assert.ok(proxy.seen.includes('CONNECT mcp.example.test:443'));
  assert.ok(proxy.seen.every((line) => line.includes('mcp.example.test')), proxy.seen.join('\n'));

  const down = await until('the other one is refused', () => stateOf(gateway, 'refused'), (one) => one.state === 'backing_off');
  assert.match(JSON.stringify(down), /does not lead to https:\/\/mcp\.example\.test \(HTTP 403\)/);

  const inspected = await switchyard(t, gateway, ['inspect', 'behind']);
  assert.equal(inspected.code, 0, inspected.stderr);
  const doctor = await switchyard(t, gateway, ['doctor']);
  assert.match(doctor.stdout, /HTTP_PROXY is set: 1 server is reached through the proxy http:\/\/127\.0\.0\.1:\d+/);
  for (const output of [gateway.program.stderr, JSON.stringify(down), inspected.stdout, doctor.stdout, doctor.stderr]) {
    assert.doesNotMatch(output, /sesame/);
  }
});
