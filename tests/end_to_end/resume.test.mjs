// A client of the official SDK whose connection breaks in the middle of a call.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';

import { connectHttp, everything, startGateway, text } from './support.mjs';

const timeout = 60_000;

/**
 * A relay of bytes in front of `port`. `cut(pattern)`: what comes next and matches is lost, with the connection. `resumed` counts the
 * client's attempts to come back to a stream; the server emits each.
 */
async function breakable(t, port) {
  let pattern;
  const proxy = { resumed: 0 };
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1');
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      upstream.write(bytes);
      if (!/last-event-id:/i.test(bytes)) return;
      proxy.resumed += 1;
      server.emit('resumed');
    });
    upstream.on('data', (bytes) => {
      if (!pattern?.test(bytes)) return client.write(bytes);
      pattern = undefined;
      end();
      server.emit('cut');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  proxy.origin = `http://127.0.0.1:${server.address().port}`;
  proxy.next = (event) => once(server, event);
  proxy.cut = (what) => {
    pattern = what;
    return proxy.next('cut');
  };
  return proxy;
}

const tool = 'everything__trigger-long-running-operation';

test('a call of the official client outlives its connection', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const proxy = await breakable(t, new URL(gateway.origin).port);
  const client = await connectHttp(t, `${proxy.origin}/mcp`);
  const cut = proxy.cut(/"progress":3/);
  const steps = [];
  const call = client.callTool(
    { name: tool, arguments: { duration: 3, steps: 6 } },
    undefined,
    { onprogress: ({ progress }) => steps.push(progress) },
  );
  await Promise.race([cut, call]);
  assert.deepEqual(steps, [1, 2]);
  assert.match(text(await call), /completed/);
  // None is missing, none came twice.
  assert.deepEqual(steps, [1, 2, 3, 4, 5, 6]);
});

test('the official client asks once for a stream that has ended', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const proxy = await breakable(t, new URL(gateway.origin).port);
  const client = await connectHttp(t, `${proxy.origin}/mcp`);
  const errors = [];
  client.onerror = (error) => errors.push(error);
  const controller = new AbortController();
  const resumed = proxy.next('resumed');
  const call = client.callTool({ name: tool, arguments: { duration: 60, steps: 600 } }, undefined, {
    onprogress: () => controller.abort('enough'),
    signal: controller.signal,
  });
  await assert.rejects(call, /enough/);
  // The stream ends without an answer, which the client takes for a break.
  await resumed;
  // It would come again after a second.
  await client.callTool({ name: tool, arguments: { duration: 3, steps: 1 } });
  assert.equal(proxy.resumed, 1);
  const unexpected = errors.filter((error) => !/unknown token/.test(error.message));
  assert.deepEqual(unexpected, []);
});
